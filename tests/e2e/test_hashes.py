# SPDX-License-Identifier: BSD-3-Clause
"""Hashes: what redis-server 7.0 lacks (deadlines of fields, HGETDEL, HGETEX, HSETEX), large hashes, and fields going on
time. What 7.0 has is compared with it command by command in tests/differential."""
import time

import pytest

from keel import PATIENCE, SANITIZED, info_of, keel_only, wait_for

pytestmark = keel_only


@pytest.fixture(params=["packed", "table"])
def h(c, request):
    """A client whose hashes are of that kind."""
    c("CONFIG", "SET", "hash-max-listpack-entries", "512" if request.param == "packed" else "0")
    return c


def subexpiry(c):
    line = info_of(c, "keyspace").get("db0", "")
    return int(dict(part.split("=") for part in line.split(","))["subexpiry"]) if line else 0


def test_replies_of_the_family(h):
    h("HSET", "h", "a", "1", "b", "2")
    assert h("HEXPIRE", "h", "100", "FIELDS", "2", "a", "nosuch") == [1, -2]
    assert h("HEXPIRE", "h", "200", "NX", "FIELDS", "2", "a", "b") == [0, 1]
    assert h("HEXPIRE", "h", "300", "GT", "FIELDS", "1", "b") == [1]
    assert h("HPEXPIRE", "h", "50000", "LT", "FIELDS", "1", "a") == [1]
    now = int(time.time())
    assert h("HEXPIREAT", "h", now + 400, "XX", "FIELDS", "1", "b") == [1]
    assert h("HPEXPIREAT", "h", (now + 500) * 1000, "FIELDS", "1", "b") == [1]
    assert h("HEXPIRETIME", "h", "FIELDS", "3", "b", "a", "nosuch")[0] == now + 500
    assert h("HPEXPIRETIME", "h", "FIELDS", "1", "b") == [(now + 500) * 1000]
    seconds, missing = h("HTTL", "h", "FIELDS", "2", "a", "nosuch")
    assert 45 <= seconds <= 50 and missing == -2
    assert 45_000 <= h("HPTTL", "h", "FIELDS", "1", "a")[0] <= 50_000
    assert h("HPERSIST", "h", "FIELDS", "3", "a", "a", "nosuch") == [1, -1, -2]
    assert h("HPEXPIREAT", "h", "1", "FIELDS", "1", "a") == [2]
    assert h("HGETALL", "h") == [b"b", b"2"]
    for command in (["HEXPIRE", "no", "10"], ["HTTL", "no"], ["HPERSIST", "no"]):
        assert h(*command, "FIELDS", "2", "a", "b") == [-2, -2]


def test_getting_setting_and_removing(h):
    assert h("HSETEX", "h", "EX", "100", "FIELDS", "2", "a", "1", "b", "2") == 1
    assert h("HSETEX", "h", "FNX", "FIELDS", "2", "c", "3", "a", "9") == 0
    assert h("HSETEX", "h", "FXX", "KEEPTTL", "FIELDS", "1", "a", "9") == 1
    assert h("HTTL", "h", "FIELDS", "1", "a")[0] > 90
    assert h("HGETEX", "h", "PERSIST", "FIELDS", "2", "a", "nosuch") == [b"9", None]
    assert h("HTTL", "h", "FIELDS", "2", "a", "b")[0] == -1
    assert h("HGETEX", "h", "PX", "100000", "FIELDS", "1", "a") == [b"9"]
    assert h("HTTL", "h", "FIELDS", "1", "a")[0] > 90
    assert h("HGETDEL", "h", "FIELDS", "3", "a", "b", "nosuch") == [b"9", b"2", None]
    assert h("EXISTS", "h") == 0
    assert h("HSETEX", "h", "PXAT", "1", "FIELDS", "1", "a", "1") == 1 and h("EXISTS", "h") == 0


def test_scan_without_values(h):
    h("HSET", "h", "a", "1", "b", "2")
    cursor, names = h("HSCAN", "h", "0", "COUNT", "100", "NOVALUES")
    assert cursor == b"0" and sorted(names) == [b"a", b"b"]


