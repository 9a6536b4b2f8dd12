# SPDX-License-Identifier: BSD-3-Clause
"""Every command of positions of redis 7.0 with every option.

What is not compared to the letter: a reply that nobody asked to be sorted has each server's own order, and COUNT with ANY
takes whichever that order brings first. So replies are exact where they are sorted (then no word is spoiled: without its ASC
a command would be another), in any order where they are not, and of the same length with ANY. No two members share a place,
so that none are equally far.

Of one thing only the searches know nothing: places at the upper ends of the map (180 and 85.05112878 to the last digit),
whose scores lie beyond those that redis 7.0 searches. keel finds them (tests/datatypes/zset/geo_commands_test.cpp).
"""
from compare import Step, any_order, exact

WEIGHT = 40
READS = {"zset": ([b"ZRANGE", b"", b"0", b"-1", b"WITHSCORES"], exact)}

KEYS = [b"geo:1", b"geo:2", b"geo:3"]
# For what is not searched: all over the map, its ends, and scores that are no positions.
EDGES = b"geo:edges"
LONGITUDES = [b"180", b"-180", b"179.99999999", b"-179.99999999", b"0", b"-0", b"1e-7", b"-0.0000001", b"90", b"0x10", b"1E1", b".5"]
LATITUDES = [b"85.05112878", b"-85.05112878", b"85.05112877", b"0", b"-0", b"1e-7", b"66.5", b"0x10", b"45", b"-5e-324"]
NOT_LONGITUDES = [b"180.000001", b"-181", b"1e300", b"inf", b"-inf", b"nan", b"", b"x", b" 1", b"1e400"]
NOT_LATITUDES = [b"85.051129", b"-85.0511288", b"90", b"-1e17", b"inf", b"nan", b"", b"x", b"1 "]
SCORES = [b"0", b"1", b"1.5", b"-1", b"-0.5", b"4503599627370495", b"4503599627370496", b"9007199254740992", b"18014398509481983", b"1e17",
          b"9223372036854775807", b"18446744073709551615", b"1e300", b"inf", b"-inf", b"-1e300", b"0.1"]
UNITS = [b"m", b"km", b"ft", b"mi", b"M", b"KM", b"FT", b"MI", b"Km"]
METERS = {b"M": 1, b"KM": 1000, b"FT": 0.3048, b"MI": 1609.34}
CENTERS = [(13.361389, 38.115556), (-73.97, 40.76), (0, 0), (100, -33), (179.99, 60), (-179.9, -20), (30, 84.9), (-120, -85.04)]


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made)


def member(g):
    return b"m%d" % g.rng.randint(0, 300) if g.chance(0.97) else g.choice([b"", b"7", b"\xff\x00", b"x" * 70, b"nobody"])


def degrees(value):
    return repr(value).encode()


def position(g):
    """Near one of a few places, so that searches find some; seldom elsewhere."""
    if g.chance(0.1):
        return g.rng.uniform(-180, 179.9999), g.rng.uniform(-85.05, 85.05)
    longitude, latitude = g.choice(CENTERS)
    spread = 10 ** g.rng.uniform(-4, 1.3)
    longitude = (longitude + g.rng.uniform(-spread, spread) + 180) % 360 - 180
    return longitude, max(-85.05, min(85.05, latitude + g.rng.uniform(-spread, spread) / 3))


def position_words(g):
    if g.chance(0.02):
        return [g.choice(NOT_LONGITUDES), degrees(g.rng.uniform(-60, 60))]
    if g.chance(0.02):
        return [degrees(g.rng.uniform(-170, 170)), g.choice(NOT_LATITUDES)]
    return [degrees(d) for d in position(g)]


def key(g):
    return g.choice(KEYS) if g.chance(0.95) else b"no such key"


def add_options(g):
    return [g.anycase(o) for o, probability in ((b"NX", 0.12), (b"XX", 0.12), (b"CH", 0.3), (b"INCR", 0.01)) if g.chance(probability)]


