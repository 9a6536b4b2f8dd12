# SPDX-License-Identifier: BSD-3-Clause
"""Every string command of redis 7.0 with every option."""
from compare import Step, exact

WEIGHT = 40
READS = {"string": ([b"GET", b""], exact)}


def one(g):
    return Step(g.choice(MAKERS)(g))


def _set(g):
    words = [b"SET", g.key(), g.value()]
    options = []
    if g.chance(0.3):
        options.append([g.anycase(g.choice([b"NX", b"XX"]))])
    if g.chance(0.25):
        options.append([g.anycase(b"GET")])
    if g.chance(0.35):
        unit = g.choice([b"EX", b"PX", b"EXAT", b"PXAT"])
        options.append([g.anycase(unit), g.expiry(unit)])
    if g.chance(0.12):
        options.append([g.anycase(b"KEEPTTL")])
    if g.chance(0.03):
        options.append([g.choice([b"NX", b"XX", b"EX", b"PERSIST", b"NOSUCH", b""])])
    g.rng.shuffle(options)
    return words + [w for option in options for w in option]


def _getex(g):
    words = [b"GETEX", g.key()]
    if g.chance(0.5):
        unit = g.choice([b"EX", b"PX", b"EXAT", b"PXAT"])
        words += [g.anycase(unit), g.expiry(unit)]
    if g.chance(0.4):
        words.append(g.anycase(b"PERSIST"))
    return words


def _pairs(g, most=5):
    return [w for _ in range(g.rng.randint(1, most)) for w in (g.key(), g.value())]


def _lcs(g):
    words = [b"LCS", g.key(), g.key()]
    for option, probability in ((b"LEN", 0.3), (b"IDX", 0.4), (b"WITHMATCHLEN", 0.3), (b"MINMATCHLEN", 0.3)):
        if g.chance(probability):
            words.append(g.anycase(option))
            if option == b"MINMATCHLEN":
                words.append(g.small(-2, 6))
    return words


def _lcs_text(g):
    return [b"SET", g.key(), g.text(80)]


MAKERS = [
    _set, _set, _set, _set, _set, _getex, _getex, _lcs, _lcs_text,
    lambda g: [b"GET", g.key()],
    lambda g: [b"GET", g.key()],
    lambda g: [b"GETDEL", g.key()],
    lambda g: [b"GETSET", g.key(), g.value()],
    lambda g: [b"SETNX", g.key(), g.value()],
    lambda g: [b"SETEX", g.key(), g.expiry(b"EX"), g.value()],
    lambda g: [b"PSETEX", g.key(), g.expiry(b"PX"), g.value()],
    lambda g: [b"APPEND", g.key(), g.value()],
    lambda g: [b"STRLEN", g.key()],
    lambda g: [g.choice([b"GETRANGE", b"SUBSTR"]), g.key(), g.small(), g.small()],
    lambda g: [b"GETRANGE", g.key(), g.integer(), g.integer()],
    lambda g: [b"SETRANGE", g.key(), g.small(-3, 80), g.value()],
    lambda g: [b"SETRANGE", g.key(), g.small(-3, 80), b""],
    lambda g: [b"INCR", g.key()],
    lambda g: [b"DECR", g.key()],
    lambda g: [b"INCRBY", g.key(), g.integer()],
    lambda g: [b"DECRBY", g.key(), g.integer()],
    lambda g: [b"INCRBYFLOAT", g.key(), g.float()],
    lambda g: [b"SET", g.key(), g.number()],
    lambda g: [b"SET", g.key(), g.float()],
    lambda g: [b"MGET"] + g.keys(),
    lambda g: [b"MSET"] + _pairs(g),
    lambda g: [b"MSETNX"] + _pairs(g, 3),
    lambda g: [b"MSET"] + _pairs(g) + [g.key()],
    _lcs,
    lambda g: [b"OBJECT", b"ENCODING", g.key()],
]
