# SPDX-License-Identifier: BSD-3-Clause
"""Sorted sets over the wire: what a big one answers, what its memory is, the digests of the peers, and waiting for members.
Commands and options one by one are compared with redis-server in tests/differential (family zsets)."""
import os
import random
import subprocess
import tempfile

import pytest

import keel
from keel import PATIENCE, PEER, SANITIZED, free_port, info_of, keel_only, wait_for
from resp import Client, Error

BIG = 100_000 if SANITIZED else 1_000_000


def add_many(c, key, pairs, at_once=500):
    """(score, member) pairs, some hundred a command, many commands on the way at once."""
    waiting = 0
    for i in range(0, len(pairs), at_once):
        c.send("ZADD", key, *[w for pair in pairs[i:i + at_once] for w in pair])
        waiting += 1
        if waiting == 50:
            for _ in range(waiting):
                c.read()
            waiting = 0
    for _ in range(waiting):
        c.read()


# ---- A big set ----

@pytest.fixture(scope="module")
def big():
    """A server with `z`: members m0... with random scores, and the same sorted here."""
    server = keel.Server()
    rng = random.Random(20)
    pairs = [(rng.randrange(10**9), "member:%07d" % i) for i in range(BIG)]
    with server.client() as c:
        add_many(c, "z", pairs)
        yield c, sorted((score, member.encode()) for score, member in pairs)
    wrong = server.stop()
    assert not wrong, wrong


