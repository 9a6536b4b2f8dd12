# SPDX-License-Identifier: BSD-3-Clause
"""MIGRATE: keys that move to another server, keel or redis-server, while this one goes on serving."""
import contextlib
import socket
import threading
import time

import pytest

import data
import keel
from keel import PATIENCE, free_port, keel_only, plain_only, wait_for
from resp import Error, encode

# Targets are reached without TLS.
pytestmark = plain_only

needs_peer = pytest.mark.skipif(not keel.PEER, reason="no redis-server to move keys to")
READING = Error("IOERR error or timeout reading to target instance")
WRITING = Error("IOERR error or timeout writing to target instance")
CONNECTING = Error("IOERR error or timeout connecting to the client")


def migrate(c, target, key, *options, db=0, timeout=5000):
    return c("MIGRATE", "127.0.0.1", getattr(target, "port", target), key, db, timeout * PATIENCE, *options)


@pytest.fixture
def target(start):
    return start()


@pytest.fixture
def t(target):
    with target.client() as client:
        yield client


class Listener:
    """A target of our own. It hands out what it was sent, and answers as told."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(10 * PATIENCE)
        self.port = self.socket.getsockname()[1]
        self.peer = None
        self.got = b""

    def accept(self):
        self.peer = self.socket.accept()[0]
        self.peer.settimeout(10 * PATIENCE)
        self.got = b""
        return self

    def expect(self, *words):
        """Reads up to the end of a request that begins with these words; returns all its words."""
        request = self.request()
        assert [w.upper() for w in request[:len(words)]] == [w.encode() for w in words], request
        return request

    def line(self):
        while b"\r\n" not in self.got:
            more = self.peer.recv(65536)
            assert more, "closed"
            self.got += more
        line, self.got = self.got.split(b"\r\n", 1)
        return line

    def request(self):
        words = []
        for _ in range(int(self.line()[1:])):
            size = int(self.line()[1:])
            while len(self.got) < size + 2:
                more = self.peer.recv(1 << 20)
                assert more, "closed"
                self.got += more
            words.append(self.got[:size])
            self.got = self.got[size + 2:]
        return words

    def say(self, text):
        self.peer.sendall(text)

    def close(self):
        for s in (self.peer, self.socket):
            if s:
                s.close()


@pytest.fixture
def listener():
    one = Listener()
    yield one
    one.close()


@contextlib.contextmanager
def migrating(server, target, key, *options, timeout=60000):
    """A client whose MIGRATE waits for the target."""
    with server.client() as client:
        client.send("MIGRATE", "127.0.0.1", target.port, key, "0", timeout, *options)
        yield client


# --- moving ---

def test_a_key_moves(c, t, target):
    c("SET", "k", "v")
    assert migrate(c, target, "k") == "OK"
    assert c("EXISTS", "k") == 0
    assert t("GET", "k") == b"v"
    assert t("TTL", "k") == -1
    assert migrate(c, target, "k") == "NOKEY"
    assert migrate(c, target, "", "KEYS", "k", "l") == "NOKEY"
    assert migrate(c, target, "", "KEYS") == "NOKEY"


def test_copy_and_replace(c, t, target):
    c("SET", "k", "new"), t("SET", "k", "old")
    busy = Error("ERR Target instance replied with error: BUSYKEY Target key name already exists.")
    assert migrate(c, target, "k") == busy
    assert migrate(c, target, "k", "COPY") == busy
    assert c("GET", "k") == b"new" and t("GET", "k") == b"old"
    assert migrate(c, target, "k", "COPY", "REPLACE") == "OK"
    assert c("GET", "k") == b"new" and t("GET", "k") == b"new"
    c("SET", "k", "newer")
    assert migrate(c, target, "k", "replace") == "OK"
    assert c("EXISTS", "k") == 0 and t("GET", "k") == b"newer"


def test_databases(c, t, target):
    c("SELECT", "2"), c("SET", "k", "v")
    assert migrate(c, target, "k", db=3) == "OK"
    c("SELECT", "0")
    t("SELECT", "3")
    assert t("GET", "k") == b"v"
    c("SET", "k", "v")
    assert migrate(c, target, "k", db=99) == Error("ERR Target instance replied with error: ERR DB index is out of range")
    assert c("GET", "k") == b"v"
    t("SELECT", "0")
    assert t("DBSIZE") == 0  # and not in another database either


def test_deadlines_move_with_their_keys(c, t, target):
    c("SET", "k", "v", "PX", "50000")
    c("SET", "due", "v", "PX", "1")
    time.sleep(0.01)
    assert migrate(c, target, "", "KEYS", "k", "due") == "OK"
    assert 40000 < t("PTTL", "k") <= 50000
    assert t("EXISTS", "due") == 0


@keel_only  # the peer loses the key
@pytest.mark.parametrize("to", ["keel", pytest.param("redis", marks=needs_peer)])
def test_deadlines_in_the_furthest_future_move_too(c, start, to):
    """What is left of them and the target's clock make more than the largest number, if that clock is ahead."""
    last = 2 ** 63 - 1
    other = start(binary=None if to == "keel" else keel.PEER)
    with other.client() as t:
        for at in (last, last - 1, last - 1000, last - int(time.time() * 1000), last - 2 ** 50, last - 2 ** 50 - 1, 2 ** 62, 2 ** 51):
            for options in ((), ("REPLACE",), ("COPY", "REPLACE")):
                assert c("SET", "k", "v") == "OK" and c("PEXPIREAT", "k", at) == 1
                assert migrate(c, other, "k", *options) == "OK"
                assert t("GET", "k") == b"v" and abs(t("PEXPIRETIME", "k") - at) < 30_000, at
                t("DEL", "k")


