# SPDX-License-Identifier: BSD-3-Clause
"""The differences between keel and redis-server 7.0.15 that are meant, each with its reason. Nothing else may differ.

A row names itself, says why, and recognises the difference from the command and both replies. run.py prints how often
each row was used; a row that is never used over a long run deserves to be deleted.
"""
from collections import namedtuple

Accepted = namedtuple("Accepted", "name why matches")


def command(words):
    return words[0].upper() if words else b""


def sub(words):
    return words[1].upper() if len(words) > 1 else b""


def empty_key_under_stars(words, ours, theirs):
    stars = [word for word in words[1:] if len(word) > 1 and not word.strip(b"*")]
    if command(words) not in (b"KEYS", b"SCAN") or not stars or not isinstance(ours, list) or not isinstance(theirs, list):
        return False
    return sorted(key for key in ours if key != b"") == sorted(theirs)


ACCEPTED = [
    Accepted("the empty key matches **",
             "a star stands for any run of bytes, also for none: Redis' matcher shows the empty key for * only",
             empty_key_under_stars),
]


def accepted_by(words, ours, theirs):
    """The name of the row that allows this difference, or None."""
    for row in ACCEPTED:
        if row.matches(words, ours, theirs):
            return row.name
    return None
