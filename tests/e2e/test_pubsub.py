# SPDX-License-Identifier: BSD-3-Clause
"""Publish and subscribe, and keyspace events, as a client sees them."""
import os
import time

import pytest

from keel import PATIENCE, SANITIZED, keel_only, wait_for
from resp import Error, Push


@pytest.fixture(scope="module")
def hub():
    import keel
    server = keel.Server(config={"notify-keyspace-events": "KEA"})
    yield server
    wrong = server.stop()
    assert not wrong, wrong


@pytest.fixture
def two(hub):
    """A subscriber-to-be and a publisher."""
    with hub.client() as subscriber, hub.client() as publisher:
        yield subscriber, publisher


@pytest.fixture
def three(hub):
    with hub.client(resp=3) as subscriber, hub.client() as publisher:
        yield subscriber, publisher


def confirmations(c, *words):
    """The confirmations of a command that names len(words) - 1 topics."""
    c.send(*words)
    return [c.read() for _ in range(max(1, len(words) - 1))]


def gone(publisher, channel):
    wait_for(lambda: publisher("PUBSUB", "NUMSUB", channel) == [channel.encode(), 0], what="no subscribers of " + channel)


# --- subscribing ---

def test_each_name_is_confirmed_with_the_count(two):
    c, _ = two
    assert confirmations(c, "SUBSCRIBE", "x", "y", "x") == [
        [b"subscribe", b"x", 1], [b"subscribe", b"y", 2], [b"subscribe", b"x", 2]]
    assert confirmations(c, "PSUBSCRIBE", "p*") == [[b"psubscribe", b"p*", 3]]
    assert confirmations(c, "SSUBSCRIBE", "s") == [[b"ssubscribe", b"s", 1]]
    assert confirmations(c, "UNSUBSCRIBE", "x", "nothing") == [[b"unsubscribe", b"x", 2], [b"unsubscribe", b"nothing", 2]]
    assert confirmations(c, "UNSUBSCRIBE") == [[b"unsubscribe", b"y", 1]]
    assert confirmations(c, "UNSUBSCRIBE") == [[b"unsubscribe", None, 1]]
    assert confirmations(c, "PUNSUBSCRIBE") == [[b"punsubscribe", b"p*", 0]]
    assert confirmations(c, "SUNSUBSCRIBE") == [[b"sunsubscribe", b"s", 0]]
    assert confirmations(c, "SUNSUBSCRIBE") == [[b"sunsubscribe", None, 0]]
    assert c("PING") == "PONG"  # a client like others again


def test_giving_up_all_at_once(two):
    c, _ = two
    names = ["n%d" % i for i in range(100)]
    confirmations(c, "SUBSCRIBE", *names)
    c.send("UNSUBSCRIBE")
    replies = [c.read() for _ in names]
    assert {r[1].decode() for r in replies} == set(names)
    assert [r[2] for r in replies] == list(range(99, -1, -1))


