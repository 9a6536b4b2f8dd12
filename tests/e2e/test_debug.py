# SPDX-License-Identifier: BSD-3-Clause
"""DEBUG, as far as it has a meaning without persistence, replication and cluster."""
import time

from keel import IS_PEER, keel_only, wait_for
from resp import Error


def test_digest_tells_equal_data(start):
    one, two = start(), start()
    with one.client() as a, two.client() as b:
        assert a("DEBUG", "DIGEST") == "0" * 40
        for i in range(100):
            a("SET", "k%d" % i, i)
        for i in reversed(range(100)):
            b("SET", "k%d" % i, "x")
            b("SET", "k%d" % i, i)
        digest = a("DEBUG", "DIGEST")
        assert len(digest) == 40 and digest == b("DEBUG", "DIGEST") != "0" * 40
        b("SET", "k5", "other")
        assert b("DEBUG", "DIGEST") != digest
        b("SET", "k5", "5", "EX", "1000")
        assert b("DEBUG", "DIGEST") != digest
        b("PERSIST", "k5")
        assert b("DEBUG", "DIGEST") == digest
        assert a("DEBUG", "DIGEST-VALUE", "k1", "k2", "none") != []
        assert a("DEBUG", "DIGEST-VALUE", "k1")[0] == b("DEBUG", "DIGEST-VALUE", "k1")[0]


@keel_only
def test_digest_is_the_peers_digest(start):
    """Both peers give the same digest for the same data, so keel gives it too. (Written down from redis-server 7.0.15.)"""
    with start().client() as c:
        c("SET", "a", "1")
        c("SET", "b", b"\x00\xff" * 50)
        c("SELECT", "3")
        c("SET", "a", "text")
        assert c("DEBUG", "DIGEST") == PEER_DIGEST


PEER_DIGEST = "9a85fde62a8b78e619abb4fbd5ce384f051f9264"


def test_populate(c):
    assert c("DEBUG", "POPULATE", "1000") == "OK"
    assert c("DBSIZE") == 1000
    assert c("GET", "key:0") == b"value:0" and c("GET", "key:999") == b"value:999"
    assert c("DEBUG", "POPULATE", "10", "p", "100") == "OK"
    assert c("GET", "p:3") == b"value:3" + b"\0" * 93
    assert c("DEBUG", "POPULATE", "x").code == "ERR"


def test_active_expiry_may_be_switched_off(c):
    assert c("DEBUG", "SET-ACTIVE-EXPIRE", "0") == "OK"
    try:
        c("SET", "a", "1", "PX", "10")
        time.sleep(0.4)
        assert c("DBSIZE") == 1
        assert c("EXISTS", "a") == 0
    finally:
        assert c("DEBUG", "SET-ACTIVE-EXPIRE", "1") == "OK"
    c("SET", "b", "1", "PX", "10")
    wait_for(lambda: c("DBSIZE") == 0, 2)


def test_sleep_stops_everybody(server, c):
    with server.client() as d:
        d.send("DEBUG", "SLEEP", "0.3")
        time.sleep(0.05)
        began = time.monotonic()
        assert c("PING") == "PONG"
        assert time.monotonic() - began > 0.15
        assert d.read() == "OK"


def test_object(c):
    c("SET", "k", "12345")
    line = c("DEBUG", "OBJECT", "k")
    pairs = dict(p.split(":") for p in line.split(" ")[2:] if ":" in p)
    assert pairs["encoding"] == "int" and int(pairs["refcount"]) >= 1
    assert {"serializedlength", "lru", "lru_seconds_idle"} <= set(pairs)
    assert c("DEBUG", "OBJECT", "none") == Error("ERR no such key")


def test_log(server, c):
    assert c("DEBUG", "LOG", "a message") == "OK"
    server.wait_log("DEBUG LOG: a message")


def test_error_and_switches(c):
    assert c("DEBUG", "ERROR", "OOPS well") == Error("OOPS well")
    for words in (("PAUSE-CRON", "0"), ("REPLYBUFFER", "RESIZING", "1"), ("REPLYBUFFER", "PEAK-RESET-TIME", "RESET"),
                  ("SET-SKIP-CHECKSUM-VALIDATION", "0"), ("QUICKLIST-PACKED-THRESHOLD", "1b")):
        reply = c("DEBUG", *words)
        assert reply == "OK" or isinstance(reply, int), (words, reply)
    assert c("DEBUG", "NOSUCH") == Error("ERR unknown subcommand or wrong number of arguments for 'NOSUCH'. Try DEBUG HELP.")
    assert c("DEBUG") == Error("ERR wrong number of arguments for 'debug' command")


@keel_only
def test_switches_of_newer_peers(c):
    assert c("DEBUG", "DICT-RESIZING", "1") == "OK"
    assert c("DEBUG", "HASHTABLE-CAN-ABORT-SHRINK", "1") == "OK"


def test_htstats(c):
    c("DEBUG", "POPULATE", "1000")
    text = c("DEBUG", "HTSTATS", "0")
    assert b"[Dictionary HT]" in text and b"table size: " in text
    assert c("DEBUG", "HTSTATS", "99").code == "ERR"


def test_help(c):
    lines = c("DEBUG", "HELP")
    assert lines[0].startswith("DEBUG <subcommand>")
    assert any(l.startswith("SLEEP") for l in lines)


def test_restart_keeps_the_process(start):
    server = start()
    pid = server.pid
    with server.client() as c:
        c.send("DEBUG", "RESTART", "0")
        assert c.closed_within(5)
    wait_for(server._answers, 10)
    assert server.pid == pid and server.alive()
    wait_for(lambda: server.log().count("Ready to accept") == 2)
    assert IS_PEER or "restart" in server.log().lower()


def test_memory_of_the_insides(c):
    c("SET", "k", "value")
    for line, part in ((c("DEBUG", "SDSLEN", "k"), b"key_sds_len:1"), (c("DEBUG", "STRUCTSIZE"), b"bits:64")):
        assert part in (line if isinstance(line, bytes) else line.encode())
