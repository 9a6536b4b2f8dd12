# SPDX-License-Identifier: BSD-3-Clause
"""Sets as clients meet them: big ones, walks over them, and what redis 7.0 has otherwise."""
import random

from keel import keel_only


def scan_all(c, key, *options):
    seen, cursor = [], b"0"
    while True:
        cursor, members = c("SSCAN", key, cursor, *options)
        seen += members
        if cursor == b"0":
            return seen


def fill(c, key, members, step=5000):
    for i in range(0, len(members), step):
        c("SADD", key, *members[i:i + step])


def test_a_hundred_thousand_members(c):
    members = [b"member:%d" % i for i in range(100_000)]
    fill(c, "big", members)
    assert c("SCARD", "big") == 100_000
    seen = scan_all(c, "big", "COUNT", "500")
    assert len(seen) == 100_000 and set(seen) == set(members)
    assert set(c("SMEMBERS", "big")) == set(members)
    fill(c, "half", members[::2])
    assert c("SINTERCARD", "2", "big", "half") == 50_000
    assert c("SDIFFSTORE", "other", "big", "half") == 50_000
    assert set(c("SMEMBERS", "other")) == set(members[1::2])
    assert c("SUNIONSTORE", "big", "half", "other") == 100_000
    popped = c("SPOP", "big", "99999")
    assert len(set(popped)) == 99_999 and c("SCARD", "big") == 1
    assert c("DEL", "big", "half", "other") == 3


def test_sscan_shows_what_stays_while_others_come_and_go(c):
    rng = random.Random(1)
    stays = {b"stays:%d" % i for i in range(1000)}
    c("SADD", "k", *stays)
    seen, cursor, size = set(), b"0", 0
    while True:
        cursor, members = c("SSCAN", "k", cursor, "COUNT", "20")
        seen.update(members)
        if cursor == b"0":
            break
        if rng.random() < 0.5 and size < 20_000:
            c("SADD", "k", *[b"other:%d" % i for i in range(size, size + 500)])
            size += 500
        elif size:
            c("SREM", "k", *[b"other:%d" % i for i in range(size - 500, size)])
            size -= 500
    assert stays <= seen


def test_debug_digest_is_the_same_in_every_encoding(c):
    c("SADD", "k", "1", "2", "3")
    digest = c("DEBUG", "DIGEST-VALUE", "k")
    c("SADD", "k", "x")
    c("SREM", "k", "x")
    assert c("DEBUG", "DIGEST-VALUE", "k") == digest
    c("SADD", "k", "y" * 100)
    c("SREM", "k", "y" * 100)
    assert c("OBJECT", "ENCODING", "k") == b"hashtable"
    assert c("DEBUG", "DIGEST-VALUE", "k") == digest


@keel_only
def test_small_sets_of_words_are_listpacks(c):
    """As in Redis 7.2: in the order in which members came."""
    c("SADD", "k", "b", "a", "c")
    assert c("OBJECT", "ENCODING", "k") == b"listpack"
    assert c("SMEMBERS", "k") == [b"b", b"a", b"c"]
    c("CONFIG", "SET", "set-max-listpack-entries", "3")
    c("SADD", "k", "d")
    assert c("OBJECT", "ENCODING", "k") == b"hashtable"


@keel_only
def test_an_intset_becomes_a_listpack(c):
    c("SADD", "k", "3", "1", "2")
    assert c("OBJECT", "ENCODING", "k") == b"intset"
    c("SADD", "k", "x")
    assert c("OBJECT", "ENCODING", "k") == b"listpack"
    assert c("SMEMBERS", "k") == [b"1", b"2", b"3", b"x"]
