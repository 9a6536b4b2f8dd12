# SPDX-License-Identifier: BSD-3-Clause
"""Transactions: what is queued, what breaks a watch, and what EXEC answers. (What one connection can see by itself is
also compared with redis-server: tests/differential/families/transactions.py.)"""
import time

import pytest

from keel import info_of, keel_only, wait_for
from resp import Closed, Error, encode

NULL = None


def begin(client, *commands):
    assert client("MULTI") == "OK"
    for words in commands:
        assert client(*words) == "QUEUED"


def transact(client, *commands):
    begin(client, *commands)
    return client("EXEC")


def info_line(client):
    return dict(pair.split("=", 1) for pair in client("CLIENT", "INFO").decode().split())


# --- queueing ---

def test_commands_run_at_exec_and_not_before(server, c):
    other = server.client()
    begin(c, ("SET", "k", "1"), ("INCR", "k"), ("GET", "k"))
    assert other("GET", "k") is None
    assert c("EXEC") == ["OK", 2, b"2"]
    assert other("GET", "k") == b"2"


def test_a_failing_command_stops_no_other(c):
    assert transact(c, ("SET", "k", "x"), ("LPUSH", "k", "1"), ("APPEND", "k", "y")) == [
        "OK", Error("WRONGTYPE Operation against a key holding the wrong kind of value"), 2]


def test_a_command_that_cannot_be_queued_aborts(c):
    begin(c, ("SET", "k", "1"))
    assert c("NOSUCH").code == "ERR"
    assert c("SET", "k", "2") == "QUEUED"
    assert c("EXEC") == Error("EXECABORT Transaction discarded because of previous errors.")
    assert c("EXISTS", "k") == 0
    assert transact(c, ("PING",)) == ["PONG"]


def test_nesting_and_watching_inside_are_refused_without_harm(c):
    begin(c, ("SET", "k", "1"))
    assert c("MULTI") == Error("ERR MULTI calls can not be nested")
    assert c("WATCH", "k") == Error("ERR WATCH inside MULTI is not allowed")
    assert c("EXEC") == ["OK"]


def test_exec_and_discard_want_a_multi(c):
    assert c("EXEC") == Error("ERR EXEC without MULTI")
    assert c("DISCARD") == Error("ERR DISCARD without MULTI")
    assert c("EXEC", "x") == Error("EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command")


def test_discard_forgets_all(c):
    c("WATCH", "k")
    c("SET", "k", "1")
    begin(c, ("SET", "k", "2"))
    assert c("DISCARD") == "OK"
    assert c("GET", "k") == b"1"
    assert transact(c, ("PING",)) == ["PONG"], "the watch is gone, too"


def test_blocking_commands_do_not_wait(c):
    assert transact(c, ("BLPOP", "none", "0"), ("BRPOPLPUSH", "none", "x", "0"), ("BZPOPMIN", "none", "0"),
                    ("XREAD", "BLOCK", "0", "STREAMS", "none", "$")) == [NULL, NULL, NULL, NULL]


def test_those_who_wait_are_served_after_exec(server, c):
    waiter = server.client()
    waiter.send("BLPOP", "q", "0")
    wait_for(lambda: info_of(c, "clients")["blocked_clients"] == "1", what="a blocked client")
    assert transact(c, ("RPUSH", "q", "1"), ("DEL", "q"), ("RPUSH", "q", "2"), ("LLEN", "q")) == [1, 1, 1, 1]
    assert waiter.read() == [b"q", b"2"]
    assert c("EXISTS", "q") == 0


def test_a_waiter_is_not_served_by_what_exec_took_away_again(server, c):
    waiter = server.client()
    waiter.send("BLPOP", "q", "0")
    wait_for(lambda: info_of(c, "clients")["blocked_clients"] == "1", what="a blocked client")
    assert transact(c, ("RPUSH", "q", "1"), ("DEL", "q")) == [1, 1]
    with pytest.raises(TimeoutError):
        waiter.fill(0.1)


def test_the_database_chosen_inside_stays_chosen(c):
    assert transact(c, ("SELECT", "3"), ("SET", "k", "3")) == ["OK", "OK"]
    assert c("GET", "k") == b"3"
    c("SELECT", "0")
    assert c("EXISTS", "k") == 0


