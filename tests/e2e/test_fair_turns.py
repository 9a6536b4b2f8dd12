# SPDX-License-Identifier: BSD-3-Clause
"""Whoever asks for much does not keep others waiting: a turn of the loop is short, whatever clients ask for."""
import threading
import time

from keel import PATIENCE, info_of, keel_only
from resp import encode


class Pinger:
    """Beside whatever goes on: the longest that a PING waited."""

    def __init__(self, server):
        self.worst = 0.0
        self.count = 0
        self._client = server.client()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.is_set():
            began = time.monotonic()
            assert self._client("PING") == "PONG"
            self.worst = max(self.worst, time.monotonic() - began)
            self.count += 1
            time.sleep(0.001)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def connect(server):
    return server.connect()


@keel_only
def test_many_clients_that_ask_for_much(server, c):
    """50 clients with 12 MB of replies each, sent whole before any is read: 4 s of work in one turn, if it had no bound."""
    c("SET", "v", b"x" * 60_000)
    pipeline = encode("GET", "v") * 200
    greedy = [connect(server) for _ in range(50)]
    c("CONFIG", "RESETSTAT")
    for s in greedy:
        s.sendall(pipeline)
    with Pinger(server) as pinger:
        time.sleep(1)
    for s in greedy:
        s.close()
    assert pinger.worst < 1 * PATIENCE
    assert int(info_of(c, "debug")["eventloop_duration_max"]) < 1_000_000 * PATIENCE


def test_every_reply_comes_in_order_to_all_who_ask_for_much(server, c):
    for i in range(10):
        c("SET", "v%d" % i, (b"%d" % i) * 50_000)
    count = 400
    sockets = [connect(server) for _ in range(8)]
    wrong = []

    def ask(s):
        s.sendall(b"".join(encode("GET", "v%d" % (i % 10)) for i in range(count)))
        with s.makefile("rb", buffering=1 << 20) as replies:
            for i in range(count):
                if replies.read(50_010) != b"$50000\r\n" + (b"%d" % (i % 10)) * 50_000 + b"\r\n":
                    wrong.append(i)
                    return

    threads = [threading.Thread(target=ask, args=(s,)) for s in sockets]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for s in sockets:
        s.close()
    assert wrong == []


@keel_only
def test_a_huge_value_on_its_way_out(server, c):
    """It is copied at once, but written a piece a turn: a reader however fast does not hold the loop until the end."""
    size = 100_000_000
    c("SET", "huge", b"x" * size)
    with connect(server) as s:
        c("CONFIG", "RESETSTAT")
        s.sendall(encode("GET", "huge"))
        got = 0
        while got < size + 14:
            piece = s.recv(1 << 22)
            assert piece
            got += len(piece)
        assert got == size + 14
    assert int(info_of(c)["eventloop_cycles"]) > size >> 20


@keel_only
def test_many_small_requests_that_waited(server, c):
    """32 MB of them held back by CLIENT PAUSE run share by share, in order; others are served between."""
    count = 1_000_000
    step = encode("INCR", "n")
    with server.client() as admin, connect(server) as s:
        admin("CLIENT", "PAUSE", "100000", "WRITE")
        sender = threading.Thread(target=lambda: s.sendall(step * count))
        sender.start()
        time.sleep(0.5)
        with Pinger(server) as pinger:
            admin("CLIENT", "UNPAUSE")
            with s.makefile("rb", buffering=1 << 20) as replies:
                for i in range(1, count + 1):
                    if replies.readline() != b":%d\r\n" % i:
                        raise AssertionError("reply %d is wrong" % i)
        sender.join()
        assert pinger.worst < 1 * PATIENCE
    assert c("GET", "n") == b"%d" % count
