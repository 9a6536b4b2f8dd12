# SPDX-License-Identifier: BSD-3-Clause
"""When snapshots are made, what is said of them, and what happens when they cannot be made or read."""
import os
import re
import signal
import time

import pytest

import data
from keel import keel_only, wait_for
from resp import Closed, Error

MISCONF = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."


def persistence(server):
    return server.info("persistence")


def idle(server, seconds=10):
    wait_for(lambda: persistence(server)["rdb_bgsave_in_progress"] == "0", seconds, what="the end of BGSAVE")


def test_save_and_start_again(start):
    server = start()
    with server.client() as c:
        data.fill(c)
        before = int(time.time())
        assert c("SAVE") == "OK"
        assert before <= c("LASTSAVE") <= time.time()
        assert persistence(server)["rdb_changes_since_last_save"] == "0"
        digest = c("DEBUG", "DIGEST")
        details = data.details(c)
        c("SET", "int", "lost")
    server.kill(signal.SIGKILL)
    server.wait_exit()
    server.expect_exit = False
    server.start()
    with server.client() as c:
        assert c("DEBUG", "DIGEST") == digest
        assert data.details(c) == details
    assert [n for n in os.listdir(server.dir) if n.startswith("temp-")] == []


def test_debug_reload(c):
    data.fill(c)
    digest = c("DEBUG", "DIGEST")
    assert c("DEBUG", "RELOAD") == "OK"
    assert c("DEBUG", "DIGEST") == digest
    c("SET", "int", "other")
    assert c("DEBUG", "RELOAD", "NOSAVE") == "OK"
    assert c("GET", "int") == b"12345"
    c("SET", "new", "1")
    assert c("DEBUG", "RELOAD", "MERGE", "NOFLUSH", "NOSAVE") == "OK"
    assert c("GET", "new") == b"1"
    assert c("DEBUG", "RELOAD", "WRONG").code == "ERR"


def test_reload_breaks_watch(server, c):
    c("SET", "k", "1")
    c("WATCH", "k")
    with server.client() as other:
        assert other("DEBUG", "RELOAD") == "OK"
    c("MULTI"), c("GET", "k")
    assert c("EXEC") is None


def test_bgsave(start):
    server = start({"rdb-key-save-delay": 1000})
    with server.client() as c:
        c("DEBUG", "POPULATE", "2000")
        assert c("BGSAVE") == "Background saving started"
        assert c("BGSAVE") == Error("ERR Background save already in progress")
        assert c("SAVE") == Error("ERR Background save already in progress")
        now = persistence(server)
        assert now["rdb_bgsave_in_progress"] == "1"
        assert now["current_save_keys_total"] == "2000"
        wait_for(lambda: int(persistence(server)["current_save_keys_processed"]) >= 1000)
        for i in range(100):  # while the child is at it
            c("SET", "key:%d" % i, "changed")
        idle(server)
        after = persistence(server)
        assert after["rdb_last_bgsave_status"] == "ok"
        assert int(after["rdb_last_bgsave_time_sec"]) >= 1
        assert after["rdb_changes_since_last_save"] == "100"
        assert int(after["rdb_last_cow_size"]) > 0
        stats = server.info("stats")
        assert stats["total_forks"] == "1" and int(stats["latest_fork_usec"]) > 0
    assert re.search(r":C .* DB saved on disk", server.log())


def test_bgsave_in_a_transaction_waits_for_its_end(server, c):
    saves = int(persistence(server)["rdb_saves"])
    c("MULTI"), c("SET", "a", "1"), c("BGSAVE"), c("SET", "b", "1")
    assert c("EXEC") == ["OK", "Background saving scheduled", "OK"]
    wait_for(lambda: int(persistence(server)["rdb_saves"]) > saves)
    idle(server)
    c("FLUSHALL")
    assert c("DEBUG", "RELOAD", "NOSAVE") == "OK"
    assert c("DBSIZE") == 2


