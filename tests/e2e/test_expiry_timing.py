# SPDX-License-Identifier: BSD-3-Clause
"""Expiry as clients see it in time. keel promises more than its peers: see the tests marked keel_only."""
import time

from keel import PATIENCE, SANITIZED, info_of, keel_only, wait_for
from resp import encode


def test_a_key_is_there_until_its_time_and_not_after(c):
    began = time.monotonic()
    c("SET", "k", "v", "PX", "150")
    while c("GET", "k") is not None:
        assert time.monotonic() - began < 1
    assert time.monotonic() - began >= 0.145  # the turn's moment, in whole milliseconds, lies a little before the command
    assert c("TTL", "k") == -2 and c("EXISTS", "k") == 0 and c("TYPE", "k") == "none"


def test_every_way_to_set_a_time(c):
    now = int(time.time())
    ways = [("SET", "a", "v", "EX", "100"), ("SET", "b", "v", "PX", "100000"), ("SET", "c", "v", "EXAT", now + 100),
            ("SET", "d", "v", "PXAT", (now + 100) * 1000), ("SETEX", "e", "100", "v"), ("PSETEX", "f", "100000", "v")]
    for way in ways:
        assert c(*way) == "OK"
    for key in "abcdef":
        assert 98 <= c("TTL", key) <= 100
        assert abs(c("EXPIRETIME", key) - (now + 100)) <= 1


def test_a_past_time_deletes(c):
    c("SET", "k", "v")
    assert c("EXPIREAT", "k", "1") == 1
    assert c("EXISTS", "k") == 0
    c("SET", "k", "v")
    assert c("PEXPIRE", "k", "-5") == 1
    assert c("DBSIZE") == 0
    c("SET", "k", "v", "PXAT", "1")
    assert c("GET", "k") is None


def test_ttl_counts_down(c):
    c("SET", "k", "v", "PX", "5000")
    first = c("PTTL", "k")
    time.sleep(0.1)
    assert 50 <= first - c("PTTL", "k") <= 400 * PATIENCE
    assert c("PERSIST", "k") == 1 and c("TTL", "k") == -1


def test_time_goes_on_during_slow_commands(server, c):
    """What is sent with a slow command, or waits for it, sees the time it took; what is inside of it does not."""
    replies = c.pipeline([("SET", "k", "v", "PX", "500"), ("EXISTS", "k"), ("DEBUG", "SLEEP", "0.6"), ("EXISTS", "k")])
    assert replies == ["OK", 1, "OK", 0]
    with server.client() as waits:
        waits.send("BLPOP", "list", "3")
        wait_for(lambda: int(server.info("clients")["blocked_clients"]) == 1)
        replies = c.pipeline([("MULTI",), ("RPUSH", "list", "x"), ("PEXPIRE", "list", "30"), ("DEBUG", "SLEEP", "0.06"), ("EXISTS", "list"), ("EXEC",)])
        assert replies[-1] == [1, 1, "OK", 1]
        assert waits.read() is None


def test_untouched_keys_go_by_themselves(c):
    for i in range(1000):
        c("SET", "k%d" % i, "v", "PX", "100")
    c("SET", "stays", "v")
    wait_for(lambda: c("DBSIZE") == 1, 5)
    assert c("GET", "stays") == b"v"


def test_due_keys_are_invisible_to_every_command(c):
    c("DEBUG", "SET-ACTIVE-EXPIRE", "0")
    try:
        for i in range(10):
            c("SET", "k%d" % i, "v", "PX", "1")
        time.sleep(0.02)
        assert c("KEYS", "*") == [] and c("SCAN", "0", "COUNT", "1000") == [b"0", []]
        assert c("RENAME", "k0", "x").code == "ERR" and c("COPY", "k1", "y") == 0 and c("TOUCH", "k2") == 0
        assert c("SETNX", "k3", "new") == 1 and c("GETSET", "k4", "new") is None and c("APPEND", "k5", "x") == 1
        assert c("INCR", "k6") == 1 and c("TTL", "k6") == -1 and c("SET", "k7", "v", "XX") is None
        assert c("OBJECT", "ENCODING", "k8") is None and c("DEL", "k8") == 0 and c("PERSIST", "k9") == 0
    finally:
        c("DEBUG", "SET-ACTIVE-EXPIRE", "1")


