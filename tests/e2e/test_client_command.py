# SPDX-License-Identifier: BSD-3-Clause
"""CLIENT and its subcommands."""
import re
import time

import pytest

from keel import IS_PEER, PATIENCE, keel_only, wait_for
from resp import Error, encode

FIELDS_7_0 = ("id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem "
              "tot-mem events cmd user redir resp").split()


def fields(line):
    return dict(pair.split("=", 1) for pair in line.decode().strip().split(" "))


def clients(c, *filters):
    return [fields(line) for line in c("CLIENT", "LIST", *filters).strip().split(b"\n") if line]


def test_id_counts_up(server, c):
    first = c("CLIENT", "ID")
    with server.client() as d:
        assert d("CLIENT", "ID") > first
    assert c("CLIENT", "ID") == first


def test_info_is_one_line_with_every_field(server, c):
    text = c("CLIENT", "INFO")
    assert text.endswith(b"\n") and text.count(b"\n") == 1
    mine = fields(text)
    assert [f for f in mine if f in FIELDS_7_0] == FIELDS_7_0
    assert mine["id"] == str(c("CLIENT", "ID"))
    assert mine["addr"] == "127.0.0.1:%d" % c.socket.getsockname()[1]
    assert mine["laddr"] == "127.0.0.1:%d" % server.port
    assert mine["cmd"] == "client|info"
    assert (mine["flags"], mine["db"], mine["user"], mine["redir"], mine["resp"]) == ("N", "0", "default", "-1", "2")
    assert (mine["multi"], mine["sub"], mine["psub"], mine["events"]) == ("-1", "0", "0", "r")
    assert int(mine["tot-mem"]) > 0


@keel_only
def test_info_has_the_newer_fields(c):
    assert {"watch", "lib-name", "lib-ver"} <= set(fields(c("CLIENT", "INFO")))


def test_list_shows_what_each_did_last(server, c):
    with server.client() as d, server.client(resp=3) as e:
        d("SELECT", "5")
        d("GET", "x")
        e("CLIENT", "SETNAME", "third")
        by_id = {f["id"]: f for f in clients(c)}
        assert len(by_id) == 3
        assert by_id[str(d("CLIENT", "ID"))]["db"] == "5"
        assert by_id[str(d("CLIENT", "ID"))]["cmd"] == "get"
        third = by_id[str(e("CLIENT", "ID"))]
        assert (third["name"], third["resp"], third["cmd"]) == ("third", "3", "client|setname")


def test_list_filters(server, c):
    with server.client() as d:
        ids = [str(d("CLIENT", "ID")), str(c("CLIENT", "ID"))]
        assert [f["id"] for f in clients(c, "ID", ids[0])] == [ids[0]]
        assert {f["id"] for f in clients(c, "ID", *ids, "99999")} == set(ids)
        assert {f["id"] for f in clients(c, "TYPE", "normal")} == set(ids)
        assert clients(c, "TYPE", "replica") == [] and clients(c, "TYPE", "master") == [] and clients(c, "TYPE", "PUBSUB") == []
    assert c("CLIENT", "LIST", "TYPE", "nosuch") == Error("ERR Unknown client type 'nosuch'")
    assert c("CLIENT", "LIST", "ID") == Error("ERR syntax error")
    assert c("CLIENT", "LIST", "ID", "x") == Error("ERR Invalid client ID")
    assert c("CLIENT", "LIST", "NOSUCH", "x") == Error("ERR syntax error")


def test_name(c):
    assert c("CLIENT", "GETNAME") is None
    assert c("CLIENT", "SETNAME", "ann") == "OK"
    assert c("CLIENT", "GETNAME") == b"ann"
    assert c("CLIENT", "SETNAME", "a b") == Error("ERR Client names cannot contain spaces, newlines or special characters.")
    assert c("CLIENT", "SETNAME", "a\nb").code == "ERR"
    assert c("CLIENT", "GETNAME") == b"ann"
    assert c("CLIENT", "SETNAME", "") == "OK"
    assert c("CLIENT", "GETNAME") is None


