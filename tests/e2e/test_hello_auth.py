# SPDX-License-Identifier: BSD-3-Clause
"""HELLO, the shapes of RESP3, AUTH."""
import pytest

from keel import IS_PEER, keel_only
from resp import Error, Set, Verbatim


def test_hello_tells_who_is_there(c):
    reply = c("HELLO")
    fields = dict(zip(reply[::2], reply[1::2]))
    assert list(fields) == [b"server", b"version", b"proto", b"id", b"mode", b"role", b"modules"]
    assert fields[b"proto"] == 2 and fields[b"mode"] == b"standalone" and fields[b"role"] == b"master"
    assert fields[b"id"] == c("CLIENT", "ID") and fields[b"modules"] == []


def test_hello_3_answers_with_a_map(c):
    c.send("HELLO", "3")
    assert c.raw().startswith(b"%7\r\n$6\r\nserver\r\n")
    reply = c("HELLO")
    assert reply[b"proto"] == 3
    assert c("HELLO", "2")[5] == 2


def test_hello_with_name_and_auth(start):
    server = start({"requirepass": "secret"})
    with server.client() as c:
        refusal = c("HELLO", "3")  # 7.2 put a "<proto>" into the middle of this text
        assert refusal.startswith("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO ")
        assert refusal.endswith("AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
                                "protocol version at the same time")
        assert c("HELLO", "3", "AUTH", "default", "wrong") == Error(
            "WRONGPASS invalid username-password pair or user is disabled.")
        assert c("HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me")[b"proto"] == 3
        assert c("CLIENT", "GETNAME") == b"me"


@pytest.mark.parametrize("words, text", [
    (("4",), "NOPROTO unsupported protocol version"),
    (("1",), "NOPROTO unsupported protocol version"),
    (("abc",), "ERR Protocol version is not an integer or out of range"),
    (("3", "SETNAME"), "ERR Syntax error in HELLO option 'SETNAME'"),
    (("3", "NOSUCH"), "ERR Syntax error in HELLO option 'NOSUCH'"),
    (("3", "AUTH", "x"), "ERR Syntax error in HELLO option 'AUTH'"),
])
def test_hello_refusals(c, words, text):
    assert c("HELLO", *words) == Error(text)
    assert c("HELLO")[5] == 2  # still RESP2


def test_null_is_a_type_of_its_own(c, c3):
    c.send("GET", "none")
    assert c.raw() == b"$-1\r\n"
    c3.send("GET", "none")
    assert c3.raw() == b"_\r\n"
    c3.send("MGET", "none", "none")
    assert c3.raw() == b"*2\r\n_\r\n_\r\n"


@pytest.mark.parametrize("kind, resp2, resp3", [
    ("string", b"$11\r\nHello World\r\n", b"$11\r\nHello World\r\n"),
    ("integer", b":12345\r\n", b":12345\r\n"),
    ("double", None, b",3.141\r\n"),
    ("bignum", b"$37\r\n1234567999999999999999999999999999999\r\n", b"(1234567999999999999999999999999999999\r\n"),
    ("null", b"$-1\r\n", b"_\r\n"),
    ("array", b"*3\r\n:0\r\n:1\r\n:2\r\n", b"*3\r\n:0\r\n:1\r\n:2\r\n"),
    ("set", b"*3\r\n:0\r\n:1\r\n:2\r\n", b"~3\r\n:0\r\n:1\r\n:2\r\n"),
    ("map", b"*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n", b"%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"),
    ("true", b":1\r\n", b"#t\r\n"),
    ("false", b":0\r\n", b"#f\r\n"),
    ("verbatim", b"$25\r\nThis is a verbatim\nstring\r\n", b"=29\r\ntxt:This is a verbatim\nstring\r\n"),
])
def test_every_type_in_both_protocols(c, c3, kind, resp2, resp3):
    c.send("DEBUG", "PROTOCOL", kind)
    got = c.raw()
    if resp2 is not None:
        assert got == resp2
    c3.send("DEBUG", "PROTOCOL", kind)
    got = c3.raw()
    assert got == resp3 or kind == "double" and got.startswith(b",3.141")