def test_many_keys(c, t, target):
    for i in range(3000):
        c.send("SET", "k:%d" % i, "x" * (i % 700))
    for _ in range(3000):
        c.read()
    keys = ["k:%d" % i for i in range(3000)]
    assert migrate(c, target, "", "KEYS", "nothing", *keys) == "OK"
    assert c("DBSIZE") == 0
    assert t("DBSIZE") == 3000
    assert t("STRLEN", "k:699") == 699


@keel_only
def test_a_key_that_is_named_twice(c, t, target):
    """Redis sends it twice, and tells that the target was busy."""
    c("SET", "k", "v")
    assert migrate(c, target, "", "KEYS", "k", "k") == "OK"
    assert t("GET", "k") == b"v"


def test_some_keys_are_refused(c, t, target):
    c("MSET", "a", "1", "b", "2", "c", "3")
    t("SET", "b", "there")
    assert migrate(c, target, "", "KEYS", "a", "b", "c").startswith("ERR Target instance replied with error: BUSYKEY")
    assert c("MGET", "a", "b", "c") == [None, b"2", None]
    assert t("MGET", "a", "b", "c") == [b"1", b"there", b"3"]


def test_arguments(c):
    c("SET", "k", "v")
    syntax, number = Error("ERR syntax error"), Error("ERR value is not an integer or out of range")
    beside = Error("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string")
    assert c("MIGRATE", "h", "1", "k", "x", "10") == number
    assert c("MIGRATE", "h", "1", "k", "0", "x") == number
    for options in (["foo"], ["auth"], ["auth2", "x"], ["copy", "x"], ["replace", "auth2"]):
        assert c("MIGRATE", "h", "1", "k", "0", "10", *options) == syntax
    assert c("MIGRATE", "h", "1", "k", "0", "10", "keys", "a") == beside
    assert c("COMMAND", "GETKEYS", "MIGRATE", "h", "1", "", "0", "10", "copy", "keys", "a", "b") == [b"a", b"b"]
    assert c("COMMAND", "GETKEYS", "MIGRATE", "h", "1", "k", "0", "10", "auth", "keys") == [b"k"]


@keel_only
def test_to_itself(server, c):
    """Redis waits for itself, until the time is over."""
    c("SET", "k", "v")
    assert migrate(c, server, "k", db=5) == "OK"
    c("SELECT", "5")
    assert c("GET", "k") == b"v"
    assert migrate(c, server, "k", db=5).startswith("ERR Target instance replied with error: BUSYKEY")
    assert "was changed each of the 8 times" in migrate(c, server, "k", "REPLACE", db=5)
    assert c("GET", "k") == b"v"
    c("DEL", "k"), c("SELECT", "0")


