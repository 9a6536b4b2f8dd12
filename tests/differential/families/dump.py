# SPDX-License-Identifier: BSD-3-Clause
"""DUMP, RESTORE and DEBUG RELOAD: values go out and come in, and are what they were. What the bytes are is each server's own
(LZF finds other repetitions, tables have other orders): they are not compared."""
from compare import Step

WEIGHT = 4

STRING = b"\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb"  # of SET k 10, by Redis 7.0


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made)


def _options(g):
    words = []
    if g.chance(0.5):
        words.append(g.anycase(b"REPLACE"))
    if g.chance(0.2):
        words.append(g.anycase(b"ABSTTL"))
    if g.chance(0.15):
        words += [g.anycase(b"IDLETIME"), g.choice([b"10", b"-1", b"x"])]
    if g.chance(0.1):
        words += [g.anycase(b"FREQ"), g.choice([b"10", b"256", b"-1", b"x"])]
    if g.chance(0.03):
        words.append(g.choice([b"NONE", b"IDLETIME", b"FREQ"]))
    return words


def _ttl(g):
    if g.chance(0.8):
        return b"0"
    return g.choice([b"1000000", b"-1", b"x", b"", b"4102444800000", b"1000"])


def copy(g):
    source, target, ttl, options = g.key(), g.key(), _ttl(g), _options(g)

    def session(client):
        payload = client(b"DUMP", source)
        return payload if not isinstance(payload, bytes) else client(b"RESTORE", target, ttl, payload, *options)

    return Step([b"DUMP", source], session=session)


def damaged(g):
    """A payload that was cut, or of which a byte was changed."""
    source, target, place, bit = g.key(), g.key(), g.rng.randint(0, 65535), g.choice([1, 16, 128])

    def session(client):
        payload = client(b"DUMP", source)
        if not isinstance(payload, bytes):
            return payload
        at = place % len(payload)
        wrong = payload[:at] + bytes([payload[at] ^ bit]) + payload[at + 1:]
        return [client(b"RESTORE", target, b"0", wrong), client(b"RESTORE", target, b"0", payload[:at])]

    return Step([b"DUMP", source], session=session)


MAKERS = [
    copy, copy, copy, copy,
    damaged,
    lambda g: [b"RESTORE", g.key(), _ttl(g), STRING] + _options(g),
    lambda g: [b"RESTORE", g.key(), _ttl(g), g.choice([b"", b"x", STRING[:-1], STRING + b"x", b"\x00" * 12])] + _options(g),
    lambda g: [b"DEBUG", b"RELOAD"],
    lambda g: [b"RESTORE", g.key(), b"0"],
]