def test_big_ranks(big):
    c, pairs = big
    assert c("ZCARD", "z") == BIG
    for rank in (0, 1, 43, 44, BIG // 3, BIG - 1):
        score, member = pairs[rank]
        assert c("ZRANK", "z", member) == rank
        assert c("ZREVRANK", "z", member) == BIG - 1 - rank
        assert c("ZSCORE", "z", member) == b"%d" % score
        assert c("ZRANGE", "z", rank, rank) == [member]


def test_big_ranges(big):
    c, pairs = big
    for at in (0, BIG // 7, BIG - 2000):
        names = [member for _, member in pairs[at:at + 1000]]
        assert c("ZRANGE", "z", at, at + 999) == names
        assert c("ZRANGE", "z", BIG - at - 1000, BIG - at - 1, "REV") == names[::-1]
        low, high = pairs[at][0], pairs[at + 999][0]
        inside = [m for s, m in pairs[max(at - 50, 0):at + 1050] if low <= s <= high]
        assert c("ZRANGEBYSCORE", "z", low, high) == inside
        assert c("ZCOUNT", "z", low, high) == len(inside)
        assert c("ZRANGEBYSCORE", "z", low, "+inf", "LIMIT", 0, 10) == inside[:10]
        assert c("ZREVRANGEBYSCORE", "z", high, "-inf", "LIMIT", 5, 10) == inside[::-1][5:15]


def test_big_offset_costs_nothing(big):
    c, pairs = big
    offset = BIG - 100
    assert c("ZRANGEBYSCORE", "z", "-inf", "+inf", "LIMIT", offset, 5) == [m for _, m in pairs[offset:offset + 5]]
    assert c("ZREVRANGEBYSCORE", "z", "+inf", "-inf", "LIMIT", offset, 5) == [m for _, m in pairs[::-1][offset:offset + 5]]


def test_big_scan_shows_all(big):
    c, pairs = big
    seen, cursor = {}, b"0"
    while True:
        cursor, flat = c("ZSCAN", "z", cursor, "COUNT", 5000)
        seen.update(zip(flat[::2], flat[1::2]))
        if cursor == b"0":
            break
    assert seen == {member: b"%d" % score for score, member in pairs}


def test_big_random_members(big):
    c, pairs = big
    drawn = c("ZRANDMEMBER", "z", 1000, "WITHSCORES")
    assert len(set(drawn[::2])) == 1000
    assert all(c("ZSCORE", "z", m) == s for m, s in list(zip(drawn[::2], drawn[1::2]))[:50])


@keel_only
@pytest.mark.skipif(SANITIZED, reason="a sanitized build has another allocator")
def test_big_memory(big):
    c, _ = big
    payload = 14 + 8
    assert c("MEMORY", "USAGE", "z", "SAMPLES", 0) / BIG - payload < 40


def test_big_store_and_removal(big):
    c, pairs = big
    half = BIG // 2
    assert c("ZRANGESTORE", "part", "z", 0, half - 1) == half
    assert c("ZRANGE", "part", -3, -1) == [m for _, m in pairs[half - 3:half]]
    assert c("ZDIFFSTORE", "rest", 2, "z", "part") == BIG - half
    assert c("ZRANGE", "rest", 0, 2) == [m for _, m in pairs[half:half + 3]]
    assert c("ZUNIONSTORE", "all", 2, "part", "rest") == BIG
    assert c("ZINTERCARD", 2, "all", "z") == BIG
    assert c("ZINTERSTORE", "none", 2, "part", "rest") == 0
    assert c("ZREMRANGEBYRANK", "part", 10, half - 11) == half - 20
    assert c("ZRANGE", "part", 0, -1) == [m for _, m in pairs[:10] + pairs[half - 10:half]]
    assert c("ZPOPMIN", "rest", 2) == [w for s, m in pairs[half:half + 2] for w in (m, b"%d" % s)]
    assert c("UNLINK", "part", "rest", "all") == 3


# ---- As the peer sees it ----

@pytest.mark.skipif(not PEER, reason="no redis-server to compare with")
@pytest.mark.parametrize("members", [5, 128, 129, 1000])
def test_digest_is_that_of_the_peer(start, members):
    ours = start().client()
    rng = random.Random(members)
    words = []
    for i in range(members):
        words += [rng.choice([str(i), "inf", "-inf", "-0", "0.1", repr(rng.uniform(-1e9, 1e9)), "5e-324", "1e300"]), "m%d" % i]
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([PEER, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--enable-debug-command", "yes"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=folder, env=dict(os.environ, LC_ALL="C"))
        try:
            def answers():
                try:
                    return Client(port)
                except OSError:
                    return None
            theirs = wait_for(answers, what="redis-server to listen")
            for c in (ours, theirs):
                c("ZADD", "z", *words)
            assert ours("ZRANGE", "z", 0, -1, "WITHSCORES") == theirs("ZRANGE", "z", 0, -1, "WITHSCORES")
            assert ours("DEBUG", "DIGEST") == theirs("DEBUG", "DIGEST")
            assert ours("DEBUG", "DIGEST-VALUE", "z") == theirs("DEBUG", "DIGEST-VALUE", "z")
            theirs.close()
        finally:
            process.terminate()
            process.wait(10)


# ---- What redis-server 7.0 lacks ----

@keel_only
def test_rank_with_score(c, c3):
    c("ZADD", "z", "1.5", "a", "2", "b")
    assert c("ZRANK", "z", "b", "WITHSCORE") == [1, b"2"]
    assert c("ZREVRANK", "z", "b", "withscore") == [0, b"2"]
    assert c3("ZRANK", "z", "a", "WITHSCORE") == [0, 1.5]
    assert c("ZRANK", "z", "none", "WITHSCORE") is None
    assert c("ZRANK", "none", "a", "WITHSCORE") is None
    assert c("ZRANK", "z", "a", "SCORE") == Error("ERR syntax error")


# ---- Waiting ----

def waiting(server, c, *words, resp=2):
    """A client whose command waits."""
    before = int(info_of(c, "clients")["blocked_clients"])
    client = server.client(resp=resp)
    client.send(*words)
    wait_for(lambda: int(info_of(c, "clients")["blocked_clients"]) == before + 1, what="a blocked client")
    return client


def test_bzpopmin_is_served_by_zadd(server, c):
    b = waiting(server, c, "BZPOPMIN", "a", "b", "0")
    assert c("ZADD", "b", "2", "y", "1", "x") == 2
    assert b.read() == [b"b", b"x", b"1"]
    assert c("ZRANGE", "b", 0, -1) == [b"y"]


def test_bzpopmax_takes_the_highest(server, c):
    b = waiting(server, c, "BZPOPMAX", "a", "0", resp=3)
    c("ZADD", "a", "1", "x", "2.5", "y")
    assert b.read() == [b"a", b"y", 2.5]


def test_bzmpop_takes_as_many_as_there_are(server, c):
    b = waiting(server, c, "BZMPOP", "0", "2", "a", "b", "MAX", "COUNT", "10")
    c("ZADD", "b", "1", "x", "2", "y")
    assert b.read() == [b"b", [[b"y", b"2"], [b"x", b"1"]]]
    assert c("EXISTS", "b") == 0


def test_a_stored_result_serves_too(server, c):
    c("ZADD", "src", "1", "x")
    for command in (("ZUNIONSTORE", "w", "1", "src"), ("ZRANGESTORE", "w", "src", "0", "-1"), ("ZINCRBY", "w", "1", "x"), ("RENAME", "src", "w")):
        b = waiting(server, c, "BZPOPMIN", "w", "0")
        c(*command)
        assert b.read() == [b"w", b"x", b"1"], command


def test_waiting_ends_in_order_and_in_time(server, c):
    clients = [waiting(server, c, "BZPOPMIN", "q", "0") for _ in range(4)]
    for i, client in enumerate(clients):
        c("ZADD", "q", i, "m%d" % i)
        assert client.read() == [b"q", b"m%d" % i, b"%d" % i]
    assert c("BZPOPMIN", "q", "0.05") is None
    assert c("BZMPOP", "0.05", "1", "q", "MIN") is None


def test_another_type_does_not_wake(server, c):
    b = waiting(server, c, "BZPOPMIN", "k", "0")
    c("SET", "k", "x")
    with pytest.raises(TimeoutError):
        b.fill(0.1 * PATIENCE)
    c("DEL", "k")
    c("ZADD", "k", "1", "x")
    assert b.read() == [b"k", b"x", b"1"]