@keel_only
def test_expiry_is_on_time_beside_many_other_keys(c):
    """No sampling: 1,000 keys due one after the other go within milliseconds, beside 100,000 keys that are not due."""
    for start in range(0, 100_000, 5000):
        c.pipeline(("SET", "other:%d" % i, "x", "EX", 100_000 + i % 5000) for i in range(start, start + 5000))
    base = int(time.time() * 1000) + 500
    c.pipeline(("SET", "probe:%d" % i, "x", "PXAT", base + i) for i in range(1000))
    c("CONFIG", "RESETSTAT")
    late = 0
    while True:
        # The due time of the k-th expired key is base + k: what is still there beyond that is late.
        now = time.time() * 1000
        gone = 101_000 - c("DBSIZE")
        if gone >= 1000:
            break
        late = max(late, now - (base + gone))
        assert now < base + 5000
        time.sleep(0.0005)
    assert late < (200 if SANITIZED else 30), "a key was still there %.0f ms after its time" % late
    assert int(info_of(c)["expired_keys"]) == 1000


@keel_only
def test_very_many_keys_due_at_once_do_not_stop_the_server(server, c):
    at = int(time.time() * 1000) + (20000 if SANITIZED else 6000)
    for start in range(0, 200_000, 5000):
        c.pipeline(("SET", "due:%d" % i, "x", "PXAT", at) for i in range(start, start + 5000))
    assert time.time() * 1000 < at, "the machine is too slow for this test"
    worst = 0
    while time.time() * 1000 < at + 3000 * PATIENCE:
        began = time.monotonic()
        assert c("PING") == "PONG"
        worst = max(worst, time.monotonic() - began)
        if time.time() * 1000 > at and c("DBSIZE") == 0:
            break
        if time.time() * 1000 < at - 50:
            time.sleep(0.01)
    assert c("DBSIZE") == 0
    assert worst < 0.05 * PATIENCE, "a PING took %.1f ms" % (worst * 1000)


@keel_only
def test_an_idle_server_wakes_up_for_a_deadline(server, c):
    c("CONFIG", "SET", "hz", "1")
    base = int(time.time() * 1000)
    c.send_raw(b"".join(encode("SET", "k%d" % i, "v", "PXAT", base + 300 + i * 50) for i in range(5)))
    assert [c.read() for _ in range(5)] == ["OK"] * 5
    time.sleep(0.3 + 0.5)
    info = info_of(c)
    lags = [float(v) for k, v in info.items() if "lag" in k and "expir" in k and k.endswith("max_ms")]
    assert c("DBSIZE") == 0
    assert all(lag < 100 * PATIENCE for lag in lags)


@keel_only
def test_fields_go_on_time(c):
    """No sampling: 500 fields due one after the other go within milliseconds, beside 20,000 that are not due."""
    for start in range(0, 20_000, 1000):
        c("HSETEX", "other", "EX", "100000", "FIELDS", "1000", *[w for i in range(1000) for w in ("f%d" % (start + i), "x")])
    base = int(time.time() * 1000) + 300
    c.pipeline(("HSETEX", "probe", "PXAT", base + i, "FIELDS", "1", "p%d" % i, "x") for i in range(500))
    c("HSET", "probe", "stays", "x")
    worst = 0
    while True:
        asked = time.time() * 1000
        left = c("HLEN", "probe") - 1
        late = asked - base - (500 - left)
        worst = max(worst, late if 0 < left < 500 else 0)
        if left == 0:
            break
        time.sleep(0.005)
    assert worst < 50 * PATIENCE
    assert c("HLEN", "other") == 20_000
    assert info_of(c, "stats")["expired_subkeys"] == "500"