@keel_only
def test_setinfo(c):
    assert c("CLIENT", "SETINFO", "LIB-NAME", "my-lib") == "OK"
    assert c("CLIENT", "SETINFO", "lib-ver", "1.2") == "OK"
    mine = fields(c("CLIENT", "INFO"))
    assert (mine["lib-name"], mine["lib-ver"]) == ("my-lib", "1.2")
    assert c("CLIENT", "SETINFO", "lib-name", "a b") == Error(
        "ERR lib-name cannot contain spaces, newlines or special characters.")
    assert c("CLIENT", "SETINFO", "nosuch", "a") == Error("ERR Unrecognized option 'nosuch'")
    assert c("RESET") == "RESET"
    assert fields(c("CLIENT", "INFO"))["lib-name"] == "my-lib"


def test_kill_by_address(server, c):
    with server.client() as d:
        addr = "127.0.0.1:%d" % d.socket.getsockname()[1]
        assert c("CLIENT", "KILL", addr) == "OK"
        assert d.closed_within(2)
    assert c("CLIENT", "KILL", "1.2.3.4:5") == Error("ERR No such client")


def test_kill_by_filters(server, c):
    with server.client() as d, server.client() as e:
        assert c("CLIENT", "KILL", "ID", d("CLIENT", "ID")) == 1
        assert d.closed_within(2)
        assert c("CLIENT", "KILL", "ID", "99999") == 0
        assert c("CLIENT", "KILL", "ADDR", "127.0.0.1:%d" % e.socket.getsockname()[1]) == 1
        assert e.closed_within(2)
    with server.client() as d, server.client() as e:
        assert c("CLIENT", "KILL", "LADDR", "127.0.0.1:%d" % server.port) == 2  # not the caller: SKIPME yes
        assert d.closed_within(2) and e.closed_within(2)
    with server.client() as d, server.client() as e:
        assert c("CLIENT", "KILL", "USER", "default", "TYPE", "normal", "SKIPME", "yes") == 2
        assert d.closed_within(2) and e.closed_within(2)
    assert c("CLIENT", "KILL", "TYPE", "replica") == 0
    for wrong in (("ID", "x"), ("ID", "0")):
        assert c("CLIENT", "KILL", *wrong) == Error("ERR client-id should be greater than 0")
    assert c("CLIENT", "KILL", "USER", "nosuch") == Error("ERR No such user 'nosuch'")
    assert c("CLIENT", "KILL", "TYPE", "nosuch") == Error("ERR Unknown client type 'nosuch'")
    assert c("CLIENT", "KILL", "SKIPME", "maybe") == Error("ERR syntax error")
    assert c("CLIENT", "KILL", "NOSUCH", "x") == Error("ERR syntax error")
    assert c("CLIENT", "KILL", "ID", "1", "ADDR") == Error("ERR syntax error")
    assert c("CLIENT", "KILL", "ID", "1", "nosuch") == Error("ERR syntax error")


def test_killing_oneself_is_answered_first(server):
    with server.client() as d:
        assert d("CLIENT", "KILL", "ID", d("CLIENT", "ID"), "SKIPME", "no") == 1
        assert d.closed_within(2)


@keel_only
def test_kill_by_age(server, c):
    with server.client() as d:
        assert c("CLIENT", "KILL", "MAXAGE", "100") == 0
        wait_for(lambda: int(fields(d("CLIENT", "INFO"))["age"]) >= 1, 5)
        assert c("CLIENT", "KILL", "MAXAGE", "1") == 1
        assert d.closed_within(2)


def test_reply_off_on_skip(c):
    c.send_raw(encode("CLIENT", "REPLY", "OFF") + encode("SET", "a", "1") + encode("NOSUCH") + encode("CLIENT", "REPLY", "ON")
               + encode("GET", "a"))
    assert c.raw(2) == b"+OK\r\n$1\r\n1\r\n"
    c.send_raw(encode("CLIENT", "REPLY", "SKIP") + encode("SET", "a", "2") + encode("GET", "a"))
    assert c.raw() == b"$1\r\n2\r\n"
    assert c("CLIENT", "REPLY", "MAYBE") == Error("ERR syntax error")


def test_no_evict(c):
    assert c("CLIENT", "NO-EVICT", "on") == "OK"
    assert "e" in fields(c("CLIENT", "INFO"))["flags"]
    assert c("CLIENT", "NO-EVICT", "off") == "OK"
    assert fields(c("CLIENT", "INFO"))["flags"] == "N"
    assert c("CLIENT", "NO-EVICT", "maybe") == Error("ERR syntax error")


