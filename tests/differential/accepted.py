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


ACCEPTED = []


def accepted_by(words, ours, theirs):
    """The name of the row that allows this difference, or None."""
    for row in ACCEPTED:
        if row.matches(words, ours, theirs):
            return row.name
    return None
