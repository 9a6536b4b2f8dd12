# SPDX-License-Identifier: BSD-3-Clause
"""Many clients whose requests come at the same moment, which the server reads and answers together where it can."""
import os
import random
import signal
import time

import pytest

from keel import PATIENCE, keel_only, wait_for
from resp import Closed, Error, encode

pytestmark = keel_only


@pytest.fixture(params=["yes", "no"])
def server(request, start):
    return start({"io-uring": request.param, "busy-reply-threshold": 50})


def stopped(server):
    """While the server stands still, requests pile up in its sockets: when it goes on it finds all of them at once."""
    class Stopped:
        def __enter__(self):
            os.kill(server.process.pid, signal.SIGSTOP)

        def __exit__(self, *_):
            os.kill(server.process.pid, signal.SIGCONT)
    return Stopped()


def connected(server, count):
    """So many clients, which the server knows of already."""
    clients = [server.client() for _ in range(count)]
    for c in clients:
        assert c("PING") == "PONG"
    return clients


def test_each_gets_its_own_answers_in_order(server):
    rng = random.Random(7)
    clients = connected(server, 300)
    sent = [[] for _ in clients]
    for round in range(4):
        with stopped(server):
            for i, c in enumerate(clients):
                for _ in range(rng.choice((0, 1, 1, 1, 2, 30))):
                    text = b"%d.%d." % (i, len(sent[i])) + b"x" * rng.choice((0, 1, 50, 50, 50, 3000))
                    sent[i].append(text)
                    request = encode("ECHO", text)
                    cut = rng.randrange(len(request))
                    c.send_raw(request[:cut])
                    c.send_raw(request[cut:])
        for i, c in enumerate(clients):
            while sent[i]:
                assert c.read() == sent[i].pop(0)


