# SPDX-License-Identifier: BSD-3-Clause
"""maxmemory and its eight policies."""
import pytest

from keel import info_of, keel_only, wait_for
from resp import Error

OOM = Error("OOM command not allowed when used memory > 'maxmemory'.")
VALUE = b"x" * 5000


def used(c):
    return int(info_of(c, "memory")["used_memory"])


def fill(c, count, prefix="k", *options):
    return c.pipeline(("SET", "%s:%d" % (prefix, i), VALUE, *options) for i in range(count))


def limit(c, extra, policy):
    c("CONFIG", "RESETSTAT")
    assert c("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory-samples", "10") == "OK"
    assert c("CONFIG", "SET", "maxmemory", str(used(c) + extra)) == "OK"


def test_noeviction_refuses_what_grows_and_nothing_else(c):
    fill(c, 100)
    limit(c, 1_000_000, "noeviction")
    replies = fill(c, 1000, "more")
    assert replies[0] == "OK" and OOM in replies
    assert c("GET", "k:1") == VALUE and c("DBSIZE") > 100
    # The buffers of that long pipeline are gone by now: fill up what they took.
    assert any(c("SET", "last:%d" % i, VALUE) == OOM for i in range(200))
    for words in (("APPEND", "k:1", "x"), ("INCR", "n"), ("MSET", "a", "b"), ("SETRANGE", "k:1", "0", "x"), ("GETSET", "a", "b"),
                  ("COPY", "k:1", "a")):
        assert c(*words) == OOM, words
    assert c("EXPIRE", "k:1", "100") == 1 and c("RENAME", "k:1", "r") == "OK" and c("DEL", "r") == 1
    assert int(info_of(c)["evicted_keys"]) == 0


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
def test_allkeys_policies_stay_under_the_limit(c, policy):
    fill(c, 100)
    limit(c, 3_000_000, policy)
    for round_ in range(5):
        assert all(r == "OK" for r in fill(c, 500, "r%d" % round_))
        assert used(c) <= int(info_of(c)["maxmemory"]) + 300_000
    assert int(info_of(c)["evicted_keys"]) > 500 and c("DBSIZE") > 300


def test_no_more_keys_go_than_need_be(server, c):
    """What is told of those that go (their long names, to clients that read them) takes memory in turn."""
    readers = [server.client(resp=3) for _ in range(10)]
    for reader in readers:
        reader("CLIENT", "TRACKING", "ON")
    names = ["%d%s" % (i, "x" * 1000) for i in range(300)]
    c.pipeline([("SET", name, "x") for name in names])
    for reader in readers:
        reader.pipeline([("GET", name) for name in names])
    c("CONFIG", "RESETSTAT")
    assert c("CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory-eviction-tenacity", "100") == "OK"
    assert c("CONFIG", "SET", "maxmemory", used(c) - 40000) == "OK"
    assert 10 <= int(info_of(c)["evicted_keys"]) <= 100
    assert 200 <= c("DBSIZE") <= 290


@pytest.mark.parametrize("policy", ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"])
def test_volatile_policies_take_only_keys_with_a_time(c, policy):
    fill(c, 200, "keep")
    limit(c, 3_000_000, policy)
    assert all(r == "OK" for r in fill(c, 1500, "v", "EX", "10000"))
    assert int(info_of(c)["evicted_keys"]) > 100
    assert c("EXISTS", *["keep:%d" % i for i in range(200)]) == 200
    replies = fill(c, 2000, "plain")  # in the end no key with a time is left to take
    assert OOM in replies
    assert c("EXISTS", *["keep:%d" % i for i in range(200)]) == 200


def test_lru_keeps_what_was_used_lately(c):
    fill(c, 1000)
    wait_for(lambda: c("OBJECT", "IDLETIME", "k:999") >= 2, 5)
    for i in range(200):
        c("GET", "k:%d" % i)
    limit(c, 0, "allkeys-lru")
    fill(c, 400, "new")
    kept = c("EXISTS", *["k:%d" % i for i in range(200)])
    others = c("EXISTS", *["k:%d" % i for i in range(200, 1000)])
    assert kept >= 180 and others < 600


def test_lfu_keeps_what_is_used_often(c):
    c("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu", "lfu-log-factor", "1")
    fill(c, 1000)
    for _ in range(30):
        c.pipeline(("GET", "k:%d" % i) for i in range(100))
    limit(c, 0, "allkeys-lfu")
    fill(c, 500, "new")
    assert c("EXISTS", *["k:%d" % i for i in range(100)]) >= 95


def test_volatile_ttl_takes_the_nearest_deadline(c):
    for i in range(1000):
        c("SET", "k:%d" % i, VALUE, "EX", 10_000 + i)
    limit(c, 0, "volatile-ttl")
    fill(c, 300, "new", "EX", "100000")
    first, last = (c("EXISTS", *["k:%d" % i for i in r]) for r in (range(250), range(750, 1000)))
    assert first <= 30 and last >= 240


@keel_only
def test_volatile_ttl_is_exact(c):
    for i in range(1000):
        c("SET", "k:%d" % i, VALUE, "EX", 10_000 + (i * 7919) % 1000)
    limit(c, 0, "volatile-ttl")
    fill(c, 300, "new", "EX", "100000")
    left = [c("EXISTS", "k:%d" % i) for i in sorted(range(1000), key=lambda i: (i * 7919) % 1000)]
    assert left == sorted(left), "what was taken is the front of the deadlines, without a gap"
    assert 200 < left.count(0) < 400


def test_lowering_the_limit_evicts_at_once(c):
    fill(c, 1000)
    limit(c, 1_000_000, "allkeys-random")
    assert c("CONFIG", "SET", "maxmemory", str(used(c) - 2_000_000)) == "OK"
    wait_for(lambda: used(c) <= int(info_of(c)["maxmemory"]) and c("SET", "one", "more") == "OK")
    assert int(info_of(c)["evicted_keys"]) >= 300


def test_evictions_reach_every_database(c):
    for db in range(3):
        c("SELECT", db)
        fill(c, 300)
    limit(c, 0, "allkeys-random")
    c("SELECT", 5)
    fill(c, 500, "new")
    keyspace = info_of(c, "keyspace")
    assert sum(int(v.split(",")[0][5:]) for k, v in keyspace.items() if k.startswith("db")) < 1400
    assert all(int(keyspace.get("db%d" % db, "keys=0,").split(",")[0][5:]) < 300 for db in range(3))


def test_limits_are_reported(c):
    limit(c, 100_000_000, "allkeys-lru")
    info = info_of(c)
    assert info["maxmemory_policy"] == "allkeys-lru" and info["maxmemory_human"].endswith("M")
