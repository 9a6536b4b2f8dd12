# SPDX-License-Identifier: BSD-3-Clause
"""Commands that wait for keys: who is served, in which order, when the time is over, and what ends the waiting."""
import time

import pytest

from keel import IS_PEER, PATIENCE, info_of, keel_only, wait_for
from resp import Error


def blocked(c, count=1):
    """Waits until so many clients are blocked."""
    wait_for(lambda: int(info_of(c, "clients")["blocked_clients"]) == count, what="%d blocked clients" % count)


def waiting(server, c, *words, resp=2):
    """A client whose command waits."""
    before = int(info_of(c, "clients")["blocked_clients"])
    client = server.client(resp=resp)
    client.send(*words)
    blocked(c, before + 1)
    return client


def silent(client, seconds=0.1):
    with pytest.raises(TimeoutError):
        client.fill(seconds)


# --- serving ---

def test_blpop_does_not_wait_for_what_is_there(c):
    c("RPUSH", "b", "1", "2")
    assert c("BLPOP", "a", "b", "0") == [b"b", b"1"]
    assert c("BRPOP", "b", "a", "0") == [b"b", b"2"]
    assert c("EXISTS", "b") == 0


def test_blpop_is_served_by_a_push(server, c):
    b = waiting(server, c, "BLPOP", "a", "b", "0")
    assert c("RPUSH", "b", "x", "y") == 2
    assert b.read() == [b"b", b"x"]
    assert c("LRANGE", "b", "0", "-1") == [b"y"]
    blocked(c, 0)


def test_resp3(server, c):
    b = waiting(server, c, "BLMPOP", "0", "2", "a", "b", "RIGHT", "COUNT", "2", resp=3)
    c("RPUSH", "b", "1", "2", "3")
    assert b.read() == [b"b", [b"3", b"2"]]
    b.send("BLPOP", "a", "0.01")
    assert b.raw() == b"_\r\n"
    b.send("BLMOVE", "a", "z", "LEFT", "LEFT", "0.01")
    assert b.raw() == b"_\r\n"


def test_the_first_to_come_is_the_first_to_be_served(server, c):
    clients = [waiting(server, c, "BLPOP", "q", "0") for _ in range(5)]
    for i in range(5):
        c("RPUSH", "q", "v%d" % i)
    assert [b.read() for b in clients] == [[b"q", b"v%d" % i] for i in range(5)]


def test_one_push_serves_as_many_as_it_has_elements(server, c):
    clients = [waiting(server, c, "BRPOP", "q", "0") for _ in range(3)]
    assert c("RPUSH", "q", "1", "2") == 2
    assert [b.read() for b in clients[:2]] == [[b"q", b"2"], [b"q", b"1"]]
    silent(clients[2])
    c("LPUSH", "q", "3")
    assert clients[2].read() == [b"q", b"3"]


@keel_only  # total_blocking_keys is of 7.2
def test_five_hundred_clients(server, c):
    clients = [server.client() for _ in range(500)]
    for i, b in enumerate(clients):
        b.send("BLPOP", "own:%d" % i, "shared", "0")
    blocked(c, 500)
    assert int(info_of(c, "clients")["total_blocking_keys"]) == 501
    c.pipeline([("RPUSH", "own:%d" % i, "x") for i in range(0, 500, 2)])
    assert all(clients[i].read() == [b"own:%d" % i, b"x"] for i in range(0, 500, 2))
    c("RPUSH", "shared", *range(250))
    got = sorted(int(clients[i].read()[1]) for i in range(1, 500, 2))
    assert got == list(range(250))
    blocked(c, 0)
    assert int(info_of(c, "clients")["total_blocking_keys"]) == 0
    for b in clients:
        b.close()


def test_the_same_key_twice_is_one_waiter(server, c):
    b = waiting(server, c, "BLPOP", "q", "q", "q", "0")
    c("RPUSH", "q", "1", "2")
    assert b.read() == [b"q", b"1"]
    silent(b)
    assert c("LRANGE", "q", "0", "-1") == [b"2"]


def test_the_order_of_keys_decides_among_those_that_are_ready(server, c):
    b = waiting(server, c, "BLPOP", "first", "second", "0")
    c("RPUSH", "other", "x")
    c("RPUSH", "first-made", "y")
    c("RENAME", "other", "second")
    assert b.read() == [b"second", b"x"]


def test_blmove_passes_on(server, c):
    last = waiting(server, c, "BLPOP", "c", "0")
    second = waiting(server, c, "BLMOVE", "b", "c", "LEFT", "RIGHT", "0")
    first = waiting(server, c, "BRPOPLPUSH", "a", "b", "0")
    assert c("RPUSH", "a", "x") == 1
    assert [first.read(), second.read(), last.read()] == [b"x", b"x", [b"c", b"x"]]
    assert c("EXISTS", "a", "b", "c") == 0


def test_blmove_to_a_key_of_another_type(server, c):
    c("SET", "string", "x")
    b = waiting(server, c, "BLMOVE", "q", "string", "LEFT", "LEFT", "0")
    other = waiting(server, c, "BLPOP", "q", "0")
    c("RPUSH", "q", "v")
    assert b.read().code == "WRONGTYPE"
    assert other.read() == [b"q", b"v"]  # what the first could not take, the next one gets


