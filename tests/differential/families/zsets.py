# SPDX-License-Identifier: BSD-3-Clause
"""Every sorted-set command of redis 7.0 with every option."""
from compare import Step, any_order, exact, same_kind

WEIGHT = 50
READS = {"zset": ([b"ZRANGE", b"", b"0", b"-1", b"WITHSCORES"], exact)}

SCORES = [b"0", b"-0", b"1", b"-1", b"2", b"3", b"10", b"0.1", b"1.5", b"-2.25", b"3.3333333333333335", b"1e17", b"1e300", b"-1e300",
          b"1.7976931348623157e308", b"5e-324", b"2.2250738585072014e-308", b"inf", b"-inf", b"+inf", b"Infinity", b"4503599627370497",
          b"9007199254740993", b"4611686018427387904", b"9223372036854775807", b"-9223372036854775808", b"0x1p3", b"1E5", b".5", b"100"]
BOUNDS = [b"-inf", b"+inf", b"(0", b"(1", b"0", b"1", b"-1", b"2.5", b"(2", b"(10", b"10", b"inf", b"(-inf", b"(+inf", b"1e300", b"", b"(", b" 1",
          b"1e400", b"0x2", b"nan", b"(nan", b"abc", b"((1", b"1 ", b"5\x006"]
TEXTS = [b"-", b"+", b"[a", b"(a", b"[m", b"(m1", b"[z", b"[", b"(", b"[m10", b"(m2", b"--", b"+x", b"", b"a", b"[\xff", b"[7", b"-\x00", b"[\x00"]
MEMBERS = [b"a", b"b", b"c", b"d", b"m1", b"m2", b"m10", b"", b"\x00", b"\xff\xfe", b"7", b"-7", b"007", b"1234567890123", b"x" * 63, b"x" * 64,
           b"x" * 65, b"y" * 200, b"z" * 300, b"with space"]


# Ranges by member mean something only where all scores are equal: these keys hold nothing else.
LEX_KEYS = [b"lex:1", b"lex:2", b"lex:3"]


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made)


def member(g):
    if g.chance(0.5):
        return g.choice(MEMBERS)
    return b"m%d" % g.rng.randint(0, 200)


def score(g):
    roll = g.rng.random()
    if roll < 0.4:
        return b"%d" % g.rng.randint(-5, 20)
    if roll < 0.55:
        return repr(g.rng.uniform(-100, 100)).encode()
    if roll < 0.97:
        return g.choice(SCORES)
    return g.float()


def lex_key(g):
    return g.choice(LEX_KEYS) if g.chance(0.95) else b"no such key"


def lex_add(g):
    words = [b"ZADD", g.choice(LEX_KEYS)]
    for _ in range(g.choice([1, 5, 60, 130])):
        words += [b"0", member(g)]
    return Step(words, fixed=True)


def pairs(g, most=6):
    return [w for _ in range(g.rng.randint(1, most)) for w in (score(g), member(g))]


def many(g):
    """Over the thresholds, and lists in which all scores are equal."""
    same = g.chance(0.3)
    n = g.choice([3, 60, 126, 127, 128, 129, 130, 200])
    words = [b"ZADD", g.key()]
    for _ in range(n):
        words += [b"0" if same else score_plain(g), b"m%d" % g.rng.randint(0, 400)]
    return words


def score_plain(g):
    return b"%d" % g.rng.randint(-50, 50) if g.chance(0.7) else repr(g.rng.uniform(-1e6, 1e6)).encode()


def zadd(g):
    words = [b"ZADD", g.key()]
    for option, probability in ((b"NX", 0.12), (b"XX", 0.12), (b"GT", 0.12), (b"LT", 0.12), (b"CH", 0.25), (b"INCR", 0.12)):
        if g.chance(probability):
            words.append(g.anycase(option))
    return words + (pairs(g, 1) if b"INCR" in words and g.chance(0.8) else pairs(g))


def limit(g, probability=0.4):
    if not g.chance(probability):
        return []
    return [g.anycase(b"LIMIT"), g.small(-3, 12), g.small(-2, 12)]


def by_score(g):
    return [g.choice(BOUNDS), g.choice(BOUNDS)] if g.chance(0.7) else [score(g), score(g)]


def by_text(g):
    return [g.choice(TEXTS), g.choice(TEXTS)] if g.chance(0.7) else [b"[" + member(g), b"(" + member(g)]