@keel_only
def test_no_touch(server, c):
    c("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    c("SET", "k", "v")
    wait_for(lambda: c("OBJECT", "IDLETIME", "k") >= 1, 5)
    assert c("CLIENT", "NO-TOUCH", "on") == "OK"
    assert "T" in fields(c("CLIENT", "INFO"))["flags"]
    assert c("GET", "k") == b"v"
    assert c("OBJECT", "IDLETIME", "k") >= 1
    assert c("TOUCH", "k") == 1
    assert c("OBJECT", "IDLETIME", "k") == 0
    assert c("CLIENT", "NO-TOUCH", "off") == "OK"


def test_pause_all_holds_everything_until_its_end(server, c):
    with server.client() as d:
        assert c("CLIENT", "PAUSE", "300") == "OK"
        began = time.monotonic()
        assert d("GET", "x") is None
        assert 0.2 < time.monotonic() - began < 2 * PATIENCE


def test_pause_write_holds_only_writes(server, c):
    with server.client() as d, server.client() as e:
        assert c("CLIENT", "PAUSE", "100000", "WRITE") == "OK"
        assert d("GET", "x") is None
        d.send("SET", "x", "1")
        assert d.drain(0.2) == b""
        assert e("GET", "x") is None
        assert "b" in fields(c("CLIENT", "LIST", "ID", d_id(c, d)))["flags"] or IS_PEER
        assert server.info("clients")["blocked_clients"] == "1"
        assert c("CLIENT", "UNPAUSE") == "OK"
        assert d.read() == "OK"
        assert e("GET", "x") == b"1"


LIBRARY = '''#!lua name=paused
redis.register_function{function_name='reads', callback=function() return redis.call('get', 'x') end, flags={'no-writes'}}
redis.register_function('writes', function() return redis.call('set', 'x', 1) end)'''
READS = "#!lua flags=no-writes\nreturn redis.call('get', 'x')"


def test_pause_write_asks_what_a_script_declares(server, c):
    c("FUNCTION", "LOAD", "REPLACE", LIBRARY)
    sha = c("SCRIPT", "LOAD", READS)
    plain = c("SCRIPT", "LOAD", "return 1")
    c("SET", "x", "v")
    c("PFADD", "hll", "a")
    passed = [("EVAL", READS, "0"), ("EVALSHA", sha, "0"), ("EVAL_RO", READS, "0"), ("EVAL_RO", "return 1", "0"), ("EVALSHA_RO", sha, "0"),
              ("EVALSHA_RO", plain, "0"), ("FCALL", "reads", "0"), ("FCALL_RO", "reads", "0")]
    held = [("EVAL", "return 1", "0"), ("EVALSHA", plain, "0"), ("EVAL", "#!lua\nreturn 1", "0"), ("FCALL", "writes", "0"),
            ("EVALSHA", "0" * 40, "0"), ("FCALL", "nosuch", "0"), ("PUBLISH", "ch", "x"), ("SPUBLISH", "ch", "x"), ("PFCOUNT", "hll"),
            ("FCALL_RO", "writes", "0"), ("EVAL_RO", "#!lua\nreturn 1", "0"), ("EVAL", "#!lua flags=nosuch\nreturn 1", "0")]
    c("CLIENT", "PAUSE", "100000", "WRITE")
    clients_held = []
    try:
        with server.client() as d:
            for words in passed:
                assert not isinstance(d(*words), Error), words
                assert d("MULTI") == "OK" and d(*words) == "QUEUED"
                assert len(d("EXEC")) == 1, words
        for words in held:
            clients_held.append(server.client())
            clients_held[-1].send(*words)
        for client, words in zip(clients_held, held):
            assert client.drain(0.02) == b"", words
    finally:
        c("CLIENT", "UNPAUSE")
    for client in clients_held:
        client.read()
        client.close()
    c("FUNCTION", "FLUSH")


def test_what_counts_hyperloglogs_is_no_reader_for_scripts(c):
    c("PFADD", "hll", "a")
    assert "Write commands are not allowed" in c("EVAL_RO", "return redis.call('pfcount', KEYS[1])", "1", "hll")


def d_id(c, d):
    port = d.socket.getsockname()[1]
    return next(f["id"] for f in clients(c) if f["addr"].endswith(":%d" % port))


def test_pause_keeps_later_commands_in_order(server, c):
    with server.client() as d:
        assert c("CLIENT", "PAUSE", "200", "WRITE") == "OK"
        d.send_raw(encode("SET", "p", "1") + encode("GET", "p") + encode("INCR", "p"))
        assert [d.read() for _ in range(3)] == ["OK", b"1", 2]


def test_pause_may_be_made_longer_not_shorter(server, c):
    with server.client() as d:
        c("CLIENT", "PAUSE", "400", "WRITE")
        c("CLIENT", "PAUSE", "10", "WRITE")
        began = time.monotonic()
        d("SET", "x", "1")
        assert time.monotonic() - began > 0.2


def test_pause_arguments(c):
    assert c("CLIENT", "PAUSE", "x") == Error("ERR timeout is not an integer or out of range")
    assert c("CLIENT", "PAUSE", "-1") == Error("ERR timeout is negative")
    assert c("CLIENT", "PAUSE", "1", "READ") == Error("ERR CLIENT PAUSE mode must be WRITE or ALL")


def test_while_paused_keys_do_not_expire(server, c):
    c("CLIENT", "PAUSE", "60000", "WRITE")
    with server.client() as d:
        d("CLIENT", "ID")
    c("CLIENT", "UNPAUSE")
    c("SET", "k", "v", "PX", "100")
    c("CLIENT", "PAUSE", "60000", "WRITE")
    time.sleep(0.3)
    assert c("GET", "k") is None  # nobody sees it any more, but it is still there
    assert c("DBSIZE") == 1
    c("CLIENT", "UNPAUSE")
    wait_for(lambda: c("DBSIZE") == 0)


def test_a_paused_client_may_go_away(server, c):
    c("CLIENT", "PAUSE", "60000", "WRITE")
    with server.client() as d:
        d.send("SET", "gone", "1")
        time.sleep(0.05)
    c("CLIENT", "UNPAUSE")
    assert c("PING") == "PONG"
    wait_for(lambda: len(clients(c)) == 1)


def test_unblock_when_nobody_is_blocked(c):
    assert c("CLIENT", "UNBLOCK", c("CLIENT", "ID")) == 0
    assert c("CLIENT", "UNBLOCK", "99999") == 0
    assert c("CLIENT", "UNBLOCK", "1", "SOMEHOW") == Error(
        "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
    assert c("CLIENT", "UNBLOCK", "x") == Error("ERR value is not an integer or out of range")


def test_getredir_without_tracking(c):
    assert c("CLIENT", "GETREDIR") == -1


def test_help(c):
    lines = c("CLIENT", "HELP")
    assert lines[0] == "CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    assert any(line.startswith("KILL ") for line in lines)
    assert "HELP" in lines


def test_output_fields_grow_with_an_unread_reply(server, c):
    c("SET", "big", b"x" * 1_000_000)
    with server.client() as d:
        me = d_id(c, d)
        d.send_raw(encode("GET", "big") * 30)
        wait_for(lambda: int(fields(c("CLIENT", "LIST", "ID", me))["omem"]))
        line = fields(c("CLIENT", "LIST", "ID", me))
        assert int(line["tot-mem"]) >= int(line["omem"]) > 0
        assert "w" in line["events"] or "r" in line["events"]


def test_query_buffer_fields_grow_with_half_a_request(server, c):
    with server.client() as d:
        me = d_id(c, d)
        d.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000\r\n" + b"x" * 5000)
        wait_for(lambda: int(fields(c("CLIENT", "LIST", "ID", me))["qbuf"]) >= 5000)


@pytest.mark.parametrize("word", ["abc", "99999999999999999999"])
def test_ids_are_checked(c, word):
    assert isinstance(c("CLIENT", "KILL", "ID", word), Error)
    assert isinstance(c("CLIENT", "LIST", "ID", word), Error)


def test_idle_and_age_count_seconds(server, c):
    with server.client() as d:
        me = d_id(c, d)
        wait_for(lambda: int(fields(c("CLIENT", "LIST", "ID", me))["idle"]) >= 1, 5)
        assert int(fields(c("CLIENT", "LIST", "ID", me))["age"]) >= 1
        assert re.fullmatch(r"\d+", fields(c("CLIENT", "INFO"))["fd"])