def test_ways_in_which_a_list_comes_to_be(server, c):
    def serves(key, *commands):
        b = waiting(server, c, "BLPOP", key, "0")
        for words in commands:
            c(*words)
        assert b.read() == [key.encode(), b"x"], commands
        b.close()

    serves("renamed", ("RPUSH", "l", "x"), ("RENAME", "l", "renamed"))
    serves("renamednx", ("RPUSH", "l", "x"), ("RENAMENX", "l", "renamednx"))
    serves("copied", ("RPUSH", "l", "x"), ("COPY", "l", "copied"))
    c("DEL", "l")
    serves("moved", ("SELECT", "1"), ("RPUSH", "moved", "x"), ("MOVE", "moved", "0"), ("SELECT", "0"))
    serves("swapped", ("SELECT", "1"), ("RPUSH", "swapped", "x"), ("SELECT", "0"), ("SWAPDB", "0", "1"))
    serves("lmoved", ("RPUSH", "l", "x"), ("LMOVE", "l", "lmoved", "LEFT", "LEFT"))


def test_databases_are_apart(server, c):
    b = server.client()
    b("SELECT", "3")
    b.send("BLPOP", "q", "0")
    blocked(c)
    c("RPUSH", "q", "wrong")
    silent(b)
    c("SELECT", "3")
    c("RPUSH", "q", "right")
    assert b.read() == [b"q", b"right"]


def test_a_key_of_another_type_wakes_nobody(server, c):
    b = waiting(server, c, "BLPOP", "k", "0")
    c("SET", "k", "x")
    silent(b)
    c("DEL", "k")
    silent(b)
    c("RPUSH", "k", "v")
    assert b.read() == [b"k", b"v"]


def test_wrong_type_at_once(c):
    c("SET", "s", "x")
    assert c("BLPOP", "none", "s", "0").code == "WRONGTYPE"
    assert c("BLMOVE", "s", "d", "LEFT", "LEFT", "0").code == "WRONGTYPE"


def test_what_was_sent_behind_a_waiting_command_waits_too(server, c):
    b = server.client()
    b.pipeline([("SET", "n", "0")])
    b.send_raw(b"BLPOP q 0\r\nINCR n\r\nBLPOP q 0\r\nINCR n\r\n")
    blocked(c)
    silent(b)
    assert c("GET", "n") == b"0"
    c("RPUSH", "q", "1")
    assert [b.read(), b.read()] == [[b"q", b"1"], 1]
    blocked(c)
    b.send("INCR", "n")
    silent(b)
    c("RPUSH", "q", "2")
    assert [b.read(), b.read(), b.read()] == [[b"q", b"2"], 2, 3]


def test_client_reply_skip_skips_the_late_answer(server, c):
    b = server.client()
    b.send("CLIENT", "REPLY", "SKIP")
    b.send("BLPOP", "q", "0")
    b.send("PING")
    blocked(c)
    c("RPUSH", "q", "x")
    assert b.read() == "PONG"


# --- time ---

@pytest.mark.parametrize("seconds", [0.001, 0.03, 0.11, 0.25])
def test_timeouts_are_kept(c, seconds):
    for words, empty in ((("BLPOP", "q", seconds), b"*-1\r\n"), (("BLMOVE", "q", "d", "LEFT", "LEFT", seconds), b"*-1\r\n"),
                         (("BRPOPLPUSH", "q", "d", seconds), b"*-1\r\n"), (("BLMPOP", seconds, "1", "q", "LEFT"), b"*-1\r\n")):
        began = time.monotonic()
        c.send(*words)
        assert c.raw() == empty
        took = time.monotonic() - began
        assert seconds - 0.0005 <= took < seconds + (0.12 if IS_PEER else 0.1) * PATIENCE, words


def test_timeouts_end_in_their_own_order(server, c):
    late = waiting(server, c, "BLPOP", "q", "0.3")
    early = waiting(server, c, "BLPOP", "q", "0.1")
    never = waiting(server, c, "BLPOP", "q", "0")
    assert int(info_of(c, "clients")["clients_in_timeout_table"]) == 2
    assert early.read() is None
    silent(late, 0.01)
    assert late.read() is None
    assert int(info_of(c, "clients")["clients_in_timeout_table"]) == 0
    c("RPUSH", "q", "x")
    assert never.read() == [b"q", b"x"]


@keel_only
def test_wrong_timeouts(c):
    assert c("BLPOP", "q", "-1") == Error("ERR timeout is negative")
    assert c("BLPOP", "q", "x") == Error("ERR timeout is not a float or out of range")
    assert c("BLPOP", "q", "1e300") == Error("ERR timeout is out of range")


