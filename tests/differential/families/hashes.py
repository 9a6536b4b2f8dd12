# SPDX-License-Identifier: BSD-3-Clause
"""Every hash command of redis 7.0 with every option, small hashes and large ones."""
from compare import Step, any_order, exact, kind
from resp import Error

WEIGHT = 40


def in_pairs(reply):
    return sorted(zip(map(repr, reply[::2]), map(repr, reply[1::2])))


def pairs(ours, theirs):
    """The same fields with the same values. (That packed hashes keep their order: see _ordered.)"""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours == theirs
    if isinstance(ours, list) and ours and isinstance(ours[0], list):  # pairs of their own
        return any_order(ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) % 2 == 0 == len(theirs) % 2:
        return kind(ours) is kind(theirs) and in_pairs(ours) == in_pairs(theirs)
    return exact(ours, theirs)


READS = {"hash": ([b"HGETALL", b""], pairs)}
SMALL = [b"f%d" % i for i in range(12)] + [b"", b"1", b"-7", b"007", b"9223372036854775807", b"\x00\xff", b"x" * 64, b"y" * 63]


def one(g):
    return g.choice(MAKERS)(g)


def step(maker, same=None):
    return lambda g: Step(maker(g), same)


def _field(g):
    return g.choice(SMALL) if g.chance(0.97) else b"z" * g.choice([65, 126, 127, 128, 300, 1100])


def _fields(g, most=6):
    return [_field(g) for _ in range(g.rng.randint(1, most))]


def _pairs(g, most=6):
    return [w for _ in range(g.rng.randint(1, most)) for w in (_field(g), g.value())]


def _number_pairs(g):
    return [w for _ in range(g.rng.randint(1, 6)) for w in (_field(g), g.number() if g.chance(0.7) else g.float())]


def _many(g):
    """Some hundred fields at once: over the limit, or just at it."""
    count = g.choice([100, 400, 511, 512, 513, 600])
    base = g.rng.randint(0, 3) * 100
    return [b"HSET", g.key()] + [w for i in range(count) for w in (b"m%d" % (base + i), b"v%d" % i)]


def _ordered(g):
    """In a packed hash the order is that of arrival, in both."""
    key = b"ordered:%d" % g.rng.randint(0, 4)
    words = [w for _ in range(g.rng.randint(1, 4)) for w in (g.choice(SMALL[:12]), g.number() if g.chance(0.5) else g.text(30))]
    deleted = [g.choice(SMALL[:12]) for _ in range(g.rng.randint(1, 3))]
    read = g.choice([b"HGETALL", b"HKEYS", b"HVALS"])

    def session(client):
        return [client(b"HSET", key, *words), client(b"HDEL", key, *deleted), client(read, key), client(b"OBJECT", b"ENCODING", key)]

    return Step([b"HSET", key] + words, exact, session)


def _scan_all(g):
    """A whole HSCAN: every field once or more, with its value."""
    key, options = g.key(), _scan_options(g)

    def session(client):
        seen, cursor, rounds = set(), b"0", 0
        while rounds < 2000:
            rounds += 1
            reply = client(b"HSCAN", key, cursor, *options)
            if isinstance(reply, Error):
                return reply
            cursor, found = reply
            seen |= set(zip(found[::2], found[1::2]))
            if cursor == b"0":
                break
        return sorted(map(list, seen))

    return Step([b"HSCAN", key, b"0"] + options, exact, session)


def _scan_options(g):
    options = []
    if g.chance(0.4):
        options.append([g.anycase(b"MATCH"), g.choice([b"*", b"f*", b"f?", b"m1*", b"[0-9]*", b"nosuch", b""])])
    if g.chance(0.4):
        options.append([g.anycase(b"COUNT"), g.choice([b"1", b"5", b"10", b"1000", b"0", b"-1", b"x", b"9223372036854775807"])])
    if g.chance(0.03):
        options.append([g.choice([b"MATCH", b"COUNT", b"NOSUCH", b"TYPE"])])
    g.rng.shuffle(options)
    return [w for option in options for w in option]


