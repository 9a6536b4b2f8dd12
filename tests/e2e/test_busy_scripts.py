# SPDX-License-Identifier: BSD-3-Clause
"""What a script that runs for long, or takes much, does to others: nobody is freed too early, nothing grows without bound."""
import socket
import struct
import time

import pytest

from keel import PATIENCE, SANITIZED, info_of, keel_only, wait_for
from resp import Closed, Error, encode

pytestmark = keel_only
FOREVER = ("EVAL", "while true do redis.pcall('echo', 'x') end", "0")


@pytest.fixture
def impatient(start):
    return start({"busy-reply-threshold": 20})


def reset(client):
    """Ends the connection at once, with what is on its way."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


def run(client):
    client.send(*FOREVER)
    time.sleep(0.3)


def kill(server):
    with server.client() as c:
        assert c("SCRIPT", "KILL") == "OK"
        wait_for(lambda: c("PING") == "PONG", what="the script to end")


def ends(client, seconds):
    """Whether the connection ends within so many seconds of silence."""
    client.timeout = seconds
    try:
        while True:
            client.read()
    except Closed:
        return True
    except TimeoutError:
        return False


def resident_mb(server):
    with open("/proc/%d/status" % server.process.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) // 1024


def test_the_client_of_the_script_goes_away(impatient):
    runner = impatient.client()
    runner.send_raw(b"PING\r\nPING\r\n" + encode(*FOREVER))  # its replies have not left when the script begins
    time.sleep(0.3)
    reset(runner)
    for _ in range(5):  # each is accepted in the middle of the script
        with impatient.client() as other:
            assert other("PING").code == "BUSY"
    kill(impatient)


def test_others_go_away_in_the_middle(start):
    impatient = start({"busy-reply-threshold": 500})
    runner = impatient.client(timeout=60)
    others = [impatient.client() for _ in range(30)]
    held = impatient.client()
    held.send("EVAL", "for i = 1, 2000000 do local x = i end", "0")  # so that what follows comes in one turn
    for other in others[:10]:
        other.send_raw(b"PING\r\nQUIT\r\nPING\r\n")
    runner.send(*FOREVER)
    for other in others[10:20]:
        other.send_raw(b"PING\r\n" * 3000 + b"QUIT\r\n" + b"PING\r\n" * 100)
    for other in others[20:]:
        other.send("PING")
        reset(other)
    time.sleep(1.5)
    for _ in range(10):
        with impatient.client() as late:
            late.send_raw(b"PING\r\nQUIT\r\n")
    closed = [other for other in others[:20] if ends(other, 5)]
    assert len(closed) == 20, "QUIT ends all at once"
    kill(impatient)
    assert all(ends(other, 10) for other in others[:20])
    assert isinstance(runner.read(), Error)


def test_who_was_being_read_when_the_script_began_is_answered(start):
    server = start({"busy-reply-threshold": 100})
    runner, reader, held = (server.client(timeout=60) for _ in range(3))
    held.send("DEBUG", "SLEEP", "0.5")
    time.sleep(0.1)  # what follows comes in one turn: the batch that begins with the script is full before the reader's input ends
    runner.send(*FOREVER)
    time.sleep(0.1)
    reader.send_raw(b"PING\r\n" * 150 + b"PI")
    assert [reader.read().split()[0] for _ in range(150)] == ["BUSY"] * 150
    reader.send_raw(b"NG\r\n")
    assert reader.read().code == "BUSY"
    kill(server)
    assert reader("PING") == "PONG"
    assert isinstance(runner.read(), Error)


def test_output_is_bounded_while_a_script_runs(impatient):
    before = resident_mb(impatient)
    runner = impatient.client(timeout=60)
    run(runner)
    flood = impatient.client()
    flood.socket.settimeout(0.5)
    with pytest.raises(OSError):
        for _ in range(200):
            flood.socket.sendall(b"PING\r\n" * 20_000)
    if not SANITIZED:
        assert resident_mb(impatient) - before < 200
    kill(impatient)
    reset(flood)


def test_messages_to_oneself_are_bounded(start):
    server = start({"client-output-buffer-limit": "pubsub 1mb 0 0"})
    c3 = server.client(resp=3)
    c3("SUBSCRIBE", "ch")
    c3.send("EVAL", "local n = 0 for i = 1, 300 do n = n + redis.call('publish', 'ch', ARGV[1]) end redis.call('set', 'heard', n)",
            "0", "x" * 100_000)
    with pytest.raises(Closed):
        while True:
            c3.read()
    with server.client() as c:
        assert 10 <= int(c("GET", "heard")) <= 12, "it was ended when a megabyte waited, not behind the script"


def test_no_key_goes_for_what_a_script_holds(start):
    server = start({"maxmemory-policy": "allkeys-lru"})
    with server.client(timeout=60 * PATIENCE) as c:
        c.pipeline([("SET", "k%d" % i, "x" * 100_000) for i in range(100)])
        c("CONFIG", "SET", "maxmemory", "60mb")
        assert c("EVAL", "local t = {} for i = 1, 1000000 do t[i] = i .. 'x' end return #t", "0") == 1_000_000
        assert [c("SET", "k", "v") for _ in range(3)] == ["OK"] * 3
        assert c("DBSIZE") == 101 and info_of(c, "stats")["evicted_keys"] == "0"


@pytest.mark.skipif(SANITIZED, reason="a gigabyte of small tables takes a sanitizer minutes")
def test_an_interpreter_that_ran_full_serves_the_next_one(start):
    server = start()
    with server.client(timeout=120 * PATIENCE) as c:
        assert c("EVAL", "local t = {} for i = 1, 3e7 do t[i] = {} end", "0").startswith("ERR not enough memory")
        assert [c("EVAL", "return %d" % i, "0") for i in range(20)] == list(range(20))
        assert int(info_of(c, "memory")["used_memory_vm_eval"]) < 100_000_000


def test_many_prefixes(start):
    with start().client(resp=3, timeout=20 * PATIENCE) as c:
        words = [w for i in range(20_000) for w in ("PREFIX", "p%05d" % i)]
        assert c("CLIENT", "TRACKING", "ON", "BCAST", *words) == "OK"
        assert c("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "p00007x").startswith(
            "ERR Prefix 'p00007x' overlaps with an existing prefix 'p00007'.")
        assert c("CLIENT", "TRACKING", "OFF") == "OK"
        assert info_of(c, "stats")["tracking_total_prefixes"] == "0"


# One call into C each.
LONG_CALLS = {
    "backtracking": "return ('a'):rep(200):find(('a*'):rep(30) .. 'b')",
    "optional": "return ('a'):rep(200):match(('a?'):rep(200) .. ('a'):rep(200) .. 'b')",
    "balanced": "return ('('):rep(1000000):gsub('%b()', '')",
    "all matches": "for w in ('a'):rep(200):gmatch(('a-'):rep(30) .. 'b') do end return 1",
    "json graph": "local t = {} for i = 1, 40 do t = {t, t} end return #cjson.encode(t)",
    "msgpack graph": "local t = {} for i = 1, 15 do t = {t, t, t, t} end return #cmsgpack.pack(t)",
    "sort of texts": "local t = {} for i = 1, 10000 do t[i] = ('x'):rep(50000000) end table.sort(t) return 1",
    "sort by a function of C": "local t = {} for i = 1, 5000000 do t[i] = i end table.sort(t, rawequal) return 1",
    "reply of a graph": "local t = {} for i = 1, 40 do t = {t, t} end return t",
    "coroutines": "local function deep(n) local f = n == 0 and function() end or function() for i = 1, 100 do coroutine.wrap(deep)(n - 1) end end f() end deep(6)",
}


@pytest.mark.parametrize("what", LONG_CALLS)
def test_a_long_call_into_a_library_is_interrupted(impatient, what):
    runner = impatient.client(timeout=60 * PATIENCE)
    runner.send("EVAL", LONG_CALLS[what], "0")
    with impatient.client(timeout=2 * PATIENCE) as c:
        wait_for(lambda: getattr(c("PING"), "code", "") == "BUSY", what="the script to be busy")
        began = time.monotonic()
        assert c("SCRIPT", "KILL") == "OK"
        wait_for(lambda: c("PING") == "PONG", what="the script to end")
        assert time.monotonic() - began < 1 * PATIENCE
    if what == "reply of a graph":
        with pytest.raises(Closed):
            while True:
                runner.read()
    else:
        assert "Script killed by user" in runner.read()


def test_slow_instructions_have_pauses_soon(impatient):
    """Two texts of many megabytes are compared by one instruction."""
    runner = impatient.client(timeout=60 * PATIENCE)
    runner.send("EVAL", "local a, b = ('x'):rep(1e7) .. 1, ('x'):rep(1e7) .. 2 while a < b do end", "0")
    time.sleep(3)
    with impatient.client(timeout=2 * PATIENCE) as c:
        assert c("PING").code == "BUSY"
        assert c("SCRIPT", "KILL") == "OK"
    assert "Script killed by user" in runner.read()


@pytest.mark.skipif(SANITIZED, reason="the reply is a gigabyte")
def test_a_reply_that_would_be_too_large(start):
    server = start({"client-output-buffer-limit": "normal 50mb 0 0"})
    with server.client(timeout=60) as c:
        c.send("EVAL", "local t = {} for i = 1, 40 do t = {t, t} end return t", "0")
        with pytest.raises(Closed):
            while True:
                c.read()
    assert resident_mb(server) < 300
    assert "The reply of a script could not be written" in server.log()