# --- what is told of it here ---

def test_who_is_told(server, c, target):
    c("CONFIG", "SET", "notify-keyspace-events", "EA")
    c("SET", "k", "v")
    with server.client() as watcher, server.client() as listening:
        watcher("WATCH", "k")
        listening("SUBSCRIBE", "__keyevent@0__:del")
        assert migrate(c, target, "k") == "OK"
        assert listening.read()[2] == b"k"
        watcher("MULTI"), watcher("PING")
        assert watcher("EXEC") is None


def test_passwords(start, c, server):
    locked = start({"requirepass": "secret"})
    with locked.client() as t:
        t("AUTH", "secret")
        t("ACL", "SETUSER", "bob", "on", ">pw", "~*", "+@all")
        c("CONFIG", "SET", "slowlog-log-slower-than", "0")
        c("MSET", "a", "1", "b", "2", "c", "3")
        assert migrate(c, locked, "a").startswith("ERR Target instance replied with error: NOAUTH")
        assert migrate(c, locked, "a", "AUTH", "wrong").startswith("ERR Target instance replied with error: WRONGPASS")
        assert migrate(c, locked, "a", "AUTH2", "bob", "x").startswith("ERR Target instance replied with error: WRONGPASS")
        assert c("EXISTS", "a") == 1
        assert migrate(c, locked, "a", "AUTH", "secret") == "OK"
        assert migrate(c, locked, "", "AUTH2", "bob", "pw", "KEYS", "b") == "OK"
        assert t("MGET", "a", "b", "c") == [b"1", b"2", None]
        if not keel.IS_PEER:  # a connection that is kept serves nobody who does not know the password
            assert migrate(c, locked, "c").startswith("ERR Target instance replied with error: NOAUTH")
        log = b" ".join(word for entry in c("SLOWLOG", "GET", "-1") for word in entry[3])
        assert b"secret" not in log and b"pw" not in log


# --- connections ---

def kept(server):
    return int(server.info("stats")["migrate_cached_sockets"])


def test_a_connection_is_used_again(server, c, target):
    def connections():
        return int(target.info("stats")["total_connections_received"])

    c("MSET", "a", "1", "b", "2")
    assert migrate(c, target, "a") == "OK"
    before, open_now = connections(), kept(server)
    assert open_now >= 1
    assert migrate(c, target, "b") == "OK"
    assert connections() == before + 1  # that of INFO
    assert kept(server) == open_now


