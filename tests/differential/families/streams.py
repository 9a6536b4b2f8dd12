# SPDX-License-Identifier: BSD-3-Clause
"""Every stream command of redis 7.0 with every option.

Ids are given, mostly, that both servers have the same; what the clock chose ("*") is only compared in kind. What later
versions of Redis changed, keel has as they have it; these comparisons look past it:
    XREADGROUP makes its consumer even when there is nothing to read (7.2), so here it exists before
    XINFO CONSUMERS tells "inactive", XINFO STREAM FULL "active-time" (7.2)
    lag and entries-read of a group that may have passed deleted entries are told in fewer or more cases (7.2, 7.4)
    XSETID refuses an id below that of a deleted entry (7.2), so it is not asked to
    radix-tree-nodes is a figure of Redis' own tree
"""
from compare import Step, exact, same_kind

WEIGHT = 40
IDS = [b"0", b"1", b"2", b"3-0", b"3-1", b"5-5", b"7", b"7-18446744073709551615", b"10", b"12-3", b"20-1", b"50", b"100", b"0-1"]
GROUPS = [b"g", b"h", b"group:1", b"\x00g\xff"]
CONSUMERS = [b"a", b"b", b"consumer:1", b"", b"\x00c"]
OWN = (b"inactive", b"active-time", b"radix-tree-nodes", b"lag", b"entries-read")
TIMES = (b"idle", b"seen-time")


def plain(reply):
    """Without what is each version's own; times only as being there."""
    if isinstance(reply, dict):
        return [(k, None if k in TIMES else plain(v)) for k, v in reply.items() if k not in OWN]
    if isinstance(reply, list):
        if reply and len(reply) % 2 == 0 and reply[0] in (b"length", b"name"):
            return plain(dict(zip(reply[::2], reply[1::2])))
        return [plain(v) for v in reply]
    return reply


def facts(ours, theirs):
    return exact(ours, theirs) if not isinstance(theirs, (list, dict)) else plain(ours) == plain(theirs)


def without_times(reply):
    """Of what is pending: ids, consumers and counts."""
    if isinstance(reply, list) and reply and all(isinstance(v, list) and len(v) == 4 for v in reply):
        return [[v[0], v[1], v[3]] for v in reply]
    return reply


def pending(ours, theirs):
    return exact(without_times(ours), without_times(theirs))


def content(ours, theirs):
    """XINFO STREAM FULL, without the moments of what is pending."""

    def moments(reply):
        if isinstance(reply, dict):
            return {k: [v[:-2] + v[-1:] for v in w] if k == b"pending" else moments(w) for k, w in reply.items()}
        if isinstance(reply, list):
            if reply and len(reply) % 2 == 0 and reply[0] in (b"length", b"name"):
                return moments(dict(zip(reply[::2], reply[1::2])))
            return [moments(v) for v in reply]
        return reply

    return facts(moments(ours), moments(theirs))


READS = {"stream": ([b"XINFO", b"STREAM", b"", b"FULL", b"COUNT", b"0"], content)}


def one(g):
    return g.choice(MAKERS)(g)


def _id(g):
    roll = g.rng.random()
    if roll < 0.75:
        return b"%d-%d" % (g.rng.randint(0, 400), g.rng.randint(0, 3))
    if roll < 0.93:
        return g.choice(IDS)
    return g.choice([b"-", b"+", b"$", b">", b"*", b"x", b"", b"5-", b"-5", b"5-*", b"1-1-1", b"(5", b"18446744073709551615",
                     b"18446744073709551616"]) if g.chance(0.5) else g.integer()


def _bound(g):
    roll = g.rng.random()
    if roll < 0.4:
        return g.choice([b"-", b"+"])
    return (b"(" if g.chance(0.2) else b"") + _id(g)


def _ids(g, most=5):
    return [_id(g) for _ in range(g.rng.randint(1, most))]


def _fields(g):
    if g.chance(0.7):
        return [b"f", g.value()]
    return [w for _ in range(g.rng.randint(1, 4)) for w in (g.choice([b"f", b"field", b"1", b""]), g.value())]


