# SPDX-License-Identifier: BSD-3-Clause
"""HyperLogLogs: GET compares them byte for byte with redis-server's, whatever was added, merged or counted before."""
from compare import Step, exact
from resp import Error

WEIGHT = 15
READS = {"string": ([b"GET", b""], exact)}

EMPTY = b"HYLL\x01" + bytes(11) + b"\x7f\xff"
# What is none, or does not add up to 16384 registers. Not here: a run that is cut (EMPTY[:-1]), beyond whose end Redis reads.
CORRUPT = [
    EMPTY[:-2], EMPTY[:-1] + b"\xfe", EMPTY + b"\x00", EMPTY[:15], b"HYLL\x02" + EMPTY[5:], b"HYLL\x00" + EMPTY[5:],
    EMPTY[:15] + b"\x80\x7f\xfe", EMPTY[:15] + b"\x80" + b"\xff" * 500, EMPTY[:15] + b"\x80", b"HYLL", b"hyll\x01" + EMPTY[5:],
]


def one(g):
    if g.chance(0.03):
        return _damaged(g)
    words = g.choice(MAKERS)(g)
    return _add_to_sound(words) if words[0] == b"PFADD" and len(words) > 3 else Step(words)


def _add_to_sound(words):
    """Several elements, but not to a value that another family damaged: see _damaged. PFCOUNT of two keys looks at every run."""

    def session(client):
        count = client(b"PFCOUNT", words[1], words[1])
        return [count] if isinstance(count, Error) else [count, client(*words)]

    return Step(words, session=session)


def _few(g):
    return [b"PFADD", g.key()] + [b"%d" % g.rng.randint(0, 400) for _ in range(g.rng.randint(0, 6))]


def _many(g):
    start, step = g.rng.randint(0, 100000), g.choice([1, 1, 7])
    return [b"PFADD", g.key()] + [b"e:%d" % (start + i * step) for i in range(g.rng.randint(20, 600))]


def _words(g):
    return [b"PFADD", g.key()] + [g.value() for _ in range(g.rng.randint(1, 4))]


def _debug(g, key=None):
    what = g.choice([b"DECODE", b"DECODE", b"ENCODING", b"ENCODING", b"TODENSE", b"GETREG"]) if g.chance(0.97) else b"NOSUCH"
    return [b"PFDEBUG", g.anycase(what), key if key is not None else g.key()]


def _damaged(g):
    """A life of a corrupt value, up to its end: after an error keel has it as it was, Redis with the elements up to there."""
    key = g.key()
    makers = [
        lambda: [b"PFADD", key, b"%d" % g.rng.randint(0, 400)],
        lambda: [b"PFADD", key, b"e:%d" % g.rng.randint(0, 10000)],
        lambda: [b"PFADD", key],
        lambda: [b"PFCOUNT", key],
        lambda: [b"PFCOUNT", key, g.key()],
        lambda: [b"PFMERGE", key],
        lambda: [b"PFMERGE", g.key(), key],
        lambda: _debug(g, key),
        lambda: [b"GET", key],
    ]
    words = [[b"SET", key, g.choice(CORRUPT)]] + [g.choice(makers)() for _ in range(g.rng.randint(1, 12))] + [[b"DEL", key]]
    return Step(words[0], session=lambda client: client.pipeline(words))


MAKERS = [
    _few, _few, _few, _few, _few, _many, _many, _words, _debug,
    lambda g: [b"SET", g.key(), EMPTY],
    lambda g: [b"PFCOUNT", g.key()],
    lambda g: [b"PFCOUNT", g.key()],
    lambda g: [b"PFCOUNT"] + g.keys(),
    lambda g: [b"PFMERGE", g.key()] + g.keys(),
    lambda g: [b"PFMERGE", g.key()],
    lambda g: [b"GET", g.key()],
    lambda g: [b"GET", g.key()],
    lambda g: [b"STRLEN", g.key()],
    lambda g: [b"COPY", g.key(), g.key()],
    lambda g: [b"DEL", g.key()],
    lambda g: [b"DEL", g.key()],
]
