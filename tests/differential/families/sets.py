# SPDX-License-Identifier: BSD-3-Clause
"""Every set command of redis 7.0 with every option. What is drawn by chance is compared by what it leaves behind."""
from compare import Step, any_order, same_kind

WEIGHT = 40
READS = {"set": ([b"SMEMBERS", b""], any_order)}


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made, any_order)


def member(g):
    roll = g.rng.random()
    if roll < 0.6:
        return b"%d" % g.rng.randint(0, 20)
    if roll < 0.8:
        return g.choice([b"a", b"b", b"c", b"d", b"01", b"", b"x" * 64, b"x" * 65])
    return g.value()


def members(g, most=6):
    return [member(g) for _ in range(g.rng.randint(1, most))]


def many(g):
    """Around the sizes where encodings change."""
    size = g.choice([127, 128, 129, 511, 512, 513, 600])
    first = g.rng.randint(-5, 20)
    prefix = g.choice([b"", b"", b"m"])
    return [g.choice([b"SADD", b"SADD", b"SREM"]), g.key()] + [prefix + b"%d" % i for i in range(first, first + size)]


def scan_to_the_end(g):
    key, options = g.key(), []
    if g.chance(0.5):
        options += [g.anycase(b"COUNT"), g.choice([b"1", b"3", b"10", b"1000", b"0", b"x"])]
    if g.chance(0.4):
        options += [g.anycase(b"MATCH"), g.pattern()]

    def session(client):
        cursor, seen = b"0", set()
        for _ in range(10_000):
            reply = client(b"SSCAN", key, cursor, *options)
            if not isinstance(reply, list):
                return reply
            cursor, shown = reply
            seen.update(shown)
            if cursor == b"0":
                return sorted(seen)
        return [b"no end"]

    return Step([b"SSCAN", key, b"0"] + options, session=session)


def draw(g):
    """How many, and that they are members; which ones is each server's own."""
    key, count = g.key(), g.choice([b"0", b"1", b"2", b"5", b"100", b"-1", b"-3", b"-50"])

    def session(client):
        drawn = client(b"SRANDMEMBER", key, count)
        if not isinstance(drawn, list):
            return drawn
        different = len(set(drawn)) == len(drawn) or count.startswith(b"-")
        return [len(drawn), different, sum(client(b"SISMEMBER", key, m) for m in drawn)]

    return Step([b"SRANDMEMBER", key, count], session=session)


def pop(g):
    """All of it, or some that are put back: the sets must stay alike."""
    key, count = g.key(), g.choice([None, b"0", b"1", b"3", b"1000", b"1000", b"-1"])

    def session(client):
        popped = client(b"SPOP", key) if count is None else client(b"SPOP", key, count)
        if popped is None or not isinstance(popped, (list, bytes)):
            return popped
        popped = popped if isinstance(popped, list) else [popped]
        left = client(b"SCARD", key)
        if left and popped:
            client(b"SADD", key, *popped)
        return [len(popped), left]

    return Step([b"SPOP", key] + ([count] if count else []), session=session)


def card(g):
    keys = g.keys(4)
    words = [b"SINTERCARD", b"%d" % len(keys) if g.chance(0.9) else g.integer()] + keys
    if g.chance(0.4):
        words += [g.anycase(b"LIMIT"), g.small(-1, 5)]
    return words


def wrong_count(g):
    """Not to be spoiled: a right count would draw."""
    words = g.choice([[b"SPOP", g.key(), g.choice([b"-1", b"x", b"9223372036854775808"])], [b"SPOP", g.key(), b"1", b"2"], [b"SPOP"],
                      [b"SRANDMEMBER", g.key(), g.choice([b"1.5", b"x", b"-9223372036854775808"])], [b"SRANDMEMBER", g.key(), b"1", b"2"]])
    return Step(words, fixed=True)


MAKERS = [
    lambda g: [b"SADD", g.key()] + members(g),
    lambda g: [b"SADD", g.key()] + members(g, 20),
    lambda g: [b"SADD", g.key()] + members(g, 40),
    lambda g: [b"SREM", g.key()] + members(g),
    many,
    lambda g: [b"SCARD", g.key()],
    lambda g: [b"SISMEMBER", g.key(), member(g)],
    lambda g: [b"SMISMEMBER", g.key()] + members(g),
    lambda g: [b"SMEMBERS", g.key()],
    lambda g: [b"SMOVE", g.key(), g.key(), member(g)],
    lambda g: [b"SINTER"] + g.keys(),
    lambda g: [b"SUNION"] + g.keys(8),
    lambda g: [b"SDIFF"] + g.keys(8),
    lambda g: [b"SINTERSTORE", g.key()] + g.keys(3),
    lambda g: [b"SUNIONSTORE", g.key()] + g.keys(8),
    lambda g: [b"SDIFFSTORE", g.key()] + g.keys(8),
    card,
    draw,
    pop,
    scan_to_the_end,
    lambda g: Step([b"SRANDMEMBER", g.key()], same_kind, fixed=True),
    lambda g: [b"OBJECT", b"ENCODING", g.key()],
    wrong_count,
    lambda g: [b"TYPE", g.key()],
]
