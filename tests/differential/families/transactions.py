# SPDX-License-Identifier: BSD-3-Clause
"""MULTI to EXEC as whole conversations: what is queued, refused, watched, thrown away, and what EXEC answers."""
from accepted import accepted_by
from compare import Step, exact
from families import lists, strings

WEIGHT = 12


def command(g):
    """A command of another family whose reply can be compared as it is."""
    while True:
        step = g.choice([strings, lists]).one(g)
        if step.session is None and step.same is exact:
            words = step.words if g.chance(0.93) else g.spoil(step.words)
            if words:
                return words


def odd(g):
    """What does not belong between MULTI and EXEC, or stands there by itself."""
    return g.choice([
        [b"MULTI"], [b"WATCH", g.key()], [b"UNWATCH"], [b"EXEC", b"x"], [b"DISCARD", b"x"], [b"WATCH"], [b"NOSUCH", g.key()],
        [b"GET"], [b"SELECT", g.choice([b"0", b"1", b"x"])], [b"BLPOP", g.key(), b"0.01"], [b"PING"], [b"SWAPDB", b"0", b"1"],
        [b"SET", g.key(), b"x", b"NOSUCH"], [b"FLUSHDB"] if g.chance(0.1) else [b"DBSIZE", b"x"],
    ])


def agree(words, ours, theirs):
    return exact(ours, theirs) or accepted_by(words, ours, theirs) is not None


def line_by_line(lines):
    """Compares each reply, and within EXEC's that of each command that was queued."""

    def same(ours, theirs):
        queued = []
        for words, a, b in zip(lines, ours, theirs):
            if words[0].upper() == b"MULTI" and a == "OK":
                queued = []
            elif a == "QUEUED":
                queued.append(words)
            together = isinstance(a, list) and isinstance(b, list) and len(a) == len(b) == len(queued)
            if words[0].upper() == b"EXEC" and together:
                if not all(agree(*three) for three in zip(queued, a, b)):
                    return False
            elif not agree(words, a, b):
                return False
        return len(ours) == len(theirs)

    return same


def conversation(g):
    lines = []
    if g.chance(0.4):
        lines.append([g.anycase(b"WATCH")] + g.keys(3))
        if g.chance(0.6):
            lines.append(command(g))
        if g.chance(0.2):
            lines.append([b"UNWATCH"])
    if g.chance(0.97):
        lines.append([g.anycase(b"MULTI")])
    for _ in range(g.rng.randint(0, 8)):
        lines.append(odd(g) if g.chance(0.06) else command(g))
    lines.append([g.anycase(b"DISCARD" if g.chance(0.12) else b"EXEC")])

    def session(client):
        replies = [client(*line) for line in lines]
        client(b"DISCARD")  # whatever is left open
        client(b"UNWATCH")
        client(b"SELECT", b"0")
        return replies

    return Step(lines[0], same=line_by_line(lines), session=session)


def one(g):
    if g.chance(0.1):
        return Step(g.choice([[b"EXEC"], [b"DISCARD"], [b"UNWATCH"], [b"MULTI", b"x"], [b"UNWATCH", b"x"], [b"WATCH"]]), fixed=True)
    return conversation(g)