@keel_only
def test_the_longest_timeouts(server, c):
    far = (1 << 63) - (1 << 43)
    for words in (("XREAD", "BLOCK", str(1 << 62), "STREAMS", "s", "$"), ("XREAD", "BLOCK", str(far), "STREAMS", "s", "$"),
                  ("BLPOP", "q", str(far // 1000))):
        with server.client() as waiting:
            waiting.send(*words)
            assert waiting.drain(0.1) == b""
    assert c("XREAD", "BLOCK", str((1 << 63) - 1), "STREAMS", "s", "$") == Error("ERR timeout is out of range")


# --- other ends ---

def test_unblock(server, c):
    b = server.client()
    number = b("CLIENT", "ID")
    for how, reply in (((), None), (("TIMEOUT",), None), (("ERROR",), Error("UNBLOCKED client unblocked via CLIENT UNBLOCK"))):
        b.send("BLPOP", "q", "0")
        blocked(c)
        assert c("CLIENT", "UNBLOCK", number, *how) == 1
        assert b.read() == reply
    assert c("CLIENT", "UNBLOCK", number) == 0
    c("RPUSH", "q", "x")
    assert c("LLEN", "q") == 1  # nobody waits for it any more


def test_kill(server, c):
    b = waiting(server, c, "BLPOP", "q", "0")
    number = int(c("CLIENT", "LIST").split(b" flags=b ")[0].rsplit(b"id=", 1)[1].split()[0])
    assert c("CLIENT", "KILL", "ID", number) == 1
    assert b.closed_within(2)
    c("RPUSH", "q", "x")
    assert c("LLEN", "q") == 1 and int(info_of(c, "clients")["blocked_clients"]) == 0


def test_a_client_that_goes_is_forgotten(server, c):
    gone = waiting(server, c, "BLPOP", "q", "0")
    stays = waiting(server, c, "BLPOP", "q", "0")
    gone.close()
    blocked(c, 1)
    c("RPUSH", "q", "x")
    assert stays.read() == [b"q", b"x"]
    half = server.client()
    half.send_raw(b"BLPOP q 0\r\nPING\r\n")
    half.socket.shutdown(1)
    blocked(c, 0)


def test_pause_holds_back_whom_it_concerns(server, c):
    served = waiting(server, c, "BLPOP", "q", "0")
    timed = waiting(server, c, "BLPOP", "other", "0.15")
    c("CLIENT", "PAUSE", "100000", "WRITE")
    pusher = server.client()
    pusher.send("RPUSH", "q", "x")
    began = time.monotonic()
    assert timed.read() is None  # its time ends all the same
    assert time.monotonic() - began < 1 * PATIENCE
    silent(served)
    c("CLIENT", "UNPAUSE")
    assert pusher.read() == 1 and served.read() == [b"q", b"x"]


def test_shutdown_ends_waiting(start):
    s = start()
    with s.client() as c:
        b = waiting(s, c, "BLPOP", "q", "0")
        c.send("SHUTDOWN", "NOSAVE")
        assert s.wait_exit() == 0 and b.closed_within(2)


# --- what others see ---

def test_monitor_shows_the_command_once(server, c):
    m = server.client()
    m("MONITOR")
    b = waiting(server, c, "BLPOP", "q", "0")
    c("RPUSH", "q", "x")
    b.read()
    c("PING", "end")
    lines = []
    while not lines or '"end"' not in lines[-1]:
        lines.append(m.read())
    assert sum('"BLPOP"' in line for line in lines) == 1


@keel_only
def test_it_counts_when_it_is_answered(server, c):
    c("CONFIG", "RESETSTAT")
    b = waiting(server, c, "BLPOP", "q", "0")
    assert "cmdstat_blpop" not in info_of(c, "commandstats")
    c("RPUSH", "q", "x")
    b.read()
    assert info_of(c, "commandstats")["cmdstat_blpop"].startswith("calls=1,")
    number = b("CLIENT", "ID")
    b.send("BLPOP", "q", "0")
    blocked(c)
    c("CLIENT", "UNBLOCK", number, "ERROR")
    b.read()
    stats = info_of(c, "commandstats")["cmdstat_blpop"]
    assert stats.startswith("calls=2,") and stats.endswith("failed_calls=1")
    assert info_of(c, "errorstats")["errorstat_UNBLOCKED"] == "count=1"


@keel_only
def test_words_count_as_memory_of_the_client(server, c):
    b = waiting(server, c, "BLPOP", "k" * 100_000, "0")  # kept, or it closes
    line = [x for x in c("CLIENT", "LIST").decode().split("\n") if " flags=b " in x][0]
    fields = dict(pair.split("=", 1) for pair in line.split(" "))
    assert int(fields["argv-mem"]) > 100_000 and int(fields["tot-mem"]) > 100_000
    assert fields["cmd"] == "blpop"


def test_events(server, c):
    c("CONFIG", "SET", "notify-keyspace-events", "KEA")
    e = server.client()
    e("PSUBSCRIBE", "__keyevent@0__:*")
    b = waiting(server, c, "BLMOVE", "q", "d", "LEFT", "RIGHT", "0")
    c("RPUSH", "q", "x")
    assert b.read() == b"x"
    events = [tuple(e.read()[2:]) for _ in range(4)]
    assert events == [(b"__keyevent@0__:rpush", b"q"), (b"__keyevent@0__:rpush", b"d"), (b"__keyevent@0__:lpop", b"q"),
                      (b"__keyevent@0__:del", b"q")]