@keel_only
def test_bgsave_cancel(start):
    server = start({"rdb-key-save-delay": 10000})
    with server.client() as c:
        c("DEBUG", "POPULATE", "2000")
        assert c("BGSAVE", "CANCEL").code == "ERR"
        c("BGSAVE")
        assert c("BGSAVE", "CANCEL") == "Background saving cancelled"
        assert persistence(server)["rdb_bgsave_in_progress"] == "0"
        assert persistence(server)["rdb_last_bgsave_status"] == "ok"
        assert c("BGSAVE", "WRONG") == Error("ERR syntax error")
    assert os.listdir(server.dir).count("dump.rdb") == 0
    assert [n for n in os.listdir(server.dir) if n.startswith("temp-")] == []


@keel_only  # without CANCEL, and a SAVE beside it, in 7.0
def test_a_snapshot_and_a_rewrite_wait_for_each_other(start):
    server = start({"rdb-key-save-delay": 10000})
    with server.client() as c:
        c("DEBUG", "POPULATE", "2000")
        assert c("BGREWRITEAOF") == "Background append only file rewriting started"
        rewriting = wait_for(lambda: children(server))[0]
        assert c("BGSAVE").startswith("ERR Another child process is active (AOF?)")
        assert c("BGSAVE", "SCHEDULE") == "Background saving scheduled"
        assert c("BGSAVE", "CANCEL") == "Scheduled background saving cancelled"
        c("CONFIG", "SET", "rdb-key-save-delay", "0")
        assert c("SAVE") == "OK"  # needs no child
        assert persistence(server)["aof_rewrite_in_progress"] == "1" and children(server) == [rewriting]
        c("CONFIG", "SET", "rdb-key-save-delay", "10000")
        assert c("BGSAVE", "SCHEDULE") == "Background saving scheduled"
        os.kill(rewriting, signal.SIGKILL)  # as a machine without memory does
        saving = wait_for(lambda: [child for child in children(server) if child != rewriting])[0]
        assert persistence(server)["aof_last_bgrewrite_status"] == "err" and persistence(server)["rdb_bgsave_in_progress"] == "1"
        assert c("BGREWRITEAOF") == "Background append only file rewriting scheduled"
        assert c("BGREWRITEAOF").startswith("Background append only file rewriting scheduled")
        assert persistence(server)["aof_rewrite_scheduled"] == "1"
        c("CONFIG", "SET", "rdb-key-save-delay", "0")
        os.kill(saving, signal.SIGKILL)
        wait_for(lambda: persistence(server)["aof_last_bgrewrite_status"] == "ok", 20)
        assert persistence(server)["rdb_last_bgsave_status"] == "err"
        assert c("BGSAVE") == "Background saving started"
        idle(server)
        assert persistence(server)["rdb_last_bgsave_status"] == "ok"
        assert [n for n in os.listdir(server.dir) + os.listdir(server.file("appendonlydir")) if n.startswith("temp-")] == []


@keel_only  # the child of the peer holds it open
def test_a_connection_that_ends_while_a_child_saves_is_closed(start):
    server = start({"rdb-key-save-delay": 10000})
    with server.client() as c, server.client() as other:
        c("DEBUG", "POPULATE", "2000")
        c("BGSAVE")
        wait_for(lambda: children(server))
        time.sleep(0.2)
        assert c("CLIENT", "KILL", "ID", str(other("CLIENT", "ID"))) == 1
        assert other.closed_within(2)
        assert persistence(server)["rdb_bgsave_in_progress"] == "1"


def children(server):
    return [int(p) for p in os.popen("pgrep -P %d" % server.pid).read().split()]