def test_pipelined_transactions(c):
    one = [("MULTI",)] + [("SET", "k%d" % i, "v%d" % i) for i in range(10)] + [("EXEC",)]
    replies = c.pipeline(one * 50)
    assert replies == (["OK"] + ["QUEUED"] * 10 + [["OK"] * 10]) * 50


def cuts_of(request):
    """Where to cut the bytes of some requests in two: around each request's ends, and in the middle of it."""
    at, cuts = 0, []
    for words in request:
        size = len(encode(*words))
        cuts += [at + 1, at + size // 2, at + size - 1, at + size]
        at += size
    return cuts[:-1]


def test_where_the_bytes_are_cut_makes_no_difference(c):
    """What comes with its EXEC runs from where it was read, and what waits for it is copied: both at once, too."""
    large = b"y" * 40_000
    request = [("MULTI",), ("SET", "a", "1"), ("SET", "b", large), ("INCR", "a"), ("LPUSH", "a", "x"), ("GET", "b"), ("EXEC",),
               ("MULTI",), ("DEL", "a"), ("DISCARD",), ("MULTI",), ("APPEND", "b", "z"), ("STRLEN", "b"), ("EXEC",), ("GET", "a")]
    wrong = Error("WRONGTYPE Operation against a key holding the wrong kind of value")
    whole = b"".join(encode(*words) for words in request)
    queued = ["OK"] + ["QUEUED"] * 5
    expected = queued + [["OK", "OK", 2, wrong, large], "OK", "QUEUED", "OK", "OK", "QUEUED", "QUEUED", [40_001, 40_001], b"2"]
    for cut in [len(whole)] + cuts_of(request):
        c.send_raw(whole[:cut])
        time.sleep(0.005)
        c.send_raw(whole[cut:])
        assert [c.read() for _ in expected] == expected, "cut at byte %d" % cut


def test_transactions_of_many_come_mixed_in_small_pieces(server):
    """Parts of several transactions lie in one batch: each gets its own, whoever ends in the middle."""
    clients = [server.client() for _ in range(6)]
    leaver = server.client()
    for turn in range(20):
        leaver.send_raw(encode("MULTI") + encode("SET", "left", "x"))
        for i, client in enumerate(clients):
            client.send_raw(encode("MULTI") + encode("SET", "k%d" % i, "v%d" % turn))
        if turn == 10:
            leaver.socket.close()
            leaver = server.client()
        else:
            leaver.send_raw(encode("DISCARD"))
        for i, client in enumerate(clients):
            client.send_raw(encode("APPEND", "k%d" % i, "+") + encode("GET", "k%d" % i) + encode("EXEC"))
        for i, client in enumerate(clients):
            value = b"v%d+" % turn
            assert [client.read() for _ in range(5)] == ["OK", "QUEUED", "QUEUED", "QUEUED", ["OK", len(value), value]]
    assert clients[0]("EXISTS", "left") == 0


def test_large_words_and_many_commands(c):
    big = b"x" * 3_000_000
    begin(c, ("SET", "big", big), *[("RPUSH", "l", str(i)) for i in range(5000)])
    replies = c("EXEC")
    assert replies[0] == "OK" and replies[1:] == list(range(1, 5001))
    assert c("GET", "big") == big


@keel_only
def test_reset_and_the_end_of_a_connection_drop_it(server, c):
    begin(c, ("SET", "k", "1"))
    assert c("RESET") == "RESET"
    assert c("EXEC") == Error("ERR EXEC without MULTI")
    other = server.client()
    other("WATCH", "k")
    begin(other, ("SET", "k", "2"))
    other.socket.close()
    wait_for(lambda: info_of(c, "clients").get("watching_clients") == "0", what="the watch to be forgotten")
    assert c("EXISTS", "k") == 0


def test_quit_inside_ends_the_connection(c):
    begin(c, ("SET", "k", "1"))
    assert c("QUIT") == "OK"


@keel_only
def test_client_list_shows_it(server, c):
    assert info_line(c)["multi"] == "-1"
    other = server.client()
    other("WATCH", "a", "b", "a")
    begin(other, ("SET", "k", "x" * 1000), ("PING",))
    line = next(l for l in c("CLIENT", "LIST").decode().splitlines() if "multi=2" in l)
    fields = dict(pair.split("=", 1) for pair in line.split())
    assert fields["watch"] == "2" and "x" in fields["flags"]
    assert int(fields["multi-mem"]) > 1000 and int(fields["tot-mem"]) > 1000
    c("SET", "a", "1")
    line = next(l for l in c("CLIENT", "LIST").decode().splitlines() if "multi=2" in l)
    assert "d" in dict(pair.split("=", 1) for pair in line.split())["flags"]


# --- gates ---

def test_out_of_memory_when_queued(c):
    c("CONFIG", "SET", "maxmemory", "1")
    assert c("MULTI") == "OK"
    assert c("GET", "k").code == "OOM", "whatever is queued takes memory"
    c("DISCARD")
    c("CONFIG", "SET", "maxmemory", "0")


def test_out_of_memory_at_exec(server, c):
    begin(c, ("SET", "k", "1"))
    with server.client() as other:
        other("CONFIG", "SET", "maxmemory", "1")
        assert c("EXEC") == Error("EXECABORT Transaction discarded because of: OOM command not allowed when used memory > "
                                  "'maxmemory'.")
        begin_free = c("MULTI")
        assert begin_free == "OK"
        other("CONFIG", "SET", "maxmemory", "0")
    assert c("EXEC") == []


def test_exec_with_writes_waits_for_the_end_of_a_pause(server, c):
    begin(c, ("SET", "k", "1"))
    reader = server.client()
    begin(reader, ("GET", "k"))
    other = server.client()
    other("CLIENT", "PAUSE", "100000", "WRITE")
    assert reader("EXEC") == [NULL]
    c.send("EXEC")
    with pytest.raises(TimeoutError):
        c.fill(0.1)
    other("CLIENT", "UNPAUSE")
    assert c.read() == ["OK"]


def test_what_may_not_be_queued(c):
    c("MULTI")
    assert c("SHUTDOWN", "NOSAVE") == Error("ERR Command not allowed inside a transaction")
    assert c("EXEC").code == "EXECABORT"


# --- watching ---

CHANGES = [
    [("SET", "k", "1")], [("APPEND", "k", "x")], [("DEL", "k")], [("EXPIRE", "k", "100")], [("RENAME", "k", "other")],
    [("RENAME", "other", "k")], [("MOVE", "k", "1")], [("COPY", "other", "k", "REPLACE")], [("FLUSHDB",)], [("FLUSHALL",)],
    [("SWAPDB", "0", "1")], [("UNLINK", "k")], [("GETDEL", "k")], [("SETRANGE", "k", "0", "y")], [("PERSIST", "timed")],
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: " ".join(change[0]))
def test_a_change_by_another_breaks_it(server, c, change):
    other = server.client()
    other.pipeline([("SET", "k", "x"), ("SET", "other", "y"), ("SET", "timed", "z", "EX", "1000")])
    c("WATCH", "k", "timed")
    other.pipeline(change)
    assert transact(c, ("SET", "k", "mine")) is NULL
    assert transact(c, ("PING",)) == ["PONG"], "once told, it is over"


QUIET = [
    [("GET", "k")], [("SET", "unwatched", "1")], [("DEL", "none")], [("SET", "k", "x", "NX")], [("EXPIRE", "k", "10", "LT"), ("PING",)][1:],
    [("SWAPDB", "4", "5")], [("SELECT", "1"), ("FLUSHDB",)], [("SELECT", "1"), ("SET", "k", "1")], [("TOUCH", "k")],
]


@pytest.mark.parametrize("quiet", QUIET, ids=lambda quiet: " ".join(quiet[-1]))
def test_what_changes_nothing_breaks_nothing(server, c, quiet):
    other = server.client()
    other("SET", "k", "x")
    c("WATCH", "k")
    other.pipeline(quiet)
    assert transact(c, ("PING",)) == ["PONG"]


def test_own_changes_break_it_too(c):
    c("WATCH", "k")
    c("SET", "k", "1")
    assert transact(c, ("PING",)) is NULL


def test_unwatch(server, c):
    c("WATCH", "k")
    c("SET", "k", "1")
    assert c("UNWATCH") == "OK"
    assert transact(c, ("PING",)) == ["PONG"]


def test_a_key_that_is_not_there_is_broken_only_by_its_coming(server, c):
    other = server.client()
    for change, broken in ((("FLUSHALL",), False), (("SWAPDB", "0", "7"), False), (("SET", "none", "1"), True)):
        c("WATCH", "none")
        other(*change)
        assert (transact(c, ("PING",)) is NULL) == broken, change


def test_swapping_in_a_database_that_has_the_key_breaks_it(server, c):
    other = server.client()
    other.pipeline([("SELECT", "1"), ("SET", "k", "1")])
    c("WATCH", "k")
    other("SWAPDB", "0", "1")
    assert transact(c, ("PING",)) is NULL


def test_a_trim_that_takes_nothing_off_breaks_a_watch(server, c):
    c("RPUSH", "l", "a", "b")
    with server.client() as watcher:
        watcher("WATCH", "l")
        c("LTRIM", "l", "0", "-1")
        begin(watcher, ("PING",))
        assert watcher("EXEC") is None


def test_watches_are_of_one_database(server, c):
    other = server.client()
    c("WATCH", "k")
    other.pipeline([("SELECT", "1"), ("SET", "k", "1")])
    assert transact(c, ("PING",)) == ["PONG"]


def test_a_watched_key_that_expires_breaks_it(c):
    c("SET", "k", "1", "PX", "30")
    c("WATCH", "k")
    time.sleep(0.1)
    assert transact(c, ("PING",)) is NULL


def test_a_key_that_had_expired_before_breaks_nothing(server, c):
    c("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    try:
        c("SET", "k", "1", "PX", "10")
        time.sleep(0.05)
        c("WATCH", "k")
        server.client()("GET", "k")
        assert transact(c, ("PING",)) == ["PONG"]
        c("WATCH", "k")
        server.client()("SET", "k", "2")
        assert transact(c, ("PING",)) is NULL
    finally:
        c("DEBUG", "SET-ACTIVE-EXPIRE", "1")


@keel_only
def test_eviction_breaks_it(server, c):
    c("SET", "k", "1")
    c("WATCH", "k")
    other = server.client()
    other("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    other("CONFIG", "SET", "maxmemory", "1")
    wait_for(lambda: other("DBSIZE") == 0, what="the key to be evicted")
    other("CONFIG", "SET", "maxmemory", "0")
    assert transact(c, ("PING",)) is NULL


def test_many_watchers_of_one_key(server, c):
    watchers = [server.client() for _ in range(20)]
    for watcher in watchers:
        watcher("WATCH", "a", "k", "b")
    assert transact(watchers[0], ("INCR", "k")) == [1]
    assert [transact(watcher, ("INCR", "k")) for watcher in watchers[1:]] == [NULL] * 19
    assert c("GET", "k") == b"1"


def test_counters_hold_under_contention(server):
    """Optimistic locking as it is meant: nobody's increment is lost."""
    clients = [server.client() for _ in range(8)]
    done = [0] * len(clients)
    while min(done) < 25:
        seen = []
        for client in clients:
            client("WATCH", "n")
            seen.append(int(client("GET", "n") or 0))
        for i, client in enumerate(clients):
            if transact(client, ("SET", "n", seen[i] + 1)) is not NULL:
                done[i] += 1
        clients.append(clients.pop(0))
        done.append(done.pop(0))
    assert int(clients[0]("GET", "n")) == sum(done)


# --- what others see ---

def test_monitor_shows_what_runs(server, c):
    monitor = server.client()
    assert monitor("MONITOR") == "OK"
    transact(c, ("SET", "k", "1"))
    lines = [str(monitor.read()).split("] ", 1)[1] for _ in range(3)]
    assert lines == ['"MULTI"', '"SET" "k" "1"', '"EXEC"'] or lines == ['"MULTI"', '"EXEC"', '"SET" "k" "1"']


@keel_only  # redis-server 7.0 writes it into the middle of the reply
def test_messages_to_oneself_come_behind_the_reply(server):
    c3 = server.client(resp=3)
    c3("SUBSCRIBE", "ch")
    c3.send("MULTI")
    assert c3.read() == "OK"
    c3("PUBLISH", "ch", "m")
    c3.send("EXEC")
    assert c3.read() == [1]
    assert c3.read() == [b"message", b"ch", b"m"]


@keel_only
def test_statistics_count_each_command(server, c):
    c("CONFIG", "RESETSTAT")
    transact(c, ("SET", "k", "1"), ("SET", "k", "2"))
    stats = info_of(c, "commandstats")
    assert "calls=2" in stats["cmdstat_set"]
    assert "calls=1" in stats["cmdstat_exec"]
    assert "calls=1" in stats["cmdstat_multi"]


# --- rights ---

def test_what_may_not_be_run_aborts_when_it_is_queued(server, c):
    c("ACL", "SETUSER", "bob", "reset", "on", "nopass", "~*", "+@all", "-get")
    bob = server.client()
    bob("AUTH", "bob", "x")
    begin(bob, ("SET", "k", "1"))
    assert bob("GET", "k").code == "NOPERM"
    assert bob("EXEC").code == "EXECABORT"
    c("ACL", "DELUSER", "bob")


def test_rights_that_are_lost_before_exec_count(server, c):
    c("ACL", "SETUSER", "bob", "reset", "on", "nopass", "~*", "+@all")
    bob = server.client()
    bob("AUTH", "bob", "x")
    begin(bob, ("SET", "k", "1"), ("GET", "k"), ("STRLEN", "k"))
    c("ACL", "SETUSER", "bob", "-get")
    first, second, third = bob("EXEC")
    assert (first, third) == ("OK", 1)
    assert second.startswith("NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call.")
    c("ACL", "DELUSER", "bob")


# --- ends in the middle ---

@keel_only
@pytest.mark.parametrize("entered, messages", [
    (("SUBSCRIBE", "zz"), True), (("PSUBSCRIBE", "z*"), True), (("CLIENT", "TRACKING", "ON", "BCAST"), False),
    (("CLIENT", "TRACKING", "ON"), False)])
def test_a_session_that_ends_in_its_own_exec_is_entered_nowhere(server, c, entered, messages):
    """Its own messages are more than it may have waiting: it ends, but EXEC runs to its end."""
    c("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
    leaver = server.client()
    leaver("HELLO", "3")
    leaver("SUBSCRIBE", "own")
    leaver.send_raw(encode("MULTI") + encode("PUBLISH", "own", b"x" * 600_000) * 4 + encode("SET", "done", "1") + encode(*entered) + encode("EXEC"))
    wait_for(lambda: c("EXISTS", "done") == 1)
    wait_for(lambda: len(c("CLIENT", "LIST").splitlines()) == 1, what="the session to end")
    newcomers = [server.client() for _ in range(20)]
    if messages:
        assert c("PUBLISH", "zz", "hello") == 0
        assert c("PUBSUB", "CHANNELS") == [] and c("PUBSUB", "NUMPAT") == 0
    c("SET", "zz", "1")
    assert info_of(c, "clients")["tracking_clients"] == "0"
    for newcomer in newcomers:
        assert newcomer("PING") == "PONG"


def most_resident_mb(server):
    with open("/proc/%d/status" % server.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) // 1024


@keel_only
def test_exec_is_bounded_by_the_output_limit(server, c):
    c("CONFIG", "SET", "client-output-buffer-limit", "normal 4mb 0 0")
    c("SET", "big", b"x" * 1_000_000)
    before = most_resident_mb(server)
    with server.client() as greedy:
        greedy.send_raw(encode("MULTI") + encode("GET", "big") * 100 + encode("SET", "done", "1") + encode("EXEC"))
        wait_for(lambda: c("EXISTS", "done") == 1)  # all of it ran
        assert most_resident_mb(server) < before + 30
        with pytest.raises(Closed):
            while True:
                greedy.read()


@keel_only
def test_what_is_queued_takes_its_size_and_little_more(server, c):
    """It lies in pieces: nothing is moved when more comes."""
    value = b"x" * 500_000
    c("MULTI")
    for i in range(200):
        assert c("SET", "k", value) == "QUEUED"
    with server.client() as other:
        line = next(l for l in other("CLIENT", "LIST").decode().splitlines() if "multi=200" in l)
    kept = int(dict(pair.split("=", 1) for pair in line.split())["multi-mem"])
    assert 100_000_000 <= kept < 115_000_000
    c("DISCARD")
