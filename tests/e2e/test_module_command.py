# SPDX-License-Identifier: BSD-3-Clause
"""MODULE: there are no modules. Clients ask what is loaded, and are told of it everywhere alike."""
import pytest

from keel import info_of
from resp import Error


def test_nothing_is_loaded(c):
    assert c("MODULE", "LIST") == []
    assert c("COMMAND", "LIST", "FILTERBY", "MODULE", "search") == []
    c.send_raw(b"HELLO 3\r\n"), c.read()
    assert c("MODULE", "LIST") == []
    assert not [name for name in info_of(c, "modules") if name.startswith("module")]


def test_help(c):
    lines = c("MODULE", "HELP")
    assert lines[0] == "MODULE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    assert {"LIST", "LOAD", "LOADEX", "UNLOAD", "HELP"} <= {line.split()[0] for line in lines}


LOADING = [("LOAD", "/some/module.so"), ("LOAD", "/some/module.so", "an", "argument"), ("LOADEX", "/some/module.so", "CONFIG", "a", "b", "ARGS", "c"),
           ("UNLOAD", "search")]


@pytest.mark.parametrize("words", LOADING, ids=[" ".join(words) for words in LOADING])
def test_loading_is_refused(start, words):
    allowed = Error("ERR Error unloading module: no such module with that name") if words[0] == "UNLOAD" else "ERR Error loading the extension. "
    with start({"enable-module-command": "yes"}).client() as c:
        reply = c("MODULE", *words)
        assert isinstance(reply, Error) and reply.startswith(allowed)
    with start({"enable-module-command": "no"}).client() as c:
        assert c("MODULE", *words).startswith("ERR MODULE command not allowed. If the enable-module-command option is set to \"local\"")
        assert c("MODULE", "LIST") == []


def test_wrong_words(c):
    assert c("MODULE") == Error("ERR wrong number of arguments for 'module' command")
    assert c("MODULE", "LOAD") == Error("ERR wrong number of arguments for 'module|load' command")
    assert c("MODULE", "LIST", "x") == Error("ERR wrong number of arguments for 'module|list' command")
    assert c("MODULE", "NOSUCH") == Error("ERR unknown subcommand 'NOSUCH'. Try MODULE HELP.")
    in_script = c("EVAL", "return redis.pcall('module', 'list')", 0)
    assert in_script.startswith("ERR This Redis command is not allowed from script")
