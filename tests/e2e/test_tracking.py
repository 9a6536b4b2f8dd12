# SPDX-License-Identifier: BSD-3-Clause
"""Client-side caching: who is told of which change, in which words, and in which place between replies."""
import time

import pytest

from keel import SANITIZED, info_of, keel_only, wait_for
from resp import Error, Push


def push(*keys):
    return Push([b"invalidate", [k.encode() if isinstance(k, str) else k for k in keys]])


ALL = Push([b"invalidate", None])


def silent(client, seconds=0.1):
    with pytest.raises(TimeoutError):
        client.fill(seconds)


@pytest.fixture
def t(server):
    """A RESP3 client that tracks."""
    client = server.client(resp=3)
    assert client("CLIENT", "TRACKING", "ON") == "OK"
    return client


def info(client):
    return dict(client("CLIENT", "TRACKINGINFO"))


# --- the plain form ---

def test_who_read_a_key_is_told_once(t, c):
    c("SET", "k", "1")
    assert t("GET", "k") == b"1"
    c("SET", "k", "2")
    assert t.read() == push("k")
    c("SET", "k", "3")
    silent(t)
    assert t("GET", "k") == b"3"
    c("DEL", "k")
    assert t.read() == push("k")


def test_who_did_not_read_it_is_not(t, c):
    c("SET", "k", "1")
    t("GET", "other")
    t("SET", "k", "2")
    c("SET", "k", "3")
    silent(t)


@pytest.mark.parametrize("words", [("HGETALL", "k"), ("EXISTS", "a", "k"), ("STRLEN", "k"), ("TTL", "k"), ("MGET", "b", "k")],
                         ids=lambda words: words[0])
def test_every_reading_command_counts(t, c, words):
    t(*words)
    c("SET", "k", "x")
    assert t.read() == push("k")


def test_a_miss_counts_too(t, c):
    assert t("GET", "k") is None
    c("SET", "k", "1")
    assert t.read() == push("k")


def test_several_readers(server, c):
    readers = [server.client(resp=3) for _ in range(20)]
    for reader in readers:
        reader("CLIENT", "TRACKING", "ON")
        reader("GET", "k")
    c("SET", "k", "1")
    assert [reader.read() for reader in readers] == [push("k")] * 20


def test_own_changes_are_told_behind_their_reply(t):
    t("GET", "k")
    t.send("SET", "k", "1")
    assert t.read() == "OK"
    assert t.read() == push("k")


def test_own_changes_in_a_transaction_come_behind_exec(t):
    t("GET", "a")
    t("GET", "b")
    t("MULTI")
    t("SET", "a", "1")
    t("SET", "b", "1")
    t.send("EXEC")
    assert t.read() == ["OK", "OK"]
    assert [t.read(), t.read()] == [push("a"), push("b")]


def test_no_loop(server, c):
    t = server.client(resp=3)
    t("CLIENT", "TRACKING", "ON", "NOLOOP")
    t("GET", "k")
    t("SET", "k", "1")
    silent(t)
    t("GET", "k")
    c("SET", "k", "2")
    assert t.read() == push("k")


def test_what_is_read_inside_a_transaction_counts(t, c):
    t("MULTI")
    t("GET", "k")
    assert t("EXEC") == [None]
    c("SET", "k", "1")
    assert t.read() == push("k")


def test_expiry(t, c):
    c("SET", "k", "1", "PX", "50")
    t("GET", "k")
    assert t.read() == push("k")
    assert c("EXISTS", "k") == 0