def test_a_killed_child_is_a_failed_save_and_writes_are_refused(start):
    server = start({"rdb-key-save-delay": 10000, "save": "3600 1000000"})
    with server.client() as c:
        c("DEBUG", "POPULATE", "2000")
        c("BGSAVE")
        os.kill(wait_for(lambda: children(server))[0], signal.SIGKILL)
        idle(server)
        assert persistence(server)["rdb_last_bgsave_status"] == "err"
        assert [n for n in os.listdir(server.dir) if n.startswith("temp-")] == []
        assert c("SET", "k", "v").startswith(MISCONF)
        assert c("PING").startswith(MISCONF)
        assert c("GET", "key:1").startswith(b"value:1")
        assert c("EVAL", "return redis.call('set', KEYS[1], 'v')", "1", "k").startswith(MISCONF)
        assert c("EVAL", "return redis.call('get', KEYS[1])", "1", "key:1").startswith(b"value:1")
        c("MULTI")
        assert c("SET", "k", "v").startswith(MISCONF)
        assert c("EXEC").code == "EXECABORT"
        c("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
        assert c("SET", "k", "v") == "OK"
        c("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
        c("CONFIG", "SET", "rdb-key-save-delay", "0")
        assert c("SET", "k", "v").startswith(MISCONF)
        assert c("SAVE") == "OK"
        assert c("SET", "k", "v") == "OK"


def test_save_points(start):
    server = start({"save": "1 3"})
    with server.client() as c:
        c("SET", "a", "1"), c("SET", "b", "1")
        time.sleep(2.2)
        assert not os.path.exists(server.file("dump.rdb"))
        c("SET", "c", "1")
        wait_for(lambda: os.path.exists(server.file("dump.rdb")), 5)
        idle(server)
        assert persistence(server)["rdb_changes_since_last_save"] == "0"
    assert "3 changes in 1 seconds. Saving..." in server.log()


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SHUTDOWN", "SHUTDOWN SAVE"])
def test_the_end_saves_if_there_are_save_points(start, how):
    server = start({"save": '""' if how == "SHUTDOWN SAVE" else "3600 1"})
    with server.client() as c:
        c("SET", "k", "v")
        if how.startswith("SIG"):
            server.kill(getattr(signal, how))
        else:
            c.send(*how.split())
            with pytest.raises(Closed):
                c.read()
    assert server.wait_exit() == 0
    server.expect_exit = False
    server.start()
    with server.client() as c:
        assert c("GET", "k") == b"v"


def test_the_end_does_not_save_without_them(start):
    for config, words in (({}, ["SHUTDOWN"]), ({"save": "3600 1"}, ["SHUTDOWN", "NOSAVE"])):
        server = start(config)
        with server.client() as c:
            c("SET", "k", "v")
            c.send(*words)
            with pytest.raises(Closed):
                c.read()
        assert server.wait_exit() == 0
        assert not os.path.exists(server.file("dump.rdb"))


def test_a_save_that_fails_changes_nothing(start):
    server = start({"save": "3600 1000"})
    os.mkdir(server.file("dump.rdb"))
    with server.client() as c:
        c("SET", "k", "v")
        assert c("SAVE").startswith("ERR")
        assert c("BGSAVE") == "Background saving started"
        idle(server)
        assert persistence(server)["rdb_last_bgsave_status"] == "err"
        assert c("SHUTDOWN") == Error("ERR Errors trying to SHUTDOWN. Check logs.")
        assert c("GET", "k") == b"v"
        assert [n for n in os.listdir(server.dir) if n.startswith("temp-")] == []
        os.rmdir(server.file("dump.rdb"))
        assert c("BGSAVE") == "Background saving started"
        idle(server)
        assert c("SET", "k", "w") == "OK"


@keel_only  # the peer does not wait for the end of its child
def test_sigterm_ends_a_child_with_its_file(start):
    server = start({"rdb-key-save-delay": 10000})
    with server.client() as c:
        c("DEBUG", "POPULATE", "2000")
        c("BGSAVE")
        child = wait_for(lambda: children(server))[0]
        wait_for(lambda: os.path.exists(server.file("temp-%d.rdb" % child)))
    server.kill()
    assert server.wait_exit() == 0
    assert not os.path.exists(server.file("temp-%d.rdb" % child))
    assert not os.path.exists("/proc/%d" % child)


@keel_only
def test_a_damaged_file_ends_the_start_and_stays(start):
    server = start()
    with server.client() as c:
        c("SET", "k", "v"), c("HSET", "h", "f", "v"), c("SAVE")
    with open(server.file("dump.rdb"), "rb") as f:
        whole = f.read()
    server.kill()
    server.wait_exit()
    at = whole.index(b"\x10\x01h") + 5  # in the listpack
    for damaged, says in ((whole[:-20], "at byte"), (whole[:at] + b"\xff" + whole[at + 1:], 'key "h" of database 0'),
                          (b"nothing", "no RDB file"), (b"", "no RDB file")):
        with open(server.file("dump.rdb"), "wb") as f:
            f.write(damaged)
        server.start(ready=False)
        assert server.wait_exit() == 1
        said = server.stderr().strip().splitlines()[-1]
        assert "dump.rdb" in said and says in said, said
        with open(server.file("dump.rdb"), "rb") as f:
            assert f.read() == damaged


def test_keys_that_are_due_are_not_loaded(start):
    server = start()
    with server.client() as c:
        c("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        c("SET", "stays", "v")
        c("SET", "goes", "v", "PX", "10")
        time.sleep(0.05)
        assert c("DEBUG", "RELOAD") == "OK"
        assert c("DBSIZE") == 1
    now = persistence(server)
    assert (now["rdb_last_load_keys_loaded"], now["rdb_last_load_keys_expired"]) == ("1", "1")


def test_what_was_flushed_does_not_come_back(start):
    server = start({"save": "3600 1"})
    with server.client() as c:
        c("SET", "k", "1"), c("SAVE")
        c("FLUSHALL")
        c("SET", "other", "1")
    server.kill(signal.SIGKILL)
    server.wait_exit()
    server.start()
    with server.client() as c:
        assert c("DBSIZE") == 0  # as in Redis: the file of that moment, and "other" is in none yet


def test_a_flush_that_was_saved_is_no_change(start):
    server = start({"save": "3600 1"})
    with server.client() as c:
        c("SET", "k", "1"), c("FLUSHALL")
        assert persistence(server)["rdb_changes_since_last_save"] == "0"
        c("SET", "k", "1"), c("FLUSHDB")
        assert persistence(server)["rdb_changes_since_last_save"] == "2"
        c("CONFIG", "SET", "save", "")
        c("FLUSHALL")
        assert persistence(server)["rdb_changes_since_last_save"] != "0"


def test_a_flush_without_save_points_leaves_the_file(start):
    server = start({"save": '""'})
    with server.client() as c:
        c("SET", "k", "1"), c("SAVE")
        c("FLUSHALL")
    server.kill(signal.SIGKILL)
    server.wait_exit()
    server.start()
    with server.client() as c:
        assert c("GET", "k") == b"1"


def test_nothing_is_answered_behind_the_last_snapshot(start):
    """Requests of many clients and SHUTDOWN SAVE come at one moment: what was acknowledged is in the file."""
    server = start({"save": "3600 1"})
    clients = [server.client() for _ in range(60)]
    for c in clients:
        assert c("PING") == "PONG"
    os.kill(server.pid, signal.SIGSTOP)
    for i, c in enumerate(clients):
        if i == 25:
            c.send("SHUTDOWN", "SAVE")
        else:
            c.send("SET", "k%d" % i, "1")
    os.kill(server.pid, signal.SIGCONT)
    heard = set()
    for i, c in enumerate(clients):
        try:
            if c.read() == "OK":
                heard.add(i)
        except (Closed, ConnectionError):
            pass
        c.close()
    assert server.wait_exit() == 0
    server.start()
    with server.client() as c:
        assert [i for i in heard if c("EXISTS", "k%d" % i) == 0] == []
