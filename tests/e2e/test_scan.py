# SPDX-License-Identifier: BSD-3-Clause
"""SCAN's guarantee: what is there from the beginning to the end is returned, however the table grows and shrinks."""
import random
import time

import pytest

from resp import Error


def scan_all(c, *options, between=None):
    seen, cursor, rounds = [], b"0", 0
    while True:
        cursor, keys = c("SCAN", cursor, *options)
        seen += keys
        rounds += 1
        assert rounds < 1_000_000
        if cursor == b"0":
            return seen
        if between:
            between()


def test_a_full_iteration_returns_everything_once_or_more(c):
    c("DEBUG", "POPULATE", "10000")
    seen = scan_all(c)
    assert set(seen) == {b"key:%d" % i for i in range(10_000)}
    assert len(seen) == 10_000  # nobody wrote meanwhile


@pytest.mark.parametrize("count", [1, 7, 100, 1000, 100_000])
def test_count_is_a_hint(c, count):
    c("DEBUG", "POPULATE", "2000")
    assert len(set(scan_all(c, "COUNT", count))) == 2000


def test_match(c):
    c("DEBUG", "POPULATE", "1000")
    assert set(scan_all(c, "MATCH", "key:10?")) == {b"key:10%d" % i for i in range(10)}
    assert scan_all(c, "MATCH", "nomatch*") == []
    assert scan_all(c, "MATCH", "key:5", "COUNT", "5") == [b"key:5"]


def test_type(c):
    c("DEBUG", "POPULATE", "100")
    assert len(scan_all(c, "TYPE", "string")) == 100
    assert scan_all(c, "TYPE", "list") == []


def test_the_guarantee_while_the_table_grows(c):
    c("DEBUG", "POPULATE", "1000")
    state = {"n": 0}

    def grow():
        if state["n"] >= 30_000:
            return  # it has to end: the table grew faster than a scan of ten keys a step advances
        c.pipeline(("SET", "new:%d" % i, "x") for i in range(state["n"], state["n"] + 300))
        state["n"] += 300

    seen = set(scan_all(c, between=grow))
    assert {b"key:%d" % i for i in range(1000)} <= seen
    assert state["n"] > 5000


def test_the_guarantee_while_the_table_shrinks(c):
    c("DEBUG", "POPULATE", "1000")
    c("DEBUG", "POPULATE", "60000", "old")
    state = {"n": 0}

    def shrink():
        c("DEL", *["old:%d" % i for i in range(state["n"], state["n"] + 300)])
        state["n"] += 300

    assert {b"key:%d" % i for i in range(1000)} <= set(scan_all(c, "COUNT", "100", between=shrink))


def test_the_guarantee_under_random_changes(c):
    seed = int(time.time())
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(5):
        c("FLUSHALL")
        c("DEBUG", "POPULATE", "500", "stays")
        size = rng.choice([0, 100, 5000])

        def change():
            nonlocal size
            step = rng.choice([-700, -100, 100, 700])
            if step > 0 and size < 15_000:
                c("MSET", *[w for i in range(size, size + step) for w in ("other:%d" % i, "x")])
                size += step
            elif 0 < -step <= size:
                c("DEL", *["other:%d" % i for i in range(size + step, size)])
                size += step

        assert {b"stays:%d" % i for i in range(500)} <= set(scan_all(c, "COUNT", rng.choice([1, 10, 50]), between=change))


def test_cursors_of_others_do_not_disturb(server, c):
    c("DEBUG", "POPULATE", "1000")
    with server.client() as d:
        a, b = c("SCAN", "0"), d("SCAN", "0")
        seen_a, seen_b = set(a[1]), set(b[1])
        while a[0] != b"0" or b[0] != b"0":
            if a[0] != b"0":
                a = c("SCAN", a[0], "COUNT", "7")
                seen_a |= set(a[1])
            if b[0] != b"0":
                b = d("SCAN", b[0], "COUNT", "13")
                seen_b |= set(b[1])
    assert len(seen_a) == len(seen_b) == 1000


@pytest.mark.parametrize("cursor", ["1", "12345", "18446744073709551615", "9223372036854775808"])
def test_any_cursor_is_answered(c, cursor):
    c("DEBUG", "POPULATE", "1000")
    reply = c("SCAN", cursor)
    assert isinstance(reply[0], bytes) and isinstance(reply[1], list)


def test_refusals(c):
    for words, text in ((["x"], "ERR invalid cursor"), (["1.5"], "ERR invalid cursor"),
                        (["0", "COUNT", "0"], "ERR syntax error"), (["0", "COUNT", "-5"], "ERR syntax error"),
                        (["0", "COUNT", "x"], "ERR value is not an integer or out of range"), (["0", "MATCH"], "ERR syntax error"),
                        (["0", "NOSUCH", "x"], "ERR syntax error")):
        assert c("SCAN", *words) == Error(text), words


def test_small_and_empty(c):
    assert c("SCAN", "0") == [b"0", []]
    c("SET", "only", "1")
    assert c("SCAN", "0") == [b"0", [b"only"]]


def test_what_a_scan_shows_can_be_written_in_that_order(c):
    """As who copies a database does; and a set made of another in the order of that one's table."""
    count = 200_000
    for i in range(0, count, 5000):
        words = ["key:%d" % k for k in range(i, i + 5000)]
        c("MSET", *[w for word in words for w in (word, "v")])
        c("SADD", "{s}", *words)
    c("SELECT", "0")
    cursor, copied = "0", 0
    while True:
        cursor, keys = c("SCAN", cursor, "COUNT", "1000")
        c("SELECT", "1")
        c("MSET", *[w for key in keys for w in (key, "v")])
        c("SELECT", "0")
        copied += len(keys)
        if cursor == b"0":
            break
    assert copied >= count + 1
    assert c("SUNIONSTORE", "other", "{s}", "none") == count
    assert c("ZUNIONSTORE", "sorted", "1", "{s}") == count
    cursor = "0"
    while True:  # and erased in that order, until nothing is left
        cursor, keys = c("SCAN", cursor, "COUNT", "1000")
        if keys:
            c("UNLINK", *keys)
        if cursor == b"0":
            break
    assert c("DBSIZE") == 0
    c("SELECT", "1")
    assert c("DBSIZE") == count + 1