@keel_only
def test_eviction(server, t, c):
    c("SET", "k", "1")
    t("GET", "k")
    c("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    c("CONFIG", "SET", "maxmemory", "1")
    assert t.read() == push("k")
    c("CONFIG", "SET", "maxmemory", "0")


@pytest.mark.parametrize("words", [("FLUSHALL",), ("FLUSHDB",), ("FLUSHALL", "ASYNC")], ids=" ".join)
def test_a_flush_is_told_to_all(server, t, c, words):
    other = server.client(resp=3)
    other("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "nothing")
    c("SET", "k", "1")
    t("GET", "k")
    c(*words)
    assert t.read() == ALL
    assert other.read() == ALL
    c("SET", "k", "2")
    silent(t)
    assert t("GET", "k") == b"2"
    c("SET", "k", "3")
    assert t.read() == push("k")


@keel_only
def test_a_swap_is_told_to_all(t, c):
    t("GET", "k")
    c("SWAPDB", "0", "1")
    assert t.read() == ALL


def test_off(t, c):
    t("GET", "k")
    assert t("CLIENT", "TRACKING", "OFF") == "OK"
    c("SET", "k", "1")
    silent(t)
    assert info(t)[b"flags"] == [b"off"]


@pytest.mark.parametrize("change", [("SET", "k", "2"), ("FLUSHALL",)])
def test_what_changed_while_nobody_tracks_is_not_told_later(t, c, change):
    c("SET", "k", "1")
    t("GET", "k")
    t("CLIENT", "TRACKING", "OFF")
    c(*change)
    assert info_of(c)["tracking_total_keys"] == "0"
    t("CLIENT", "TRACKING", "ON")
    c("SET", "k", "3")
    silent(t)


def test_reset_turns_it_off(server, t, c):
    t("GET", "k")
    t("RESET")
    assert t("CLIENT", "GETREDIR") == -1
    c("SET", "k", "1")
    silent(t)


def test_resp2_without_redirection_hears_nothing(server, c):
    t = server.client()
    assert t("CLIENT", "TRACKING", "ON") == "OK"
    t("GET", "k")
    c("SET", "k", "1")
    silent(t)


# --- opting ---

def test_opt_in(server, c):
    t = server.client(resp=3)
    t("CLIENT", "TRACKING", "ON", "OPTIN")
    t("GET", "a")
    t("CLIENT", "CACHING", "YES")
    assert info(t)[b"flags"] == [b"on", b"optin", b"caching-yes"]
    t("GET", "b")
    assert info(t)[b"flags"] == [b"on", b"optin"]
    t("GET", "d")
    c("MSET", "a", "1", "b", "1", "d", "1")
    assert t.read() == push("b")
    silent(t)


def test_opt_in_for_a_whole_transaction(server, c):
    t = server.client(resp=3)
    t("CLIENT", "TRACKING", "ON", "OPTIN")
    t("CLIENT", "CACHING", "YES")
    for words in (("MULTI",), ("GET", "a"), ("GET", "b"), ("EXEC",), ("GET", "d")):
        t(*words)
    c("SET", "a", "1")
    c("SET", "b", "1")
    c("SET", "d", "1")
    assert [t.read(), t.read()] == [push("a"), push("b")]
    silent(t)


def test_opt_out(server, c):
    t = server.client(resp=3)
    t("CLIENT", "TRACKING", "ON", "OPTOUT")
    t("CLIENT", "CACHING", "NO")
    t("GET", "a")
    t("GET", "b")
    c("SET", "a", "1")
    c("SET", "b", "1")
    assert t.read() == push("b")
    silent(t)


# --- broadcasting ---

def broadcast(server, *options, resp=3):
    client = server.client(resp=resp)
    assert client("CLIENT", "TRACKING", "ON", "BCAST", *options) == "OK"
    return client


def test_prefixes(server, c):
    t = broadcast(server, "PREFIX", "user:", "PREFIX", "object:")
    c("SET", "user:1", "x")
    assert t.read() == push("user:1")
    c("SET", "object:1", "x")
    assert t.read() == push("object:1")
    c("SET", "use", "x")
    silent(t)


def test_no_prefix_means_all(server, c):
    t = broadcast(server)
    c("SET", "anything", "x")
    assert t.read() == push("anything")


def test_the_changes_of_one_turn_come_together(server, c):
    t = broadcast(server)
    c("MSET", "a", "1", "b", "2", "d", "3")
    message = t.read()
    assert sorted(message[1]) == [b"a", b"b", b"d"]
    silent(t)


@keel_only
def test_many_changes_of_one_command_do_not_pile_up(server, c):
    t = broadcast(server, "PREFIX", "user:")
    c("EVAL", "for i = 1, 100000 do redis.call('set', 'user:' .. i, '') end", "0")
    keys, most = set(), 0
    while len(keys) < 100_000:
        message = t.read()
        keys.update(message[1])
        most = max(most, len(message[1]))
    assert most < 20_000
    silent(t)


@keel_only
def test_a_listener_that_does_not_read_is_ended_in_the_middle_of_a_script(start):
    def most_resident_mb():
        with open("/proc/%d/status" % server.process.pid) as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) // 1024

    server = start({"client-output-buffer-limit": "normal 4mb 0 0"})
    with server.client(timeout=60) as c:
        t = broadcast(server)
        before = most_resident_mb()
        c("EVAL", "for i = 1, 500000 do redis.call('set', ('x'):rep(100) .. i, '') redis.call('del', ('x'):rep(100) .. i) end", "0")
        assert info_of(c, "clients")["tracking_clients"] == "0"
        if not SANITIZED:
            assert most_resident_mb() - before < 60
        t.close()


@keel_only
def test_readers_who_are_gone_are_forgotten(server, c):
    for _ in range(300):
        with server.client(resp=3) as client:
            client("CLIENT", "TRACKING", "ON")
            client("GET", "same")
    assert int(info_of(c, "stats")["tracking_total_items"]) < 150


def test_broadcast_without_own_changes(server, c):
    t = broadcast(server, "NOLOOP")
    t("SET", "mine", "1")
    silent(t)
    c("SET", "yours", "1")
    assert t.read() == push("yours")


def test_two_listeners_of_one_prefix(server, c):
    a, b = broadcast(server, "PREFIX", "x"), broadcast(server, "PREFIX", "x", "NOLOOP")
    b("SET", "x1", "1")
    assert a.read() == push("x1")
    silent(b)
    b.socket.close()
    wait_for(lambda: info_of(c, "clients")["tracking_clients"] == "1", what="the listener to be forgotten")
    c("SET", "x2", "1")
    assert a.read() == push("x2")


def test_prefixes_can_be_added(server, c):
    t = broadcast(server, "PREFIX", "a")
    assert t("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "b") == "OK"
    assert info(t)[b"prefixes"] == [b"a", b"b"]
    c("SET", "b1", "1")
    assert t.read() == push("b1")
    c("SET", "a1", "1")
    assert t.read() == push("a1")


# --- redirection ---

def redirected(server):
    """A RESP2 client that tracks, and the one that is told."""
    told = server.client()
    number = told("CLIENT", "ID")
    told("SUBSCRIBE", "__redis__:invalidate")
    t = server.client()
    assert t("CLIENT", "TRACKING", "ON", "REDIRECT", str(number)) == "OK"
    assert t("CLIENT", "GETREDIR") == number
    return t, told, number


def test_redirection(server, c):
    t, told, number = redirected(server)
    t("GET", "k")
    c("SET", "k", "1")
    assert told.read() == [b"message", b"__redis__:invalidate", [b"k"]]
    c("FLUSHALL")
    assert told.read() == [b"message", b"__redis__:invalidate", None]
    assert info_pairs(t)[b"redirect"] == number


def info_pairs(client):
    flat = client("CLIENT", "TRACKINGINFO")
    return dict(zip(flat[::2], flat[1::2]))


def test_redirection_to_a_resp3_client(server, c):
    told = server.client(resp=3)
    t = server.client()
    t("CLIENT", "TRACKING", "ON", "REDIRECT", str(told("CLIENT", "ID")))
    t("GET", "k")
    c("SET", "k", "1")
    assert told.read() == push("k")


def test_a_broken_redirection_is_told(server, c):
    told = server.client()
    number = told("CLIENT", "ID")
    t = server.client(resp=3)
    t("CLIENT", "TRACKING", "ON", "REDIRECT", str(number))
    t("GET", "k")
    told.socket.close()
    wait_for(lambda: b"id=%d " % number not in c("CLIENT", "LIST"), what="the client to be gone")
    c("SET", "k", "1")
    assert t.read() == Push([b"tracking-redir-broken", number])
    assert b"broken_redirect" in info(t)[b"flags"]
    line = next(l for l in c("CLIENT", "LIST").decode().splitlines() if "redir=%d" % number in l)
    assert "R" in line.split(" flags=")[1].split()[0]


# --- the rest ---

@pytest.mark.parametrize("words, text", [
    (("maybe",), "ERR syntax error"), (("on", "NOSUCH"), "ERR syntax error"), (("on", "REDIRECT"), "ERR syntax error"),
    (("on", "REDIRECT", "x"), "ERR value is not an integer or out of range"),
    (("on", "REDIRECT", "999999"), "ERR The client ID you want redirect to does not exist"),
    (("on", "PREFIX", "a"), "ERR PREFIX option requires BCAST mode to be enabled"),
    (("on", "BCAST", "OPTIN"), "ERR OPTIN and OPTOUT are not compatible with BCAST"),
    (("on", "OPTIN", "OPTOUT"), "ERR You can't specify both OPTIN mode and OPTOUT mode"),
    (("on", "BCAST", "PREFIX", "a", "PREFIX", "ab"),
     "ERR Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single client must not overlap."),
])
def test_wrong_options(c, words, text):
    assert c("CLIENT", "TRACKING", *words) == Error(text)
    assert c("CLIENT", "GETREDIR") == -1


def test_modes_cannot_be_switched(server, c):
    t = broadcast(server, "PREFIX", "a")
    assert t("CLIENT", "TRACKING", "ON").startswith("ERR You can't switch BCAST mode on/off")
    assert t("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "abc") == Error(
        "ERR Prefix 'abc' overlaps with an existing prefix 'a'. Prefixes for a single client must not overlap.")
    c("CLIENT", "TRACKING", "ON", "OPTIN")
    assert c("CLIENT", "TRACKING", "ON", "OPTOUT").startswith("ERR You can't switch OPTIN/OPTOUT mode")
    assert c("CLIENT", "CACHING", "NO") == Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
    c("CLIENT", "TRACKING", "OFF")
    assert c("CLIENT", "CACHING", "YES").startswith("ERR CLIENT CACHING can be called only when")


def test_the_table_has_a_bound(server, t, c):
    c("CONFIG", "SET", "tracking-table-max-keys", "10")
    c.pipeline([("SET", "k%d" % i, "v") for i in range(100)])
    for i in range(100):
        t.send("GET", "k%d" % i)
    told = replies = 0
    while replies < 100 or told < 90:
        if isinstance(t.read(), Push):
            told += 1
        else:
            replies += 1
    wait_for(lambda: int(info_of(c, "stats")["tracking_total_keys"]) <= 10, what="the table to shrink")
    c("CONFIG", "SET", "tracking-table-max-keys", "1000000")


def test_figures(server, c):
    a, b = server.client(resp=3), server.client(resp=3)
    for client in (a, b):
        client("CLIENT", "TRACKING", "ON")
        client("GET", "k1")
    a("GET", "k2")
    kept = broadcast(server, "PREFIX", "x", "PREFIX", "y")
    stats = info_of(c, "stats")
    assert [stats["tracking_total_" + name] for name in ("keys", "items", "prefixes")] == ["2", "3", "2"]
    assert info_of(c, "clients")["tracking_clients"] == "3"
    c("FLUSHALL")
    assert info_of(c, "stats")["tracking_total_keys"] == "0"
    a("CLIENT", "TRACKING", "OFF")
    assert info_of(c, "clients")["tracking_clients"] == "2"
    kept.socket.close()


def test_many_keys_and_a_flush(server, t, c):
    keys = ["key:%d" % i for i in range(20_000)]
    t.pipeline([("GET", key) for key in keys])
    c("FLUSHALL")
    assert t.read() == ALL
    t("GET", keys[5])
    c("SET", keys[5], "1")
    c("SET", keys[6], "1")
    assert t.read() == push(keys[5])
    silent(t)
    assert c("PING") == "PONG"


def test_a_client_that_ends_while_it_is_told(server, c):
    readers = [broadcast(server) for _ in range(5)] + [server.client(resp=3) for _ in range(5)]
    for reader in readers[5:]:
        reader("CLIENT", "TRACKING", "ON")
        reader("GET", "k")
    for reader in readers[::2]:
        reader.socket.close()
    for i in range(20):
        c("SET", "k", str(i))
        time.sleep(0.005)
    assert readers[1].read() == push("k")
    assert c("PING") == "PONG"