def test_fields_go_by_themselves_and_the_key_with_the_last(h):
    h("HSET", "h", "a", "1", "b", "2", "stays", "3")
    h("HPEXPIRE", "h", "60", "FIELDS", "2", "a", "b")
    h("HSETEX", "gone", "PX", "60", "FIELDS", "1", "a", "1")
    assert subexpiry(h) == 2
    wait_for(lambda: h("HLEN", "h") == 1 and h("EXISTS", "gone") == 0, 5)
    assert h("HGETALL", "h") == [b"stays", b"3"] and h("DBSIZE") == 1
    assert subexpiry(h) == 0
    assert info_of(h, "stats")["expired_subkeys"] == "3"
    assert info_of(h, "stats")["expired_keys"] == "0"


@pytest.fixture(autouse=True)
def _fresh_statistics(c):
    c("CONFIG", "RESETSTAT")


def test_events(h, server):
    h("CONFIG", "SET", "notify-keyspace-events", "Khg")
    with server.client() as listener:
        listener("PSUBSCRIBE", "__keyspace@0__:*")

        def events(*wanted):
            assert [listener.read()[3] for _ in wanted] == list(wanted)

        h("HSET", "h", "a", "1", "b", "2", "c", "3")
        h("HEXPIRE", "h", "100", "FIELDS", "1", "a")
        h("HPERSIST", "h", "FIELDS", "1", "a")
        h("HPEXPIRE", "h", "0", "FIELDS", "1", "a")
        events(b"hset", b"hexpire", b"hpersist", b"hdel")
        h("HPEXPIRE", "h", "20", "FIELDS", "2", "b", "c")
        events(b"hexpire", b"hexpired", b"del")
        h("HSETEX", "h", "EX", "10", "FIELDS", "1", "a", "1")
        h("HGETDEL", "h", "FIELDS", "1", "a")
        events(b"hset", b"hexpire", b"hdel", b"del")


def test_debug_set_active_expire_stops_it(h):
    h("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    try:
        h("HSET", "h", "a", "1", "b", "2", "c", "3", "d", "4")
        h("HPEXPIRE", "h", "1", "FIELDS", "3", "a", "b", "c")
        time.sleep(0.05)
        assert h("HLEN", "h") == 4 and sorted(h("HGETALL", "h")) == [b"4", b"d"]
        assert h("HGET", "h", "a") is None and h("HLEN", "h") == 3
        assert h("HEXISTS", "h", "b") == 0 and h("HLEN", "h") == 2
        assert h("HDEL", "h", "c") == 1  # as in Redis: it is still there to be removed
    finally:
        h("DEBUG", "SET-ACTIVE-EXPIRE", "1")


def test_copies_and_moves_keep_deadlines(h):
    h("HSETEX", "h", "PX", "80", "FIELDS", "1", "a", "1")
    h("HSET", "h", "b", "2")
    h("COPY", "h", "copy")
    h("RENAME", "h", "other")
    h("MOVE", "copy", "1")
    wait_for(lambda: h("HLEN", "other") == 1, 5)
    h("SELECT", "1")
    wait_for(lambda: h("HLEN", "copy") == 1, 5)
    assert h("HGETALL", "copy") == [b"b", b"2"]


def test_a_million_fields(c):
    count = 100_000 if SANITIZED else 1_000_000
    for start in range(0, count, 1000):
        c.send("HSET", "big", *[w for i in range(start, start + 1000) for w in ("field:%07d" % i, "value:%05d" % (i % 99999))])
    assert [c.read() for _ in range(count // 1000)] == [1000] * (count // 1000)
    assert c("HLEN", "big") == count and c("OBJECT", "ENCODING", "big") == b"hashtable"
    if not SANITIZED:
        assert c("MEMORY", "USAGE", "big") / count < 25 + 24
    seen, cursor = set(), b"0"
    while True:
        cursor, names = c("HSCAN", "big", cursor, "COUNT", "1000", "NOVALUES")
        seen.update(names)
        if cursor == b"0":
            break
    assert len(seen) == count
    assert len(set(c("HRANDFIELD", "big", "1000"))) == 1000
    assert c("HMGET", "big", "field:0000000", "nosuch", "field:%07d" % (count - 1))[1] is None
    base = int(time.time() * 1000) + 200
    for start in range(0, count, 1000):
        c.send("HPEXPIREAT", "big", base, "FIELDS", "1000", *["field:%07d" % i for i in range(start, start + 1000)])
    for _ in range(count // 1000):
        assert set(c.read()) <= {1, 2, -2}
    began = time.monotonic()
    pings = []
    while c("EXISTS", "big"):
        at = time.monotonic()
        c("PING")
        pings.append(time.monotonic() - at)
        assert time.monotonic() - began < 60
    assert not pings or max(pings) < 0.1 * PATIENCE  # never stalled, however many are due at once