def range_words(g, store=False, lex=False):
    roll = g.rng.random() * (1 if lex else 0.75)
    options = []
    if roll < 0.35:
        bounds = [g.small(-20, 20), g.small(-20, 20)]
    elif roll < 0.75:
        bounds, options = by_score(g), [[g.anycase(b"BYSCORE")]]
    else:
        bounds, options = by_text(g), [[g.anycase(b"BYLEX")]]
    if g.chance(0.35):
        options.append([g.anycase(b"REV")])
        if g.chance(0.7):
            bounds.reverse()
    options.append(limit(g, 0.3))
    if g.chance(0.05 if store else 0.3):
        options.append([g.anycase(b"WITHSCORES")])
    g.rng.shuffle(options)
    return bounds + [w for option in options for w in option]


def numbered_keys(g, most=4):
    keys = g.keys(most)
    count = len(keys) if g.chance(0.95) else g.choice([0, -1, len(keys) + 1, len(keys) - 1, b"x", 2**63 - 1])
    return [b"%d" % count if isinstance(count, int) else count] + keys


def combine(g, name, store=False):
    words = [name] + ([g.key()] if store else []) + numbered_keys(g)
    keys = len(words) - 2 - (1 if store else 0)
    if name[:5] != b"ZDIFF" and g.chance(0.4):
        words += [g.anycase(b"WEIGHTS")] + [g.choice([b"1", b"2", b"0", b"-1", b"0.5", b"inf", b"-inf", b"3", g.float()]) for _ in range(keys)]
    if name[:5] != b"ZDIFF" and g.chance(0.4):
        words += [g.anycase(b"AGGREGATE"), g.anycase(g.choice([b"SUM", b"MIN", b"MAX", b"SUM", b"AVG" if g.chance(0.1) else b"MIN"]))]
    if g.chance(0.05 if store else 0.5):
        words.append(g.anycase(b"WITHSCORES"))
    return words


def count_of(g):
    return [] if g.chance(0.4) else [g.small(-2, 8)]


def mpop(g):
    words = [b"ZMPOP"] + numbered_keys(g, 3) + [g.anycase(g.choice([b"MIN", b"MAX", b"MIN", b"MAX", b"MID"]))]
    if g.chance(0.5):
        words += [g.anycase(b"COUNT"), g.small(0, 5)]
    return words


# Those that wait are never spoiled: a zero in the place of the time would be a wait without end.
def waiting_mpop(g):
    return Step([b"BZMPOP", g.choice([b"0.01", b"0.001", b"x", b"-1"])] + mpop(g)[1:], fixed=True)


def waiting_pop(g):
    timeout = g.choice([b"0.01", b"0.001", b"0.01", b"0.001", b"x", b"-1", b""])
    return Step([g.choice([b"BZPOPMIN", b"BZPOPMAX"])] + g.keys(3) + [timeout], fixed=True)


def scan_all(key, options):
    def session(client):
        shown, cursor, first = {}, b"0", None
        for _ in range(10_000):
            reply = client(b"ZSCAN", key, cursor, *options)
            if not isinstance(reply, list):
                return reply
            cursor, flat = reply
            shown.update(zip(flat[::2], flat[1::2]))
            if cursor == b"0":
                return sorted(shown.items()) and [list(item) for item in sorted(shown.items())]
        return "no end"

    return session


def zscan(g):
    options = []
    if g.chance(0.4):
        options += [g.anycase(b"MATCH"), g.choice([b"*", b"m*", b"*1*", b"?", b"x*"])]
    if g.chance(0.4):
        options += [g.anycase(b"COUNT"), g.choice([b"1", b"5", b"100"])]
    key = g.key()
    return Step([b"ZSCAN", key, b"0"] + options, exact, session=scan_all(key, options))


def zrandmember(g):
    """By chance: the size and the kind of the reply are facts, and all members when as many are asked for."""
    roll = g.rng.random()
    key = g.key()
    if roll < 0.3:
        return Step([b"ZRANDMEMBER", key], same_kind)
    words = [b"ZRANDMEMBER", key, g.choice([b"1000", b"0", b"100000", b"x", b"-9223372036854775808", b"9223372036854775807", b"1.5"])]
    if g.chance(0.4):
        words.append(g.anycase(b"WITHSCORES"))
    return Step(words, any_order, fixed=True)


