# SPDX-License-Identifier: BSD-3-Clause
"""SORT and SORT_RO of whatever the other families have made, and of values made for it, with every option.

A step sorts a copy of its key and removes that: the peer turns a sorted set that it sorts into a skiplist. Where the peer's
order is not its own to say (sets as they lie in a table, texts that weigh the same) less is compared, and nothing stored.
"""
from compare import Step, any_order, exact, kind

WEIGHT = 12
SOURCE, NUMBER, NONE = b"sort:source", b"sort:number", b"sort:none"
WEIGHTS = [b"weight_*", b"w*", b"h_*->w", b"h_*->none", b"h_*", b"*", b"key:*", b"*->w", b"**", b"a*b", b"w*->", b"w_*->w->x", b"w\x00*"]
PLAIN = [b"nosort", b"", b"#", b"x->y", b"\x00*"]
ELEMENTS = [b"1", b"2", b"3", b"10", b"-1", b"0", b"a", b"b", b"c"]


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made)


def same_shape(ours, theirs):
    return len(ours) == len(theirs) if isinstance(ours, list) and isinstance(theirs, list) else exact(ours, theirs)


def settle(client):
    """7.0 takes the errno of an earlier command, that met a number too large or too small, for one of SORT's own."""
    client(b"INCRBYFLOAT", NUMBER, b"1")
    client(b"DEL", SOURCE, NUMBER)


def _spell(g, keyword):
    return g.anycase(keyword)


def _limit(g):
    return [_spell(g, b"LIMIT"), g.small(-3, 8), g.small(-3, 8)]


def _gets(g):
    out = []
    for _ in range(g.rng.randint(1, 3)):
        out += [_spell(g, b"GET"), g.choice(WEIGHTS + PLAIN + [b"#", b"#"])]
    return out


class Options:
    """The words behind the key, and what the order will depend on."""

    def __init__(self, g):
        self.by = g.choice(WEIGHTS) if g.chance(0.4) else g.choice(PLAIN) if g.chance(0.3) else None
        self.alpha, self.limited, self.gets = g.chance(0.5), g.chance(0.4), g.chance(0.4)
        parts = [[_spell(g, b"BY"), self.by]] if self.by is not None else []
        parts += [_limit(g)] if self.limited else []
        parts += [_gets(g)] if self.gets else []
        parts += [[_spell(g, b"ALPHA")]] if self.alpha else []
        parts += [[_spell(g, g.choice([b"ASC", b"DESC", b"DESC"]))]] if g.chance(0.6) else []
        self.spoiled = g.chance(0.08)
        if self.spoiled and g.chance(0.4):
            parts.append([g.choice([b"NOSUCH", b"BY", b"GET", b"LIMIT", b""])])
        g.rng.shuffle(parts)
        self.words = [w for part in parts for w in part]
        if self.spoiled:
            self.words = g.spoil([b"SORT"] + self.words)[1:]
        self.constant = self.by is not None and b"*" not in self.by.split(b"\x00")[0]

    def order(self, type_, stored):
        """How much of the order the peer and we have to share: exact, any_order or same_shape."""
        if self.spoiled:
            return same_shape
        tie = self.alpha and self.by is not None and not self.constant
        loose = (type_ == "set" and self.constant and not stored) or (tie and (type_ in ("set", "zset") or self.limited))
        if not loose:
            return exact
        return same_shape if self.limited else any_order


def _sort(g):
    key, options, store = g.key(), Options(g), g.key() if g.chance(0.4) else None
    name = b"SORT" if store is not None or g.chance(0.7) else b"SORT_RO"
    words = [name, SOURCE] + options.words
    storing = words + [g.anycase(b"STORE"), store] if store is not None else words

    def session(client):
        settle(client)
        client(b"COPY", key, SOURCE)
        type_ = client(b"TYPE", SOURCE)
        stored = store is not None and options.order(type_, True) is exact
        reply = client(*(storing if stored else words))
        client(b"DEL", SOURCE)
        return [type_, stored, reply]

    def same(ours, theirs):
        if ours[:2] != theirs[:2] or kind(ours[2]) is not kind(theirs[2]):
            return False
        return options.order(theirs[0], theirs[1])(ours[2], theirs[2])

    return Step(storing, same, session)


def _in_place(g):
    """The destination is the source, or lies in the way of a pattern."""
    destination = g.choice([SOURCE, b"weight_1", b"h_1"])

    def session(client):
        settle(client)
        out = [client(b"RPUSH", SOURCE, *elements), client(b"SORT", SOURCE, *words, b"STORE", destination)]
        out += [client(b"TYPE", destination), client(b"LRANGE", destination, b"0", b"-1"), client(b"DEL", destination, SOURCE)]
        return out

    elements = [g.choice(ELEMENTS) for _ in range(g.rng.randint(1, 12))]
    words = [b"BY", g.choice(WEIGHTS), b"GET", g.choice(WEIGHTS + [b"#"])] if g.chance(0.5) else [b"ALPHA"]
    return Step([b"SORT", SOURCE] + words + [b"STORE", destination], session=session)


def _made(g):
    """A list, set or sorted set of numbers, of words, or of both."""
    roll = g.rng.random()
    pool = ELEMENTS[:6] if roll < 0.5 else ELEMENTS[6:] if roll < 0.7 else ELEMENTS
    elements = [g.choice(pool) if g.chance(0.9) else g.float() for _ in range(g.rng.randint(1, 14))]
    if g.chance(0.05):
        elements += [b"%d" % g.rng.randint(-1000, 1000) for _ in range(g.choice([130, 600]))]
    name = g.choice([b"RPUSH", b"SADD", b"ZADD"])
    if name == b"ZADD":
        elements = [w for e in elements for w in (b"%d" % g.rng.randint(-5, 5), e)]
    return [name, g.key()] + elements


def _weight(g):
    name = g.choice([b"weight_", b"w", b"key:", b"", b"w_"]) + g.choice(ELEMENTS)
    return [b"SET", name, g.choice([b"1", b"2", b"-3", b"2.5", b"1e3", b" 7", b""]) if g.chance(0.85) else g.value()]


def _hash(g):
    words = [b"HSET", b"h_" + g.choice(ELEMENTS)]
    for _ in range(g.rng.randint(1, 3)):
        words += [g.choice([b"w", b"x", b"w->x"]), g.choice([b"5", b"-6", b"0.5", b"70"]) if g.chance(0.9) else g.value()]
    return words


MAKERS = [
    _sort, _sort, _sort, _sort, _sort, _sort, _in_place, _made, _made, _weight, _weight, _hash,
    lambda g: [b"DEL", g.key()],
    lambda g: [b"DEL", g.choice([b"weight_", b"w", b"key:", b"", b"h_", b"w_"]) + g.choice(ELEMENTS)],
    lambda g: Step([g.choice([b"SORT", b"SORT_RO"]), NONE] + Options(g).words, fixed=True),
    lambda g: Step([b"SORT", NONE] + Options(g).words + [b"STORE", g.key()], fixed=True),
    lambda g: [b"COMMAND", b"GETKEYS", b"SORT", g.key()] + Options(g).words + [g.anycase(b"STORE"), g.key()] + Options(g).words,
    lambda g: [b"COMMAND", b"GETKEYSANDFLAGS", b"SORT_RO", g.key()] + Options(g).words + [b"STORE", g.key()],
]
