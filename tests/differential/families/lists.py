# SPDX-License-Identifier: BSD-3-Clause
"""Every list command of redis 7.0 with every option. Blocking ones have a short time: what they would wait for does not
come in a stream of one client (tests/e2e/test_blocking.py has those facts)."""
from compare import Step, exact

WEIGHT = 40
READS = {"list": ([b"LRANGE", b"", b"0", b"-1"], exact)}


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made)


def _element(g):
    return g.choice([b"a", b"b", b"c", b"1", b"-1", b"300", b"70000"]) if g.chance(0.6) else g.value()


def _elements(g, most=6):
    if g.chance(0.03):
        most = 700
    return [_element(g) for _ in range(g.rng.randint(1, most))]


def _end(g):
    return g.anycase(g.choice([b"LEFT", b"RIGHT"])) if g.chance(0.97) else g.choice([b"UP", b"", b"BEFORE"])


def _push(g):
    return [g.choice([b"LPUSH", b"RPUSH"]), g.key()] + _elements(g)


def _large(g):
    size = g.choice([4000, 4096, 8000, 8170, 8180, 8185, 8186, 8192, 8193, 9000, 20000])
    return [g.choice([b"LPUSH", b"RPUSH"]), g.key()] + [g.choice([b"x", b"y"]) * size for _ in range(g.rng.randint(1, 3))]


def _pop(g):
    words = [g.choice([b"LPOP", b"RPOP"]), g.key()]
    if g.chance(0.5):
        words.append(g.small(-1, 12) if g.chance(0.9) else g.small(100, 900))
    return words


def _lpos(g):
    words = [b"LPOS", g.key(), _element(g)]
    for option, low, high, probability in ((b"RANK", -4, 4, 0.4), (b"COUNT", -1, 5, 0.4), (b"MAXLEN", -1, 20, 0.3)):
        if g.chance(probability):
            words += [g.anycase(option), g.small(low, high)]
    return words


def _multi(g):
    keys = g.keys(4)
    words = [b"%d" % len(keys) if g.chance(0.9) else g.small(-1, 6)] + keys + [_end(g)]
    if g.chance(0.5):
        words += [g.anycase(b"COUNT"), g.small(-1, 10)]
    return words


def _blocking(g):
    timeout = b"0.001" if g.chance(0.8) else g.choice([b"-1", b"x", b"", b"1e400", b"nan", b"-0.5", b"99999999999999999999", b"0.002 "])
    roll = g.rng.randint(0, 3)
    if roll == 0:
        words = [g.choice([b"BLPOP", b"BRPOP"])] + g.keys(3) + [timeout]
    elif roll == 1:
        words = [b"BLMOVE", g.key(), g.key(), _end(g), _end(g), timeout]
    elif roll == 2:
        words = [b"BRPOPLPUSH", g.key(), g.key(), timeout]
    else:
        words = [b"BLMPOP", timeout] + _multi(g)
    return Step(words, fixed=True)  # spoiled it could wait for good


MAKERS = [
    _push, _push, _push, _push, _push, _large, _pop, _pop, _pop, _lpos, _lpos, _blocking,
    lambda g: [g.choice([b"LPUSHX", b"RPUSHX"]), g.key()] + _elements(g),
    lambda g: [b"LLEN", g.key()],
    lambda g: [b"LINDEX", g.key(), g.small(-10, 10)],
    lambda g: [b"LINDEX", g.key(), g.small(-800, 800)],
    lambda g: [b"LSET", g.key(), g.small(-8, 8), _element(g)],
    lambda g: [b"LSET", g.key(), g.small(-300, 300), b"z" * g.choice([10, 5000, 8185, 9000])],
    lambda g: [b"LINSERT", g.key(), g.anycase(g.choice([b"BEFORE", b"AFTER"])), _element(g), _element(g)],
    lambda g: [b"LINSERT", g.key(), g.anycase(g.choice([b"BEFORE", b"AFTER"])), _element(g), b"i" * g.choice([100, 5000, 9000])],
    lambda g: [b"LRANGE", g.key(), g.small(-20, 20), g.small(-20, 20)],
    lambda g: [b"LRANGE", g.key(), g.integer(), g.integer()],
    lambda g: [b"LTRIM", g.key(), g.small(-5, 5), g.small(-5, 30)],
    lambda g: [b"LTRIM", g.key(), b"0", g.small(200, 600)],
    lambda g: [b"LREM", g.key(), g.small(-3, 3), _element(g)],
    lambda g: [b"LREM", g.key(), g.integer(), _element(g)],
    lambda g: [b"LMOVE", g.key(), g.key(), _end(g), _end(g)],
    lambda g: [b"RPOPLPUSH", g.key(), g.key()],
    lambda g: [b"LMPOP"] + _multi(g),
    lambda g: [b"OBJECT", b"ENCODING", g.key()],
    lambda g: [b"DEL", g.key()],
    lambda g: Step([b"CONFIG", b"SET", b"list-max-listpack-size", g.choice([b"-2", b"-1", b"-5", b"1", b"3", b"128"])], fixed=True),
    lambda g: Step([b"CONFIG", b"SET", b"list-compress-depth", g.choice([b"0", b"0", b"1", b"2"])], fixed=True),
]