def test_requests_of_all_sizes(server):
    """Small ones, one that ends in the middle, and arguments that get a block of their own."""
    clients = connected(server, 40)
    sizes = [1, 100, 32 * 1024 - 20, 32 * 1024, 33 * 1024, 100_000, 3_000_000]
    values = [bytes([65 + i % 26]) * sizes[i % len(sizes)] for i in range(len(clients))]
    with stopped(server):
        for i, c in enumerate(clients):
            c.send_raw(encode("SET", "key:%d" % i, values[i])[:min(60_000, 20 + sizes[i % len(sizes)] // 2)])
    for i, c in enumerate(clients):
        c.send_raw(encode("SET", "key:%d" % i, values[i])[min(60_000, 20 + sizes[i % len(sizes)] // 2):])
    for i, c in enumerate(clients):
        assert c.read() == "OK"
        assert c("GET", "key:%d" % i) == values[i]


def test_some_go_away_among_the_others(server):
    clients = connected(server, 100)
    ids = [c("CLIENT", "ID") for c in clients]
    with stopped(server):
        for i, c in enumerate(clients):
            if i % 5 == 1:
                c.close()
            elif i % 5 == 2:  # the next in line is ended by this one, with its request read already
                c.send("CLIENT", "KILL", "ID", str(ids[i + 1]))
            else:
                c.send("INCR", "counter")
    killed = 0
    for i, c in enumerate(clients):
        if i % 5 == 2:
            killed += c.read()
        elif i % 5 == 3:
            with pytest.raises((Closed, ConnectionError)):
                while True:
                    c.read()
        elif i % 5 != 1:
            assert isinstance(c.read(), int)
    assert killed == 20
    with server.client() as c:
        assert 40 <= int(c("GET", "counter")) <= 60
        wait_for(lambda: len(c("CLIENT", "LIST").splitlines()) == 61, what="those who went to be gone")


def test_what_was_read_ahead_is_answered_while_a_script_runs(server):
    """Its bytes are there already, and more may come: order stays."""
    clients = connected(server, 30)
    with stopped(server):
        # A whole batch of it, which runs before the others are looked at.
        clients[3].send_raw(encode("EVAL", "while true do end", "0") + 63 * encode("PING"))
        for i, c in enumerate(clients[4:], 4):
            c.send_raw(encode("ECHO", "first %d" % i) + encode("ECHO", "second %d" % i)[:9])
    time.sleep(0.3)
    others = clients[4:]
    for i, c in enumerate(others, 4):
        c.send_raw(encode("ECHO", "second %d" % i)[9:] + encode("PING", "third"))
    for c in others:
        first, second, third = c.read(), c.read(), c.read()
        assert [reply.code for reply in (first, second, third)] == ["BUSY"] * 3
    with server.client() as c:
        assert c("SCRIPT", "KILL") == "OK"
    assert isinstance(clients[3].read(), Error)
    assert [clients[3].read() for _ in range(63)] == ["PONG"] * 63
    for c in others:
        assert c("ECHO", "after") == b"after"


def test_a_script_that_runs_long_between_two_batches_of_reads(server):
    """More than one batch of reads is ready, and the batch of requests is not full when the second begins: the script in
    it has the rest of the turn answered. Nobody's request runs twice, or for another."""
    clients = connected(server, 130)
    with stopped(server):  # a turn in which all are ready, so that what it leaves behind could be taken for this one's
        for i, c in enumerate(clients):
            c.send("ECHO", "%d" % i)
    for i, c in enumerate(clients):
        assert c.read() == b"%d" % i
    script = "local t = redis.call('time')[1] + 2 while tonumber(redis.call('time')[1]) < t do end return 'done'"
    with stopped(server):
        for i, c in enumerate(clients[:100]):
            if i == 5:
                c.send("EVAL", script, "0")
            elif i == 6:
                c.send_raw(encode("INCR", "n6")[:9])
            else:
                c.send("INCR", "n%d" % i)
    ran = []
    for i, c in enumerate(clients[:100]):
        if i == 6:
            continue
        reply = c.read()
        if i == 5:
            assert reply == b"done"
        elif isinstance(reply, Error):
            assert reply.code == "BUSY"
        else:
            ran.append("n%d" % i)
    for i, c in enumerate(clients):
        if i == 6:
            c.send_raw(encode("INCR", "n6")[9:])
            assert c.read() == 1
        assert c("ECHO", "after %d" % i) == b"after %d" % i
    keys = clients[0]("KEYS", "n*")
    assert sorted(keys) == sorted(k.encode() for k in ran + ["n6"])


def test_a_pause_holds_what_came_with_it(server):
    clients = connected(server, 20)
    with stopped(server):
        clients[0].send("CLIENT", "PAUSE", "500", "WRITE")
        for c in clients[1:]:
            c.send_raw(encode("INCR", "n") + encode("PING"))
    began = time.monotonic()
    assert clients[0].read() == "OK"
    held = 0
    for c in clients[1:]:
        assert isinstance(c.read(), int)
        held += time.monotonic() - began > 0.3
        assert c.read() == "PONG"
    assert held > 0


def test_publishing_to_many_of_whom_some_do_not_read(server):
    with server.client() as publisher:
        publisher("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
        subscribers = connected(server, 60)
        for s in subscribers:
            s("SUBSCRIBE", "news")
        message = b"m" * 10_000
        for i in range(700):  # beyond what a socket of one that does not read takes
            publisher("PUBLISH", "news", b"%d." % i + message)
            for s in subscribers[10:]:
                assert s.read()[2] == b"%d." % i + message
        wait_for(lambda: publisher("PUBSUB", "NUMSUB", "news")[1] == 50, seconds=5 * PATIENCE, what="those who do not read to be gone")


def test_turned_off_and_on_while_it_runs(server):
    clients = connected(server, 10)
    for state in ("no", "yes", "no", "yes"):
        assert clients[0]("CONFIG", "SET", "io-uring", state) == "OK"
        with stopped(server):
            for c in clients:
                c.send("INCR", "n")
        for c in clients:
            c.read()
    assert clients[0]("GET", "n") == b"40"