def _trim(g):
    words = [g.anycase(g.choice([b"MAXLEN", b"MAXLEN", b"MINID"]))]
    operator = g.choice([b"", b"~", b"="])
    if operator:
        words.append(operator)
    words.append(g.small(0, 120) if words[0].upper() == b"MAXLEN" else _id(g))
    if (operator == b"~" and g.chance(0.3)) or g.chance(0.05):
        words += [g.anycase(b"LIMIT"), g.small(0, 200)]
    return words


def _xadd(g):
    words = [b"XADD", g.key()]
    if g.chance(0.1):
        words.append(g.anycase(b"NOMKSTREAM"))
    if g.chance(0.25):
        words += _trim(g)
    return words


def _add_given(g):
    """Spoiled here, if at all: an id of the clock's would be different in both."""
    words = _xadd(g) + [_id(g)] + _fields(g)
    if g.chance(0.08):
        del words[g.rng.randint(2, len(words) - 1)]
    if g.chance(0.05):
        words.insert(g.rng.randint(2, len(words)), g.choice([b"", b"x", b"LIMIT", b"~", b"=", b"NOMKSTREAM", b"MAXLEN", b"\x00", b"1"]))
    return Step([b"9" if w == b"*" else w for w in words], fixed=True)


def _add_next(g):
    """Mostly above what is there: by the length of the stream, which is the same for both."""
    key, fields = g.key(), _fields(g)

    def session(client):
        last = client(b"XINFO", b"STREAM", key)
        if not isinstance(last, (list, dict)):
            return [client(b"XADD", key, b"1-1", *fields)]
        last = last if isinstance(last, dict) else dict(zip(last[::2], last[1::2]))
        ms = int(last[b"last-generated-id"].split(b"-")[0])
        return [client(b"XADD", key, b"%d-*" % (ms + 1 if ms < 10**15 else ms), *fields)]

    return Step([b"XADD", key, b"*"] + fields, session=session)


def _add_many(g):
    """Blocks, and more than one of them."""
    key, count, value = g.key(), g.choice([5, 30, 130, 260]), g.value()
    script = [[b"XADD", key, b"%d-0" % (1000 + 10 * i), b"f", value, b"n", b"%d" % i] for i in range(count)]
    return Step([b"XADD", key], session=lambda client: client.pipeline(script))


def _range(g):
    words = [g.choice([b"XRANGE", b"XREVRANGE"]), g.key(), _bound(g), _bound(g)]
    if g.chance(0.4):
        words += [g.anycase(b"COUNT"), g.small(-2, 20)]
    return Step(words)


def _xread(g):
    words = [b"XREAD"]
    if g.chance(0.4):
        words += [g.anycase(b"COUNT"), g.small(-1, 10)]
    keys = g.keys(3)
    return Step(words + [g.anycase(b"STREAMS")] + keys + [_no_plus(g, [b"$", b"0"]) for _ in keys], unbalanced)


def _no_plus(g, more):
    """An id; not "+", which 7.0 does not know."""
    word = _id(g) if g.chance(0.8) else g.choice(more)
    return word if word != b"+" else b"0"


def unbalanced(ours, theirs):
    """Exactly, but for one error text that later versions word differently."""
    return exact(ours, theirs) or (str(ours).startswith("ERR Unbalanced 'xread") and str(theirs).startswith("ERR Unbalanced XREAD"))


def _xreadgroup(g):
    group, consumer, keys = g.choice(GROUPS), g.choice(CONSUMERS), g.keys(3)
    words = [b"XREADGROUP", g.anycase(b"GROUP"), group, consumer]
    if g.chance(0.4):
        words += [g.anycase(b"COUNT"), g.small(-1, 10)]
    if g.chance(0.2):
        words.append(g.anycase(b"NOACK"))
    words += [g.anycase(b"STREAMS")] + keys + [b">" if g.chance(0.6) else _no_plus(g, [b"0", b"$"]) for _ in keys]
    return _with_consumer(group, consumer, keys, words)