def _random_all(g):
    """More than there are: all of them, each once."""
    words = [b"HRANDFIELD", g.key(), b"100000"]
    if g.chance(0.5):
        words.append(g.anycase(b"WITHVALUES"))
        return Step(words, pairs, fixed=True)
    return Step(words, any_order, fixed=True)


def drawn(ours, theirs):
    """Draws differ, but not in their number and kind."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs)
    return kind(ours) is kind(theirs) and (not isinstance(ours, Error) or ours == theirs)


def _random(g):
    words = [b"HRANDFIELD", g.key()]
    if g.chance(0.85):
        words.append(g.choice([b"0", b"1", b"2", b"5", b"-1", b"-3", b"-20", b"x", b"", b"1.5",
                               b"-9223372036854775808", b"9223372036854775807", b"9223372036854775808"]))
        if g.chance(0.5):
            words.append(g.anycase(b"WITHVALUES") if g.chance(0.9) else b"WITHVALUE")
        if g.chance(0.05):
            words.append(b"WITHVALUES")
    return Step(words, drawn, fixed=True)


MAKERS = [
    _ordered, _ordered, _scan_all, _random_all, _random,
    step(_many),
    step(lambda g: [b"HSET", g.key()] + _pairs(g)),
    step(lambda g: [b"HSET", g.key()] + _pairs(g)),
    step(lambda g: [b"HSET", g.key()] + _pairs(g)),
    step(lambda g: [b"HSET", g.key()] + _number_pairs(g)),
    step(lambda g: [b"HSET", g.key(), _field(g), g.number()]),
    step(lambda g: [b"HSET", g.key()] + _pairs(g) + [_field(g)]),
    step(lambda g: [b"HMSET", g.key()] + _pairs(g)),
    step(lambda g: [b"HMSET", g.key()] + _pairs(g) + [_field(g)]),
    step(lambda g: [b"HSETNX", g.key(), _field(g), g.value()]),
    step(lambda g: [b"HGET", g.key(), _field(g)]),
    step(lambda g: [b"HGET", g.key(), _field(g)]),
    step(lambda g: [b"HMGET", g.key()] + _fields(g, 20)),
    step(lambda g: [b"HMGET", g.key()] + [b"m%d" % g.rng.randint(0, 700) for _ in range(30)]),
    step(lambda g: [b"HDEL", g.key()] + _fields(g)),
    step(lambda g: [b"HDEL", g.key()] + [b"m%d" % i for i in range(g.rng.randint(0, 600))] + _fields(g)),
    step(lambda g: [b"HDEL", g.key()] + SMALL),
    step(lambda g: [b"HEXISTS", g.key(), _field(g)]),
    step(lambda g: [b"HLEN", g.key()]),
    step(lambda g: [b"HSTRLEN", g.key(), _field(g)]),
    step(lambda g: [b"HGETALL", g.key()], pairs),
    step(lambda g: [b"HKEYS", g.key()], any_order),
    step(lambda g: [b"HVALS", g.key()], any_order),
    step(lambda g: [b"HINCRBY", g.key(), _field(g), g.integer()]),
    step(lambda g: [b"HINCRBY", g.key(), _field(g), g.integer()]),
    step(lambda g: [b"HINCRBYFLOAT", g.key(), _field(g), g.float()]),
    step(lambda g: [b"HINCRBYFLOAT", g.key(), _field(g), g.float()]),
    step(lambda g: [b"OBJECT", b"ENCODING", g.key()]),
    step(lambda g: [b"DEBUG", b"DIGEST-VALUE", g.key()]),
    step(lambda g: [b"COPY", g.key(), g.key()] + ([b"REPLACE"] if g.chance(0.5) else [])),
    step(lambda g: [b"SET", g.key(), g.value()]),
    step(lambda g: [b"TYPE", g.key()]),
    step(lambda g: [b"DEL", g.key()]),
]
