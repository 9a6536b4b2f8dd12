# SPDX-License-Identifier: BSD-3-Clause
"""Scripts beside the other parts: users' rights, transactions, client-side caching, waiting clients."""
import time

import pytest

from keel import IS_PEER, info_of, keel_only, wait_for
from resp import Error, Push


def user(server, c, *rules):
    c("ACL", "SETUSER", "bob", "reset", "on", "nopass", *rules)
    client = server.client()
    assert client("AUTH", "bob", "x") == "OK"
    return client


def test_a_script_may_do_what_its_client_may(server, c):
    bob = user(server, c, "~mine*", "+eval", "+get", "+set")
    assert bob("EVAL", "return redis.call('set', KEYS[1], 'x')", "1", "mine") == "OK"
    refused = bob("EVAL", "return redis.call('get', 'yours')", "0")
    assert isinstance(refused, Error) and (IS_PEER or refused.startswith("NOPERM ACL failure in script: "))
    assert isinstance(bob("EVAL", "return redis.pcall('get', 'yours')", "0"), Error)
    assert bob("EVAL", "return redis.call('del', KEYS[1])", "1", "mine").code in ("NOPERM", "ERR")
    assert bob("EVAL", "return {redis.acl_check_cmd('get', 'mine'), redis.acl_check_cmd('get', 'yours'), "
                       "redis.acl_check_cmd('del', 'mine')}", "0") == [1, None, None]
    assert c("GET", "mine") == b"x"
    log = c("ACL", "LOG")
    assert any(b"lua" in entry for entry in log)
    c("ACL", "DELUSER", "bob")


def test_the_next_script_runs_for_its_own_client(server, c):
    bob = user(server, c, "~*", "+eval")
    assert isinstance(bob("EVAL", "return redis.call('set', 'k', 1)", "0"), Error)
    assert c("EVAL", "return redis.call('set', 'k', 1)", "0") == "OK"
    assert isinstance(bob("EVAL", "return redis.call('set', 'k', 2)", "0"), Error)
    c("ACL", "DELUSER", "bob")


def test_scripts_inside_a_transaction(c):
    for words in (("MULTI",), ("EVAL", "return redis.call('incr', KEYS[1])", "1", "n"), ("GET", "n"),
                  ("EVAL", "return redis.call('nosuch')", "0"), ("EVAL", "return redis.call('blpop', 'none', 0)", "0"), ("INCR", "n")):
        c(*words)
    first, second, third, fourth, fifth = c("EXEC")
    assert (first, second, fifth) == (1, b"1", 2)
    assert isinstance(third, Error) and (fourth is None or isinstance(fourth, Error))


# What a command that waits answers in a script: with something there, and with nothing.
WAITING = [
    ("BLPOP none q 0", [b"q", b"a"], None),
    ("BRPOP none q 0", [b"q", b"b"], None),
    ("BLMOVE q q2 LEFT RIGHT 0", b"a", None),
    ("BRPOPLPUSH q q2 0", b"b", None),
    ("BLMPOP 0 1 q RIGHT COUNT 5", [b"q", [b"b", b"a"]], None),
    ("BZPOPMIN none z 0", [b"z", b"x", b"1"], None),
    ("BZPOPMAX z 0", [b"z", b"y", b"2"], None),
    ("BZMPOP 0 1 z MIN", [b"z", [[b"x", b"1"]]], None),
    ("XREAD BLOCK 0 STREAMS s 0", [[b"s", [[b"1-1", [b"f", b"v"]]]]], None),
    ("XREAD BLOCK 0 STREAMS s $", None, None),
    ("XREADGROUP GROUP g me BLOCK 0 STREAMS s >", [[b"s", [[b"1-1", [b"f", b"v"]]]]], None),
]