def geoadd(g):
    words = [b"GEOADD", g.choice(KEYS)] + add_options(g)
    for _ in range(g.choice([1, 1, 2, 5, 40, 130])):
        words += position_words(g) + [member(g)]
    return Step(words, fixed=g.chance(0.9))


def geoadd_edges(g):
    words = [b"GEOADD", EDGES] + add_options(g)
    for _ in range(g.rng.randint(1, 4)):
        words += [g.choice(LONGITUDES), g.choice(LATITUDES)] if g.chance(0.5) else [degrees(g.rng.uniform(-180, 180)), degrees(g.rng.uniform(-85, 85))]
        words.append(member(g))
    return words


def radius(g):
    """Of any size up to around the earth."""
    unit = g.choice(UNITS)
    roll = g.rng.random()
    if roll < 0.04:
        return [g.choice([b"x", b"", b"-1", b"nan", b"-0", b"-1e300", b"1e400"]), unit]
    if roll < 0.06:
        return [b"100", g.choice([b"", b"x", b"meters", b"k", b"0"])]
    if roll < 0.1:
        return [g.choice([b"0", b"inf", b"1e300", b"5e-324"]), unit]
    return [degrees(10 ** g.rng.uniform(0, 7.5) / METERS[unit.upper()]), unit]


def box(g):
    across, unit = radius(g)
    return [across, radius(g)[0] if g.chance(0.1) else degrees(10 ** g.rng.uniform(0, 7.5) / METERS.get(unit.upper(), 1)), unit]


def shown(g):
    return [[g.anycase(o)] for o in (b"WITHDIST", b"WITHHASH", b"WITHCOORD") if g.chance(0.3)]


def count(g):
    return [g.anycase(b"COUNT"), g.choice([b"1", b"2", b"3", b"10", b"1000"]) if g.chance(0.93) else g.choice([b"0", b"-1", b"x", b"9223372036854775807", b"1.5", b""])]


def order(g):
    return [g.anycase(g.choice([b"ASC", b"DESC"]))]


def length(ours, theirs):
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs)
    return exact(ours, theirs)


def shuffled(g, groups):
    g.rng.shuffle(groups)
    return [w for group in groups for w in group]


def search(g, head, groups, stores):
    """A search, sorted or not, and how its reply is compared. `groups` come in any order."""
    roll = g.rng.random()
    if stores:
        groups = groups + ([count(g)] if g.chance(0.3) else []) + ([order(g)] if g.chance(0.3) else [])
        return Step(head + shuffled(g, groups), exact)
    if roll < 0.4:
        return Step(head + shuffled(g, groups), any_order)
    if roll < 0.85:
        sort = [order(g)] if g.chance(0.6) else [count(g)]
        if len(sort[0]) == 1 and g.chance(0.4):
            sort.append(count(g))
        return Step(head + shuffled(g, groups + sort), exact, fixed=True)
    any_of = [count(g), [g.anycase(b"ANY")]] if g.chance(0.95) else [[b"ANY"]]
    if g.chance(0.3):
        any_of.append(order(g))
    return Step(head + shuffled(g, groups + any_of), length)


def center(g):
    return [g.anycase(b"FROMMEMBER"), member(g)] if g.chance(0.5) else [g.anycase(b"FROMLONLAT")] + position_words(g)


def shape(g):
    return [g.anycase(b"BYRADIUS")] + radius(g) if g.chance(0.5) else [g.anycase(b"BYBOX")] + box(g)


def where(g):
    """Mostly a center and a shape; sometimes too few or too many of them."""
    roll = g.rng.random()
    groups = [center(g), shape(g)]
    if roll < 0.02:
        del groups[g.rng.randint(0, 1)]
    elif roll < 0.05:
        groups.append(g.choice([center, shape])(g))
    return groups


def geosearch(g):
    groups = where(g) + shown(g)
    if g.chance(0.01):
        groups.append([b"STOREDIST"])
    return search(g, [b"GEOSEARCH", key(g)], groups, False)


