# SPDX-License-Identifier: BSD-3-Clause
"""COMMAND: what the server tells about its commands. redis-cli's hints and cluster clients are built on it."""
import pytest

from keel import IS_PEER, keel_only
from resp import Error


def docs_of(c, *names):
    reply = c("COMMAND", "DOCS", *names)
    return dict(zip(reply[::2], reply[1::2])) if isinstance(reply, list) else reply


def as_map(flat):
    return dict(zip(flat[::2], flat[1::2]))


def test_count_and_list_agree(c):
    names = c("COMMAND", "LIST")
    assert len(names) == len(set(names))
    assert c("COMMAND", "COUNT") == len([n for n in names if b"|" not in n]) == len(c("COMMAND"))
    assert {b"get", b"set", b"command", b"client", b"config", b"expire"} <= set(names)


def test_list_filters(c):
    names = set(c("COMMAND", "LIST"))
    matching = set(c("COMMAND", "LIST", "FILTERBY", "PATTERN", "GET*"))
    assert {b"get", b"getex", b"getrange"} <= matching <= names and b"set" not in matching
    fast = set(c("COMMAND", "LIST", "FILTERBY", "ACLCAT", "fast"))
    assert b"get" in fast and b"keys" not in fast and fast < names
    assert c("COMMAND", "LIST", "FILTERBY", "ACLCAT", "nosuch") == []
    assert c("COMMAND", "LIST", "FILTERBY", "MODULE", "nosuch") == []
    assert b"config|get" in c("COMMAND", "LIST", "FILTERBY", "PATTERN", "config*")
    assert c("COMMAND", "LIST", "FILTERBY", "NOSUCH", "x") == Error("ERR syntax error")


def test_info_has_ten_parts(c):
    (get,) = c("COMMAND", "INFO", "GET")
    assert len(get) == 10
    assert get[:2] == [b"get", 2]
    assert [str(f) for f in get[2]] == ["readonly", "fast"]
    assert get[3:6] == [1, 1, 1]
    assert {str(f) for f in get[6]} == {"@read", "@string", "@fast"}
    assert get[7] == []
    spec = as_map(get[8][0])
    assert {str(f) for f in spec[b"flags"]} == {"RO", "access"}
    assert as_map(spec[b"begin_search"]) == {b"type": b"index", b"spec": [b"index", 1]}
    assert as_map(spec[b"find_keys"]) == {b"type": b"range", b"spec": [b"lastkey", 0, b"keystep", 1, b"limit", 0]}
    assert get[9] == []


def test_info_of_several_and_unknown(c):
    got = c("COMMAND", "INFO", "set", "nosuch", "client|kill")
    assert got[0][0] == b"set" and got[1] is None and got[2][0] == b"client|kill"
    client = c("COMMAND", "INFO", "client")[0]
    assert {b"client|kill", b"client|list"} <= {sub[0] for sub in client[9]}
    assert len(c("COMMAND", "INFO")) == c("COMMAND", "COUNT")


@pytest.mark.parametrize("words, keys", [
    (["GET", "a"], [b"a"]),
    (["MSET", "a", "1", "b", "2"], [b"a", b"b"]),
    (["MGET", "a", "b", "c"], [b"a", b"b", b"c"]),
    (["COPY", "a", "b"], [b"a", b"b"]),
    (["RENAME", "a", "b"], [b"a", b"b"]),
    (["LCS", "a", "b", "LEN"], [b"a", b"b"]),
    (["OBJECT", "ENCODING", "a"], [b"a"]),
    (["MEMORY", "USAGE", "a"], [b"a"]),
])
def test_getkeys(c, words, keys):
    assert c("COMMAND", "GETKEYS", *words) == keys


def test_getkeys_refusals(c):
    assert c("COMMAND", "GETKEYS", "NOSUCH", "a") == Error("ERR Invalid command specified")
    assert c("COMMAND", "GETKEYS", "PING", "x") == Error("ERR The command has no key arguments")
    assert c("COMMAND", "GETKEYS", "GET", "a", "b") == Error("ERR Invalid number of arguments specified for command")


def test_getkeysandflags(c):
    assert c("COMMAND", "GETKEYSANDFLAGS", "GET", "a") == [[b"a", ["RO", "access"]]]
    (key, flags), = c("COMMAND", "GETKEYSANDFLAGS", "SET", "a", "b")
    assert key == b"a" and {"OW", "update"} <= set(flags)
    (key, flags), = c("COMMAND", "GETKEYSANDFLAGS", "SET", "a", "b", "GET")
    assert {"RW", "access", "update"} <= set(flags)


def test_docs(c):
    doc = as_map(docs_of(c, "SET")[b"set"])
    assert doc[b"since"] == b"1.0.0" and doc[b"group"] == b"string" and doc[b"complexity"] == b"O(1)"
    assert doc[b"summary"]
    names = [as_map(a)[b"name"] for a in doc[b"arguments"]]
    assert names[:2] == [b"key", b"value"]
    assert docs_of(c, "nosuch") == {}
    client = as_map(docs_of(c, "client")[b"client"])
    subs = client[b"subcommands"]
    assert b"client|kill" in subs[::2]
    assert as_map(docs_of(c, "client|kill")[b"client|kill"])[b"group"] == b"connection"


def test_docs_of_all_have_what_redis_cli_needs(c):
    every = docs_of(c)
    assert len(every) == c("COMMAND", "COUNT")
    for name, flat in every.items():
        doc = as_map(flat)
        assert {b"summary", b"since", b"group"} <= set(doc), name
        check_arguments(name, doc.get(b"arguments", []))


def check_arguments(name, arguments):
    for flat in arguments:
        argument = as_map(flat)
        assert {b"name", b"type"} <= set(argument), name
        if argument[b"type"] in (b"oneof", b"block"):
            check_arguments(name, argument[b"arguments"])


def test_help(c):
    assert c("COMMAND", "HELP")[0].startswith(("(no subcommand)", "COMMAND <subcommand>"))


@pytest.mark.skipif(IS_PEER, reason="this test holds keel against the list")
def test_every_command_answers_to_its_arity(c):
    """No command takes fewer words than it says; each refuses with the same sentence."""
    skip = {b"shutdown", b"debug", b"monitor", b"quit", b"reset", b"sync", b"psync"}
    for info in c("COMMAND", "INFO"):
        for name, arity, *_ in [info] + info[9]:
            if name.split(b"|")[0] in skip or abs(arity) < 2:
                continue
            words = name.split(b"|")
            least = abs(arity)
            if least <= len(words):
                continue
            reply = c(*(words + [b"x"] * (least - len(words) - 1)))
            assert isinstance(reply, Error) and "wrong number of arguments for '%s' command" % name.decode() in reply, name
            if arity > 0:
                reply = c(*(words + [b"x"] * (least - len(words) + 1)))
                assert isinstance(reply, Error) and "wrong number of arguments for '%s' command" % name.decode() in reply, name


@keel_only
def test_newer_string_commands_are_there(c):
    names = set(c("COMMAND", "LIST"))
    assert {b"msetex", b"delifeq", b"lcs", b"getex", b"getdel", b"substr"} <= names
