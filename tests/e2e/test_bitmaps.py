# SPDX-License-Identifier: BSD-3-Clause
"""Bitmaps where redis-server 7.0 is no measure: BITOP DIFF, DIFF1, ANDOR and ONE (Redis 8.2), ranges that are read before
the key is looked at (7.2), what saturates far below. And the facts of BYTE, BIT and OVERFLOW in short, for readers."""
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


def test_units_of_ranges(c):
    c("SET", "k", b"\x00\x0f\xff\xf0")
    assert c("BITCOUNT", "k", 1, 2) == c("BITCOUNT", "k", 1, 2, "byte") == 12
    assert c("BITCOUNT", "k", 13, 16, "BIT") == 4 and c("BITCOUNT", "k", -5, -1, "bit") == 1
    assert c("BITPOS", "k", 1, 1, -1, "BYTE") == c("BITPOS", "k", 1, 3, -1, "BIT") == 12
    assert c("BITPOS", "k", 0, 12, 27, "BIT") == -1 and c("BITPOS", "k", 0, 12, 28, "BIT") == 28
    assert c("BITPOS", "k", 0, 2) == 28
    c("SET", "ones", b"\xff\xff")
    assert c("BITPOS", "ones", 0) == 16 and c("BITPOS", "ones", 0, 0, -1) == -1  # only without an end it goes on with zeros


def test_a_bad_range_is_refused_whatever_the_key_holds(c):
    c("RPUSH", "list", "x")
    integer, syntax = Error("ERR value is not an integer or out of range"), Error("ERR syntax error")
    for key in ("none", "list"):
        assert c("BITCOUNT", key, "x", 0) == integer
        assert c("BITCOUNT", key, 0) == syntax
        assert c("BITCOUNT", key, 0, 0, "BITS") == syntax
        assert c("BITPOS", key, 1, 0, 0, "BITS") == syntax
        assert c("BITPOS", key, 1, 0, "x") == integer


def test_overflow(c):
    assert c("BITFIELD", "k", "SET", "i8", 0, 127, "INCRBY", "i8", 0, 1) == [0, -128]
    assert c("BITFIELD", "k", "OVERFLOW", "SAT", "INCRBY", "i8", 0, -1, "INCRBY", "i8", 0, 999) == [-128, 127]
    assert c("BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "i8", 0, 1, "OVERFLOW", "WRAP", "INCRBY", "i8", 0, 2) == [None, -127]
    assert c("BITFIELD", "u", "OVERFLOW", "SAT", "INCRBY", "u4", "#1", 99, "INCRBY", "u4", "#1", -99) == [15, 0]


def test_what_saturates_far_below_becomes_the_lowest(c):
    """Redis subtracts beyond 64 bits here and writes the highest."""
    for amount in (-129, -(2**62), -(2**63)):
        assert c("BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i8", 0, amount, "GET", "i8", 0, "SET", "i8", 0, 0)[1] == -128


@pytest.mark.parametrize("words", [("SETBIT", "k", "800000", "1"), ("SETRANGE", "k", "100000", "x"), ("BITFIELD", "k", "SET", "u8", "800000", "1")])
def test_a_new_bitmap_takes_the_memory_it_needs(c, words):
    c(*words)
    assert 100_000 < c("MEMORY", "USAGE", "k") < 125_000