def target(g):
    """Distances are no positions: they go where nobody searches."""
    return g.choice([b"stored:1", b"stored:2", b"a"])


def geosearchstore(g):
    groups = where(g) + (shown(g)[:1] if g.chance(0.05) else [])
    if g.chance(0.4):
        groups.append([g.anycase(b"STOREDIST")])
    return search(g, [b"GEOSEARCHSTORE", target(g), key(g)], groups, True)


def around(g):
    return [b"GEORADIUS", key(g)] + position_words(g) + radius(g)


def around_member(g):
    return [b"GEORADIUSBYMEMBER", key(g), member(g)] + radius(g)


def georadius(g):
    head = g.choice([around, around_member])(g)
    if g.chance(0.3):
        head[0] += b"_RO"
    groups = shown(g)
    if g.chance(0.01):
        groups.append([b"STORE"])
    return search(g, head, groups, False)


def georadius_store(g):
    head = g.choice([around, around_member])(g)
    if g.chance(0.05):
        head[0] += b"_RO"
    groups = [[g.anycase(g.choice([b"STORE", b"STOREDIST"])), target(g)]]
    if g.chance(0.1):
        groups.append([g.choice([b"STORE", b"STOREDIST"]), target(g)])
    if g.chance(0.05):
        groups += shown(g)
    return search(g, head, groups, True)


def other_key(g):
    """Keys of other types, and sorted sets of other scores, searched where nobody is."""
    words = [b"GEOSEARCH", g.key(), b"FROMLONLAT", b"47", b"-11", b"BYRADIUS", b"1", b"m"]
    return g.choice([words, [b"GEORADIUS", g.key(), b"47", b"-11", b"1", b"m"], [b"GEOADD", g.key(), b"47", b"-12", member(g)],
                     [b"GEORADIUSBYMEMBER", g.key(), b"nobody", b"1", b"m"], [b"GEOSEARCHSTORE", b"stored:1"] + words[1:]])


def any_key(g):
    return g.choice(KEYS + [EDGES, EDGES]) if g.chance(0.9) else g.key()


MAKERS = [
    geoadd, geoadd, geoadd, geoadd_edges, geoadd_edges,
    lambda g: Step([b"ZADD", EDGES, g.choice(SCORES), member(g)], fixed=True),
    lambda g: Step([b"ZADD", EDGES, g.choice(SCORES), member(g)], fixed=True),
    lambda g: [b"GEOPOS", any_key(g)] + [member(g) for _ in range(g.rng.randint(0, 5))],
    lambda g: [b"GEOPOS", EDGES] + [member(g) for _ in range(g.rng.randint(5, 50))],
    lambda g: [b"GEOHASH", any_key(g)] + [member(g) for _ in range(g.rng.randint(0, 5))],
    lambda g: [b"GEOHASH", EDGES] + [member(g) for _ in range(g.rng.randint(5, 50))],
    lambda g: [b"GEODIST", any_key(g), member(g), member(g)] + ([] if g.chance(0.3) else [g.choice(UNITS)] if g.chance(0.93) else [g.choice([b"", b"x", b"kmm"])]),
    lambda g: [b"GEODIST", EDGES, member(g), member(g)] + ([g.choice(UNITS)] if g.chance(0.5) else []),
    lambda g: [b"GEODIST", EDGES, member(g), member(g)],
    geosearch, geosearch, geosearch, geosearch, geosearch, geosearch,
    georadius, georadius, georadius,
    geosearchstore, geosearchstore, georadius_store, georadius_store,
    other_key,
    lambda g: [b"ZREM", g.choice(KEYS + [EDGES])] + [member(g) for _ in range(g.rng.randint(1, 60))],
    lambda g: [b"ZSCORE", any_key(g), member(g)],
    lambda g: [b"OBJECT", b"ENCODING", any_key(g)],
    lambda g: [b"DEL", g.choice(KEYS + [EDGES])],
]
