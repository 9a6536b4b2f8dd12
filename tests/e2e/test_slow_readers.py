# SPDX-License-Identifier: BSD-3-Clause
"""Clients that send much before they read, read slowly, or not at all: they get every reply, and no one else notices."""
import contextlib
import re
import signal
import threading
import time

import pytest

from keel import PATIENCE, info_of, keel_only, wait_for
from resp import encode


def narrow_client(server):
    """A connection that takes little at a time."""
    return server.connect(receive_buffer=4096)


def read_exactly(s, count):
    got = 0
    while got < count:
        piece = s.recv(min(count - got, 1 << 20))
        assert piece, "the server closed the connection after %d bytes" % got
        got += len(piece)
    return got


def test_a_pipeline_sent_whole_before_anything_is_read(server, c):
    c("SET", "v", b"x" * 3000)
    count = 60_000  # 180 MB of replies, far over what the server holds for one client
    with narrow_client(server) as s:
        s.sendall(encode("GET", "v") * count)  # ends only if the server goes on reading
        read_exactly(s, count * len(b"$3000\r\n" + b"x" * 3000 + b"\r\n"))
        s.sendall(encode("PING"))
        assert s.recv(100) == b"+PONG\r\n"


def test_the_error_of_a_bad_request_waits_behind_what_was_asked_before(server, c):
    with server.client() as d:
        c("CLIENT", "PAUSE", "300", "ALL")
        d.send_raw(b"PING\r\n*abc\r\n")
        assert d.read() == "PONG"
        assert d.read().startswith("ERR Protocol error: invalid multibulk length")
        assert d.closed_within(5)


def test_a_slow_reader_is_not_idle(start):
    server = start()
    with server.client() as c:
        c("SET", "big", b"x" * 30_000_000)
        c("CONFIG", "SET", "timeout", PATIENCE)
    with server.connect() as s:
        s.sendall(encode("GET", "big"))
        end = time.monotonic() + 3 * PATIENCE
        got = 0
        while time.monotonic() < end:  # some 6 MB a second, or so much less that it is not all before the end
            got += read_exactly(s, 1 << 18)
            time.sleep(0.04 * PATIENCE)
        read_exactly(s, 30_000_013 - got)


def test_the_end_comes_though_output_waits_and_signals_arrive(start):
    server = start()
    with server.client() as c:
        c("SET", "big", b"x" * 30_000_000)
    with narrow_client(server) as s:
        s.sendall(encode("GET", "big"))
        time.sleep(0.2)
        server.kill(signal.SIGTERM)
        time.sleep(0.05)
        threading.Timer(0, lambda: server.alive() and server.kill(signal.SIGTERM)).start()
        assert server.wait_exit(10 * PATIENCE) == 0


SIZE = 12_000_000  # more than sockets take
CHANGES = {
    "append": ([["APPEND", "v", "tail"]], lambda old: old + b"tail"),
    "append to room": ([["APPEND", "v", "a"], ["APPEND", "v", "b"]], lambda old: old + b"ab"),
    "setrange": ([["SETRANGE", "v", "5", "HERE"]], lambda old: old[:5] + b"HERE" + old[9:]),
    "setbit": ([["SETBIT", "v", "7", "0"]], lambda old: bytes([old[0] & 254]) + old[1:]),
    "bitfield": ([["BITFIELD", "v", "SET", "u8", "0", "65"]], lambda old: b"A" + old[1:]),
    "set to as much": ([["SET", "v", b"y" * SIZE]], lambda old: b"y" * SIZE),
    "set to less, in the room": ([["SET", "v", b"y" * 30_000], ["SETRANGE", "v", "0", "z"]], lambda old: b"z" + b"y" * 29_999),
    "getset": ([["GETSET", "v", b"y" * SIZE]], lambda old: b"y" * SIZE),
    "del": ([["DEL", "v"]], lambda old: None),
    "unlink": ([["UNLINK", "v"]], lambda old: None),
    "flushall": ([["FLUSHALL"]], lambda old: None),
    "rename": ([["RENAME", "v", "w"], ["APPEND", "w", "."], ["RENAME", "w", "v"]], lambda old: old + b"."),
    "copy": ([["COPY", "v", "w"], ["APPEND", "w", "."], ["RENAME", "w", "v"]], lambda old: old + b"."),
}


def waiting_bytes(c):
    return sum(int(n) for n in re.findall(rb" omem=(\d+)", c("CLIENT", "LIST")))


def read_all(s, count):
    got = bytearray()
    while len(got) < count:
        piece = s.recv(1 << 20)
        assert piece, "the server closed the connection after %d bytes" % len(got)
        got += piece
    return bytes(got)


@pytest.mark.parametrize("how", CHANGES)
def test_a_value_on_its_way_stays_as_it_was_asked_for(server, c, how):
    changes, expected = CHANGES[how]
    old = b"wxyz" * (SIZE // 4)
    c("SET", "v", old)
    bulk = b"$%d\r\n" % SIZE + old + b"\r\n"
    with server.connect(receive_buffer=65536) as s, server.connect(receive_buffer=65536) as t:
        s.sendall(encode("MGET", "v", "v") + encode("PING"))
        t.sendall(encode("MGET", "v", "none"))
        wait_for(lambda: waiting_bytes(c) > 2 * SIZE, what="both to wait for room")
        for change in changes:
            c(*change)
        assert c("GET", "v") == expected(old)
        for reader, answer in ((s, b"*2\r\n" + bulk + bulk + b"+PONG\r\n"), (t, b"*2\r\n" + bulk + b"$-1\r\n")):
            assert read_all(reader, len(answer)) == answer


@keel_only
def test_a_large_value_is_there_once_however_many_read_it(server, c):
    size, readers = 30_000_000, 8

    def used():
        return int(info_of(c, "memory")["used_memory"])

    c("SET", "v", b"x" * size)
    before = used()
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(server.connect()) for _ in range(readers)]
        for s in sockets:
            s.sendall(encode("GET", "v"))
        wait_for(lambda: waiting_bytes(c) > readers * size // 2, what="all to be answered")
        assert used() - before < size
        assert c("DEL", "v") == 1
        for s in sockets:
            assert read_exactly(s, size + len(b"$30000000\r\n\r\n"))
    wait_for(lambda: used() < before - size // 2, what="its memory to be free")


@keel_only
def test_what_was_not_read_is_freed_in_the_background(server, c):
    def freed():
        return int(info_of(c, "memory")["lazyfreed_objects"])

    c("SET", "v", b"x" * 4_000_000)
    before = freed()
    with server.client() as idle:
        number = idle("CLIENT", "ID")
        idle.send("MGET", *["v"] * 20)
        wait_for(lambda: b"omem=8" in c("CLIENT", "LIST", "ID", number) or b"omem=7" in c("CLIENT", "LIST", "ID", number), what="80 MB of output")
        assert c("CLIENT", "KILL", "ID", number) == 1
        wait_for(lambda: freed() == before + 1, what="the output to be freed")
    with server.client() as brief:
        brief("PING")
    assert freed() == before + 1, "a little is freed at once"