def test_a_resp2_subscriber_may_only_do_little(two):
    c, _ = two
    confirmations(c, "SUBSCRIBE", "x")
    assert c("GET", "k") == Error("ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                                  "RESET are allowed in this context")
    assert c("PING") == [b"pong", b""]
    assert c("PING", "hi") == [b"pong", b"hi"]
    assert c("RESET") == "RESET"
    assert c("GET", "k") is None


def test_a_resp3_subscriber_may_do_all(three):
    c, publisher = three
    assert confirmations(c, "SUBSCRIBE", "x") == [Push([b"subscribe", b"x", 1])]
    assert c("GET", "nosuch") is None
    assert c("PING") == "PONG"
    publisher("PUBLISH", "x", "m")
    assert c.read() == Push([b"message", b"x", b"m"])


def test_arity(two):
    _, c = two
    for words in (["SUBSCRIBE"], ["PSUBSCRIBE"], ["SSUBSCRIBE"], ["PUBLISH", "x"], ["PUBLISH", "x", "y", "z"], ["SPUBLISH", "x"]):
        assert c(*words) == Error("ERR wrong number of arguments for '%s' command" % words[0].lower())
    assert c("PUBSUB", "NUMPAT", "x") == Error("ERR wrong number of arguments for 'pubsub|numpat' command")
    assert c("PUBSUB", "CHANNELS", "a", "b") == Error(
        "ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.")
    assert c("PUBSUB", "NOSUCH") == Error("ERR unknown subcommand 'NOSUCH'. Try PUBSUB HELP.")


# --- messages ---

@pytest.mark.parametrize("resp", [2, 3])
def test_messages_are_bytes_on_the_wire(hub, resp):
    with hub.client(resp=resp) as c, hub.client() as publisher:
        mark = b"*" if resp == 2 else b">"
        c.send("SUBSCRIBE", "x")
        assert c.raw() == mark + b"3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n"
        c.send("PSUBSCRIBE", "?")
        c.raw()
        c.send("SSUBSCRIBE", "x")
        c.raw()
        assert publisher("PUBLISH", "x", b"a\r\n\0") == 2
        assert c.raw() == mark + b"3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$4\r\na\r\n\0\r\n"
        assert c.raw() == mark + b"4\r\n$8\r\npmessage\r\n$1\r\n?\r\n$1\r\nx\r\n$4\r\na\r\n\0\r\n"
        assert publisher("SPUBLISH", "x", "") == 1
        assert c.raw() == mark + b"3\r\n$8\r\nsmessage\r\n$1\r\nx\r\n$0\r\n\r\n"


def test_every_matching_pattern_counts(two):
    c, publisher = two
    confirmations(c, "PSUBSCRIBE", "n*", "*s", "news", "[a-c]*", "n?ws")
    assert publisher("PUBLISH", "news", "m") == 4
    assert sorted(c.read()[1] for _ in range(4)) == [b"*s", b"n*", b"n?ws", b"news"]
    assert publisher("PUBLISH", "other", "m") == 0


def test_messages_of_a_pipeline_keep_their_order(two):
    c, publisher = two
    confirmations(c, "SUBSCRIBE", "x")
    assert publisher.pipeline([("PUBLISH", "x", str(i)) for i in range(1000)]) == [1] * 1000
    assert [c.read()[2] for _ in range(1000)] == [str(i).encode() for i in range(1000)]


def test_a_large_message_reaches_all(hub):
    large = os.urandom(3 << 20)
    clients = [hub.client(resp=2 + i % 2) for i in range(6)]
    for c in clients:
        confirmations(c, "SUBSCRIBE", "big")
    with hub.client() as publisher:
        assert publisher("PUBLISH", "big", large) == 6
        for c in clients:
            assert c.read()[2] == large
            c.close()
        gone(publisher, "big")


@keel_only  # redis-server 7.0 puts the message in front of the reply; newer ones behind it
def test_own_messages_come_behind_the_reply(three):
    c, _ = three
    confirmations(c, "SUBSCRIBE", "self")
    c.send("PUBLISH", "self", "m")
    assert c.read() == 1
    assert c.read() == Push([b"message", b"self", b"m"])


# --- looking ---

def test_pubsub_tells_who_listens(hub, two):
    c, publisher = two
    with hub.client() as other:
        confirmations(c, "SUBSCRIBE", "look:1", "look:2")
        confirmations(other, "SUBSCRIBE", "look:1")
        confirmations(c, "PSUBSCRIBE", "look:*", "more:*")
        confirmations(other, "PSUBSCRIBE", "look:*")
        confirmations(c, "SSUBSCRIBE", "look:s")
        assert sorted(publisher("PUBSUB", "CHANNELS", "look:*")) == [b"look:1", b"look:2"]
        assert publisher("PUBSUB", "CHANNELS", "*:2") == [b"look:2"]
        assert {b"look:1", b"look:2"} <= set(publisher("PUBSUB", "CHANNELS"))
        assert publisher("PUBSUB", "NUMSUB") == []
        assert publisher("PUBSUB", "NUMSUB", "look:1", "none", "look:2") == [b"look:1", 2, b"none", 0, b"look:2", 1]
        assert publisher("PUBSUB", "NUMPAT") == 2
        assert publisher("PUBSUB", "SHARDCHANNELS") == [b"look:s"]
        assert publisher("PUBSUB", "SHARDCHANNELS", "x*") == []
        assert publisher("PUBSUB", "SHARDNUMSUB", "look:s", "look:1") == [b"look:s", 1, b"look:1", 0]
        assert publisher("PUBSUB", "HELP")[0].startswith("PUBSUB <subcommand>")


@pytest.mark.parametrize("how", ["close", "quit", "reset"])
def test_whoever_leaves_is_forgotten(hub, how):
    with hub.client() as c, hub.client() as publisher:
        confirmations(c, "SUBSCRIBE", "leave")
        confirmations(c, "PSUBSCRIBE", "leav*")
        confirmations(c, "SSUBSCRIBE", "leave")
        assert publisher("PUBLISH", "leave", "m") == 2
        if how == "close":
            c.close()
        else:
            c.send(how)
        gone(publisher, "leave")
        assert publisher("PUBSUB", "NUMPAT") == 0
        assert publisher("PUBSUB", "SHARDCHANNELS") == []
        assert publisher("PUBLISH", "leave", "m") == 0


def test_many_come_and_go(hub):
    with hub.client() as publisher:
        for _ in range(5):
            clients = [hub.client() for _ in range(40)]
            for i, c in enumerate(clients):
                confirmations(c, "SUBSCRIBE", *["room:%d" % (j % 7) for j in range(i, i + 3)])
            for c in clients[::2]:
                c.close()
            wait_for(lambda: publisher("PUBLISH", "room:0", "m") < 18, what="half of them to be gone")
            for c in clients[1::2]:
                c.close()
            gone(publisher, "room:0")
        wait_for(lambda: publisher("PUBSUB", "CHANNELS", "room:*") == [], what="no rooms")


# --- a subscriber who does not read ---

def peak_bytes(pid):
    """The most memory the process ever had."""
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("VmHWM:"))


