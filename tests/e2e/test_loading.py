# SPDX-License-Identifier: BSD-3-Clause
"""While data is loaded at the start: who is answered, with what, and how the process ends then."""
import os
import re
import signal
import time

import pytest

from keel import keel_only, wait_for
from resp import Closed, Error, encode

KEYS = 5000
SLOWLY = {"key-load-delay": 400, "loading-process-events-interval-bytes": 1024}
LOADING = Error("LOADING Redis is loading the dataset in memory")
FOLDER = "appendonlydir"


def stopped(start, kind):
    """A server that has ended, with data in a snapshot, or in a log whose base is a snapshot, or is commands."""
    if kind == "rdb":
        server = start(SLOWLY)
    else:
        server = start(dict(SLOWLY, **{"appendonly": "yes", "aof-use-rdb-preamble": "yes" if kind == "base" else "no"}))
    with server.client() as c:
        for i in range(0, KEYS, 500):
            c.pipeline([["SET", "key:%d" % n, "value:%d" % n] for n in range(i, i + 500)])
        if kind == "rdb":
            c("SAVE")
        if kind == "base":
            c("BGREWRITEAOF")
            wait_for(lambda: server.info("persistence")["aof_rewrite_in_progress"] == "0")
    server.kill(signal.SIGTERM)
    server.wait_exit()
    return server


def all_there(server):
    def ready():
        with server.client() as c:
            return c("PING") == "PONG"

    wait_for(ready, 20, what="the end of the load")
    with server.client() as c:
        return c("DBSIZE") == KEYS and c("GET", "key:%d" % (KEYS - 1)) == b"value:%d" % (KEYS - 1)


@pytest.mark.parametrize("kind", ["rdb", "base", "commands"])
def test_clients_hear_that_data_is_loaded(start, kind):
    server = stopped(start, kind)
    server.start("loading")
    with server.client() as c, server.client() as other:
        assert c("PING") == LOADING and c("GET", "key:1") == LOADING and c("SET", "k", "v") == LOADING
        assert c("EVAL", "return 1", "0") == LOADING and c("SAVE") == LOADING and c("DBSIZE") == LOADING
        assert c("SELECT", "3") == "OK" and c("CONFIG", "GET", "dir")[1] == server.dir.encode()
        assert c("CONFIG", "SET", "appendonly", "no").code == "LOADING"
        assert c("CONFIG", "SET", "maxmemory", "1000000000") == "OK"
        assert c("MULTI") == "OK" and c("GET", "key:1") == LOADING and c("EXEC").code == "EXECABORT"
        other("SUBSCRIBE", "news")
        assert c("PUBLISH", "news", "one") == 1 and other.read() == [b"message", b"news", b"one"]
        first = server.info("persistence")
        assert first["loading"] == "1" and abs(int(first["loading_start_time"]) - time.time()) < 30
        total, done = int(first["loading_total_bytes"]), int(first["loading_loaded_bytes"])
        assert total > KEYS * 10 and 0 <= done < total
        assert abs(float(first["loading_loaded_perc"]) - 100 * done / total) < 0.1
        assert int(first["loading_eta_seconds"]) >= 0
        assert (int(first["loading_rdb_used_mem"]) > 0) == (kind != "commands")
        later = wait_for(lambda: [p for p in [server.info("persistence")] if int(p.get("loading_loaded_bytes", total)) > done])
        assert later
    assert all_there(server)
    assert server.info("persistence")["loading"] == "0" and "loading_total_bytes" not in server.info("persistence")
    assert server.log().index("Ready to accept connections", server.log().rindex("Server initialized")) > 0


@keel_only
@pytest.mark.parametrize("kind", ["rdb", "base", "commands"])
def test_debug_keeps_its_hands_off(start, kind):
    server = stopped(start, kind)
    server.start("loading")
    with server.client() as c:
        for words in (["RELOAD"], ["LOADAOF"], ["POPULATE", "10"]):
            assert c("DEBUG", *words) == LOADING
        assert server.info("persistence")["loading"] == "1"
    assert all_there(server)


@keel_only
@pytest.mark.parametrize("how, kind", [("SIGTERM", "rdb"), ("SIGTERM", "base"), ("SIGTERM", "commands"), ("SIGINT", "rdb"), ("SHUTDOWN", "base"),
                                       ("SHUTDOWN SAVE", "rdb")])
