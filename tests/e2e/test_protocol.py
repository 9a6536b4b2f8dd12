# SPDX-License-Identifier: BSD-3-Clause
"""What goes over the wire: requests whole, split, malformed, absurd."""
import time

import pytest

from keel import PATIENCE, config_get, keel_only
from resp import Error, encode


def closes_with(server, request, reply):
    """Sends the request on a new connection; the server answers with exactly this and closes; others notice nothing."""
    with server.client() as c:
        c.send_raw(request)
        got = c.drain(3)
        assert got == reply
        assert c.closed_within(1)
    with server.client() as c:
        assert c("PING") == "PONG"


def test_inline_commands(c):
    c.send_raw(b"PING\r\n")
    assert c.raw() == b"+PONG\r\n"
    c.send_raw(b"  ping  \r\n")
    assert c.raw() == b"+PONG\r\n"
    c.send_raw(b"SET a b\nGET a\n")
    assert c.raw(2) == b"+OK\r\n$1\r\nb\r\n"
    c.send_raw(b"PING\r\n\n")  # the Tcl suites' first words
    assert c.raw() == b"+PONG\r\n"


def test_inline_quoting(c):
    c.send_raw(b'SET "a b" "x\\x41\\n\\"y"\r\n')
    assert c.read() == "OK"
    assert c("GET", "a b") == b'xA\n"y'
    c.send_raw(b"SET 'q' 'it\\'s'\r\nGET q\r\n")
    assert c.read() == "OK"
    assert c.read() == b"it's"
    c.send_raw(b"SET empty ''\r\nGET empty\r\n")
    assert [c.read(), c.read()] == ["OK", b""]


def test_unbalanced_quotes_end_the_connection(server):
    closes_with(server, b'SET "a b\r\n', b"-ERR Protocol error: unbalanced quotes in request\r\n")
    closes_with(server, b"SET 'a'b c\r\n", b"-ERR Protocol error: unbalanced quotes in request\r\n")


def test_empty_requests_are_no_requests(c):
    c.send_raw(b"\r\n\r\n*0\r\n*-1\r\n*-5\r\nPING\r\n")
    assert c.raw() == b"+PONG\r\n"


def test_a_pipeline_is_answered_in_order(c):
    replies = c.pipeline([("SET", "n", 0)] + [("INCR", "n")] * 5000 + [("GET", "n")])
    assert replies[1:-1] == list(range(1, 5001))
    assert replies[-1] == b"5000"


def test_a_request_may_be_split_at_any_byte(c):
    request = encode("SET", "split", b"a\r\nb\0c") + b"GET split\r\n" + encode("GET", "split")
    expected = b"+OK\r\n" + b"$6\r\na\r\nb\0c\r\n" * 2
    for at in range(1, len(request)):
        c.send_raw(request[:at])
        c.socket.setsockopt(6, 1, 1)
        c.send_raw(request[at:])
        assert c.raw(3) == expected, at


def test_a_request_may_come_byte_by_byte(c):
    request = encode("SET", "drip", "value") + encode("GET", "drip")
    for i in range(len(request)):
        c.send_raw(request[i : i + 1])
    assert c.raw(2) == b"+OK\r\n$5\r\nvalue\r\n"


