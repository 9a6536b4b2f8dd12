# SPDX-License-Identifier: BSD-3-Clause
"""Steps of a stream and the ways their replies are compared.

A Step is one command (words), or a small conversation that is held with each server by itself (session: a function of a
client, for what cannot be pipelined, such as a SCAN to its end). `same(ours, theirs)` says whether the replies agree.
A `fixed` step is sent as it is; others may be spoiled by chance (generate.py).
"""
from resp import BigNumber, Error, Push, Set, Simple, Verbatim


class Step:
    __slots__ = ("words", "same", "session", "fixed")

    def __init__(self, words, same=None, session=None, fixed=False):
        self.words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.same = same or exact
        self.session = session
        self.fixed = fixed or session is not None


KINDS = (BigNumber, Error, Push, Set, Simple, Verbatim, bool, float, int, bytes, list, dict, type(None))


def kind(value):
    """What the reply is on the wire: +OK and $2 OK are not the same."""
    return next(k for k in KINDS if isinstance(value, k))


def exact(ours, theirs):
    if kind(ours) is not kind(theirs):
        return False
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(exact(a, b) for a, b in zip(ours, theirs))
    if isinstance(ours, dict):
        return list(ours) == list(theirs) and all(exact(ours[k], theirs[k]) for k in ours)
    return ours == theirs


def any_order(ours, theirs):
    """Lists with the same members; anything else exactly."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return kind(ours) is kind(theirs) and sorted(map(repr, ours)) == sorted(map(repr, theirs))
    return exact(ours, theirs)


def near(tolerance):
    """Numbers that may differ by so much (both positive, or both the same); anything else exactly."""

    def same(ours, theirs):
        if type(ours) is int and type(theirs) is int and ours > 0 and theirs > 0:
            return abs(ours - theirs) <= tolerance
        return exact(ours, theirs)

    return same


def same_kind(ours, theirs):
    """The same type on the wire (errors: the same text); the value is the server's own."""
    if isinstance(ours, Error) or isinstance(theirs, Error):
        return exact(ours, theirs)
    return kind(ours) is kind(theirs)


def same_code(ours, theirs):
    """For texts that are each server's own: errors by their first word, anything else by its kind."""
    if isinstance(ours, Error) and isinstance(theirs, Error):
        return ours.code == theirs.code
    return kind(ours) is kind(theirs)