def test_a_kept_connection_that_was_closed_is_no_trouble(c, t, target):
    c("MSET", "a", "1", "b", "2")
    assert migrate(c, target, "a") == "OK"
    t("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert migrate(c, target, "b") == "OK"
    assert t("MGET", "a", "b") == [b"1", b"2"]


@keel_only
def test_kept_connections_end(server, c, target):
    c("SET", "a", "1")
    assert migrate(c, target, "a") == "OK"
    assert kept(server) >= 1
    wait_for(lambda: kept(server) == 0, 15, 0.5)


def test_nobody_there(c):
    c("SET", "k", "v")
    assert migrate(c, free_port(), "k") == WRITING
    assert migrate(c, "nonsense", "k") in (WRITING, CONNECTING)
    assert c("MIGRATE", "no-such-host.invalid", "1", "k", "0", "5000") == CONNECTING
    assert c("GET", "k") == b"v"


def test_by_name(c, t, target):
    c("SET", "k", "v")
    assert c("MIGRATE", "localhost", target.port, "k", "0", "5000") == "OK"
    assert t("GET", "k") == b"v"


# --- a target that is slow, or gone ---

@keel_only
def test_others_are_served_while_the_target_is_silent(server, c, listener):
    c("MSET", "k", "v", "x", "y")
    with migrating(server, listener, "k", timeout=400 * PATIENCE) as client:
        client.send("GET", "x")
        begun = time.monotonic()
        listener.accept().expect("SELECT")
        assert c("GET", "k") == b"v"  # not gone before it is there
        assert time.monotonic() - begun < 0.3 * PATIENCE
        assert client.read() == READING
        assert 0.3 < time.monotonic() - begun
        assert client.read() == b"y"  # and its next command ran behind it
    assert c("GET", "k") == b"v"


@keel_only
def test_the_timeout_is_one_of_silence(server, c, listener):
    c("MSET", *[w for i in range(4) for w in ("k%d" % i, "v")])
    with migrating(server, listener, "", "KEYS", "k0", "k1", "k2", "k3", timeout=600 * PATIENCE) as client:
        listener.accept().expect("SELECT")
        listener.say(b"+OK\r\n")
        for _ in range(3):
            time.sleep(0.4 * PATIENCE)
            listener.say(b"+OK\r\n")
        assert client.read() == READING  # of the fourth
    assert c("MGET", "k0", "k1", "k2", "k3") == [None, None, None, b"v"]


@keel_only
def test_a_large_value_to_one_who_does_not_read(server, c, listener):
    c("SET", "k", "x" * 30_000_000), c("CONFIG", "SET", "rdbcompression", "no")
    with migrating(server, listener, "k", timeout=300 * PATIENCE) as client:
        listener.accept().expect("SELECT")
        listener.say(b"+OK\r\n")
        begun = time.monotonic()
        while client.socket.fileno() >= 0:
            assert c("PING") == "PONG"
            if time.monotonic() - begun > 0.2:
                break
        assert client.read() == WRITING
    assert c("STRLEN", "k") == 30_000_000


@keel_only
def test_a_target_that_goes(server, c, listener):
    c("MSET", "a", "1", "b", "2")
    with migrating(server, listener, "", "KEYS", "a", "b") as client:
        listener.accept().expect("SELECT")
        listener.say(b"+OK\r\n")
        listener.expect("RESTORE", "A")
        listener.expect("RESTORE", "B")
        listener.say(b"+OK\r\n")
        wait_for(lambda: c("EXISTS", "a") == 0)
        listener.peer.close()
        assert client.read() == READING
    assert c("MGET", "a", "b") == [None, b"2"]


def awaiting_restore(listener):
    """The target has taken the database, and is asked to take the key."""
    listener.accept().expect("SELECT")
    listener.say(b"+OK\r\n")
    listener.expect("RESTORE")


@keel_only
@pytest.mark.parametrize("nonsense", [b"+OK\r\n" * 5, b"?\r\n", b"$9999999999\r\n", b"+" + b"x" * 200000])
def test_a_target_that_talks_nonsense(server, c, listener, nonsense):
    c("SET", "k", "v")
    with migrating(server, listener, "k") as client:
        awaiting_restore(listener)
        listener.say(nonsense)
        if nonsense.startswith(b"+OK"):
            assert client.read() == "OK"
            assert c("EXISTS", "k") == 0
        else:
            assert client.read() == READING
            assert c("GET", "k") == b"v"
    assert c("PING") == "PONG"


@keel_only
@pytest.mark.parametrize("reply", [b"$-1\r\n", b":1\r\n", b"$2\r\nOK\r\n"])
def test_a_target_that_says_something_else_than_ok_does_not_get_the_key(server, c, listener, reply):
    c("SET", "k", "v")
    with migrating(server, listener, "k") as client:
        awaiting_restore(listener)
        listener.say(reply)
        assert client.read() == Error("ERR Target instance did not reply with OK")
    assert c("GET", "k") == b"v"


@keel_only
def test_no_key_goes_before_login_and_database_are_right(server, c, listener):
    c("SET", "k", "v")
    with migrating(server, listener, "k", "AUTH", "pw") as client:
        listener.accept()
        assert listener.expect("AUTH")[1:] == [b"pw"]
        listener.expect("SELECT")
        listener.say(b"+OK\r\n-ERR no such database\r\n")
        assert client.read() == Error("ERR Target instance replied with error: ERR no such database")
        assert listener.got == b""
    assert c("GET", "k") == b"v"


# --- the client, and others, meanwhile ---

@keel_only
def test_a_client_that_goes_leaves_it_to_its_end(server, c, listener):
    c("SET", "k", "v")
    with migrating(server, listener, "k") as client:
        listener.accept().expect("SELECT")
        listener.say(b"+OK\r\n")
        listener.expect("RESTORE", "K")
        client.socket.close()
    wait_for(lambda: server.info("clients")["connected_clients"] == "2")  # c, and that of INFO
    assert c("GET", "k") == b"v"
    listener.say(b"+OK\r\n")
    wait_for(lambda: c("EXISTS", "k") == 0)


def in_flight(server, listener, key, *options):
    """The parts of a migration up to where the target has the key and did not say so yet."""
    context = migrating(server, listener, key, *options)
    client = context.__enter__()
    listener.accept().expect("SELECT")
    listener.say(b"+OK\r\n")
    return context, client, listener.expect("RESTORE")


@keel_only
@pytest.mark.parametrize("change", [("SET", "k", "other"), ("APPEND", "k", "x"), ("PEXPIRE", "k", "90000")])
def test_a_key_that_is_changed_meanwhile_is_sent_again(server, c, listener, change):
    c("SET", "k", "v")
    context, client, first = in_flight(server, listener, "k")
    with contextlib.closing(client.socket):
        c(*change)
        listener.say(b"+OK\r\n")
        second = listener.expect("RESTORE", "K")
        assert second[4:] == [b"REPLACE"] and first[4:] == []
        assert second[2:4] != first[2:4]
        assert c("EXISTS", "k") == 1
        listener.say(b"+OK\r\n")
        assert client.read() == "OK"
        assert c("EXISTS", "k") == 0


@keel_only
def test_a_key_that_changes_all_the_time_stays(server, c, listener):
    c("SET", "k", "0")
    context, client, _ = in_flight(server, listener, "k")
    with contextlib.closing(client.socket):
        rounds = 1
        while True:
            c("INCR", "k")
            listener.say(b"+OK\r\n")
            if rounds == 8:
                break
            listener.expect("RESTORE", "K")
            rounds += 1
        reply = client.read()
        assert isinstance(reply, Error) and 'key "k" was changed each of the 8 times' in reply
        assert c("GET", "k") == b"8"


@keel_only
@pytest.mark.parametrize("change", [("DEL", "k"), ("FLUSHALL",), ("RENAME", "k", "l"), ("SWAPDB", "0", "1")])
def test_a_key_that_is_removed_meanwhile_is_removed_there(server, c, listener, change):
    c("SET", "k", "v")
    context, client, _ = in_flight(server, listener, "k")
    with contextlib.closing(client.socket):
        c(*change)
        listener.say(b"+OK\r\n")
        assert listener.expect("DEL")[1:] == [b"k"]
        listener.say(b":1\r\n")
        assert client.read() == "OK"


@keel_only
def test_a_key_that_comes_to_its_end_meanwhile(server, c, listener):
    c("SET", "k", "v", "PX", "300")
    context, client, sent = in_flight(server, listener, "k")
    with contextlib.closing(client.socket):
        assert 0 < int(sent[2]) <= 300
        wait_for(lambda: c("EXISTS", "k") == 0)
        listener.say(b"+OK\r\n")
        assert client.read() == "OK"
        assert listener.got == b""


@keel_only
def test_two_migrations_of_one_key(server, c, listener):
    c("SET", "k", "v")
    context, first, _ = in_flight(server, listener, "k")
    with contextlib.closing(first.socket), migrating(server, listener, "k") as second:
        one = listener.peer
        listener.accept().expect("SELECT")
        listener.say(b"+OK\r\n")
        listener.peer.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.request()  # it waits for the first one
        one.sendall(b"+OK\r\n")
        assert first.read() == "OK"
        assert second.read() == "OK"  # nothing was left to do
        assert c("EXISTS", "k") == 0
        one.close()


@keel_only
def test_paused_clients_keep_their_keys(server, c, listener):
    c("SET", "k", "v")
    context, client, _ = in_flight(server, listener, "k")
    with contextlib.closing(client.socket):
        c("CLIENT", "PAUSE", "60000", "WRITE")
        listener.say(b"+OK\r\n")
        time.sleep(0.1)
        assert c("EXISTS", "k") == 1
        c("CLIENT", "UNPAUSE")
        assert client.read() == "OK"
        assert c("EXISTS", "k") == 0


@keel_only
def test_a_script_that_runs_for_long_sees_one_state(server, c, listener):
    c("CONFIG", "SET", "busy-reply-threshold", "50")
    c("SET", "k", "v")
    context, client, _ = in_flight(server, listener, "k")
    with contextlib.closing(client.socket):
        script = ("local before = redis.call('EXISTS', 'k') local t = redis.call('TIME') local s = t[1] * 1000000 + t[2] "
                  "repeat t = redis.call('TIME') until t[1] * 1000000 + t[2] - s > 400000 "
                  "return {before, redis.call('EXISTS', 'k')}")
        c.send("EVAL", "#!lua flags=allow-cross-slot-keys\n" + script, "0")
        time.sleep(0.1)
        listener.say(b"+OK\r\n")
        seen = c.read()
        assert seen in ([1, 1], [0, 0]) or isinstance(seen, Error), seen
        assert client.read() == "OK"


@keel_only
def test_not_in_a_transaction_or_a_script(c, target):
    c("SET", "k", "v")
    c("MULTI"), migrate(c, target, "k"), c("GET", "k")
    replies = c("EXEC")
    assert replies[0].startswith("ERR MIGRATE is not possible inside of MULTI or a script") and replies[1] == b"v"
    words = "'MIGRATE', '127.0.0.1', '%d', 'k', '0', '1000'" % target.port
    assert "MIGRATE is not possible" in c("EVAL", "return redis.call(%s)" % words, "0")


@keel_only
def test_the_server_ends_in_the_middle_of_it(start, listener):
    server = start()
    with server.client() as c:
        c("SET", "k", "v")
    context, client, _ = in_flight(server, listener, "k")
    server.kill()
    assert server.wait_exit() == 0


def test_while_others_write(server, c, t, target):
    """Whatever moves: no increment is lost, and none counts twice."""
    stop = threading.Event()
    counts = [{}, {}, {}]

    def writer(number):
        with server.client() as w:
            i = 0
            while not stop.is_set():
                key = b"n:%d:%d" % (number, i % 20)
                i += 1
                assert isinstance(w("INCR", key), int)
                counts[number][key] = counts[number].get(key, 0) + 1

    threads = [threading.Thread(target=writer, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    moved = {}
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        for key in c("KEYS", "n:*"):
            reply = migrate(c, target, key)
            there = t("GETDEL", key)
            if reply == "OK":
                moved[key] = moved.get(key, 0) + int(there)
            else:
                assert "was changed each" in reply, reply
    stop.set()
    for thread in threads:
        thread.join()
    assert moved
    for count in counts:
        for key, increments in count.items():
            assert moved.get(key, 0) + int(c("GET", key) or 0) == increments, key


# --- with redis-server ---

@needs_peer
@keel_only
@pytest.mark.parametrize("both_ways", [False, True], ids=["to redis", "from redis"])
def test_every_type_with_redis(start, server, c, both_ways):
    peer = start(binary=keel.PEER)
    with peer.client() as p:
        source, target, to = (p, c, server) if both_ways else (c, p, peer)
        names = data.fill(source)
        digests = {name: source("DEBUG", "DIGEST-VALUE", name) for name in names}
        half = len(names) // 2
        assert migrate(source, to, "", "COPY", "KEYS", *names) == "OK"
        assert source("DBSIZE") == len(names)
        assert migrate(source, to, "", "REPLACE", "KEYS", *names[:half]) == "OK"
        for name in names[half:]:
            assert migrate(source, to, name, "REPLACE") == "OK"
        assert source("DBSIZE") == 0 and target("DBSIZE") == len(names)
        for name in names:
            if name != b"timed":  # its deadline is in the digest
                assert target("DEBUG", "DIGEST-VALUE", name) == digests[name], name
        assert 0 < target("PTTL", "timed") <= 100000000


@needs_peer
@keel_only
def test_what_redis_cannot_hold_stays(start, c):
    peer = start(binary=keel.PEER)
    c("HSET", "h", "f", "v"), c("HPEXPIRE", "h", "100000", "FIELDS", "1", "f")
    assert migrate(c, peer, "h").startswith("ERR Target instance replied with error: ERR DUMP payload version or checksum")
    c("CONFIG", "SET", "rdb-compatible-with", "redis-7.0")
    assert migrate(c, peer, "h") == Error(
        'ERR key "h": fields with deadlines cannot be told to redis-7.0 and redis-7.2')
    assert c("HGET", "h", "f") == b"v"