def test_a_subscriber_that_does_not_read_is_closed_at_its_limit(start):
    server = start({"client-output-buffer-limit": "pubsub 4mb 0 0"})
    with server.client() as c, server.client() as publisher:
        confirmations(c, "SUBSCRIBE", "x")
        message = b"m" * 100_000
        sent = 0
        while publisher("PUBLISH", "x", message) == 1:
            sent += 1
            assert sent < 1000, "100 MB for one who does not read"
        assert sent * len(message) > 4 << 20  # its limit, and what the kernel took
        gone(publisher, "x")
        assert publisher("PUBLISH", "x", message) == 0


@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps freed memory for a while")
@keel_only  # the peers grow by all that one batch of requests publishes
def test_memory_stays_below_the_limit_whatever_is_published(start):
    server = start({"client-output-buffer-limit": "pubsub 8mb 0 0"})
    with server.client() as publisher:
        message = b"m" * (1 << 20)
        publisher.pipeline([("PUBLISH", "x", message)] * 64)
        before = peak_bytes(server.pid)
        clients = [server.client() for _ in range(5)]
        for c in clients:
            confirmations(c, "SUBSCRIBE", "x")
        replies = publisher.pipeline([("PUBLISH", "x", message)] * 300)
        assert replies[0] == 5 and replies[-1] == 0
        gone(publisher, "x")
        assert peak_bytes(server.pid) - before < (8 + 24) << 20  # what they wait for is shared
        for c in clients:
            c.close()


# --- keyspace events ---

def test_key_events(two):
    c, writer = two
    confirmations(c, "SUBSCRIBE", "__keyspace@0__:ev", "__keyevent@0__:set")
    writer("SET", "ev", "1")
    assert c.read() == [b"message", b"__keyspace@0__:ev", b"set"]
    assert c.read() == [b"message", b"__keyevent@0__:set", b"ev"]
    writer("SELECT", "1")
    writer("SET", "ev", "1")
    writer("SELECT", "0")
    writer("SET", "other", "1")
    assert c.read() == [b"message", b"__keyevent@0__:set", b"other"]


def test_expiry_is_told_when_it_is_due(two):
    c, writer = two
    confirmations(c, "SUBSCRIBE", "__keyevent@0__:expired")
    for ms in (20, 60, 110):
        began = time.monotonic()
        writer("SET", "brief", "1", "PX", ms)
        assert c.read() == [b"message", b"__keyevent@0__:expired", b"brief"]
        took_ms = (time.monotonic() - began) * 1000
        assert ms - 5 <= took_ms < ms + 150 * PATIENCE


@pytest.mark.parametrize("flags, expected", [
    ("KEA", [b"__keyspace@0__:k set", b"__keyevent@0__:set k"]),
    ("K$", [b"__keyspace@0__:k set"]),
    ("E$", [b"__keyevent@0__:set k"]),
    ("Kg", []),
    ("A", []),
])
def test_only_what_is_asked_for(start, flags, expected):
    server = start({"notify-keyspace-events": flags})
    with server.client() as c, server.client() as writer:
        confirmations(c, "PSUBSCRIBE", "__key*")
        writer("SET", "k", "1")
        writer("PUBLISH", "__key:end", "x")
        got = []
        while True:
            _, _, channel, text = c.read()
            if channel == b"__key:end":
                break
            got.append(channel + b" " + text)
        assert got == expected


def test_new_keys_and_misses_only_when_named(start):
    server = start({"notify-keyspace-events": "Enm"})
    with server.client() as c, server.client() as writer:
        confirmations(c, "PSUBSCRIBE", "__key*")
        writer("SET", "k", "1")
        writer("SET", "k", "2")
        writer("GET", "nosuch")
        assert c.read() == [b"pmessage", b"__key*", b"__keyevent@0__:new", b"k"]
        assert c.read() == [b"pmessage", b"__key*", b"__keyevent@0__:keymiss", b"nosuch"]