def _with_consumer(group, consumer, keys, words, same=exact):
    def session(client):
        for key in keys:
            client(b"XGROUP", b"CREATECONSUMER", key, group, consumer)
        return [client(*words)]

    return Step(words, lambda a, b: same(a[0], b[0]), session=session)


def _group(g):
    roll = g.rng.random()
    key, group = g.key(), g.choice(GROUPS)
    if roll < 0.5:
        words = [b"XGROUP", g.anycase(b"CREATE"), key, group, g.choice([b"$", b"0", _id(g)])]
        if g.chance(0.3):
            words.append(g.anycase(b"MKSTREAM"))
        if g.chance(0.2):
            words += [g.anycase(b"ENTRIESREAD"), g.small(-2, 50)]
    elif roll < 0.65:
        words = [b"XGROUP", g.anycase(b"SETID"), key, group, g.choice([b"$", b"0", _id(g)])]
        if g.chance(0.3):
            words += [g.anycase(b"ENTRIESREAD"), g.small(-2, 50)]
    elif roll < 0.72:
        words = [b"XGROUP", g.anycase(b"DESTROY"), key, group]
    elif roll < 0.9:
        words = [b"XGROUP", g.anycase(b"CREATECONSUMER"), key, group, g.choice(CONSUMERS)]
    else:
        words = [b"XGROUP", g.anycase(b"DELCONSUMER"), key, group, g.choice(CONSUMERS)]
    return Step(words)


def _pending(g):
    words = [b"XPENDING", g.key(), g.choice(GROUPS)]
    if g.chance(0.7):
        if g.chance(0.3):
            words += [g.anycase(b"IDLE"), g.choice([b"0", b"-1", b"100000000", b"x"])]
        words += [_bound(g), _bound(g), g.small(-1, 20)]
        if g.chance(0.4):
            words.append(g.choice(CONSUMERS))
    return Step(words, pending, fixed=True)


def _claim(g):
    key, group, consumer = g.key(), g.choice(GROUPS), g.choice(CONSUMERS)
    words = [b"XCLAIM", key, group, consumer, g.choice([b"0", b"0", b"0", b"-5", b"100000000", b"x"])] + _ids(g)
    if g.chance(0.3):
        words += g.choice([[b"IDLE", b"5000"], [b"TIME", b"1600000000000"], [b"IDLE", g.integer()], [b"TIME", g.integer()]])
    for option, probability in (([b"RETRYCOUNT", g.small(-2, 10)], 0.3), ([b"FORCE"], 0.5), ([b"JUSTID"], 0.4), ([b"LASTID", _id(g)], 0.1),
                                ([b"NOSUCH"], 0.02)):
        if g.chance(probability):
            words += option
    return _with_consumer(group, consumer, [key], words)


def _autoclaim(g):
    key, group, consumer = g.key(), g.choice(GROUPS), g.choice(CONSUMERS)
    words = [b"XAUTOCLAIM", key, group, consumer, g.choice([b"0", b"0", b"-1", b"100000000", b"x"]), _bound(g)]
    if g.chance(0.4):
        # 7.0 refuses counts for which it finds no memory; here they take none.
        words += [g.anycase(b"COUNT"), g.choice([b"1", b"2", b"5", b"10", b"100", b"0", b"-1", b"x", b"9223372036854775807"])]
    if g.chance(0.3):
        words.append(g.anycase(b"JUSTID"))
    return _with_consumer(group, consumer, [key], words)


def _setid(g):
    words = [b"XSETID", g.key(), _id(g)]
    if g.chance(0.4):
        words += [g.anycase(b"ENTRIESADDED"), g.small(-1, 500)]
    if g.chance(0.3):
        words += [g.anycase(b"MAXDELETEDID"), _id(g)]

    def session(client):
        known = client(b"XINFO", b"STREAM", words[1])
        known = dict(zip(known[::2], known[1::2])) if isinstance(known, list) else known
        if isinstance(known, dict) and _number(words[2]) < _number(known[b"max-deleted-entry-id"]):
            return []  # refused since 7.2 alone
        return [client(*words)]

    return Step(words, session=session)


