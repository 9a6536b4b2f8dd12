# SPDX-License-Identifier: BSD-3-Clause
"""What can be done with any key: delete, rename, copy, move, find; databases."""
from compare import Step, any_order, same_kind
from generate import settled_size

WEIGHT = 20


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made)


def scan_to_the_end(g):
    options = []
    if g.chance(0.5):
        options += [g.anycase(b"COUNT"), g.choice([b"1", b"3", b"10", b"1000"])]
    if g.chance(0.5):
        options += [g.anycase(b"MATCH"), g.pattern()]
    if g.chance(0.3):
        options += [g.anycase(b"TYPE"), g.choice([b"string", b"list", b"nosuch", b"hash"])]

    def session(client):
        cursor, seen = b"0", set()
        for _ in range(100_000):
            reply = client(b"SCAN", cursor, *options)
            if not isinstance(reply, list):
                return reply
            cursor, keys = reply
            seen.update(keys)
            if cursor == b"0":
                return sorted(seen)
        return [b"no end"]

    return Step([b"SCAN", b"0"] + options, session=session)


def random_key(g):
    def session(client):
        key = client(b"RANDOMKEY")
        return None if key is None else client(b"EXISTS", key)

    return Step([b"RANDOMKEY"], session=session)


def count_keys(g):
    return Step([b"DBSIZE"], session=settled_size)


def _copy(g):
    words = [b"COPY", g.key(), g.key()]
    if g.chance(0.4):
        words += [g.anycase(b"DB"), g.choice([b"0", b"1", b"2", b"16", b"-1", b"x"])]
    if g.chance(0.4):
        words.append(g.anycase(b"REPLACE"))
    return words


def _db(g):
    return g.choice([b"0", b"0", b"0", b"1", b"2", b"15"]) if g.chance(0.93) else g.choice([b"16", b"-1", b"x", b"", b"2147483648", b"1.5"])


MAKERS = [
    lambda g: [b"DEL"] + g.keys(),
    lambda g: [b"UNLINK"] + g.keys(),
    lambda g: [b"EXISTS"] + g.keys(),
    lambda g: [b"EXISTS"] + [g.key()] * 3,
    lambda g: [b"TOUCH"] + g.keys(),
    lambda g: [b"TYPE", g.key()],
    lambda g: [b"RENAME", g.key(), g.key()],
    lambda g: [b"RENAMENX", g.key(), g.key()],
    _copy, _copy,
    lambda g: [b"MOVE", g.key(), _db(g)],
    lambda g: [b"SELECT", _db(g)],
    lambda g: [b"SELECT", b"0"],
    lambda g: [b"SWAPDB", _db(g), _db(g)],
    count_keys,
    lambda g: Step([b"KEYS", g.pattern()], any_order),
    scan_to_the_end, random_key,
    lambda g: [b"SCAN", g.choice([b"x", b"1.5", b"99999999999999999999"])],
    lambda g: [b"SCAN", b"0", g.anycase(b"COUNT"), g.choice([b"0", b"-1", b"x", b"", b"1.0"])],
    lambda g: [b"OBJECT", g.anycase(b"ENCODING"), g.key()],
    lambda g: Step([b"OBJECT", b"IDLETIME", g.key()], same_kind),
    lambda g: [b"OBJECT", b"FREQ", g.key()],
    lambda g: [b"OBJECT", b"REFCOUNT", g.key()],
    lambda g: [b"OBJECT", g.choice([b"NOSUCH", b"", b"ENCODIN"]), g.key()],
    lambda g: Step([b"MEMORY", b"USAGE", g.key()], same_kind),
    lambda g: [b"FLUSHDB"] + ([g.anycase(g.choice([b"SYNC", b"ASYNC", b"NOSUCH"]))] if g.chance(0.5) else []) if g.chance(0.05)
    else count_keys(g),
    lambda g: [b"FLUSHALL", g.choice([b"NOSUCH", b""])],
]