def test_attributes_come_only_in_resp3(c, c3):
    assert c("DEBUG", "PROTOCOL", "attrib") == b"Some real reply following the attribute"
    c3.send("DEBUG", "PROTOCOL", "attrib")
    assert c3.raw().startswith(b"|1\r\n$14\r\nkey-popularity\r\n*2\r\n")
    c3("DEBUG", "PROTOCOL", "attrib")
    assert c3.attribute == {b"key-popularity": [b"key:123", 90]}


def test_push_comes_only_in_resp3(c, c3):
    assert c("DEBUG", "PROTOCOL", "push") == Error("ERR RESP2 is not supported by this command")
    c3.send("DEBUG", "PROTOCOL", "push")
    assert c3.raw() == b">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n"


def test_shapes_of_replies_in_resp3(c3):
    c3("SET", "n", "1")
    assert isinstance(c3("INFO"), Verbatim)
    assert isinstance(c3("CLIENT", "LIST"), Verbatim)
    assert isinstance(c3("CONFIG", "GET", "port*"), dict)
    assert isinstance(c3("COMMAND", "INFO", "get")[0][2], Set)
    assert isinstance(c3("COMMAND", "DOCS", "get"), dict)
    assert isinstance(c3("MEMORY", "STATS"), dict)
    assert isinstance(c3("LCS", "n", "n", "IDX"), dict)
    assert c3("INCRBYFLOAT", "n", "0.5") == b"1.5"  # a bulk string, in RESP3 too


def test_auth_without_password(c):
    text = ("ERR AUTH <password> called without any password configured for the default user. "
            "Are you sure your configuration is correct?")
    assert c("AUTH", "x") == Error(text)
    assert c("AUTH", "default", "anything") == "OK"
    assert c("AUTH", "nosuch", "x") == Error("WRONGPASS invalid username-password pair or user is disabled.")
    assert c("AUTH", "a", "b", "c") == Error("ERR syntax error")


def test_auth_with_password(start):
    server = start({"requirepass": "secret"})
    with server.client() as c:
        assert c("GET", "a") == Error("NOAUTH Authentication required.")
        assert c("PING") == Error("NOAUTH Authentication required.")
        assert c("AUTH", "wrong") == Error("WRONGPASS invalid username-password pair or user is disabled.")
        assert c("GET", "a") == Error("NOAUTH Authentication required.")
        assert c("AUTH", "secret") == "OK"
        assert c("GET", "a") is None
        with server.client() as d:
            assert d("AUTH", "default", "secret") == "OK"
            assert d("PING") == "PONG"
        assert c("RESET") == "RESET"
        assert c("GET", "a") == Error("NOAUTH Authentication required.")
        with server.client() as d:
            assert d("QUIT") == "OK"


def test_a_password_may_be_set_while_running(server, c):
    assert c("CONFIG", "SET", "requirepass", "later") == "OK"
    try:
        assert c("PING") == "PONG"  # who is in stays in
        with server.client() as d:
            assert d("PING") == Error("NOAUTH Authentication required.")
            assert d("AUTH", "later") == "OK"
    finally:
        assert c("CONFIG", "SET", "requirepass", "") == "OK"
    with server.client() as d:
        assert d("PING") == "PONG"


@keel_only
def test_server_name_and_versions(c):
    fields = c("HELLO", "3")
    assert fields[b"server"] in (b"keel", b"redis")
    info = c("INFO", "server").decode()
    assert "server_name:keel\r\n" in info and "keel_version:" in info
    assert "redis_version:%s\r\n" % fields[b"version"].decode() in info


def test_auth_secrets_are_not_shown(start):
    server = start({"requirepass": "hidden-word"})
    with server.client() as c, server.client() as m:
        c("CONFIG", "SET", "slowlog-log-slower-than", "0")
        c("AUTH", "hidden-word")
        c("CONFIG", "SET", "slowlog-log-slower-than", "0")
        m("AUTH", "hidden-word")
        m("MONITOR")
        with server.client() as d:
            d("AUTH", "hidden-word")
            d("HELLO", "2", "AUTH", "default", "hidden-word")
            d("CONFIG", "SET", "requirepass", "hidden-word")
        assert b"hidden-word" not in b"".join(repr(e).encode() for e in c("SLOWLOG", "GET", "100"))
        assert b"hidden-word" not in m.drain(0.2) or IS_PEER
    assert "hidden-word" not in server.log()
