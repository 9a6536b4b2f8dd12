# SPDX-License-Identifier: BSD-3-Clause
"""BITOP DIFF, DIFF1, ANDOR and ONE (Redis 8.2), which redis-server 7.0 lacks: expectations by hand."""
import random

import pytest

from keel import keel_only
from resp import Error

pytestmark = keel_only

A, B, C = 0b11110000, 0b11001100, 0b10101010


@pytest.fixture
def three(c):
    for key, byte in (("a", A), ("b", B), ("c", C)):
        c("SET", key, bytes([byte]))
    return c


@pytest.mark.parametrize("op,expected", [
    ("DIFF", A & ~(B | C)), ("DIFF1", (B | C) & ~A & 255), ("ANDOR", A & (B | C)), ("ONE", 0b00010110)])
def test_of_three(three, op, expected):
    assert three("BITOP", op, "d", "a", "b", "c") == 1
    assert three("GET", "d") == bytes([expected])
    assert three("BITOP", op.lower(), "a", "a", "b", "c") == 1  # into one of the sources
    assert three("GET", "a") == bytes([expected])


def test_one_of_a_single_source_copies_it(three):
    assert three("BITOP", "ONE", "d", "a") == 1
    assert three("GET", "d") == bytes([A])


@pytest.mark.parametrize("op", ["DIFF", "DIFF1", "ANDOR"])
def test_two_sources_at_least(three, op):
    assert three("BITOP", op, "d", "a") == Error("ERR BITOP %s must be called with at least two source keys." % op)
    assert three("EXISTS", "d") == 0


def test_missing_keys_are_zeros(three):
    assert three("BITOP", "DIFF", "d", "a", "none") == 1 and three("GET", "d") == bytes([A])
    assert three("BITOP", "DIFF1", "d", "none", "a") == 1 and three("GET", "d") == bytes([A])
    assert three("BITOP", "ANDOR", "d", "a", "none") == 1 and three("GET", "d") == b"\x00"
    assert three("BITOP", "ONE", "d", "none", "none") == 0 and three("EXISTS", "d") == 0


def test_long_strings_of_different_lengths(c):
    rng = random.Random(5)
    texts = [rng.randbytes(n) for n in (20000, 9001, 17, 0)]
    for i, text in enumerate(texts):
        c("SET", "s%d" % i, text)
    padded = [text.ljust(20000, b"\x00") for text in texts]
    expected = {"DIFF": [], "DIFF1": [], "ANDOR": [], "ONE": []}
    for x, *rest in zip(*padded):
        y = rest[0] | rest[1] | rest[2]
        expected["DIFF"].append(x & ~y & 255)
        expected["DIFF1"].append(y & ~x & 255)
        expected["ANDOR"].append(x & y)
        once = more = 0
        for byte in (x, *rest):
            more |= once & byte
            once |= byte
        expected["ONE"].append(once & ~more)
    for op, values in expected.items():
        assert c("BITOP", op, "d", "s0", "s1", "s2", "s3") == 20000
        assert c("GET", "d") == bytes(values), op
