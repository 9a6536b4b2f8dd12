# SPDX-License-Identifier: BSD-3-Clause
"""SORT: large values, and what others see of it. The replies to every option are compared with redis-server 7.0 in
tests/differential."""
import random

from keel import keel_only
from resp import Error
from test_blocking import waiting


def test_a_large_list_by_keys_and_fields(c):
    rng = random.Random(5)
    numbers = list(range(20_000))
    weights = {n: rng.randrange(1000) for n in numbers}
    rng.shuffle(numbers)
    c("RPUSH", "l", *numbers)
    c.pipeline([[b"SET", b"w_%d" % n, b"%d" % weights[n]] for n in numbers])
    c.pipeline([[b"HSET", b"h_%d" % n, b"w", b"%d" % weights[n]] for n in numbers])
    assert c("SORT", "l") == [b"%d" % n for n in range(20_000)]
    by_weight = sorted(numbers, key=lambda n: (weights[n], b"%d" % n))
    for by in ("w_*", "h_*->w"):
        assert c("SORT", "l", "BY", by) == [b"%d" % n for n in by_weight]
        assert c("SORT", "l", "BY", by, "LIMIT", "5000", "7") == [b"%d" % n for n in by_weight[5000:5007]]
        assert c("SORT", "l", "BY", by, "DESC", "LIMIT", "0", "3", "GET", by) == [b"%d" % weights[n] for n in by_weight[:-4:-1]]
    assert c("SORT", "l", "BY", "w_*", "STORE", "out") == 20_000
    assert c("LRANGE", "out", "0", "-1") == [b"%d" % n for n in by_weight]


def test_store_serves_those_who_wait_for_the_list(server, c):
    b = waiting(server, c, "BLPOP", "out", "0")
    c("RPUSH", "l", "2", "1")
    assert c("SORT", "l", "STORE", "out") == 2
    assert b.read() == [b"out", b"1"]
    assert c("LRANGE", "out", "0", "-1") == [b"2"]


def test_events_of_what_is_stored(server, c):
    other = server.client()
    c("RPUSH", "l", "2", "1")
    c("CONFIG", "SET", "notify-keyspace-events", "KA")
    other("PSUBSCRIBE", "*")
    c("SORT", "l", "STORE", "out")
    c("SORT", "none", "STORE", "out")
    seen = [other.read()[2:] for _ in range(2)]
    assert seen == [[b"__keyspace@0__:out", b"sortstore"], [b"__keyspace@0__:out", b"del"]]


@keel_only
def test_a_locale_that_is_not_there_is_refused(c):
    refused = c("CONFIG", "SET", "locale-collate", "no_SUCH.locale")
    assert isinstance(refused, Error) and "Invalid locale name" in refused
    assert c("CONFIG", "SET", "locale-collate", "C") == "OK"
    c("RPUSH", "l", "b", "A", "a", "B")
    assert c("SORT", "l", "ALPHA") == [b"A", b"B", b"a", b"b"]
