# SPDX-License-Identifier: BSD-3-Clause
"""Streams where redis-server 7.0 cannot be asked (later options), over time (idle, waiting), and with many entries.
What 7.0 has is compared with it command by command in tests/differential."""
import threading
import time

import pytest

from keel import keel_only
from resp import Error

pytestmark = keel_only


def ids(reply):
    return [e[0].decode() for e in reply]


def fill(c, key, n):
    for i in range(1, n + 1):
        c("XADD", key, "%d-0" % i, "f", i)


def test_ids_follow_the_clock(c):
    before = int(time.time() * 1000)
    ms = int(c("XADD", "s", "*", "f", "v").split(b"-")[0])
    assert before <= ms <= int(time.time() * 1000)


def test_xread_plus_is_the_last_entry(c):
    assert c("XREAD", "STREAMS", "s", "+") is None
    fill(c, "s", 3)
    assert ids(c("XREAD", "STREAMS", "s", "+")[0][1]) == ["3-0"]
    c("XDEL", "s", "3-0")
    assert ids(c("XREAD", "STREAMS", "s", "+")[0][1]) == ["2-0"]
    assert c("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", "+").code in ("ERR", "NOGROUP")


def test_references_of_deleted_entries(c):
    fill(c, "s", 4)
    c("XGROUP", "CREATE", "s", "g", "0")
    c("XREADGROUP", "GROUP", "g", "a", "COUNT", "3", "STREAMS", "s", ">")
    assert c("XDELEX", "s", "ACKED", "IDS", "2", "1-0", "4-0") == [2, 2]
    assert c("XDELEX", "s", "IDS", "1", "1-0") == [1]
    assert c("XPENDING", "s", "g")[0] == 3
    assert c("XDELEX", "s", "DELREF", "IDS", "1", "2-0") == [1]
    assert c("XPENDING", "s", "g")[0] == 2
    assert c("XACKDEL", "s", "g", "IDS", "3", "3-0", "3-0", "9-0") == [1, -1, -1]
    assert ids(c("XRANGE", "s", "-", "+")) == ["4-0"]


def test_trims_with_references(c):
    fill(c, "s", 6)
    c("XGROUP", "CREATE", "s", "g", "0")
    c("XREADGROUP", "GROUP", "g", "a", "COUNT", "4", "STREAMS", "s", ">")
    c("XACK", "s", "g", "1-0", "3-0")
    assert c("XTRIM", "s", "MAXLEN", "=", "0", "ACKED") == 2
    assert ids(c("XRANGE", "s", "-", "+")) == ["2-0", "4-0", "5-0", "6-0"]
    assert c("XADD", "s", "DELREF", "MAXLEN", "2", "7-0", "f", "v") == b"7-0"
    assert c("XPENDING", "s", "g")[0] == 0


def test_consumers_are_seen_before_they_are_active(c):
    c("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    assert c("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">") is None
    time.sleep(0.05)
    one = dict(zip(*[iter(c("XINFO", "CONSUMERS", "s", "g")[0])] * 2))
    assert one[b"inactive"] == -1 and one[b"idle"] >= 50
    c("XADD", "s", "*", "f", "v")
    c("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">")
    one = dict(zip(*[iter(c("XINFO", "CONSUMERS", "s", "g")[0])] * 2))
    assert 0 <= one[b"inactive"] < 5000 and one[b"pending"] == 1


def test_events(c, server):
    c("CONFIG", "SET", "notify-keyspace-events", "Kt")
    with server.client() as listener:
        listener("PSUBSCRIBE", "__keyspace@0__:*")
        c("XADD", "s", "1-0", "f", "v")
        c("XGROUP", "CREATE", "s", "g", "0")
        c("XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">")
        c("XADD", "s", "MAXLEN", "1", "2-0", "f", "v")
        c("XGROUP", "DESTROY", "s", "g")
        told = [listener.read()[3] for _ in range(6)]
    assert told == [b"xadd", b"xgroup-create", b"xgroup-createconsumer", b"xadd", b"xtrim", b"xgroup-destroy"]


def test_half_a_million_entries(c):
    n, step = 500_000, 5000
    for first in range(0, n, step):
        replies = c.pipeline([["XADD", "s", "%d-%d" % (1 + i // 100, i % 100), "f", i] for i in range(first, first + step)])
        assert not [r for r in replies if isinstance(r, Error)]
    assert c("XLEN", "s") == n
    assert c("XRANGE", "s", "2500-7", "2500-7") == [[b"2500-7", [b"f", b"%d" % (2499 * 100 + 7)]]]
    assert [int(e[1][1]) for e in c("XREVRANGE", "s", "+", "-", "COUNT", "3")] == [n - 1, n - 2, n - 3]
    assert c("XDEL", "s", "2500-7") == 1
    assert c("XTRIM", "s", "MAXLEN", "~", "400000", "LIMIT", "0") == 99_900  # whole blocks only
    assert c("XTRIM", "s", "MINID", "3000-50") > 0
    assert ids(c("XRANGE", "s", "-", "+", "COUNT", "1")) == ["3000-50"]
    assert c("COPY", "s", "t") == 1
    assert c("XLEN", "t") == c("XLEN", "s") and c("XRANGE", "t", "-", "+", "COUNT", "2") == c("XRANGE", "s", "-", "+", "COUNT", "2")