@keel_only  # as Redis since 7.2, and 7.4 for streams
@pytest.mark.parametrize("line, some, nothing", WAITING, ids=[line.split()[0] for line, *_ in WAITING])
def test_nothing_waits_in_a_script(c, line, some, nothing):
    def fill():
        c("RPUSH", "q", "a", "b"), c("ZADD", "z", "1", "x", "2", "y"), c("XADD", "s", "1-1", "f", "v")

    def in_exec():
        c("MULTI"), c(*run), c("PING")
        first, second = c("EXEC")
        assert second == "PONG"
        return first

    def function():
        c("FUNCTION", "LOAD", "REPLACE", "#!lua name=waits\nredis.register_function('go', function(keys, args) return redis.call(unpack(args)) end)")
        return c("FCALL", "go", 0, *line.split())

    run = ["EVAL", "return redis.call(unpack(ARGV))", 0] + line.split()
    for way in (lambda: c(*run), in_exec, function):
        c("FLUSHALL")
        c("XGROUP", "CREATE", "s", "g", "0", "MKSTREAM")
        assert way() == nothing
        fill()
        assert way() == some
    c("FUNCTION", "FLUSH")
    assert info_of(c, "clients")["blocked_clients"] == "0"


@keel_only
def test_a_script_that_finds_nothing_takes_no_ones_place(server, c):
    waiter = server.client()
    waiter.send("BLPOP", "q", "0")
    wait_for(lambda: info_of(c, "clients")["blocked_clients"] == "1", what="a blocked client")
    assert c("EVAL", "local none = redis.call('blpop', KEYS[1], 0) redis.call('rpush', KEYS[1], 'a') return none", "1", "q") is None
    assert waiter.read() == [b"q", b"a"]
    assert c("EVAL", "return redis.pcall('blpop', KEYS[1], 'x')", "1", "q") == Error("ERR timeout is not a float or out of range")
    assert c("EVAL", "return redis.pcall('xread', 'block', '-1', 'streams', KEYS[1], '$')", "1", "q") == Error("ERR timeout is negative")


def test_a_script_breaks_a_watch(server, c):
    c("WATCH", "k")
    server.client()("EVAL", "return redis.call('set', 'k', 1)", "0")
    c("MULTI")
    assert c("EXEC") is None


def test_a_script_serves_those_who_wait_when_it_is_over(server, c):
    waiter = server.client()
    waiter.send("BLPOP", "q", "0")
    wait_for(lambda: info_of(c, "clients")["blocked_clients"] == "1", what="a blocked client")
    assert c("EVAL", "redis.call('rpush', KEYS[1], 'a') redis.call('lpush', KEYS[1], 'b') return redis.call('llen', KEYS[1])", "1", "q") == 2
    assert waiter.read() == [b"q", b"b"]


def test_what_a_script_reads_is_tracked_and_what_it_writes_is_told(server, c):
    t = server.client(resp=3)
    t("CLIENT", "TRACKING", "ON")
    t("EVAL", "return redis.call('get', KEYS[1])", "1", "k")
    c("EVAL", "return redis.call('set', KEYS[1], 1)", "1", "k")
    assert t.read() == Push([b"invalidate", [b"k"]])


def test_transactions_while_a_script_runs_for_long(start):
    server = start({"busy-reply-threshold": 20})
    a, b, runner = server.client(), server.client(), server.client(timeout=60)
    a("MULTI")
    assert a("SET", "k", "1") == "QUEUED"
    runner.send("EVAL", "while true do end", "0")
    time.sleep(0.4)
    assert b("MULTI") == "OK"
    assert b("PING").code == "BUSY"
    assert b("EXEC").code == "EXECABORT"
    assert a("EXEC").startswith("EXECABORT Transaction discarded because of: BUSY")
    assert b("SCRIPT", "KILL") == "OK"
    assert isinstance(runner.read(), Error)
    assert b("MULTI") == "OK" and b("SET", "k", "2") == "QUEUED" and b("EXEC") == ["OK"]
    assert a("GET", "k") == b"2"
