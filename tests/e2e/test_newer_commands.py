# SPDX-License-Identifier: BSD-3-Clause
"""String and key commands that redis-server 7.0 lacks (of Redis 7.2 to 8.x and Valkey 8 and 9): expectations by hand.
What 7.0 has is compared with it command by command in tests/differential."""
import time

import pytest

from keel import keel_only
from resp import Error

pytestmark = keel_only


def test_set_ifeq(c):
    assert c("SET", "k", "new", "IFEQ", "old") is None  # no key: nothing is set
    assert c("EXISTS", "k") == 0
    c("SET", "k", "old")
    assert c("SET", "k", "new", "IFEQ", "other") is None
    assert c("GET", "k") == b"old"
    assert c("SET", "k", "new", "IFEQ", "old") == "OK"
    assert c("GET", "k") == b"new"


def test_set_ifeq_with_get_and_a_time(c):
    c("SET", "k", "old")
    assert c("SET", "k", "new", "IFEQ", "other", "GET") == b"old"
    assert c("GET", "k") == b"old"
    assert c("SET", "k", "new", "IFEQ", "old", "GET", "EX", "100") == b"old"
    assert c("GET", "k") == b"new" and 98 <= c("TTL", "k") <= 100
    assert c("SET", "k", "2", "IFEQ", "new", "KEEPTTL") == "OK"
    assert c("TTL", "k") > 90


def test_set_ifeq_compares_integers_as_text(c):
    c("SET", "n", "10")
    assert c("SET", "n", "11", "IFEQ", "010") is None
    assert c("SET", "n", "11", "IFEQ", "10") == "OK"


def test_set_ifeq_goes_with_neither_nx_nor_xx(c):
    for words in (("NX", "IFEQ", "x"), ("IFEQ", "x", "XX"), ("IFEQ",), ("IFEQ", "x", "IFEQ", "y")):
        assert c("SET", "k", "v", *words) == Error("ERR syntax error"), words


def test_delifeq(c):
    assert c("DELIFEQ", "k", "x") == 0
    c("SET", "k", "v")
    assert c("DELIFEQ", "k", "x") == 0 and c("GET", "k") == b"v"
    assert c("DELIFEQ", "k", "v") == 1 and c("EXISTS", "k") == 0
    c("SET", "n", "12")
    assert c("DELIFEQ", "n", "12") == 1
    assert c("DELIFEQ", "k") == Error("ERR wrong number of arguments for 'delifeq' command")


def test_msetex(c):
    assert c("MSETEX", "2", "a", "1", "b", "2") == 1
    assert c("MGET", "a", "b") == [b"1", b"2"] and c("TTL", "a") == -1
    assert c("MSETEX", "2", "a", "3", "c", "4", "EX", "100") == 1
    assert [c("TTL", k) for k in "ac"] == [100, 100] and c("TTL", "b") == -1
    at = int(time.time()) + 50
    assert c("MSETEX", "1", "a", "5", "EXAT", at) == 1 and c("EXPIRETIME", "a") == at
    assert c("MSETEX", "1", "a", "5", "PX", "70000") == 1 and 69_000 < c("PTTL", "a") <= 70_000
    assert c("MSETEX", "1", "a", "6", "KEEPTTL") == 1 and c("PTTL", "a") > 60_000 and c("GET", "a") == b"6"


def test_msetex_conditions_hold_for_all_keys(c):
    c("SET", "a", "1")
    assert c("MSETEX", "2", "a", "x", "b", "x", "NX") == 0
    assert c("MSETEX", "2", "a", "x", "b", "x", "XX") == 0
    assert c("MGET", "a", "b") == [b"1", None]
    assert c("MSETEX", "2", "b", "2", "c", "3", "NX") == 1
    assert c("MSETEX", "3", "a", "7", "b", "7", "c", "7", "XX") == 1
    assert c("MGET", "a", "b", "c") == [b"7"] * 3


@pytest.mark.parametrize("words", [["0", "a", "1"], ["x", "a", "1"], ["-1", "a", "1"], ["2", "a", "1"], ["1", "a", "1", "NOSUCH"],
                                   ["1", "a", "1", "EX", "0"], ["1", "a", "1", "EX"], ["1", "a", "1", "EX", "1", "PX", "1"],
                                   ["1", "a", "1", "NX", "XX"], ["9223372036854775807", "a", "1"]])
def test_msetex_refusals(c, words):
    assert isinstance(c("MSETEX", *words), Error)
    assert c("EXISTS", "a") == 0


def test_msetex_keys_are_found_by_commands_that_ask(c):
    assert c("COMMAND", "GETKEYS", "MSETEX", "2", "a", "1", "b", "2", "EX", "10") == [b"a", b"b"]