def test_an_end_while_data_is_loaded_saves_nothing(start, how, kind):
    server = stopped(start, kind)
    folder = server.file(FOLDER)
    before = {n: os.path.getsize(os.path.join(folder, n)) for n in os.listdir(folder)} if kind != "rdb" else {}
    snapshot = server.size("dump.rdb")
    server.start("loading")
    c = server.client()
    if how.startswith("SIG"):
        server.process.send_signal(getattr(signal, how))
    else:
        c.send(*how.split())
    assert server.wait_exit() == 0
    with pytest.raises((Closed, OSError, EOFError)):
        c("PING")
    assert "nothing is saved" in server.log() and server.size("dump.rdb") == snapshot
    for name, size in before.items():
        assert os.path.getsize(os.path.join(folder, name)) == size
    with open(server.config_file, "a") as f:
        f.write("key-load-delay 0\n")
    server.start()
    assert all_there(server)


@keel_only
@pytest.mark.parametrize("kind", ["rdb", "base", "commands"])
def test_a_file_that_is_refused_late(start, kind):
    """Clients are there when the damage is met: the process says so and ends with status 1."""
    server = stopped(start, kind)
    if kind == "rdb":
        path = server.file("dump.rdb")
    else:
        names = re.findall(r"file (\S+) seq", server.text(os.path.join(FOLDER, "appendonly.aof.manifest")))
        path = server.file(os.path.join(FOLDER, names[0 if kind == "base" else -1]))
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        at = data.index(b"value:", len(data) * 2 // 3)
        data[at - 8:at + 8] = b"\xff" * 16
        f.seek(0)
        f.write(data)
    server.expect_exit = True
    server.start("loading")
    c, parked = server.client(), server.client()
    parked("SUBSCRIBE", "news")
    assert c("GET", "key:1") == LOADING
    assert server.wait_exit() == 1
    with pytest.raises((Closed, OSError, EOFError)):
        c("PING")
    assert os.path.basename(path) in server.stderr() and re.search(r"at (offset|byte) \d+", server.stderr())
    assert bytes(data) == open(path, "rb").read()


@keel_only
def test_limits_and_deadlines_wait_for_the_end_of_the_load(start):
    """Nothing is evicted or expires meanwhile: the log still has to say what becomes of a key."""
    server = start(dict(SLOWLY, **{"appendonly": "yes", "aof-use-rdb-preamble": "no"}))
    with server.client() as c:
        c("SET", "due", "1", "PX", "200"), c("INCR", "due"), c("PERSIST", "due")
        for i in range(0, KEYS, 500):
            c.pipeline([["SET", "key:%d" % n, "value:%d" % n] for n in range(i, i + 500)])
        c("SET", "later", "1", "PX", "300"), c("INCR", "later"), c("PERSIST", "later")
    server.kill(signal.SIGKILL)
    server.wait_exit()
    time.sleep(0.4)
    server.start("loading")
    with server.client() as c:
        c("CONFIG", "SET", "maxmemory-policy", "allkeys-random"), c("CONFIG", "SET", "maxmemory", "1")
        assert server.info("persistence")["loading"] == "1"
        c("WATCH", "due"), c("UNWATCH")
        c("CONFIG", "SET", "maxmemory", "0")
    wait_for(lambda: server.info("persistence")["loading"] == "0", 20)
    with server.client() as c:
        assert c("MGET", "due", "later") == [b"2", b"2"] and c("DBSIZE") == KEYS + 2


def test_a_long_script_in_a_log_is_loading_too(start):
    """It stands there as the client sent it in logs of older servers; whoever asks meanwhile does not hear of a script."""
    server = start({"appendonly": "yes", "aof-use-rdb-preamble": "no", "busy-reply-threshold": "20"})
    with server.client() as c:
        c("SET", "k", "1")
    server.kill(signal.SIGTERM)
    server.wait_exit()
    names = re.findall(r"file (\S+) seq", server.text(os.path.join(FOLDER, "appendonly.aof.manifest")))
    script = ("local function now() local t = redis.call('time') return t[1] + t[2] / 1000000 end local began = now() "
              "while now() - began < 1.5 do end redis.call('set', KEYS[1], 'y')")
    with open(server.file(os.path.join(FOLDER, names[-1])), "ab") as f:
        f.write(encode("EVAL", script, "1", "k"))
    server.start("loading")
    heard = []
    with server.client() as c:
        while not heard or heard[-1] != "PONG":
            heard.append(c("PING"))
        assert len(heard) > 2 and set(map(str, heard)) == {str(LOADING), "PONG"}
        assert c("GET", "k") == b"y"
    assert "Slow script detected" in server.log()
