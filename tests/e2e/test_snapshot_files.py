# SPDX-License-Identifier: BSD-3-Clause
"""Files and payloads both ways between keel and redis-server 7.0: what one writes, the other reads, and all is equal."""
import shutil

import pytest

import data
import keel
from keel import keel_only, wait_for

pytestmark = [keel_only, pytest.mark.skipif(not keel.PEER, reason="no redis-server to exchange files with")]

SMALL = {"hash-max-listpack-entries": 0, "zset-max-listpack-entries": 0, "set-max-intset-entries": 0,
         "list-max-listpack-size": 1}
WIDE = {"hash-max-listpack-entries": 5000, "zset-max-listpack-entries": 5000, "set-max-intset-entries": 5000,
        "list-compress-depth": 1}


@pytest.fixture
def peer(start):
    return lambda config=None: start(config, binary=keel.PEER)


def moved(source, target):
    """Starts `target` on the file of `source`, which has saved."""
    target.kill()
    target.wait_exit()
    target.expect_exit = False
    shutil.copy(source.file("dump.rdb"), target.file("dump.rdb"))
    return target.start()


def save(c):
    assert c("SAVE") == "OK"
    return c("DEBUG", "DIGEST")


@pytest.mark.parametrize("config", [{}, SMALL, WIDE, {"rdbcompression": "no"}, {"rdbchecksum": "no"}],
                         ids=["default", "small", "wide", "plain", "unchecked"])
def test_a_file_of_redis_loads_in_keel(start, peer, config):
    theirs, ours = peer(config), start()
    with theirs.client() as c:
        data.fill(c)
        digest, details = save(c), data.details(c)
    moved(theirs, ours)
    with ours.client() as c:
        assert c("DEBUG", "DIGEST") == digest
        assert data.details(c) == details
        assert c("FCALL", "twice", "0", "21") == 42
        assert ours.info("persistence")["rdb_last_load_keys_loaded"] == str(c("DBSIZE") + 1)
        # And it is no dead copy: members go and come in every value.
        c("SADD", "set:big", "new"), c("ZADD", "zset:big", "1", "new"), c("HSET", "hash:big", "new", "1")
        c("RPUSH", "list:long", "new"), c("XADD", "stream", "*", "f", "new")
        assert c("DEBUG", "RELOAD") == "OK"


@pytest.mark.parametrize("config", [{}, SMALL, WIDE, {"rdbcompression": "no"}, {"rdb-compatible-with": "redis-7.0"}],
                         ids=["default", "small", "wide", "plain", "asked"])
def test_a_file_of_keel_loads_in_redis(start, peer, config):
    config = dict(config)
    ours, theirs = start(config), peer({"sanitize-dump-payload": "yes"})
    with ours.client() as c:
        data.fill(c)
        digest, details = save(c), data.details(c)
    moved(ours, theirs)
    with theirs.client() as c:
        assert c("DEBUG", "DIGEST") == digest
        assert data.details(c) == details
        c("SADD", "set:big", "new"), c("ZADD", "zset:big", "1", "new"), c("HSET", "hash:big", "new", "1")
        c("RPUSH", "list:long", "new"), c("XADD", "stream", "*", "f", "new")
        assert c("DEBUG", "RELOAD") == "OK"


def test_payloads_of_dump_both_ways(start, peer):
    ours, theirs = start(), peer()
    with ours.client() as a, theirs.client() as b:
        for source, target in ((a, b), (b, a)):
            source("FLUSHALL"), target("FLUSHALL")
            for name in data.fill(source):
                payload = source("DUMP", name)
                assert target("RESTORE", name, "0", payload) == "OK", name
                expected, found = source("DEBUG", "DIGEST-VALUE", name), target("DEBUG", "DIGEST-VALUE", name)
                if name != b"timed":  # a digest tells of the deadline, DUMP does not
                    assert found == expected, name


# The same commands, the same bytes: for all but hash tables, whose order is each server's own.
def test_dump_gives_the_bytes_of_redis(start, peer):
    ours, theirs = start(), peer()
    with ours.client() as a, theirs.client() as b:
        names = data.fill(a)
        data.fill(b)
        for name in names:
            if b("OBJECT", "ENCODING", name) == b"hashtable" or a("TYPE", name) == "stream":
                continue  # times of reading are in streams
            if name in (b"set:small",):
                continue  # a hash table in 7.0
            assert a("DUMP", name)[-10:-8] == b("DUMP", name)[-10:-8], name
            if not name.startswith((b"list", b"raw", b"bits", b"hll", b"zset", b"hash:long", b"stream")):
                assert a("DUMP", name) == b("DUMP", name), name


@pytest.mark.parametrize("policy, word", [("allkeys-lru", "IDLETIME"), ("allkeys-lfu", "FREQ")])
def test_ages_travel(start, peer, policy, word):
    ours, theirs = start({"maxmemory-policy": policy}), peer({"maxmemory-policy": policy})
    with theirs.client() as c:
        payload = c("SET", "k", "v") and c("DUMP", "k")
        assert c("RESTORE", "old", "0", payload, "IDLETIME" if word == "IDLETIME" else "FREQ", "200") == "OK"
        save(c)
    moved(theirs, ours)
    with ours.client() as c:
        assert abs(c("OBJECT", word, "old") - 200) <= 5
        save(c)
    moved(ours, theirs)
    with theirs.client() as c:
        assert abs(c("OBJECT", word, "old") - 200) <= 10


def test_dialects(start):
    server = start()
    with server.client() as c:
        c("HSET", "h", "f", "v", "g", "w")
        c("HPEXPIREAT", "h", "4000000000000", "FIELDS", "1", "f")
        expected = {"oldest": b"REDIS0012", "redis-7.4": b"REDIS0012", "valkey-9": b"VALKEY080"}
        for dialect, magic in expected.items():
            c("CONFIG", "SET", "rdb-compatible-with", dialect)
            digest = save(c)
            with open(server.file("dump.rdb"), "rb") as f:
                assert f.read(9) == magic
            assert c("DEBUG", "RELOAD", "NOSAVE") == "OK"
            assert c("DEBUG", "DIGEST") == digest
            assert c("HPEXPIRETIME", "h", "FIELDS", "2", "f", "g") == [4000000000000, -1]
        for dialect in ("redis-7.0", "redis-7.2"):
            c("CONFIG", "SET", "rdb-compatible-with", dialect)
            assert c("SAVE").code == "ERR"
            server.wait_log('key "h": fields with deadlines cannot be told to redis-7.0')
        c("HPERSIST", "h", "FIELDS", "1", "f")
        for dialect, magic in {"oldest": b"REDIS0010", "redis-7.0": b"REDIS0010", "redis-7.2": b"REDIS0011"}.items():
            c("CONFIG", "SET", "rdb-compatible-with", dialect)
            save(c)
            with open(server.file("dump.rdb"), "rb") as f:
                assert f.read(9) == magic


def test_a_background_save_is_read_by_redis(start, peer):
    ours, theirs = start(), peer()
    with ours.client() as c:
        data.fill(c)
        digest = c("DEBUG", "DIGEST")
        assert c("BGSAVE") == "Background saving started"
        c("FLUSHDB")  # the child has what was there; FLUSHALL would end it
        wait_for(lambda: ours.info("persistence")["rdb_bgsave_in_progress"] == "0", 10)
    moved(ours, theirs)
    with theirs.client() as c:
        assert c("DEBUG", "DIGEST") == digest