def _number(word):
    """The id as a number to compare by; what is none is above all."""
    ms, _, seq = word.partition(b"-")
    return int(ms) << 64 | int(seq or 0) if ms.isdigit() and (not seq or seq.isdigit()) else 1 << 128


def _info(g):
    key = g.key()
    roll = g.rng.random()
    if roll < 0.3:
        return Step([b"XINFO", g.anycase(b"GROUPS"), key], facts, fixed=True)
    if roll < 0.5:
        return Step([b"XINFO", g.anycase(b"CONSUMERS"), key, g.choice(GROUPS)], facts, fixed=True)
    if roll < 0.7:
        return Step([b"XINFO", g.anycase(b"STREAM"), key], facts, fixed=True)
    more = [g.anycase(b"COUNT"), g.small(-1, 20)] if g.chance(0.6) else []
    return Step([b"XINFO", g.anycase(b"STREAM"), key, g.anycase(b"FULL")] + more, content, fixed=True)


def _wrong(g):
    """What is refused, or changes nothing, whatever is there."""
    return Step(g.choice([
        [b"XREADGROUP", b"STREAMS", g.key(), b">", b"x", b"x", b"x"],
        [b"XREADGROUP", b"GROUP", b"g", b"a", b"STREAMS", g.key(), g.key(), b">"],
        [b"XREADGROUP", b"GROUP", b"nosuch", b"a", b"STREAMS", g.key(), b">"],
        [b"XREADGROUP", b"GROUP", b"g", b"a", b"COUNT", b"x", b"STREAMS", g.key(), b">"],
        [b"XREAD", b"GROUP", b"g", b"a", b"STREAMS", g.key(), b">"],
        [b"XREAD", b"NOACK", b"STREAMS", g.key(), b"0"],
        [b"XREAD", b"STREAMS", g.key(), b">"],
        [b"XREAD", b"BLOCK", b"-1", b"STREAMS", g.key(), b"$"],
        [b"XREAD", b"BLOCK", b"x", b"STREAMS", g.key(), b"$"],
        [b"XREAD", b"COUNT", b"1", b"COUNT", b"2"],
        [b"XGROUP", b"NOSUCH", g.key(), b"g"],
        [b"XINFO", b"STREAM", g.key(), b"FULL", b"NOSUCH"],
        [b"XINFO", b"NOSUCH", g.key()],
        [b"XTRIM", g.key(), b"LIMIT", b"5"],
        [b"XADD", g.key(), b"MAXLEN", b"1", b"MINID", b"1", b"*", b"f", b"v"],
    ]), unbalanced, fixed=True)


MAKERS = [
    _add_given, _add_given, _add_next, _add_next, _add_next, _add_next, _add_many, _range, _range, _xread, _xread, _xreadgroup,
    _xreadgroup, _xreadgroup, _group, _group, _group, _pending, _claim, _claim, _autoclaim, _setid, _info, _info, _wrong,
    lambda g: Step([b"XADD", g.key(), b"NOMKSTREAM", b"*", b"f"] if g.chance(0.5) else [b"XADD", b"nosuch", b"NOMKSTREAM", b"*", b"f", b"v"],
                   same_kind, fixed=True),
    lambda g: Step([b"XLEN", g.key()]),
    lambda g: Step([b"XDEL", g.key()] + _ids(g)),
    lambda g: Step([b"XDEL", g.key()] + _ids(g, 30)),
    lambda g: Step([b"XTRIM", g.key()] + _trim(g)),
    lambda g: Step([b"XACK", g.key(), g.choice(GROUPS)] + _ids(g, 8)),
    lambda g: Step([b"DEL", g.key()]),
    lambda g: Step([b"COPY", g.key(), g.key(), b"REPLACE"]),
]
