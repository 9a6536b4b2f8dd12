# SPDX-License-Identifier: BSD-3-Clause
"""Times to live: set, asked, compared, removed. Relative times are compared with a tolerance, absolute ones exactly."""
import time

from compare import Step, near

WEIGHT = 15

SECONDS, MILLISECONDS = near(3), near(3000)


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made)


def _expire(g):
    name = g.choice([b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"])
    words = [name, g.key(), g.expiry(name)]
    for _ in range(g.choice([0, 0, 1, 1, 1, 2])):
        words.append(g.anycase(g.choice([b"NX", b"XX", b"GT", b"LT"])))
    if g.chance(0.03):
        words.append(b"NOSUCH")
    return words


def exactly(g):
    """An absolute time on a key of its own reads back to the millisecond."""
    key = b"exact:%d" % g.rng.randint(1, 5)
    name = g.choice([b"EXPIREAT", b"PEXPIREAT", b"SET", b"GETEX"])
    unit = {b"SET": b"PXAT", b"GETEX": b"EXAT"}.get(name, name)
    at = g.expiry(unit)
    words = {b"SET": [b"SET", key, b"v", b"PXAT", at], b"GETEX": [b"GETEX", key, b"EXAT", at]}.get(name, [name, key, at])
    flag = [g.choice([b"NX", b"XX", b"GT", b"LT"])] if name in (b"EXPIREAT", b"PEXPIREAT") and g.chance(0.5) else []

    def session(client):
        return [client(*w) for w in (words + flag, [b"EXPIRETIME", key], [b"PEXPIRETIME", key], [b"EXISTS", key])]

    return Step(words + flag, session=session)


def short_lived(g):
    """Keys that fall due while one looks: afterwards both servers show the same."""
    keys = [b"short:%d" % i for i in range(4)]
    milliseconds = [g.choice([b"1", b"2", b"5", b"8"]) for _ in keys]
    after = [g.choice([[b"GET", k], [b"EXISTS", k], [b"TTL", k], [b"TYPE", k], [b"SET", k, b"x", b"XX"], [b"APPEND", k, b"x"], [b"INCR", k],
                       [b"SET", k, b"x", b"KEEPTTL"], [b"GETEX", k, b"PERSIST"], [b"RENAME", k, b"short:other"], [b"PERSIST", k],
                       [b"EXPIRE", k, b"100000"], [b"SETNX", k, b"1"], [b"GETDEL", k], [b"STRLEN", k]]) for k in keys]

    def session(client):
        replies = [client(b"SET", k, b"5", b"PX", ms) for k, ms in zip(keys, milliseconds)]
        time.sleep(0.015)
        replies += [client(*w) for w in after]
        replies += [client(b"TTL", k) for k in keys] + [client(b"MGET", *keys)]
        client(b"DEL", b"short:other", *keys)
        return replies

    return Step([b"SET", keys[0], b"5", b"PX", b"1"], session=session)


MAKERS = [
    _expire, _expire, _expire, _expire, exactly, exactly,
    lambda g: short_lived(g) if g.chance(0.1) else [b"PERSIST", g.key()],
    lambda g: [b"PERSIST", g.key()],
    lambda g: Step([b"TTL", g.key()], SECONDS),
    lambda g: Step([b"PTTL", g.key()], MILLISECONDS),
    lambda g: Step([b"EXPIRETIME", g.key()], SECONDS),
    lambda g: Step([b"PEXPIRETIME", g.key()], MILLISECONDS),
    lambda g: [b"EXPIRE", g.key(), g.choice([b"0", b"-1", b"-9223372036854775808", b"9223372036854775807", b"9223372036854775"])],
    lambda g: [b"EXPIREAT", g.key(), g.choice([b"0", b"-1", b"1", b"1000000000", b"9223372036854775807", b"9223372036854775"])],
]
