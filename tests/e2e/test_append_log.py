# SPDX-License-Identifier: BSD-3-Clause
"""The append-only log: what comes back, what is promised under each appendfsync, and what a failing disk does."""
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

import data
import keel
from keel import PATIENCE, config_get, keel_only, plain_only, wait_for
from resp import Closed, Error, encode

sys.path.append(os.path.join(keel.ROOT, "tests", "differential"))

pytestmark = keel_only
needs_peer = pytest.mark.skipif(not keel.PEER, reason="no redis-server to exchange files with")
FOLDER = "appendonlydir"


def log_of(start, config=None, **more):
    return start(dict({"appendonly": "yes"}, **(config or {})), **more)


def needs_strace():
    """The program, on a machine that lets it trace."""
    strace = shutil.which("strace")
    if not strace or subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        pytest.skip("no strace, or it may not trace")
    return strace


def files(server):
    return sorted(os.listdir(server.file(FOLDER)))


def incremental(server):
    """The path of the file that is written now."""
    names = re.findall(r"file (\S+) seq \d+ type i", server.text(os.path.join(FOLDER, "appendonly.aof.manifest")))
    return server.file(os.path.join(FOLDER, names[-1]))


def crash(server, ready=True):
    """kill -9, and up again."""
    server.kill(signal.SIGKILL)
    server.wait_exit()
    return again(server, ready)


def comes_back_the_same(server):
    """What is there now is there after a kill -9 and a new start, too: the digest of it."""
    before = digest(server)
    crash(server)
    assert digest(server) == before
    return before


def again(server, ready=True):
    server.expect_exit = not ready
    return server.start(ready)


def digest(server):
    with server.client() as c:
        return c("DEBUG", "DIGEST")


def persistence(server):
    return server.info("persistence")


def rewritten(server, count=1):
    def done():
        p = persistence(server)
        return p["aof_rewrite_in_progress"] == "0" and p["aof_rewrite_scheduled"] == "0" and int(p["aof_rewrites"]) >= count

    wait_for(done, 20, what="the end of a rewrite")


def moved(source, target):
    """`target` starts on the log of `source`, which has ended."""
    copied(source, target)
    return again(target)


def copied(source, target):
    """`target` ends, and has the log of `source`, as far as it is written."""
    target.kill()
    target.wait_exit()
    for name in os.listdir(target.dir):
        if name.endswith(".rdb"):
            os.remove(target.file(name))
    shutil.rmtree(target.file(FOLDER), ignore_errors=True)
    shutil.copytree(source.file(FOLDER), target.file(FOLDER))


# ---- what comes back

@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_everything_is_there_after_a_crash_of_the_process(start, fsync):
    server = log_of(start, {"appendfsync": fsync})
    with server.client() as c:
        data.fill(c)
        details = data.details(c)
    comes_back_the_same(server)
    with server.client() as c:
        assert data.details(c) == details
        assert c("FCALL", "twice", "0", "21") == 42
    assert files(server) == ["appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof", "appendonly.aof.manifest"]


