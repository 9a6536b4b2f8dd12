# SPDX-License-Identifier: BSD-3-Clause
"""Every command both servers have: what COMMAND tells about it, and how it takes too few, too many and odd words.

`survey` runs once before the stream: it learns the shared commands from the servers themselves.
"""
from compare import Step, same_code

WEIGHT = 8

shared = []  # (name, arity) of commands both servers have; filled by survey
GETKEYS = [[b"GET", b"a"], [b"MSET", b"a", b"1", b"b", b"2"], [b"MSET", b"a", b"1", b"b"], [b"MGET", b"a", b"b"], [b"COPY", b"a", b"b"], [b"SET", b"a", b"b", b"EX", b"5"],
           [b"OBJECT", b"ENCODING", b"x"], [b"OBJECT", b"HELP"], [b"LCS", b"a", b"b"], [b"RENAME", b"a", b"b"], [b"DEL", b"a", b"b", b"c"], [b"PING", b"x"], [b"NOSUCH", b"a"],
           [b"GET"], [b"GET", b"a", b"b"], [b"MEMORY", b"USAGE", b"a"], [b"CONFIG", b"GET", b"x"], [b"TOUCH", b"a"], [b"INCRBYFLOAT", b"a", b"1"], [b"", b"a"],
           [b"EXPIRE", b"a", b"1"], [b"MSETNX", b"a", b"1"], [b"GETEX", b"a"], [b"SETRANGE", b"a", b"1", b"x"], [b"MOVE", b"a", b"1"], [b"SCAN", b"0"]]


def sets_as_lists(value):
    return [sets_as_lists(v) for v in value] if isinstance(value, list) else value


def same_info(ours, theirs):
    """One command's row: name, arity, key positions and key specs exactly; flags and categories in any order. Not compared:
    the tips (7.0 lacks most), and 7.0's missing flags and notes."""
    if not isinstance(ours, list) or not isinstance(theirs, list):
        return ours is None and theirs is None
    (name, arity, flags, first, last, step, categories, _tips, specs, _subs) = sets_as_lists(ours)
    (name2, arity2, flags2, first2, last2, step2, categories2, _tips2, specs2, _subs2) = sets_as_lists(theirs)
    return ((name, arity, first, last, step) == (name2, arity2, first2, last2, step2) and sorted(flags) == sorted(flags2)
            and sorted(categories) == sorted(categories2) and len(specs) == len(specs2))


def info_rows(ours, theirs):
    if not isinstance(ours, list) or not isinstance(theirs, list) or len(ours) != len(theirs):
        return False
    return all(same_info(a, b) for a, b in zip(ours, theirs))


def survey(ours, theirs):
    """The steps that compare every shared command's row once."""
    listed = ours(b"COMMAND", b"LIST")
    if not isinstance(listed, list):
        raise SystemExit("the server under test does not know COMMAND LIST: %s" % listed)
    own = set(listed)
    both = sorted(name for name in theirs(b"COMMAND", b"LIST") if name in own)
    shared.clear()
    for name in both:
        (row,) = theirs(b"COMMAND", b"INFO", name)
        shared.append((name, row[1]))
    return [Step([b"COMMAND", b"INFO", name], info_rows) for name in both]


def one(g):
    roll = g.rng.random()
    if roll < 0.15:
        return Step([b"COMMAND", g.anycase(b"GETKEYS")] + g.choice(GETKEYS))
    if roll < 0.2:
        return Step([b"COMMAND", b"INFO"] + [g.choice(shared)[0], b"nosuch"], info_rows)
    if roll < 0.23:
        return Step([b"COMMAND", g.choice([b"NOSUCH", b"LIST", b"DOCS", b""]), b"nosuch", b"x"], same_code)
    return arity(g)


def arity(g):
    """Too few or too many words, or a container without a subcommand it knows."""
    name, least = g.choice(shared)
    words = name.split(b"|")
    words[0] = g.anycase(words[0].upper())
    if least > 0:
        count = g.choice([n for n in range(len(words), least + 3) if n != least] or [least + 1])
    else:
        count = g.rng.randint(len(words), max(len(words), -least - 1))
        if count >= -least:
            return Step([b"PING"])
    return Step(words + [g.choice([b"a", b"0", b""]) for _ in range(count - len(words))], fixed=True)
