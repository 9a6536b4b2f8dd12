# SPDX-License-Identifier: BSD-3-Clause
"""Streams where redis-server 7.0 cannot be asked (later options), over time (idle, waiting), and with many entries.
What 7.0 has is compared with it command by command in tests/differential."""
import time

from keel import info_of, keel_only, wait_for
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


# --- waiting ---

def waiting(server, c, *words, resp=2):
    """A client whose command waits."""
    before = int(info_of(c, "clients")["blocked_clients"])
    client = server.client(resp=resp)
    client.send(*words)
    wait_for(lambda: int(info_of(c, "clients")["blocked_clients"]) == before + 1, what="a blocked client")
    return client


def test_xread_waits_for_what_comes_after_dollar(server, c):
    fill(c, "s", 2)
    reader = waiting(server, c, "XREAD", "BLOCK", "0", "STREAMS", "t", "s", "$", "$")
    late = waiting(server, c, "XREAD", "BLOCK", "0", "STREAMS", "s", "5-0", resp=3)
    c("XADD", "s", "3-0", "f", "3")
    assert reader.read() == [[b"s", [[b"3-0", [b"f", b"3"]]]]]
    c("XADD", "s", "6-0", "f", "6")
    assert late.read() == {b"s": [[b"6-0", [b"f", b"6"]]]}


def test_xread_waits_only_so_long(server, c):
    began = time.monotonic()
    assert c("XREAD", "BLOCK", "60", "STREAMS", "s", "$") is None
    assert 0.05 < time.monotonic() - began < 5


def test_every_reader_is_served_by_one_entry(server, c):
    readers = [waiting(server, c, "XREAD", "BLOCK", "0", "STREAMS", "s", "$") for _ in range(3)]
    c("XADD", "s", "1-0", "f", "v")
    assert [ids(r.read()[0][1]) for r in readers] == [["1-0"]] * 3


def test_consumers_of_a_group_share_what_comes(server, c):
    c("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    one = waiting(server, c, "XREADGROUP", "GROUP", "g", "a", "BLOCK", "0", "STREAMS", "s", ">")
    two = waiting(server, c, "XREADGROUP", "GROUP", "g", "b", "BLOCK", "0", "STREAMS", "s", ">")
    c("XADD", "s", "1-0", "f", "v")
    assert ids(one.read()[0][1]) == ["1-0"]
    c("XADD", "s", "2-0", "f", "v")
    assert ids(two.read()[0][1]) == ["2-0"]
    assert c("XPENDING", "s", "g")[3] == [[b"a", b"1"], [b"b", b"1"]]


def test_a_group_that_goes_ends_the_waiting(server, c):
    for end in (["XGROUP", "DESTROY", "s", "g"], ["DEL", "s"]):
        c("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
        reader = waiting(server, c, "XREADGROUP", "GROUP", "g", "a", "BLOCK", "0", "STREAMS", "s", ">")
        c(*end)
        assert reader.read().code == "NOGROUP"
    c("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
    reader = waiting(server, c, "XREADGROUP", "GROUP", "g", "a", "BLOCK", "0", "STREAMS", "s", ">")
    c("SET", "s", "x")
    assert reader.read().code == "WRONGTYPE"


def test_xread_goes_on_waiting_when_its_stream_goes(server, c):
    fill(c, "s", 1)
    reader = waiting(server, c, "XREAD", "BLOCK", "0", "STREAMS", "s", "$")
    c("DEL", "s")
    c("SET", "s", "x")
    c("DEL", "s")
    c("XADD", "s", "2-0", "f", "v")
    assert ids(reader.read()[0][1]) == ["2-0"]


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