def same_length(ours, theirs):
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs)
    return exact(ours, theirs)


def zrandmember_some(g):
    words = [b"ZRANDMEMBER", g.key(), b"%d" % g.rng.randint(-20, 20)]
    if g.chance(0.4):
        words.append(b"WITHSCORES")
    return Step(words, same_length, fixed=True)


MAKERS = [
    zadd, zadd, zadd, zadd, zadd, many, many,
    lambda g: [b"ZINCRBY", g.key(), score(g), member(g)],
    lambda g: [b"ZINCRBY", g.key(), score(g), member(g)],
    lambda g: [b"ZREM", g.key()] + [member(g) for _ in range(g.rng.randint(1, 5))],
    lambda g: [b"ZCARD", g.key()],
    lambda g: [b"ZSCORE", g.key(), member(g)],
    lambda g: [b"ZMSCORE", g.key()] + [member(g) for _ in range(g.rng.randint(1, 4))],
    lambda g: [b"ZRANK", g.key(), member(g)],
    lambda g: [b"ZREVRANK", g.key(), member(g)],
    lambda g: [b"ZCOUNT", g.key()] + by_score(g),
    lex_add, lex_add, lex_add,
    lambda g: Step([b"ZREM", g.choice(LEX_KEYS), member(g), member(g)], fixed=True),
    lambda g: Step([b"ZPOPMIN", g.choice(LEX_KEYS), b"30"], fixed=True),
    lambda g: Step([b"ZLEXCOUNT", lex_key(g)] + by_text(g), fixed=True),
    lambda g: Step([b"ZRANGE", lex_key(g)] + range_words(g, lex=True), fixed=True),
    lambda g: Step([b"ZRANGE", lex_key(g)] + range_words(g, lex=True), fixed=True),
    lambda g: Step([b"ZRANGESTORE", g.key(), lex_key(g)] + range_words(g, True, True), fixed=True),
    lambda g: [b"ZRANGE", g.key()] + range_words(g),
    lambda g: [b"ZRANGE", g.key()] + range_words(g),
    lambda g: [b"ZRANGE", g.key()] + range_words(g),
    lambda g: [b"ZRANGESTORE", g.key(), g.key()] + range_words(g, True),
    lambda g: [b"ZREVRANGE", g.key(), g.small(-20, 20), g.small(-20, 20)] + ([g.anycase(b"WITHSCORES")] if g.chance(0.4) else []) + limit(g, 0.05),
    lambda g: [g.choice([b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE"]), g.key()] + by_score(g) + limit(g) + ([b"WITHSCORES"] if g.chance(0.4) else []),
    lambda g: Step([g.choice([b"ZRANGEBYLEX", b"ZREVRANGEBYLEX"]), lex_key(g)] + by_text(g) + limit(g) + ([b"WITHSCORES"] if g.chance(0.05) else []), fixed=True),
    lambda g: [b"ZREMRANGEBYRANK", g.key(), g.small(-10, 10), g.small(-10, 10)],
    lambda g: [b"ZREMRANGEBYSCORE", g.key()] + by_score(g),
    lambda g: Step([b"ZREMRANGEBYLEX", lex_key(g)] + by_text(g), fixed=True),
    lambda g: [g.choice([b"ZPOPMIN", b"ZPOPMAX"]), g.key()] + count_of(g),
    mpop,
    waiting_pop, waiting_mpop,
    zrandmember, zrandmember_some, zscan,
    lambda g: [b"ZSCAN", g.key(), g.choice([b"x", b"1.5", b" 1"])] + ([b"COUNT", g.small(0, 3)] if g.chance(0.3) else []),
    lambda g: combine(g, b"ZUNION"), lambda g: combine(g, b"ZINTER"), lambda g: combine(g, b"ZDIFF"),
    lambda g: combine(g, b"ZUNIONSTORE", True), lambda g: combine(g, b"ZINTERSTORE", True), lambda g: combine(g, b"ZDIFFSTORE", True),
    lambda g: [b"ZINTERCARD"] + numbered_keys(g) + ([g.anycase(b"LIMIT"), g.small(-1, 5)] if g.chance(0.5) else []),
    lambda g: [b"OBJECT", b"ENCODING", g.key()],
    lambda g: [b"DEL", g.key()],
]
