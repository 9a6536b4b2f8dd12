# SPDX-License-Identifier: BSD-3-Clause
"""SLOWLOG, LATENCY, MEMORY, MONITOR, OBJECT."""
import re
import time

import pytest

from keel import config_get, info_of, keel_only, wait_for
from resp import Error, encode


# --- SLOWLOG ---
def test_slowlog_entry(server, c):
    c("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "10")
    c("SLOWLOG", "RESET")
    c("CLIENT", "SETNAME", "slow one")
    c("CLIENT", "SETNAME", "slow")
    c("SET", "k", "v")
    entries = c("SLOWLOG", "GET")
    entry = next(e for e in entries if e[3] == [b"SET", b"k", b"v"])
    assert isinstance(entry[0], int) and abs(entry[1] - time.time()) < 5 and entry[2] >= 0
    assert entry[4] == b"127.0.0.1:%d" % c.socket.getsockname()[1] and entry[5] == b"slow"
    assert entries[0][0] > entries[-1][0]  # newest first


def test_slowlog_length_and_limits(c):
    c("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "5")
    for i in range(20):
        c("SET", "k", i)
    assert c("SLOWLOG", "LEN") == 5
    assert len(c("SLOWLOG", "GET", "3")) == 3
    assert len(c("SLOWLOG", "GET", "-1")) == 5
    assert c("SLOWLOG", "GET", "0") == []
    assert c("SLOWLOG", "GET", "-2") == Error("ERR count should be greater than or equal to -1")
    c("CONFIG", "SET", "slowlog-log-slower-than", "-1")
    assert c("SLOWLOG", "RESET") == "OK"
    c("SET", "k", "v")
    assert c("SLOWLOG", "LEN") == 0


def test_slowlog_cuts_long_commands(c):
    c("CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "10")
    c("SLOWLOG", "RESET")
    c("MSET", *[str(i) for i in range(100)])
    c("SET", "k", "x" * 200)
    entries = [e[3] for e in c("SLOWLOG", "GET")]
    mset = next(e for e in entries if e[0] == b"MSET")
    assert len(mset) == 32 and mset[-1] == b"... (70 more arguments)"
    assert next(e for e in entries if e[0] == b"SET")[2] == b"x" * 128 + b"... (72 more bytes)"


def test_slowlog_threshold(c):
    c("CONFIG", "SET", "slowlog-log-slower-than", "50000")
    c("SLOWLOG", "RESET")
    c("DEBUG", "SLEEP", "0.06")
    c("PING")
    entries = c("SLOWLOG", "GET")
    assert [e[3] for e in entries] == [[b"DEBUG", b"SLEEP", b"0.06"]] and entries[0][2] >= 60_000
    assert c("SLOWLOG", "HELP")[0].startswith("SLOWLOG <subcommand>")


# --- COMMANDLOG ---
@keel_only
def test_commandlog_slow_is_the_slowlog(c):
    c("CONFIG", "SET", "commandlog-execution-slower-than", "0", "commandlog-slow-execution-max-len", "5")
    assert config_get(c, "slowlog-log-slower-than") == "0" and config_get(c, "slowlog-max-len") == "5"
    assert c("COMMANDLOG", "RESET", "slow") == "OK"
    c("SET", "k", "v")
    c("CONFIG", "SET", "commandlog-execution-slower-than", "-1")
    assert c("COMMANDLOG", "LEN", "SLOW") == c("SLOWLOG", "LEN") == 2
    assert c("COMMANDLOG", "GET", "-1", "slow") == c("SLOWLOG", "GET", "-1")
    assert len(c("COMMANDLOG", "GET", "1", "slow")) == 1


@keel_only
@pytest.mark.parametrize("config, log, large, small", [
    ("commandlog-request-larger-than", "large-request", ["SET", "k", "x" * 3000], ["SET", "k", "x"]),
    ("commandlog-reply-larger-than", "large-reply", ["ECHO", "x" * 3000], ["ECHO", "x"]),
])
def test_commandlog_of_large_requests_and_replies(c, config, log, large, small):
    c("COMMANDLOG", "RESET", log)
    assert config_get(c, config) == "1048576"
    c("CONFIG", "SET", config, "3000")
    c("CLIENT", "SETNAME", "me")
    c(*small)
    c(*large)
    entries = c("COMMANDLOG", "GET", "10", log)
    assert len(entries) == 1 == c("COMMANDLOG", "LEN", log)
    number, when, size, words, peer, name = entries[0]
    expected = len(encode(*large)) if log == "large-request" else len("$3000\r\n") + 3000 + 2
    assert size == expected and words[0] == large[0].encode() and name == b"me"
    assert words[-1].endswith(b"... (2872 more bytes)")
    c("CONFIG", "SET", config, "-1")
    c(*large)
    assert c("COMMANDLOG", "LEN", log) == 1
    c("CONFIG", "SET", "commandlog-" + log + "-max-len", "0")
    assert c("COMMANDLOG", "LEN", log) == 0


@keel_only
def test_commandlog_counts_a_large_argument_that_came_in_pieces(c):
    c("COMMANDLOG", "RESET", "large-request")
    request = encode("SET", "k", b"x" * 2_000_000)
    for at in range(0, len(request), 300_000):
        c.send_raw(request[at:at + 300_000])
        time.sleep(0.002)
    assert c.read() == "OK"
    assert [e[2] for e in c("COMMANDLOG", "GET", "-1", "large-request")] == [len(request)]
    assert c("GET", "k") == b"x" * 2_000_000
    assert [e[2] for e in c("COMMANDLOG", "GET", "-1", "large-reply")] == [2_000_000 + len("$2000000\r\n") + 2]


@keel_only
def test_commandlog_refuses(c):
    unknown = Error("ERR type should be one of the following: slow, large-request, large-reply")
    assert c("COMMANDLOG", "GET", "1", "fast") == c("COMMANDLOG", "LEN", "x") == c("COMMANDLOG", "RESET", "x") == unknown
    assert c("COMMANDLOG", "GET", "-2", "slow") == Error("ERR count should be greater than or equal to -1")
    assert c("COMMANDLOG", "GET", "x", "y") == Error("ERR count should be greater than or equal to -1")
    assert c("COMMANDLOG", "GET", "1").startswith("ERR wrong number of arguments for 'commandlog|get'")
    assert c("COMMANDLOG", "HELP")[0].startswith("COMMANDLOG <subcommand>")


# --- LATENCY ---
def test_freeing_a_large_value_that_expires_or_is_evicted_is_an_event(c):
    c("CONFIG", "SET", "latency-monitor-threshold", "1", "lazyfree-lazy-expire", "no", "lazyfree-lazy-eviction", "no")
    c("LATENCY", "RESET")

    def fill(key):
        for i in range(20):
            c("SADD", key, *["member:%d:%d" % (i, j) for j in range(20_000)])

    def events():
        return {entry[0] for entry in c("LATENCY", "LATEST")}

    fill("due")
    c("PEXPIRE", "due", "10")
    wait_for(lambda: b"expire-del" in events(), 5, what="the event expire-del")
    fill("large")
    assert b"eviction-del" not in events()
    c("CONFIG", "SET", "maxmemory-policy", "allkeys-random", "maxmemory", "1")
    wait_for(lambda: b"eviction-del" in events(), 5, what="the event eviction-del")
    c("CONFIG", "SET", "maxmemory", "0")


def test_latency_events(c):
    c("CONFIG", "SET", "latency-monitor-threshold", "20")
    c("LATENCY", "RESET")
    c("DEBUG", "SLEEP", "0.03")
    c("DEBUG", "SLEEP", "0.05")
    latest = c("LATENCY", "LATEST")
    assert len(latest) == 1
    name, when, last, worst = latest[0][:4]
    assert name == b"command" and abs(when - time.time()) < 5 and last >= 45 and worst >= last
    history = c("LATENCY", "HISTORY", "command")
    assert 1 <= len(history) <= 2 and history[-1][1] >= 45
    assert c("LATENCY", "HISTORY", "nosuch") == []
    assert b"command - high" in c("LATENCY", "GRAPH", "command")
    assert c("LATENCY", "GRAPH", "nosuch") == Error("ERR No samples available for event 'nosuch'")
    assert b"command" in c("LATENCY", "DOCTOR")
    assert c("LATENCY", "RESET", "nosuch") == 0
    assert c("LATENCY", "RESET", "command") == 1
    assert c("LATENCY", "LATEST") == []


def test_latency_off(c):
    c("CONFIG", "SET", "latency-monitor-threshold", "0")
    c("LATENCY", "RESET")
    c("DEBUG", "SLEEP", "0.02")
    assert c("LATENCY", "LATEST") == []
    assert b"disabled" in c("LATENCY", "DOCTOR")


def test_latency_histogram(c):
    c("CONFIG", "RESETSTAT")
    for i in range(100):
        c("SET", "a", i)
    c("CLIENT", "ID")
    reply = c("LATENCY", "HISTOGRAM", "set", "nosuch", "client")
    found = {reply[i]: reply[i + 1] for i in range(0, len(reply), 2)}
    assert set(found) == {b"set", b"client|id"}
    histogram = found[b"set"]
    assert histogram[:2] == [b"calls", 100] and histogram[2] == b"histogram_usec"
    buckets = histogram[3]
    assert buckets[1::2] == sorted(buckets[1::2]) and buckets[-1] == 100
    assert buckets[0::2] == sorted(buckets[0::2])
    assert len(c("LATENCY", "HISTOGRAM")) >= 4
    c("CONFIG", "RESETSTAT")
    assert c("LATENCY", "HISTOGRAM", "set") == []


# --- MEMORY ---
def test_memory_usage(c):
    assert c("MEMORY", "USAGE", "none") is None
    c("SET", "small", "1")
    c("SET", "big", b"x" * 100_000)
    small, big = c("MEMORY", "USAGE", "small"), c("MEMORY", "USAGE", "big")
    assert 0 < small < 200 and 100_000 <= big < 140_000
    assert c("MEMORY", "USAGE", "big", "SAMPLES", "0") == big
    assert c("MEMORY", "USAGE", "big", "SAMPLES", "-1") == Error("ERR syntax error")
    assert c("MEMORY", "USAGE", "big", "NOSUCH") == Error("ERR syntax error")


def test_memory_stats(c):
    c("SET", "a", "1", "EX", "100")
    reply = c("MEMORY", "STATS")
    stats = {reply[i]: reply[i + 1] for i in range(0, len(reply), 2)}
    expected = ("peak.allocated total.allocated startup.allocated replication.backlog clients.slaves clients.normal cluster.links "
                "aof.buffer lua.caches functions.caches db.0 overhead.total keys.count keys.bytes-per-key dataset.bytes "
                "dataset.percentage peak.percentage allocator.allocated allocator.active allocator.resident "
                "allocator-fragmentation.ratio allocator-fragmentation.bytes allocator-rss.ratio allocator-rss.bytes "
                "rss-overhead.ratio rss-overhead.bytes fragmentation fragmentation.bytes")
    assert set(expected.encode().split()) <= set(stats)
    assert stats[b"keys.count"] == 1 and stats[b"total.allocated"] > 0
    db = stats[b"db.0"]
    assert {b"overhead.hashtable.main", b"overhead.hashtable.expires"} <= set(db[::2])


def test_memory_doctor_and_others(c):
    assert isinstance(c("MEMORY", "DOCTOR"), bytes)
    assert isinstance(c("MEMORY", "MALLOC-STATS"), bytes)
    assert c("MEMORY", "PURGE") == "OK"
    assert c("MEMORY", "HELP")[0].startswith("MEMORY <subcommand>")


# --- MONITOR ---
def test_monitor_sees_every_command(server, c):
    with server.client() as m:
        assert m("MONITOR") == "OK"
        c("SELECT", "2")
        c("SET", "a b", b'\x00"\r\n\xff')
        c("get", "none")
        lines = []
        while len(lines) < 3:
            lines.append(m.read())
        address = "127.0.0.1:%d" % c.socket.getsockname()[1]
        assert re.fullmatch(r'\d+\.\d{6} \[2 %s\] "SELECT" "2"' % re.escape(address), lines[0])
        assert lines[1].endswith('[2 %s] "SET" "a b" "\\x00\\"\\r\\n\\xff"' % address)
        assert lines[2].endswith('"get" "none"')
        assert "flags=O" in c("CLIENT", "LIST").decode()


def test_monitor_does_not_show_admin_commands_and_ends_with_reset(server, c):
    with server.client() as m:
        assert m("MONITOR") == "OK"
        c("CONFIG", "GET", "port")
        c("PING")
        assert '"PING"' in m.read()
        m.send("RESET")
        assert m.read() == "RESET"
        c("PING")
        assert m("ECHO", "x") == b"x"


@pytest.mark.parametrize("words", [
    ("FCALL", "nosuch", "0"), ("FCALL_RO", "nosuch", "x"), ("EVAL", "no lua", "0"), ("EVAL", "return 1", "2", "k"), ("EVAL", "#!other\n", "0"),
    ("EVALSHA", "short", "0"), ("EVALSHA_RO", "f" * 40, "0")])
def test_monitor_shows_what_fails_before_any_script_runs(server, c, words):
    with server.client() as m:
        assert m("MONITOR") == "OK"
        assert isinstance(c(*words), Error)
        c("PING")
        assert m.read().endswith(" ".join('"%s"' % w.replace("\n", "\\n") for w in words))
        assert m.read().endswith('"PING"')


# --- OBJECT ---
@pytest.mark.parametrize("value, encoding", [
    ("1", b"int"), ("-9223372036854775808", b"int"), ("9223372036854775808", b"embstr"), ("01", b"embstr"), ("", b"embstr"),
    ("x" * 44, b"embstr"), ("x" * 45, b"raw"), ("1.5", b"embstr"), ("+1", b"embstr")])
def test_encodings_of_strings(c, value, encoding):
    c("SET", "k", value)
    assert c("OBJECT", "ENCODING", "k") == encoding


def test_an_appended_string_is_raw(c):
    c("SET", "k", "1")
    c("APPEND", "k", "2")
    assert c("OBJECT", "ENCODING", "k") == b"raw"
    c("INCR", "k")
    assert c("OBJECT", "ENCODING", "k") == b"int"


def test_object_of_a_missing_key(c):
    for sub in ("ENCODING", "REFCOUNT", "IDLETIME", "FREQ"):
        assert c("OBJECT", sub, "none") is None


def test_idle_time_and_frequency(c):
    c("SET", "k", "v")
    assert c("OBJECT", "FREQ", "k") == Error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between "
        "policies at runtime LRU and LFU data will take some time to adjust.")
    wait_for(lambda: c("OBJECT", "IDLETIME", "k") >= 1, 5)
    c("GET", "k")
    assert c("OBJECT", "IDLETIME", "k") == 0
    c("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
    c("SET", "f", "v")
    for _ in range(100):
        c("GET", "f")
    assert c("OBJECT", "FREQ", "f") > 5
    assert c("OBJECT", "IDLETIME", "f") == Error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at "
        "runtime LRU and LFU data will take some time to adjust.")
    assert c("OBJECT", "HELP")[0].startswith("OBJECT <subcommand>")


def test_big_values_are_freed_in_the_background(c):
    c("CONFIG", "RESETSTAT")
    c("SET", "big", b"x" * 10_000_000)
    assert c("UNLINK", "big") == 1
    wait_for(lambda: info_of(c)["lazyfree_pending_objects"] == "0")
    c("SET", "a", "1")
    assert c("FLUSHALL", "ASYNC") == "OK" and c("DBSIZE") == 0
    wait_for(lambda: info_of(c)["lazyfree_pending_objects"] == "0")
    assert config_get(c, "lazyfree-lazy-user-del") in ("no", "yes")


@keel_only
def test_a_monitor_that_does_not_read_is_bounded(server, c):
    c("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0 slave 1mb 0 0 pubsub 1mb 0 0")
    with server.client() as m:
        m("MONITOR")
        me = next(l for l in c("CLIENT", "LIST").decode().split("\n") if "flags=O" in l).split(" ")[0][3:]
        for _ in range(200):
            c.send_raw(encode("SET", "k", b"x" * 10_000) * 10)
            for _ in range(10):
                c.read()
        wait_for(lambda: c("CLIENT", "LIST", "ID", me) == b"", 10)