def test_keys_that_go_by_themselves(start):
    server = log_of(start)
    with server.client() as c:
        c("SET", "short", "1", "PX", "30"), c("SET", "long", "1", "PX", "100000000"), c("HSET", "h", "a", "1", "b", "2")
        c("HPEXPIRE", "h", "30", "FIELDS", "1", "a")
        wait_for(lambda: c("DBSIZE") == 2 and c("HLEN", "h") == 1)
        c("SET", "due", "1", "PX", "100"), c("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        time.sleep(0.15)
        c("INCR", "due"), c("LPOP", "due")  # the first counts from nothing; the second fails on what it made
    text = open(incremental(server), "rb").read()
    assert text.count(b"$3\r\nDEL\r\n$5\r\nshort") == 1 and text.count(b"$4\r\nHDEL\r\n$1\r\nh\r\n$1\r\na") == 1
    assert re.search(rb"MULTI\r\n\*2\r\n\$3\r\nDEL\r\n\$3\r\ndue\r\n\*2\r\n\$4\r\nINCR\r\n\$3\r\ndue\r\n\*1\r\n\$4\r\nEXEC", text)
    assert b"LPOP" not in text
    comes_back_the_same(server)


def test_a_key_that_fell_due_while_the_server_was_down(start):
    server = log_of(start)
    with server.client() as c:
        c("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        c("SET", "k", "5", "PX", "300"), c("INCR", "k"), c("SET", "kept", "1")
        c("SET", "source", "7", "PX", "400"), c("RENAME", "source", "other")
        c("RESTORE", "restored", int((time.time() + 0.3) * 1000), c("DUMP", "k"), "ABSTTL"), c("INCR", "restored")
    server.kill(signal.SIGKILL)
    server.wait_exit()
    time.sleep(0.5)
    again(server)
    with server.client() as c:
        # Not 1, as it would be had the key been gone before INCR came.
        wait_for(lambda: c("KEYS", "*") == [b"kept"])


def field_steps(rng):
    """Commands about fields with deadlines that are soon over, in the time in which they are."""
    key, field = lambda: "h%d" % rng.randrange(3), lambda: "f%d" % rng.randrange(4)
    value = lambda: str(rng.randrange(100))

    def deadline():
        ms = rng.choice((20, 60, 120, 250))
        return rng.choice((["PX", ms], ["PXAT", int(time.time() * 1000) + ms], ["KEEPTTL"], ["KEEPTTL"], []))

    def ttl():
        when, ms = rng.choice((("PX", 40), ("PXAT", int(time.time() * 1000) + 90), ("PERSIST", None), ("PX", 200)))
        return [when] if ms is None else [when, ms]

    def one():
        k, f, g = key(), field(), field()
        return rng.choice((
            lambda: ["HSETEX", k, *rng.choice(([], [], ["FNX"], ["FXX"])), *deadline(), "FIELDS", "2", f, value(), g, value()],
            lambda: ["HSETEX", k, "KEEPTTL", "FIELDS", "1", f, value()],
            lambda: ["HPEXPIRE", k, rng.choice((30, 90, 180)), *rng.choice(([], ["NX"], ["XX"], ["GT"], ["LT"])), "FIELDS", "2", f, g],
            lambda: ["HPEXPIREAT", k, int(time.time() * 1000) + rng.choice((-5, 50, 150)), "FIELDS", "1", f],
            lambda: ["HPERSIST", k, "FIELDS", "1", f],
            lambda: ["HGETEX", k, *ttl(), "FIELDS", "2", f, g],
            lambda: ["HGETDEL", k, "FIELDS", "1", f],
            lambda: ["HINCRBY", k, f, "3"], lambda: ["HINCRBYFLOAT", k, f, "0.5"],
            lambda: ["HSET", k, f, value()], lambda: ["HSETNX", k, f, value()], lambda: ["HMSET", k, f, value(), g, value()],
            lambda: ["HDEL", k, f], lambda: ["HGETALL", k], lambda: ["HLEN", k],
            lambda: ["COPY", k, key(), "REPLACE"], lambda: ["RENAME", k, key()], lambda: ["PEXPIRE", k, rng.choice((60, 150))],
            lambda: ["PERSIST", k], lambda: ["SETRANGE", "n", "0", value()],
        ))()
    while True:
        yield one()


@pytest.mark.parametrize("seed", range(4))
def test_fields_that_fell_due_since_are_as_they_were(start, seed):
    """What HSETEX KEEPTTL keeps, NX and GT compare and HINCRBY adds to is what was there when they ran, however late they
    are replayed."""
    server = log_of(start)
    rng = random.Random(seed)
    steps = field_steps(rng)
    with server.client() as c:
        c("DEBUG", "SET-ACTIVE-EXPIRE", str(seed % 2))
        for _ in range(120):
            words = [[str(w) for w in next(steps)] for _ in range(rng.randint(1, 8))]
            shape = rng.random()
            if shape < 0.2:
                c.pipeline([["MULTI"], *words, ["EXEC"]])
            elif shape < 0.3:
                for w in words:
                    c("EVAL", "return redis.pcall(unpack(ARGV))", "0", *w)
            else:
                c.pipeline(words)
            time.sleep(rng.uniform(0, 0.02))
        late = log_of(start)
        copied(server, late)  # before the last ones went
        time.sleep(0.5)
        c("DEBUG", "SET-ACTIVE-EXPIRE", "1")
        time.sleep(0.2)
        memory = c("DEBUG", "DIGEST")
    again(late)
    time.sleep(0.2)
    assert digest(late) == memory
    assert digest(crash(late)) == memory


def test_evicted_keys_stay_gone(start):
    server = log_of(start, {"maxmemory-policy": "allkeys-random"})
    with server.client() as c:
        for i in range(300):
            c("SET", "key:%d" % i, "v" * 5000)
        memory = server.info("memory")
        c("CONFIG", "SET", "maxmemory", str(int(memory["used_memory"]) - int(memory["mem_not_counted_for_evict"]) - 500_000))
        wait_for(lambda: c("DBSIZE") < 290)
        c("CONFIG", "SET", "maxmemory", "0")
    comes_back_the_same(server)


def test_what_ran_as_one_is_one_in_the_log(start):
    server = log_of(start)
    with server.client() as c:
        c("MULTI"), c("SET", "a", "1"), c("SELECT", "3"), c("SET", "b", "2"), c("EXEC")
        c("EVAL", "redis.call('incr', KEYS[1]) redis.call('rpush', KEYS[2], 'x') return redis.error_reply('no')", "2", "n", "l")
        c("EVAL", "return redis.call('set', KEYS[1], 'one')", "1", "single")
        c("EVAL", "return redis.call('get', KEYS[1])", "1", "single")
    text = open(incremental(server), "rb").read()
    text = re.sub(rb"#[^\r]*\r\n", b"", text)
    words = [w for w in text.split(b"\r\n") if w[:1] not in (b"$", b"*")]
    assert b" ".join(words).strip() == (b"SELECT 0 MULTI SET a 1 SELECT 3 SET b 2 EXEC MULTI incr n rpush l x EXEC set single one")
    with server.client() as c:
        c("SELECT", "3")
        assert c("GET", "single") == b"one"


def test_scripts_that_would_wait_are_logged_as_what_they_took(start):
    server = log_of(start)
    with server.client() as c:
        c("RPUSH", "q", *"abcdef"), c("ZADD", "z", "1", "x", "2", "y", "3", "w")
        for line in ("BLPOP q 0", "BRPOP none q 0", "BLMOVE q r LEFT RIGHT 0", "BRPOPLPUSH q r 0", "BLMPOP 0 2 none q LEFT COUNT 9",
                     "BZPOPMIN z 0", "BZPOPMAX z 0", "BZMPOP 0 1 z MIN COUNT 9", "BLPOP q 0", "XREAD BLOCK 0 STREAMS none 0"):
            c("EVAL", "return redis.call(unpack(ARGV))", 0, *line.split())
    text = re.sub(rb"#[^\r]*\r\n", b"", open(incremental(server), "rb").read())
    words = b" ".join(w for w in text.split(b"\r\n") if w[:1] not in (b"$", b"*"))
    assert words.strip().endswith(b"3 w LPOP q RPOP q LMOVE q r LEFT RIGHT RPOPLPUSH q r LPOP q 2 ZPOPMIN z ZPOPMAX z ZPOPMIN z 1")
    comes_back_the_same(server)


def test_renamed_commands_come_back_under_any_name(start):
    server = log_of(start, {"rename-command": ["SET store", "PEXPIREAT \"\"", "DEL \"\""]})
    with server.client() as c:
        assert c("STORE", "k", "1", "EX", "1000") == "OK"
        c("STORE", "big", "v" * 100_000), c("EXPIRE", "big", "1000"), c("STORE", "gone", "1", "PX", "1")
        wait_for(lambda: c("DBSIZE") == 2)
    before = comes_back_the_same(server)
    other = log_of(start)
    server.kill(), server.wait_exit()
    moved(server, other)
    assert digest(other) == before


def test_effects_that_depend_on_chance_or_time(start):
    server = log_of(start)
    with server.client() as c:
        c("SADD", "s", *range(50)), c("SPOP", "s", "20"), c("SPOP", "s")
        c("SET", "t", "1", "EX", "5000"), c("GETEX", "t", "EX", "7000"), c("EXPIRE", "s", "4000"), c("SETEX", "u", "3000", "v")
        c("SET", "f", "1"), c("INCRBYFLOAT", "f", "0.1"), c("HINCRBYFLOAT", "hf", "a", "0.3")
        c("XADD", "x", "*", "a", "1"), c("XADD", "x", "MAXLEN", "~", "3", "*", "a", "2")
        c("XGROUP", "CREATE", "x", "g", "0"), c("XREADGROUP", "GROUP", "g", "me", "COUNT", "1", "STREAMS", "x", ">")
        c("XAUTOCLAIM", "x", "g", "you", "0", "0"), c("RESTORE", "r", "90000", c("DUMP", "f"))
        c("RPUSH", "l", "3", "1", "2"), c("SORT", "l", "STORE", "sorted"), c("BLMOVE", "l", "m", "LEFT", "LEFT", "0")
        c("BLMPOP", "0", "1", "m", "LEFT"), c("HSET", "h", "a", "1"), c("HEXPIRE", "h", "1000", "FIELDS", "1", "a")
        c("GEOADD", "geo", "13.36", "38.11", "p"), c("GEORADIUS", "geo", "15", "37", "200", "km", "STORE", "near")
        c("SWAPDB", "0", "4"), c("SELECT", "4"), c("MOVE", "u", "2"), c("COPY", "t", "t2", "DB", "7"), c("RENAME", "f", "ff")
        c("PFADD", "p", *range(100)), c("PFCOUNT", "p"), c("FUNCTION", "LOAD", data.LIBRARY)
        c("SELECT", "9"), c("SET", "z", "1"), c("FLUSHDB", "ASYNC"), c("SET", "z", "2"), c("SELECT", "4")
        payload = c("FUNCTION", "DUMP")
        c("FUNCTION", "DELETE", "mylib"), c("FUNCTION", "RESTORE", payload), c("GETDEL", "t")
        expiries = [c("PEXPIRETIME", k) for k in ("u", "s", "r")]
        pending = c("XINFO", "GROUPS", "x")
    comes_back_the_same(server)
    with server.client() as c:
        c("SELECT", "4")
        assert [c("PEXPIRETIME", k) for k in ("u", "s", "r")] == expiries
        assert c("XINFO", "GROUPS", "x") == pending
        assert c("FCALL", "twice", "0", "4") == 8


def test_blocked_clients_are_logged_as_they_are_served(start):
    server = log_of(start)
    with server.client() as a, server.client() as c:
        a.send("BLPOP", "q", "0")
        wait_for(lambda: server.info("clients")["blocked_clients"] == "1")
        c("RPUSH", "q", "1", "2")
        assert a.read() == [b"q", b"1"]
    comes_back_the_same(server)


def random_steps(seed, families):
    """The words of random commands of all families, as the differential test makes them."""
    import importlib

    from generate import Generator, falls_due_soon
    from stream import NOT_SPOILED

    g = Generator(seed)
    modules = [importlib.import_module("families." + name) for name in families]
    weights = [m.WEIGHT for m in modules]
    while True:
        step = g.rng.choices(modules, weights)[0].one(g)
        if step.session or falls_due_soon(step.words):
            continue
        if not step.fixed and step.words[0].upper() not in NOT_SPOILED and g.chance(0.04):
            step.words = g.spoil(step.words)
        name = step.words[0].upper()
        if name in (b"CONFIG", b"CLIENT", b"DEBUG", b"SHUTDOWN", b"HELLO", b"RESET", b"QUIT", b"MONITOR", b"SUBSCRIBE", b"PSUBSCRIBE",
                    b"SSUBSCRIBE", b"AUTH", b"ACL", b"MULTI", b"EXEC", b"WAIT", b"BGSAVE", b"SAVE", b"BGREWRITEAOF"):
            continue
        if name in (b"FLUSHALL", b"FLUSHDB") and g.chance(0.95):
            continue
        yield step.words


DATA_FAMILIES = ["strings", "keys", "expiry", "hashes", "lists", "sets", "zsets", "streams", "geo", "hyperloglog", "bitmaps", "sort", "scripts"]


@pytest.mark.parametrize("seed", range(4))
def test_memory_log_rewrite_and_snapshot_agree(start, seed):
    """A random stream of commands of all families, some of them in transactions; then the data comes four ways."""
    server = log_of(start, {"appendfsync": "no", "proto-max-bulk-len": "1mb"})
    steps = random_steps(seed, DATA_FAMILIES)
    rng = random.Random(seed)
    with server.client(timeout=60) as c:
        for _ in range(100):
            batch = []
            for _ in range(rng.randint(1, 12)):
                words = [next(steps) for _ in range(rng.randint(1, 12))]
                batch += [[b"MULTI"]] + words + [[b"EXEC"]] if rng.random() < 0.3 else words
            for reply in c.pipeline(batch):
                pass
        wait_for(lambda: c("DBSIZE") == len(c("KEYS", "*")))
        memory = c("DEBUG", "DIGEST")
        assert c("DEBUG", "LOADAOF") == "OK"
        assert c("DEBUG", "DIGEST") == memory
    server.kill(signal.SIGKILL)
    server.wait_exit()
    if keel.PEER:
        assert digest(moved(server, log_of(start, {"proto-max-bulk-len": "1mb"}, binary=keel.PEER))) == memory, "in redis-server"
    again(server)
    assert digest(server) == memory, "the replayed log"
    with server.client() as c:
        assert c("BGREWRITEAOF") == "Background append only file rewriting started"
    rewritten(server)
    crash(server)
    assert digest(server) == memory, "the rewritten log"
    with server.client() as c:
        c("CONFIG", "SET", "aof-use-rdb-preamble", "no")
        c("BGREWRITEAOF")
    rewritten(server)
    crash(server)
    assert digest(server) == memory, "the log rewritten as commands"
    with server.client() as c:
        assert c("DEBUG", "RELOAD") == "OK"
        assert c("DEBUG", "DIGEST") == memory, "the snapshot"


@needs_peer
@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_a_log_of_keel_starts_redis(start, preamble):
    ours = log_of(start, {"aof-use-rdb-preamble": preamble, "aof-timestamp-enabled": "yes"})
    theirs = log_of(start, {"sanitize-dump-payload": "yes"}, binary=keel.PEER)
    with ours.client() as c:
        data.fill(c)
        c("BGREWRITEAOF")
        rewritten(ours)
        c("SET", "after", "the rewrite"), c("SELECT", "2"), c("SPOP", "nothing"), c("EVAL", "redis.call('set','a',1) redis.call('set','b',2)", "0")
        c("SELECT", "0")
        details = data.details(c)
    before = digest(ours)
    ours.kill(), ours.wait_exit()
    moved(ours, theirs)
    assert digest(theirs) == before
    with theirs.client() as c:
        assert data.details(c) == details
        c("SET", "from", "redis")
    before = digest(theirs)
    theirs.kill(), theirs.wait_exit()
    moved(theirs, ours)
    assert digest(ours) == before


@needs_peer
@pytest.mark.parametrize("preamble", ["yes", "no"])
def test_a_log_of_redis_starts_keel(start, preamble):
    theirs = log_of(start, {"aof-use-rdb-preamble": preamble}, binary=keel.PEER)
    with theirs.client() as c:
        data.fill(c)
        c("BGREWRITEAOF")
        wait_for(lambda: persistence(theirs)["aof_rewrite_in_progress"] == "0")
        c("SADD", "later", "1", "2", "3"), c("SPOP", "later"), c("SET", "t", "1", "EX", "1000")
        c("MULTI"), c("INCR", "n"), c("SELECT", "6"), c("INCR", "n"), c("EXEC")
        c("SELECT", "0")
        details = data.details(c)
    before = digest(theirs)
    theirs.kill(), theirs.wait_exit()
    ours = log_of(start)
    moved(theirs, ours)
    assert digest(ours) == before
    with ours.client() as c:
        assert data.details(c) == details
        c("BGREWRITEAOF")
    rewritten(ours)
    crash(ours)
    assert digest(ours) == before


# ---- beginning, on and off

def test_a_snapshot_becomes_the_base_of_the_first_log(start):
    server = start()
    with server.client() as c:
        data.fill(c)
        c("SAVE")
    before = digest(server)
    server.kill(), server.wait_exit()
    with open(server.config_file, "a") as f:
        f.write("appendonly yes\n")
    again(server)
    assert digest(server) == before
    os.remove(server.file("dump.rdb"))
    with server.client() as c:
        c("SET", "new", "1")
    comes_back_the_same(server)


def test_turned_on_and_off_live(start):
    server = start()
    with server.client() as c:
        data.fill(c)
        assert persistence(server)["aof_enabled"] == "0"
        assert c("CONFIG", "SET", "appendonly", "yes") == "OK"
        c("SET", "while", "the base is written")
        rewritten(server)
        assert persistence(server)["aof_enabled"] == "1"
        c("SET", "after", "1")
        before = c("DEBUG", "DIGEST")
        assert c("CONFIG", "SET", "appendonly", "no") == "OK"
        assert persistence(server)["aof_enabled"] == "0"
        size = os.path.getsize(incremental(server))
        c("SET", "not", "logged")
        assert os.path.getsize(incremental(server)) == size
    server.kill(signal.SIGKILL), server.wait_exit()
    with open(server.config_file, "a") as f:
        f.write("appendonly yes\n")
    again(server)
    assert digest(server) == before
    with server.client() as c:  # on again: what was not logged is in the new base
        c("CONFIG", "SET", "appendonly", "no"), c("SET", "x", "1"), c("CONFIG", "SET", "appendonly", "yes")
        rewritten(server)
        before = c("DEBUG", "DIGEST")
    crash(server)
    assert digest(server) == before


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_while_a_log_begins(start, nth):
    """Whichever of the files came to its name last: the next start takes the folder, and finds what was there."""
    strace = needs_strace()
    server = start()
    with server.client() as c:
        data.fill(c)
        c("SAVE")
        before = c("DEBUG", "DIGEST")
        killing = subprocess.Popen([strace, "-f", "-e", "trace=/^rename", "-e", "inject=/^rename:signal=KILL:when=%d" % nth, "-o", "/dev/null",
                                    "-p", str(server.pid)], stderr=subprocess.DEVNULL)
        wait_for(lambda: re.search(r"TracerPid:\s*[1-9]", open("/proc/%d/status" % server.pid).read()))
        time.sleep(0.3)  # the other threads, too
        assert c("CONFIG", "SET", "appendonly", "yes") == "OK"
    assert server.wait_exit() == -signal.SIGKILL
    killing.wait(10)
    server.args += ["--appendonly", "yes"]
    again(server)
    assert digest(server) == before
    with server.client() as c:
        c("SET", "after", "1")
        c("BGREWRITEAOF")
    rewritten(server)
    assert len(files(server)) == 3
    comes_back_the_same(server)


@pytest.mark.parametrize("alone", [False, True], ids=["all files", "the base alone"])
def test_a_log_without_its_manifest_is_not_begun_anew(start, alone):
    """All of it is in the base: since the last rewrite nothing was written."""
    server = log_of(start)
    with server.client() as c:
        c("SET", "precious", "1"), c("BGREWRITEAOF")
    rewritten(server)
    server.kill(signal.SIGKILL), server.wait_exit()
    held = {name: open(server.file(os.path.join(FOLDER, name)), "rb").read() for name in os.listdir(server.file(FOLDER))}
    manifest = [name for name in held if name.endswith(".manifest")][0]
    for name in held:
        if name == manifest or alone and ".incr." in name:
            os.remove(server.file(os.path.join(FOLDER, name)))
    server.start(ready=False)
    assert server.wait_exit() == 1
    assert re.search(r"has appendonly\.aof\.\d+\.base\.rdb, but no manifest", server.log())
    status, said = checked(server.dir)
    assert status == 1 and "holds no manifest of an AOF, though files of one: " in said
    for name, content in held.items():
        with open(server.file(os.path.join(FOLDER, name)), "wb") as f:
            f.write(content)
    again(server)
    with server.client() as c:
        assert c("GET", "precious") == b"1"


def test_killed_while_the_first_base_comes_to_its_name(start):
    """The data is in the snapshot still; what lies in the folder is no log that lost its manifest."""
    strace = needs_strace()
    server = start()
    with server.client() as c:
        data.fill(c)
        before = c("DEBUG", "DIGEST")
        assert c("SAVE") == "OK"
    server.kill(signal.SIGKILL)
    server.wait_exit()
    server.args += ["--appendonly", "yes"]
    for nth in (1, 2, 3):  # the manifest that lists nothing, the base, the manifest
        killed = subprocess.Popen([strace, "-D", "-f", "-e", "trace=/^rename", "-e", "inject=/^rename:signal=KILL:when=%d" % nth, "-o", "/dev/null",
                                   server.binary, server.config_file] + server.args, cwd=server.dir, stdout=subprocess.DEVNULL)
        try:  # with -D it is the server itself
            assert killed.wait(30 * PATIENCE) == -signal.SIGKILL
        finally:
            killed.kill()
    again(server)
    assert digest(server) == before
    with server.client() as c:
        c("SET", "after", "1"), c("BGREWRITEAOF")
    rewritten(server)
    assert len(files(server)) == 3
    comes_back_the_same(server)


def in_the_middle_of_exec(server):
    """A client whose EXEC has done a half of its work and is now busy; and one that hears so."""
    writer, other = server.client(), server.client()
    writer.pipeline([("SET", "a", "0"), ("SET", "b", "0"), ("MULTI",), ("INCR", "a"), ("EVAL", "while true do end", "0"), ("INCR", "b")])
    writer.send("EXEC")
    wait_for(lambda: getattr(other("PING"), "code", "") == "BUSY", what="the script to be busy")
    return writer, other


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_a_signal_waits_for_the_end_of_a_transaction(start, fsync):
    server = log_of(start, {"appendfsync": fsync, "busy-reply-threshold": "100"})
    writer, other = in_the_middle_of_exec(server)
    server.kill()
    server.wait_log("is part of a transaction")
    assert other("SCRIPT", "KILL") == "OK"
    replies = writer.read()
    assert replies[0] == replies[2] == 1 and "Script killed by user" in replies[1]
    assert server.wait_exit() == 0
    server.start()
    with server.client() as c:
        assert c("MGET", "a", "b") == [b"1", b"1"]


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_a_transaction_that_is_given_up_is_not_answered(start, fsync):
    server = log_of(start, {"appendfsync": fsync, "busy-reply-threshold": "100"})
    writer, other = in_the_middle_of_exec(server)
    other.send("SHUTDOWN", "NOSAVE")
    with pytest.raises(Closed):
        writer.read()
    assert server.wait_exit() == 0
    server.start()
    with server.client() as c:
        assert c("MGET", "a", "b") == [b"0", b"0"]


def test_the_old_single_file(start):
    server = log_of(start)
    with server.client() as c:
        c("SET", "k", "1"), c("RPUSH", "l", "a", "b")
    before = digest(server)
    server.kill(), server.wait_exit()
    text = open(incremental(server), "rb").read()
    shutil.rmtree(server.file(FOLDER))
    with open(server.file("appendonly.aof"), "wb") as f:
        f.write(re.sub(rb"#[^\r]*\r\n", b"", text))
    again(server)
    assert digest(server) == before
    assert not os.path.exists(server.file("appendonly.aof"))
    with server.client() as c:
        c("SET", "k", "2")
    comes_back_the_same(server)


def test_shutdown_keeps_all(start):
    server = log_of(start, {"appendfsync": "no"})
    with server.client() as c:
        c.pipeline([["SET", "key:%d" % i, "v" * 100] for i in range(5000)])
        c.send("SHUTDOWN")
    assert server.wait_exit() == 0
    again(server)
    with server.client() as c:
        assert c("DBSIZE") == 5000
        assert c("DEBUG", "LOADAOF") == "OK" and c("DBSIZE") == 5000


# ---- damage

def filled(start, config=None):
    server = log_of(start, config)
    with server.client() as c:
        c.pipeline([["SET", "key:%d" % i, "value %d" % i] for i in range(3000)])
    server.kill(), server.wait_exit()
    return server


def test_a_cut_end_is_loaded_and_said(start):
    server = filled(start)
    path = incremental(server)
    text = open(path, "rb").read()
    cut = text.rindex(b"value 2999") + 3
    with open(path, "r+b") as f:
        f.truncate(cut)
    again(server)
    with server.client() as c:
        assert c("DBSIZE") == 2999
    assert "Truncating the AOF" in server.log()
    server.kill(), server.wait_exit()
    with open(path, "ab") as f:
        f.write(b"*3\r\n$3\r\nSET\r\n")
    server.expect_exit = True
    with open(server.config_file, "a") as f:
        f.write("aof-load-truncated no\n")
    server.start(ready=False)
    assert server.wait_exit() == 1
    assert "Unexpected end of file" in server.log()


def test_damage_in_the_middle_is_refused(start):
    server = filled(start)
    path = incremental(server)
    text = bytearray(open(path, "rb").read())
    text[text.index(b"value 1500") + 6] ^= 1  # still a log in good form: another value
    with open(path, "wb") as f:
        f.write(text)
    server.expect_exit = True
    server.start(ready=False)
    assert server.wait_exit() == 1
    assert re.search(r"appendonly\.aof\.1\.incr\.aof is damaged: .* \(at offset \d+; good and sealed up to offset \d+\)", server.log())
    assert open(path, "rb").read() == text


CHECK_AOF = os.path.join(os.path.dirname(keel.BINARY), "tools", "keel-check-aof")


def checked(path):
    """What keel-check-aof has to say of it, if it is built: exit status and text."""
    if not os.path.exists(CHECK_AOF):
        pytest.skip("keel-check-aof is not built")
    done = subprocess.run([CHECK_AOF, path], capture_output=True, timeout=60 * PATIENCE, text=True)
    assert "runtime error" not in done.stderr and "AddressSanitizer" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_the_checker_says_what_a_start_does(start):
    server = filled(start, {"databases": "100"})
    path = incremental(server)
    good = open(path, "rb").read()
    status, said = checked(server.dir)
    assert status == 0 and said.startswith("The folder %s holds the manifest %s/" % (server.dir, server.file(FOLDER)))
    assert checked(server.file(FOLDER)) == (0, said.replace(server.dir, server.file(FOLDER), 1))
    assert "All AOF files and manifest are valid" in said
    for words in (["NOSUCH", "a"], ["MONITOR"], ["SET", "a"], ["FUNCTION", "NOSUCH"], ["SELECT", "-1"], ["PUBLISH", "a", "b"],
                  ["SELECT", "99"], ["HSETEX", "h", "FIELDS", "1", "f", "v"], ["FUNCTION", "FLUSH"]):
        at = len(good)
        with open(path, "wb") as f:
            f.write(good + encode(*words))
        status, said = checked(server.dir)
        assert (status == 0) == (words[0] in ("PUBLISH", "HSETEX") or words == ["SELECT", "99"] or words == ["FUNCTION", "FLUSH"]), (words, said)
        assert ("SELECT 99: a start with fewer than 100 databases ends here" in said) == (words == ["SELECT", "99"])
        again(server, ready=status == 0)
        if status == 0:
            server.kill()
        assert server.wait_exit() == status
        if status:
            refusal = re.search(r"A start ends here: (.*)\n", said).group(1)
            assert "(command '%s' at offset %d)" % (words[0], at) in refusal
            # Of SELECT the server says how many databases it has.
            assert re.sub(r" \(100 are configured\)", "", server.log()).count(refusal) >= 1, (refusal, server.log())


def test_unknown_commands_and_databases_are_refused(start):
    for line, word in ((b"*2\r\n$6\r\nNOSUCH\r\n$1\r\na\r\n", "Unknown command 'NOSUCH'"),
                       (b"*2\r\n$6\r\nSELECT\r\n$2\r\n99\r\n", "Can't SELECT"),
                       (b"*1\r\n$7\r\nMONITOR\r\n", "A command that is not about data, 'monitor', reading the append only file"),
                       (b"*2\r\n$3\r\nSET\r\n$1\r\na\r\n", "Wrong number of arguments for the command 'set'")):
        server = filled(start)
        with open(incremental(server), "ab") as f:
            f.write(line)
        server.expect_exit = True
        server.start(ready=False)
        assert server.wait_exit() == 1
        assert word in server.log()


# ---- rewriting

def test_rewrite_under_load(start):
    server = log_of(start, {"rdb-key-save-delay": 100})
    with server.client() as c:
        c("DEBUG", "POPULATE", "3000")
        rewritten(server)
        assert c("BGREWRITEAOF") == "Background append only file rewriting started"
        assert c("BGREWRITEAOF") == Error("ERR Background append only file rewriting already in progress")
        assert c("BGSAVE").startswith("ERR Another child process is active (AOF?)")
        assert c("BGSAVE", "SCHEDULE") == "Background saving scheduled"
        n = 0
        while persistence(server)["aof_rewrite_in_progress"] == "1":
            c.pipeline([["INCR", "n"]] * 50 + [["SET", "key:%d" % n, "changed"], ["RPUSH", "l", n]])
            n += 1
        assert n > 3
        wait_for(lambda: persistence(server)["rdb_bgsave_in_progress"] == "1")
        assert c("BGREWRITEAOF") == "Background append only file rewriting scheduled"
        rewritten(server, 3)
        before = c("DEBUG", "DIGEST")
        p = persistence(server)
        assert p["aof_last_bgrewrite_status"] == "ok" and int(p["aof_base_size"]) > 0
    assert len(files(server)) == 3
    crash(server)
    assert digest(server) == before


def test_growth_starts_a_rewrite(start):
    server = log_of(start, {"auto-aof-rewrite-min-size": "100kb", "auto-aof-rewrite-percentage": "100"})
    with server.client() as c:
        for _ in range(40):
            c.pipeline([["SET", "k", "v" * 1000]] * 20)
        rewritten(server)
        assert int(persistence(server)["aof_current_size"]) < 600_000
        assert c("GET", "k") == b"v" * 1000


@needs_peer
def test_newer_commands_leave_a_log_that_older_servers_understand(start):
    ours, theirs = log_of(start), log_of(start, binary=keel.PEER)
    with ours.client() as c:
        for words in ("SET a abc", "SET b abd", "BITOP DIFF d a b", "BITOP ONE e a b", "BITOP ANDOR f a b", "BITOP DIFF1 g a b", "SET gone x",
                      "BITOP DIFF gone none none", "MSETEX 2 m1 1 m2 2", "MSETEX 1 m3 3 EX 100000", "MSETEX 1 m3 4 KEEPTTL", "HSETEX h FIELDS 2 f 1 g 2",
                      "HGETDEL h FIELDS 1 g", "SET a abc IFEQ abc", "SET q 1", "DELIFEQ q 1", "XADD s 1-1 f v", "XGROUP CREATE s g 0",
                      "XADD s 2-1 f v", "XADD s 3-1 f v", "XADD s 4-1 f v", "XADD s 5-1 f v", "XREADGROUP GROUP g c STREAMS s >",
                      "XDELEX s DELREF IDS 1 2-1", "XACKDEL s g KEEPREF IDS 1 3-1", "XADD s DELREF MAXLEN 3 * a b", "XTRIM s ACKED MAXLEN = 1",
                      "XTRIM s KEEPREF MAXLEN = 1"):
            assert not isinstance(c(*words.split()), Error), words
        pending = c("XPENDING", "s", "g")
        stream = c("XINFO", "STREAM", "s", "FULL")
    before = digest(ours)
    ours.kill(), ours.wait_exit()
    moved(ours, theirs)
    assert digest(theirs) == before
    with theirs.client() as c:
        assert c("XPENDING", "s", "g") == pending
        told = c("XINFO", "STREAM", "s", "FULL")
    assert [told[told.index(name) + 1] for name in (b"length", b"last-generated-id", b"entries")] == [
        stream[stream.index(name) + 1] for name in (b"length", b"last-generated-id", b"entries")]


def rewriting_child(server, c):
    """The child of a rewrite that has just begun."""
    started = lambda: re.findall(r"Background append only file rewriting started by pid (\d+)", server.log())
    earlier = len(started())
    c("BGREWRITEAOF")
    wait_for(lambda: len(started()) > earlier)  # when the new file is there
    return int(started()[-1])


@pytest.mark.parametrize("then", ["CONFIG SET appendonly no", "DEBUG LOADAOF", "SHUTDOWN NOSAVE"])
def test_a_child_that_stands_still_holds_nobody_up(start, then):
    server = log_of(start, {"rdb-key-save-delay": 1000})
    with server.client(timeout=10 * PATIENCE) as c:
        c("DEBUG", "POPULATE", "2000")
        rewritten(server)
        os.kill(rewriting_child(server, c), signal.SIGSTOP)
        if then.startswith("SHUTDOWN"):
            c.send(*then.split())
            assert server.wait_exit() == 0
        else:
            assert c(*then.split()) == "OK"
            assert c("DBSIZE") == 2000
    assert "does not end" not in server.log(), "it was waited for as long as for one whose disk hangs"


def test_two_servers_do_not_write_one_log(start):
    server = log_of(start)
    with server.client() as c:
        c("SET", "k", "1")
        other = log_of(start, {"dir": server.dir}, ready=False)
        assert other.wait_exit() == 1
        assert "is in use by another server" in other.log()
        idle = start({"dir": server.dir, "dbfilename": "other.rdb"})
        with idle.client() as c2:
            assert isinstance(c2("CONFIG", "SET", "appendonly", "yes"), Error)
            assert c("CONFIG", "SET", "appendonly", "no") == "OK"
            assert c2("CONFIG", "SET", "appendonly", "yes") == "OK"
        c("BGSAVE"), c("SET", "l", "1")
    crash(idle)  # the lock went with it, at once


def test_a_rewrite_while_the_log_is_off_makes_the_folder(start):
    server = start()
    with server.client() as c:
        c("SET", "k", "1")
        c("BGREWRITEAOF")
        wait_for(lambda: persistence(server)["aof_rewrite_in_progress"] == "0")
        assert persistence(server)["aof_last_bgrewrite_status"] == "ok"
        assert [name for name in files(server) if ".base." in name]
        # The folder is not kept: another server may have it now.
        other = log_of(start, {"dir": server.dir})
        with other.client() as c2:
            assert c2("GET", "k") == b"1"
        assert isinstance(c("BGREWRITEAOF"), Error) and "is in use by another server" in server.log()


@pytest.mark.parametrize("alone", [False, True], ids=["all files", "the base alone"])
@pytest.mark.parametrize("command", ["CONFIG SET appendonly yes", "BGREWRITEAOF", "DEBUG LOADAOF"])
def test_a_log_whose_manifest_is_gone_is_not_written_over_live(start, command, alone):
    server = log_of(start)
    with server.client() as c:
        c.pipeline([("SET", "k%d" % i, "1") for i in range(50)])
    server.kill()
    server.wait_exit()
    for name in files(server):
        if name.endswith(".manifest") or alone and ".incr." in name:
            os.remove(server.file(os.path.join(FOLDER, name)))
    server.args += ["--appendonly", "no"]
    again(server)
    before = {name: open(server.file(os.path.join(FOLDER, name)), "rb").read() for name in files(server)}
    with server.client() as c:
        assert isinstance(c(*command.split()), Error)
        assert "no manifest appendonly.aof.manifest" in server.log()
        assert c("SET", "k", "1") == "OK"
    assert {name: open(server.file(os.path.join(FOLDER, name)), "rb").read() for name in files(server)} == before


def test_a_flipped_letter_of_the_manifest_is_refused(start):
    """One letter decides whether a file counts."""
    server = log_of(start)
    with server.client() as c:
        c("SET", "k", "1")
        c("BGREWRITEAOF")
        rewritten(server)
        c("SET", "l", "1")
    server.kill()
    server.wait_exit()
    path = server.file(os.path.join(FOLDER, "appendonly.aof.manifest"))
    with open(path, "rb") as f:
        good = f.read()
    at = good.index(b"type i") + 5
    with open(path, "wb") as f:
        f.write(good[:at] + b"h" + good[at + 1:])
    again(server, ready=False)
    assert server.wait_exit() == 1
    assert "checksum of the AOF manifest does not match" in server.log()
    # Changed on purpose, by one who read that sentence.
    with open(path, "wb") as f:
        f.write(good[:good.index(b"#KEEL-MANIFEST")])
    again(server)
    with server.client() as c:
        assert c("EXISTS", "k", "l") == 2


def test_a_killed_rewrite_leaves_what_was(start):
    server = log_of(start, {"rdb-key-save-delay": 1000})
    with server.client() as c:
        c("DEBUG", "POPULATE", "2000")
        rewritten(server)
        pid = rewriting_child(server, c)
        c("SET", "meanwhile", "1")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: persistence(server)["aof_last_bgrewrite_status"] == "err")
        c("SET", "after", "1")
        before = c("DEBUG", "DIGEST")
    crash(server)
    assert digest(server) == before
    assert [n for n in files(server) if n.startswith("temp")] == []


def test_a_rewrite_in_a_transaction_waits_for_its_end(start):
    server = log_of(start)
    with server.client() as c:
        c("MULTI"), c("SET", "a", "1"), c("BGREWRITEAOF"), c("SET", "b", "1")
        assert c("EXEC") == ["OK", "Background append only file rewriting scheduled", "OK"]
        rewritten(server)
        before = c("DEBUG", "DIGEST")
    crash(server)
    assert digest(server) == before


# ---- crashes

class Writer(threading.Thread):
    """Counts up in one key, and in a transaction and a script in pairs of keys, in turns, until the connection ends."""

    def __init__(self, server, number):
        super().__init__(daemon=True)
        self.client, self.number, self.heard, self.pairs = server.client(), number, [], 0

    def run(self):
        key = "w%d" % self.number
        pair = ["{%s}a" % key, "{%s}b" % key]
        try:
            while True:
                if self.client("INCR", key) != len(self.heard) + 1:
                    return
                self.heard.append(time.monotonic())
                if self.number % 2:
                    done = self.client.pipeline([["MULTI"], ["INCR", pair[0]], ["INCR", pair[1]], ["EXEC"]])[-1]
                else:
                    done = self.client("EVAL", "return {redis.call('incr',KEYS[1]),redis.call('incr',KEYS[2])}", "2", *pair)
                if done != [self.pairs + 1] * 2:
                    return
                self.pairs += 1
        except (OSError, Closed, TimeoutError, EOFError):
            pass

    def check(self, c, fsync, killed_at):
        """What `c` finds after a crash at `killed_at` is what this one wrote, up to some point that was promised."""
        have = int(c("GET", "w%d" % self.number) or 0)
        a, b = (int(c("GET", "{w%d}%s" % (self.number, x)) or 0) for x in "ab")
        assert a == b, "half of what belongs together came back"
        assert have - a in (0, 1), "something came back without what was sent before it"
        assert have <= len(self.heard) + 1 and a <= self.pairs + 1
        if fsync == "always":
            assert have >= len(self.heard) and a >= self.pairs
        else:
            assert have >= len([t for t in self.heard if t < killed_at - 2]), "what is older than two seconds is lost"


CHILDREN = (None, "BGREWRITEAOF", "BGSAVE")


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_kill_at_any_moment(start, fsync):
    """`always`: nothing that was acknowledged is lost. `everysec`: nothing older than two seconds. Both: what comes back
    of a connection is what it sent up to some point, nothing halved; also while a child writes. KEEL_CRASHES says how
    many times."""
    server = log_of(start, {"appendfsync": fsync, "auto-aof-rewrite-min-size": "60kb", "auto-aof-rewrite-percentage": "20",
                            "rdb-key-save-delay": 500})
    rng = random.Random(7)
    crashes = int(os.environ.get("KEEL_CRASHES", "9"))
    for i in range(crashes):
        with server.client() as c:
            c("FLUSHALL")
            c.pipeline([["SET", "filler:%d" % n, "v" * 20] for n in range(100)])
            writers = [Writer(server, number) for number in range(4)]
            for w in writers:
                w.start()
            # The last one of everysec runs long enough for the bound of two seconds to mean something.
            time.sleep(3.5 if fsync == "everysec" and i == crashes - 1 else rng.uniform(0.02, 0.4) * PATIENCE)
            if CHILDREN[i % 3]:
                c(CHILDREN[i % 3])
                time.sleep(rng.uniform(0, 0.1))
        killed_at = time.monotonic()
        server.kill(signal.SIGKILL)
        server.wait_exit()
        for w in writers:
            w.join(20)
        again(server)
        with server.client() as c:
            assert len(c("KEYS", "filler:*")) == 100
            for w in writers:
                w.check(c, fsync, killed_at)


@plain_only  # a trace of system calls shows no reply of TLS
def test_always_answers_only_what_is_synced(start):
    """Under strace it shows: no reply to a write leaves between the write to the log and its fdatasync."""
    strace = needs_strace()
    server = log_of(start, {"appendfsync": "always"})
    trace = server.file("trace")
    tracer = subprocess.Popen([strace, "-f", "-e", "trace=fdatasync,fsync,sendto,sendmsg,write", "-o", trace, "-p", str(server.pid)],
                              stderr=subprocess.DEVNULL)
    try:
        with server.client() as c:
            wait_for(lambda: c("SET", "probe", "1") == "OK" and os.path.exists(trace) and "sendto" in open(trace).read())
            for i in range(20):
                assert c("SET", "marked%d" % i, "value") == "OK"
    finally:
        tracer.terminate()
        tracer.wait(10)
    unsynced = checked = 0
    for line in open(trace):
        if "write(" in line and "marked" in line:
            unsynced += 1
        elif re.search(r"f(data)?sync.*= 0", line):
            unsynced = 0
        elif "+OK" in line and "send" in line:
            assert unsynced == 0, line
            checked += 1
    assert checked >= 20


@pytest.mark.parametrize("live", [False, True])
def test_the_first_write_of_a_log_waits_for_the_disk_too(start, live):
    strace = needs_strace()
    server = log_of(start, {"appendfsync": "always", "appendonly": "no" if live else "yes"})
    with server.client() as c:
        if live:
            assert c("CONFIG", "SET", "appendonly", "yes") == "OK"
            wait_for(lambda: persistence(server)["aof_rewrite_in_progress"] == "0")
        slow = subprocess.Popen([strace, "-f", "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=400000", "-o", "/dev/null", "-p",
                                 str(server.pid)], stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: re.search(r"TracerPid:\s*[1-9]", open("/proc/%d/status" % server.pid).read()))
            time.sleep(0.3)  # the other threads, too
            began = time.monotonic()
            assert c("SET", "k", "1") == "OK"
            assert time.monotonic() - began > 0.35
        finally:
            slow.terminate()
            slow.wait(10)


def test_messages_about_a_write_wait_for_the_disk_too(start):
    """Under always a keyspace event, an invalidation and a published message leave no sooner than the reply."""
    strace = needs_strace()
    server = log_of(start, {"appendfsync": "always", "notify-keyspace-events": "KEA"})
    with server.client() as c, server.client() as events, server.client(resp=3) as cache, server.client(resp=3) as prefix, \
            server.client() as reader:
        c("SET", "k", "0"), c("SET", "soon", "1", "PX", "1")
        events("SUBSCRIBE", "__keyevent@0__:set", "news"), events.read()
        cache("CLIENT", "TRACKING", "ON"), cache("GET", "k")
        prefix("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "k")
        slow = subprocess.Popen([strace, "-f", "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=400000", "-o", "/dev/null", "-p",
                                 str(server.pid)], stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: re.search(r"TracerPid:\s*[1-9]", open("/proc/%d/status" % server.pid).read()))
            time.sleep(0.3)  # the other threads, too
            began = time.monotonic()
            c.send_raw(encode("SET", "k", "1") + encode("PUBLISH", "news", "k is 1"))
            assert reader("GET", "k") in (b"0", b"1") and time.monotonic() - began < 0.3, "who has heard nothing is served"
            assert events.read() == [b"message", b"__keyevent@0__:set", b"k"]
            assert time.monotonic() - began > 0.35
            assert events.read() == [b"message", b"news", b"k is 1"]
            assert cache.read() == prefix.read() == [b"invalidate", [b"k"]]
            assert time.monotonic() - began > 0.35
            assert c.read() == "OK" and c.read() == 1
            # Where all is on the disk nothing waits.
            began = time.monotonic()
            assert reader("PUBLISH", "news", "more") == 1 and events.read() == [b"message", b"news", b"more"]
            assert time.monotonic() - began < 0.3
        finally:
            slow.terminate()
            slow.wait(10)


def test_who_only_listens_hears_no_error_of_a_disk_that_fails(start):
    """What was not told to the disk is not told to others, under always: their connections end, with what they believe of the data. A reply
    is an error only to whom it answers; and while writes are refused, messages wait no more than reads do."""
    server = start(limited({"appendfsync": "always", "notify-keyspace-events": "KEA"}))
    with server.client() as c, server.client() as events, server.client(resp=3) as cache, server.client(resp=3) as both, \
            server.client() as monitor:
        c("SET", "fill", "v" * 100_000), c("SET", "k", "0")
        events("SUBSCRIBE", "__keyevent@0__:set")
        monitor("MONITOR")
        cache("CLIENT", "TRACKING", "ON"), cache("GET", "k")
        both("SUBSCRIBE", "__keyevent@0__:set")
        set_limit(server, os.path.getsize(incremental(server)))
        both.send("SET", "k", "1")
        assert both.read().code == "MISCONF"
        for client in (both, events, cache):
            with pytest.raises(Closed):
                client.read()
        assert c("GET", "k") == b"1"
        while '"SET" "k" "1"' not in monitor.read():  # MONITOR says what is tried, not what came of it
            pass
        with server.client() as listener:
            listener("SUBSCRIBE", "news")
            for _ in range(3):
                assert c("PUBLISH", "news", "no writes now") == 1
                assert listener.read() == [b"message", b"news", b"no writes now"]
            assert persistence(server)["aof_last_write_status"] == "err"
            set_limit(server, resource.RLIM_INFINITY)
            wait_for(lambda: c("SET", "k", "2") == "OK")
            assert c("PUBLISH", "news", "again") == 1 and listener.read() == [b"message", b"news", b"again"]


def test_a_client_that_never_pauses_gets_its_replies(start):
    """A reply waits for its own write to be durable, not for those that came meanwhile."""
    strace = needs_strace()
    server = log_of(start, {"appendfsync": "always"})
    slow = subprocess.Popen([strace, "-f", "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=30000", "-o", "/dev/null", "-p",
                             str(server.pid)], stderr=subprocess.DEVNULL)
    try:
        with server.client() as c:
            def is_slow():
                began = time.monotonic()
                return c("SET", "probe", "1") == "OK" and time.monotonic() - began > 0.02
            wait_for(is_slow)
            heard = []
            reader = threading.Thread(target=lambda: [heard.append(c.read()) for _ in range(600)])
            reader.start()
            for i in range(500):
                c.send("SET", "k", str(i))
                time.sleep(0.002)
            answered = len(heard)
            for i in range(100):
                c.send("GET", "k")
            reader.join(30)
            assert heard == ["OK"] * 500 + [b"499"] * 100
            assert answered > 250, answered  # a second of thirty waits for the disk: all but the last few
    finally:
        slow.terminate()
        slow.wait(10)


def test_half_a_script_is_not_logged(start):
    """SHUTDOWN NOSAVE ends a script that has written: what it wrote is gone, as the rest of it never came."""
    server = log_of(start, {"busy-reply-threshold": "20"})
    with server.client() as c, server.client() as other:
        assert c("SET", "before", "1") == "OK"
        c.send("EVAL", "redis.call('set', 'half', '1') redis.call('select', '3') redis.call('set', 'half', '1') while true do end", "0")
        wait_for(lambda: isinstance(other("PING"), Error))
        other.send("SHUTDOWN", "NOSAVE")
    assert server.wait_exit() == 0
    again(server)
    with server.client() as c:
        assert c("GET", "before") == b"1"
        assert c("EXISTS", "half") == 0 and c("SELECT", "3") == "OK" and c("EXISTS", "half") == 0


def test_a_log_without_its_manifest_is_not_written_over(start):
    server = log_of(start)
    with server.client() as c:
        c("SET", "k", "1")
    server.kill()
    server.wait_exit()
    manifest = server.file(os.path.join(FOLDER, "appendonly.aof.manifest"))
    os.rename(manifest, server.file("kept"))
    before = {name: open(server.file(os.path.join(FOLDER, name)), "rb").read() for name in files(server)}
    again(server, ready=False)
    assert server.wait_exit() == 1
    assert "no manifest appendonly.aof.manifest" in server.log()
    assert {name: open(server.file(os.path.join(FOLDER, name)), "rb").read() for name in files(server)} == before
    os.rename(server.file("kept"), manifest)
    again(server)
    with server.client() as c:
        assert c("GET", "k") == b"1"


def test_a_log_that_is_off_is_loaded_from_its_folder(start):
    """DEBUG LOADAOF, as in redis-server, whose data is lost if there is no log; the log stays off."""
    server = start()
    with server.client() as c:
        assert c("SET", "k", "1") == "OK"
        assert c("DEBUG", "LOADAOF") == Error("ERR The append only file is off, and none is there")
        assert c("GET", "k") == b"1"
        data.fill(c)
        before = c("DEBUG", "DIGEST")
        c("BGREWRITEAOF")
        wait_for(lambda: persistence(server)["aof_rewrite_in_progress"] == "0")
        c("SET", "later", "1")
        assert c("DEBUG", "LOADAOF") == "OK"
        assert c("DEBUG", "DIGEST") == before and c("GET", "later") is None
        assert persistence(server)["aof_enabled"] == "0"
        held = {name: open(server.file(os.path.join(FOLDER, name)), "rb").read() for name in files(server)}
        assert c("SET", "later", "2") == "OK"
        assert {name: open(server.file(os.path.join(FOLDER, name)), "rb").read() for name in files(server)} == held
        with log_of(start, {"dir": server.dir}).client() as other:  # the folder is nobody's
            assert other("DEBUG", "DIGEST") == before


def test_a_reload_that_cannot_close_the_log_begins_it_anew(start):
    server = start(limited({"appendfsync": "everysec"}))
    with server.client() as c:
        c("SET", "fill", "v" * 100_000)  # the server's own log file has to stay below the limit
        wait_for(lambda: persistence(server)["aof_pending_bio_fsync"] == "0")
        def reload_of_a_log_that_is_full():
            c("SET", "k", "1")
            set_limit(server, os.path.getsize(incremental(server)))
            reply = c("DEBUG", "LOADAOF")
            set_limit(server, resource.RLIM_INFINITY)
            return reply

        # Now and then the second's end comes between: all is sealed, and there is nothing left to write.
        wait_for(lambda: isinstance(reload_of_a_log_that_is_full(), Error), what="a reload that is refused")
        wait_for(lambda: c("SET", "after", "1") == "OK")
        wait_for(lambda: persistence(server)["aof_enabled"] == "1")
        rewritten(server)
        wait_for(lambda: c("SET", "later", "1") == "OK")
        wait_for(lambda: persistence(server)["aof_buffer_length"] == persistence(server)["aof_pending_bio_fsync"] == "0")
    crash(server)
    with server.client() as c:
        assert c("MGET", "k", "after", "later") == [b"1", b"1", b"1"]


def test_reads_go_on_where_keys_fall_due_on_a_full_disk(start):
    server = start(limited({"appendfsync": "always"}))
    with server.client() as c, server.client() as reader:
        c("SET", "fill", "v" * 100_000)
        c("SET", "due", "1", "PX", "300")
        c("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        set_limit(server, os.path.getsize(incremental(server)))
        with server.client() as writer:
            assert isinstance(writer("SET", "x", "1"), Error)
        time.sleep(0.4)
        assert reader("GET", "due") is None
        assert reader("GET", "fill") == b"v" * 100_000
        set_limit(server, resource.RLIM_INFINITY)
        wait_for(lambda: persistence(server)["aof_last_write_status"] == "ok")


# ---- a disk that is full

def limited(config=None):
    """For a server whose files cannot grow over a limit (set_limit): a write over it fails with EFBIG, as one to a full
    disk does with ENOSPC."""
    return dict({"appendonly": "yes", "auto-aof-rewrite-percentage": "0"}, **(config or {}))


def set_limit(server, size):
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_a_full_disk_refuses_writes_and_comes_back(start, fsync):
    server = start(limited({"appendfsync": fsync}))
    with server.client() as c, server.client() as reader:
        assert c("SET", "before", "1") == "OK"
        c("SET", "fill", "v" * 100_000)  # the server's own log file has to stay below the limit
        set_limit(server, os.path.getsize(incremental(server)) + 2000)
        refused = None
        acknowledged = 0
        for i in range(200):
            try:
                with server.client() as writer:
                    reply = writer("SET", "key:%d" % i, "v" * 100)
            except (Closed, OSError):
                reply = None
            if isinstance(reply, Error):
                refused = reply
                break
            acknowledged += reply == "OK"
            time.sleep(0.01)
        assert refused is not None and refused.startswith("MISCONF Errors writing to the AOF file: "), refused
        assert acknowledged < 100
        assert persistence(server)["aof_last_write_status"] == "err"
        # Reads go on, writes do not, in transactions and scripts neither.
        assert reader("GET", "before") == b"1"
        assert reader("SET", "x", "1").code == "MISCONF"
        assert reader("EVAL", "return redis.call('set', 'x', '1')", "0").code == "MISCONF"
        assert reader("EVAL", "return redis.call('get', 'before')", "0") == b"1"
        assert reader("PING").code == "MISCONF"
        reader("MULTI")
        assert reader("SET", "x", "1").code == "MISCONF"
        assert reader("EXEC").code == "EXECABORT"
        assert server.alive()
        set_limit(server, resource.RLIM_INFINITY)
        wait_for(lambda: persistence(server)["aof_last_write_status"] == "ok")
        assert reader("SET", "after", "1") == "OK"
        before = reader("DEBUG", "DIGEST")
    crash(server)
    assert digest(server) == before


@pytest.mark.parametrize("fsync", ["everysec", "no"])
def test_a_full_disk_is_told_to_whom_it_concerns(start, fsync):
    """Without a sync, too: what could not be written to the file is not answered with OK."""
    server = start(limited({"appendfsync": fsync}))
    with server.client() as c, server.client() as reader:
        c("SET", "fill", "v" * 100_000)
        if fsync == "everysec":  # just after a sync no other one begins, for which a write would wait in memory
            time.sleep(1.1)
            c("SET", "synced", "1")
            wait_for(lambda: persistence(server)["aof_pending_bio_fsync"] == "0")
        set_limit(server, os.path.getsize(incremental(server)) + 2000)
        acknowledged = 0
        for i in range(100):
            if (reply := c("SET", "key:%d" % i, "v" * 100)) != "OK":
                break
            acknowledged += 1
        assert 0 < acknowledged < 100 and reply.code == "MISCONF"
        with pytest.raises(Closed):
            c.read()
        assert reader("GET", "key:%d" % acknowledged) == b"v" * 100  # in memory it is
    set_limit(server, resource.RLIM_INFINITY)
    crash(server)
    with server.client() as c:
        assert all(c.pipeline([("EXISTS", "key:%d" % i) for i in range(acknowledged)]))


CANNOT_EXIT = "The AOF can't be written now, can't exit: MISCONF Errors writing to the AOF file: "


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_shutdown_is_refused_if_its_last_write_fails(start, fsync):
    """What SHUTDOWN finds still to be written: refused, unless it is to end whatever comes; then its status tells."""
    server = start(limited({"appendfsync": fsync}))
    with server.client() as c:
        c("SET", "fill", "v" * 100_000)
        set_limit(server, os.path.getsize(incremental(server)))
        c.send_raw(encode("SET", "k", "1") + encode("SHUTDOWN"))
        assert c.read().code == "MISCONF"
        with pytest.raises(Closed):
            c.read()
    assert CANNOT_EXIT in server.log()
    with server.client() as c:
        assert c("GET", "k") == b"1"
        assert c("SHUTDOWN") == Error("ERR Errors trying to SHUTDOWN. Check logs.")
        set_limit(server, resource.RLIM_INFINITY)
        wait_for(lambda: persistence(server)["aof_last_write_status"] == "ok")
        set_limit(server, os.path.getsize(incremental(server)))
        c.send_raw(encode("SET", "l", "1") + encode("SHUTDOWN", "FORCE"))
        assert c.read().code == "MISCONF"
        with pytest.raises(Closed):
            c.read()
    assert server.wait_exit() == 1
    assert "The end of the AOF could not be written: MISCONF" in server.log()
    again(server)
    with server.client() as c:
        assert c("MGET", "k", "l") == [b"1", None]


@pytest.mark.parametrize("how", ["SIGTERM", "SHUTDOWN"])
def test_shutdown_is_refused_if_its_last_sync_fails(start, how):
    strace = needs_strace()
    server = start(limited({"appendfsync": "no"}))
    with server.client() as c:
        c("SET", "k", "1")
        failing = subprocess.Popen([strace, "-f", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO", "-o", "/dev/null", "-p",
                                    str(server.pid)], stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: re.search(r"TracerPid:\s*[1-9]", open("/proc/%d/status" % server.pid).read()))
            time.sleep(0.3)  # the other threads, too
            if how == "SIGTERM":
                server.kill()
                wait_for(lambda: CANNOT_EXIT in server.log())
            else:
                assert c("SHUTDOWN") == Error("ERR Errors trying to SHUTDOWN. Check logs.")
            assert c("GET", "k") == b"1" and c("SET", "l", "1").code == "MISCONF"
        finally:
            failing.terminate()
            failing.wait(10)
        # Nothing was kept to write it again: a rewrite makes the log whole.
        wait_for(lambda: c("SET", "l", "1") == "OK", 20)
        wait_for(lambda: persistence(server)["aof_rewrite_in_progress"] == "0")
        assert CANNOT_EXIT + "Input/output error" in server.log()
        c.send("SHUTDOWN")
    assert server.wait_exit() == 0
    again(server)
    with server.client() as c:
        assert c("MGET", "k", "l") == [b"1", b"1"]


def test_no_false_ok_under_always(start):
    """Many clients write while the disk comes to its end: whoever heard OK finds its key after a crash."""
    server = start(limited({"appendfsync": "always"}))
    with server.client() as c:
        c("SET", "before", "v" * 100_000)
        set_limit(server, os.path.getsize(incremental(server)) + 5000)
    heard, errors = [], []

    def write(number):
        try:
            with server.client() as c:
                for i in range(200):
                    reply = c("SET", "k%d:%d" % (number, i), "v" * 50)
                    if reply != "OK":
                        errors.append(reply)
                        return
                    heard.append("k%d:%d" % (number, i))
        except (Closed, OSError, EOFError):
            pass

    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert errors and all(e.code == "MISCONF" for e in errors)
    crash(server)
    with server.client() as c:
        assert [k for k in heard if c("EXISTS", k) != 1] == []


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, of 4 MB."""
    folder = str(tmp_path / "disk")
    os.mkdir(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("no right to mount")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("fsync", ["always", "everysec", "no"])
def test_a_disk_without_room_for_anything(start, small_disk, fsync):
    """Log, rewrite and snapshot meet ENOSPC: the server stays up, says so, loses nothing that was acknowledged, and goes
    on when there is room."""
    server = start(limited({"appendfsync": fsync, "dir": small_disk}))
    ballast = os.path.join(small_disk, "ballast")
    acknowledged = []
    with server.client() as c:
        assert c("SET", "before", "1") == "OK"
        with open(ballast, "wb", buffering=0) as f, pytest.raises(OSError):
            while True:
                f.write(b"x" * 4096)

        def refused():
            key = "key:%d" % len(acknowledged)
            try:
                with server.client() as writer:
                    reply = writer("SET", key, "v" * 1000)
            except (Closed, OSError):
                return False  # it was held, and then refused
            if reply == "OK":
                acknowledged.append(key)
            return isinstance(reply, Error) and reply
        assert wait_for(refused, 20).code == "MISCONF"
        assert c("GET", "before") == b"1" and c("SET", "x", "1").code == "MISCONF"
        c("BGREWRITEAOF")
        wait_for(lambda: persistence(server)["aof_rewrite_in_progress"] == "0")
        assert c("SAVE").startswith("ERR")
        c("BGSAVE")
        wait_for(lambda: persistence(server)["rdb_bgsave_in_progress"] == "0" and persistence(server)["rdb_last_bgsave_status"] == "err")
        assert c("GET", "before") == b"1" and persistence(server)["aof_last_write_status"] == "err"
        os.remove(ballast)
        wait_for(lambda: c("SET", "after", "1") == "OK", 20)
        assert c("BGREWRITEAOF").startswith("Background append only file rewriting")
        rewritten(server)
        wait_for(lambda: persistence(server)["aof_last_bgrewrite_status"] == "ok")
        c("SET", "at the end", "1")
        before = c("DEBUG", "DIGEST")
    crash(server)
    assert digest(server) == before
    with server.client() as c:
        assert [k for k in acknowledged + ["after", "at the end"] if c("EXISTS", k) != 1] == []


def test_a_disk_that_cannot_take_a_new_log(start):
    server = start()
    with open(server.file(FOLDER), "w"):
        pass  # a file where the folder should be
    with server.client() as c:
        c("SET", "k", "1")
        assert c("CONFIG", "SET", "appendonly", "yes").startswith("ERR CONFIG SET failed (possibly related to argument 'appendonly')")
        assert config_get(c, "appendonly") == "no"
        assert c("SET", "k", "2") == "OK"
        os.remove(server.file(FOLDER))
        assert c("CONFIG", "SET", "appendonly", "yes") == "OK"
        rewritten(server)
    crash_config(server)
    with server.client() as c:
        assert c("GET", "k") == b"2"


def crash_config(server):
    with open(server.config_file, "a") as f:
        f.write("appendonly yes\n")
    crash(server)


def test_settings_change_while_replies_wait(start):
    server = log_of(start, {"appendfsync": "always"})
    with server.client() as c:
        for fsync in ("everysec", "no", "always", "everysec", "always"):
            assert c.pipeline([["SET", "k", fsync], ["CONFIG", "SET", "appendfsync", fsync], ["GET", "k"]]) == ["OK", "OK", fsync.encode()]
        before = c("DEBUG", "DIGEST")
    crash(server)
    assert digest(server) == before