@pytest.mark.parametrize("size", [16, 1024, 32 * 1024 - 1, 32 * 1024, 32 * 1024 + 1, 100_000, 1 << 20, 20_000_000])
def test_big_arguments_and_replies(c, size):
    value = bytes(bytearray(i * 7 & 255 for i in range(251))) * (size // 251 + 1)
    value = value[:size]
    assert c("SET", "big", value) == "OK"
    assert c("STRLEN", "big") == size
    assert c("GET", "big") == value
    assert c.pipeline([("GET", "big"), ("PING",), ("GET", "big")]) == [value, "PONG", value]


def test_big_argument_between_small_ones_in_one_write(c):
    value = b"v" * 70_000
    assert c.pipeline([("SET", "a", "1"), ("SET", "b", value), ("SET", "c", "3"), ("MGET", "a", "b", "c")])[-1] == [
        b"1", value, b"3"]


def test_many_arguments(c):
    words = ["MSET"] + [str(i) for i in range(40_000)]
    assert c(*words) == "OK"
    assert c("DBSIZE") == 20_000


@pytest.mark.parametrize("request_bytes, text", [
    (b"*1\r\nPING\r\n", "expected '$', got 'P'"),
    (b"*1\r\n:1\r\n", "expected '$', got ':'"),
    (b"*a\r\n", "invalid multibulk length"),
    (b"*\r\n", "invalid multibulk length"),
    (b"*1x\r\n", "invalid multibulk length"),
    (b"*3000000000\r\n", "invalid multibulk length"),
    (b"*2147483648\r\n", "invalid multibulk length"),
    (b"*99999999999999999999\r\n", "invalid multibulk length"),
    (b"*1\r\n$a\r\n", "invalid bulk length"),
    (b"*1\r\n$\r\n", "invalid bulk length"),
    (b"*1\r\n$-1\r\n", "invalid bulk length"),
    (b"*1\r\n$-10\r\n", "invalid bulk length"),
    (b"*1\r\n$536870913\r\n", "invalid bulk length"),
    (b"*1\r\n$9223372036854775807\r\n", "invalid bulk length"),
    (b"*1\r\n$9223372036854775808\r\n", "invalid bulk length"),
    (b"*1\r\n$ 4\r\nPING\r\n", "invalid bulk length"),
])
def test_a_malformed_request_is_answered_and_ends_the_connection(server, request_bytes, text):
    closes_with(server, request_bytes, b"-ERR Protocol error: " + text.encode() + b"\r\n")


def test_what_came_before_a_malformed_request_is_answered(server):
    closes_with(server, encode("SET", "a", "1") + b"*1\r\n$x\r\n", b"+OK\r\n-ERR Protocol error: invalid bulk length\r\n")


def test_too_big_inline_request(server):
    closes_with(server, b"x" * (70 * 1024), b"-ERR Protocol error: too big inline request\r\n")


@pytest.mark.parametrize("request_bytes, text", [
    (b"*" + b"1" * (70 * 1024), "too big mbulk count string"),
    (b"*1\r\n$" + b"1" * (70 * 1024), "too big bulk count string"),
])
def test_a_length_line_without_end(server, request_bytes, text):
    with server.client() as c:
        c.send_raw(request_bytes)
        assert c.drain(3) == b"-ERR Protocol error: " + text.encode() + b"\r\n"


def test_bulk_length_limit_is_a_setting(server, c):
    assert c("CONFIG", "SET", "proto-max-bulk-len", "1mb") == "OK"
    closes_with(server, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1048577\r\n", b"-ERR Protocol error: invalid bulk length\r\n")
    with server.client() as d:
        assert d("SET", "a", b"x" * 1048576) == "OK"
        assert d("APPEND", "a", "y") == Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
    assert config_get(c, "proto-max-bulk-len") == "1048576"


def test_before_authentication_requests_are_small(start):
    server = start({"requirepass": "secret"})
    closes = [(b"*11\r\n", "unauthenticated multibulk length"), (b"*1\r\n$16385\r\n", "unauthenticated bulk length")]
    for request, text in closes:
        with server.client() as c:
            c.send_raw(request)
            assert c.drain(3) == b"-ERR Protocol error: " + text.encode() + b"\r\n"
    with server.client() as c:
        assert c("MGET", *"123456789") == Error("NOAUTH Authentication required.")
        c.send_raw(b"*2\r\n$4\r\nPING\r\n$16384\r\n" + b"x" * 16384 + b"\r\n")
        assert c.read() == Error("NOAUTH Authentication required.")
        assert c("AUTH", "secret") == "OK"
        assert c("SET", "a", b"x" * 20000) == "OK"


@keel_only
def test_before_authentication_unknown_commands_are_not_told_apart(start):
    server = start({"requirepass": "secret"})
    with server.client() as c:
        assert c("NOSUCH") == Error("NOAUTH Authentication required.")
        assert c("GET") == Error("NOAUTH Authentication required.")


def test_half_a_request_and_goodbye(server, c):
    """Connections that end in the middle of anything cost the server nothing."""
    whole = encode("SET", "half", b"v" * 100_000)
    for at in (1, 2, 4, 9, 20, 40, 70_000, len(whole) - 1):
        with server.client() as d:
            d.send_raw(whole[:at])
    assert c("EXISTS", "half") == 0
    assert c("PING") == "PONG"


def test_goodbye_before_the_replies(server, c):
    c("SET", "big", b"x" * 5_000_000)
    for _ in range(5):
        with server.client() as d:
            d.send_raw(encode("GET", "big") * 20)
    assert c("PING") == "PONG"


def test_a_reader_that_reads_late_gets_everything(server, c):
    c("SET", "big", b"x" * 1_000_000)
    with server.client(timeout=30 * PATIENCE) as d:
        d.send_raw(encode("GET", "big") * 50 + encode("PING"))
        assert c("PING") == "PONG"  # the others are served meanwhile
        for _ in range(50):
            assert len(d.read()) == 1_000_000
        assert d.read() == "PONG"


def test_quit_answers_and_closes(server):
    with server.client() as c:
        c.send_raw(encode("QUIT") + encode("PING"))
        assert c.drain(2) == b"+OK\r\n"
        assert c.closed_within(1)


def test_unknown_commands(c):
    assert c("NOSUCH") == Error("ERR unknown command 'NOSUCH', with args beginning with: ")
    assert c("NOSUCH", "a", "b") == Error("ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ")
    reply = c("n" * 200, "a" * 200, "b")
    assert reply == Error("ERR unknown command '%s', with args beginning with: '%s' " % ("n" * 128, "a" * 128))
    assert c("NO\r\nSUCH") == Error("ERR unknown command 'NO  SUCH', with args beginning with: ")
    assert c("CLIENT", "nosuch") == Error("ERR unknown subcommand 'nosuch'. Try CLIENT HELP.")


def test_wrong_arity(c):
    assert c("GET") == Error("ERR wrong number of arguments for 'get' command")
    assert c("gEt", "a", "b") == Error("ERR wrong number of arguments for 'get' command")
    assert c("CLIENT", "SETNAME") == Error("ERR wrong number of arguments for 'client|setname' command")
    assert c("CONFIG") == Error("ERR wrong number of arguments for 'config' command")


def test_command_names_take_any_case(c):
    assert c("sEt", "k", "v") == "OK"
    assert c("gEt", "k") == b"v"
    assert c("config", "gEt", "PORT")[0] == b"PORT"


def test_select(c):
    assert c("SELECT", "9") == "OK"
    assert c("SET", "in9", "x") == "OK"
    assert c("SELECT", "0") == "OK"
    assert c("EXISTS", "in9") == 0
    assert c("SELECT", "16") == Error("ERR DB index is out of range")
    assert c("SELECT", "-1") == Error("ERR DB index is out of range")
    assert c("SELECT", "abc") == Error("ERR value is not an integer or out of range")


def test_echo_and_time(c):
    assert c("ECHO", b"a\0b") == b"a\0b"
    assert c("PING", "hi") == b"hi"
    seconds, microseconds = (int(x) for x in c("TIME"))
    assert abs(time.time() - seconds) < 5
    assert 0 <= microseconds < 1_000_000


def test_lolwut_names_a_version(c):
    assert b"ver" in c("LOLWUT").lower()


def test_reset(server):
    with server.client() as c:
        c("SELECT", "3")
        c("CLIENT", "SETNAME", "x")
        c("HELLO", "3")
        c.send("RESET")
        assert c.raw() == b"+RESET\r\n"
        info = c("CLIENT", "INFO").decode()
        assert " db=0 " in info and " name= " in info and " resp=2" in info


def test_http_requests_are_refused_by_closing(server):
    with server.client() as c:
        c.send_raw(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert c.closed_within(3)
    with server.client() as c:
        c.send_raw(b"Host: x\r\nPING\r\n")
        assert c.closed_within(3)
    server.wait_log("(?i)security attack")
