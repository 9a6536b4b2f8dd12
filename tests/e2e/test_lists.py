# SPDX-License-Identifier: BSD-3-Clause
"""Lists: long ones, and every form that a list can take. What 7.0 can be asked about is compared with it in
tests/differential; here stand the facts of newer versions, and of size."""
import random

import pytest

from keel import IS_PEER, SANITIZED, info_of, keel_only
from resp import Error


def encoding(c, key):
    return c("OBJECT", "ENCODING", key).decode()


def figures(c, key):
    """The fields of DEBUG OBJECT."""
    return dict(pair.split(":", 1) for pair in c("DEBUG", "OBJECT", key).split(" ") if ":" in pair)


def test_a_million_elements(c):
    count = 100_000 if SANITIZED else 1_000_000
    for start in range(0, count, 10_000):
        c("RPUSH", "l", *range(start, start + 10_000))
    assert c("LLEN", "l") == count
    for index in (0, 1, count // 3, count // 2, count - 1, -1, -count):
        assert c("LINDEX", "l", index) == b"%d" % (index % count)
    assert c("LRANGE", "l", count // 2, count // 2 + 3) == [b"%d" % (count // 2 + i) for i in range(4)]
    assert c("LPOS", "l", count - 5) == count - 5
    assert c("LPOS", "l", count - 5, "RANK", -1) == count - 5
    assert c("LSET", "l", count // 2, "changed") == "OK"
    assert c("LINSERT", "l", "AFTER", "changed", "inserted") == count + 1
    assert c("LRANGE", "l", count // 2 - 1, count // 2 + 2) == [b"%d" % (count // 2 - 1), b"changed", b"inserted", b"%d" % (count // 2 + 1)]
    assert c("LREM", "l", 0, "inserted") == 1
    assert c("LTRIM", "l", 1000, -1001) == "OK"
    assert (c("LLEN", "l"), c("LINDEX", "l", 0), c("LINDEX", "l", -1)) == (count - 2000, b"1000", b"%d" % (count - 1001))
    assert len(c("LPOP", "l", count)) == count - 2000
    assert c("EXISTS", "l") == 0


@keel_only
@pytest.mark.skipif(SANITIZED, reason="sizes are those of the ordinary build")
def test_a_dozen_bytes_cost_fourteen(c):
    for _ in range(100):
        c("RPUSH", "l", *["abcdefghijkl"] * 1000)
    assert c("MEMORY", "USAGE", "l", "SAMPLES", "0") < 100_000 * (12 + 2.4)


@keel_only
@pytest.mark.parametrize("size,bytes_", [(-1, 4096), (-2, 8192), (-3, 16384), (-4, 32768), (-5, 65536)])
def test_limits_in_bytes(c, size, bytes_):
    c("CONFIG", "SET", "list-max-listpack-size", size)
    c("RPUSH", "l", "x" * (bytes_ - 7))
    assert encoding(c, "l") == "listpack"
    c("RPUSH", "l", "x")
    assert encoding(c, "l") == "quicklist"
    c("RPUSH", "m", "x" * (bytes_ - 6))
    assert encoding(c, "m") == "quicklist"
    c("DEL", "l")
    c("RPUSH", "l", *["y" * 100] * (2 * bytes_ // 100))
    assert encoding(c, "l") == "quicklist"
    while encoding(c, "l") == "quicklist":
        c("RPOP", "l")
    assert 7 + c("LLEN", "l") * 103 <= bytes_ // 2 < 7 + (c("LLEN", "l") + 1) * 103


@keel_only
def test_limits_in_elements(c):
    c("CONFIG", "SET", "list-max-listpack-size", "10")
    c("RPUSH", "l", *range(10))
    assert encoding(c, "l") == "listpack"
    c("LINSERT", "l", "BEFORE", "5", "x")
    assert encoding(c, "l") == "quicklist"
    assert c("LRANGE", "l", 0, -1) == [b"0", b"1", b"2", b"3", b"4", b"x", b"5", b"6", b"7", b"8", b"9"]
    c("LTRIM", "l", 0, 5)
    assert encoding(c, "l") == "quicklist"
    c("LREM", "l", 1, "x")
    assert encoding(c, "l") == "listpack"


@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_compression_is_invisible(c, depth):
    c("CONFIG", "SET", "list-compress-depth", depth)
    c("CONFIG", "SET", "list-max-listpack-size", "16")
    rng, model = random.Random(depth), []
    for step in range(3000):
        roll, word = rng.randint(0, 6), b"%d-%s" % (rng.randint(0, 20), b"compressible " * 5)
        if roll <= 1:
            c("RPUSH", "l", word)
            model.append(word)
        elif roll == 2:
            c("LPUSH", "l", word)
            model.insert(0, word)
        elif roll == 3 and model:
            at = rng.randrange(len(model))
            assert c("LINDEX", "l", at) == model[at]
            c("LSET", "l", at, word)
            model[at] = word
        elif roll == 4 and model:
            pivot = rng.choice(model)
            c("LINSERT", "l", "AFTER", pivot, word)
            model.insert(model.index(pivot) + 1, word)
        elif roll == 5 and model and rng.random() < 0.3:
            assert c("LREM", "l", 1, model[len(model) // 2]) == 1
            model.remove(model[len(model) // 2])
        elif roll == 6 and model:
            assert c("LPOP", "l") == model.pop(0)
    assert c("LRANGE", "l", 0, -1) == model


@keel_only
def test_compression_saves_memory(c):
    c("RPUSH", "plain", *["the same words again and again"] * 20_000)
    c("CONFIG", "SET", "list-compress-depth", "1")
    c("RPUSH", "squeezed", *["the same words again and again"] * 20_000)
    assert c("MEMORY", "USAGE", "squeezed", "SAMPLES", "0") * 5 < c("MEMORY", "USAGE", "plain", "SAMPLES", "0")
    assert figures(c, "squeezed")["ql_compressed"] == "1"
    assert figures(c, "squeezed")["ql_uncompressed_size"] == figures(c, "plain")["ql_uncompressed_size"]
    assert c("DEBUG", "DIGEST-VALUE", "plain") == c("DEBUG", "DIGEST-VALUE", "squeezed")


def test_large_elements(c):
    c("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "100b")
    try:
        words = [b"a", b"b" * 200, b"c" * 99, b"d" * 100, b"e"]
        c("RPUSH", "l", *words)
        assert c("LRANGE", "l", 0, -1) == words
        c("LSET", "l", 1, "small")
        c("LSET", "l", 0, "A" * 300)
        c("LINSERT", "l", "BEFORE", "e", "f" * 400)
        assert c("LRANGE", "l", 0, -1) == [b"A" * 300, b"small", b"c" * 99, b"d" * 100, b"f" * 400, b"e"]
        assert c("LREM", "l", 0, "d" * 100) == 1 and c("LPOS", "l", "f" * 400) == 3
        assert c("LMOVE", "l", "m", "LEFT", "LEFT") == b"A" * 300
        assert c("RPOP", "l", 2) == [b"e", b"f" * 400]
    finally:
        c("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "1gb" if IS_PEER else "0")


def test_elements_of_megabytes(c):
    words = [bytes([65 + i]) * (1 << 20) for i in range(5)]
    c("RPUSH", "l", *words)
    c("LPUSH", "l", "small")
    assert c("LINDEX", "l", 3) == words[2]
    assert c("LRANGE", "l", 1, -1) == words
    assert c("RPOP", "l") == words[4]


def test_debug_object_of_a_long_list(c):
    c("CONFIG", "SET", "list-max-listpack-size", "4")
    c("RPUSH", "l", *["xx"] * 10)
    got = figures(c, "l")
    assert (got["ql_nodes"], got["ql_avg_node"], got["ql_listpack_max"]) == ("3", "3.33", "4")


def test_moving_an_element_is_one_change(c):
    c("RPUSH", "l", *range(9))
    for words in (("LMOVE", "l", "m", "LEFT", "RIGHT"), ("LMOVE", "l", "l", "LEFT", "RIGHT"), ("RPOPLPUSH", "l", "m"),
                  ("BLMOVE", "l", "m", "LEFT", "LEFT", "1"), ("BRPOPLPUSH", "l", "m", "1"), ("LPOP", "m")):
        before = int(info_of(c, "persistence")["rdb_changes_since_last_save"])
        c(*words)
        assert int(info_of(c, "persistence")["rdb_changes_since_last_save"]) == before + 1, words


@pytest.mark.parametrize("key", ["l", "m"])
def test_moving_an_element_is_told_of_both_lists(server, c, key):
    c("RPUSH", "l", "a", "b"), c("RPUSH", "m", "c")
    c("WATCH", key)
    server.client()("LMOVE", "l", "m", "LEFT", "RIGHT")
    c("MULTI"), c("PING")
    assert c("EXEC") is None


@keel_only
def test_the_least_integer_is_no_rank(c):
    c("RPUSH", "l", "a")
    assert c("LPOS", "l", "a", "RANK", -(2**63)) == Error(
        "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
