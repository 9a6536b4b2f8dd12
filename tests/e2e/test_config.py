# SPDX-License-Identifier: BSD-3-Clause
"""CONFIG GET, SET, REWRITE, RESETSTAT."""
import contextlib
import os

import pytest

from keel import config_get, free_port, info_of, keel_only, wait_for
from resp import Error


def pairs(reply):
    return dict(zip(reply[::2], reply[1::2]))


def test_get_takes_names_and_patterns(c):
    assert c("CONFIG", "GET", "maxmemory") == [b"maxmemory", b"0"]
    got = pairs(c("CONFIG", "GET", "maxmemory*", "MAXMEMORY-policy", "hz"))
    assert got[b"maxmemory-policy"] == b"noeviction" and got[b"hz"] == b"10"
    assert {b"maxmemory", b"maxmemory-samples", b"maxmemory-policy"} <= set(got)
    assert c("CONFIG", "GET", "nosuch") == []
    assert c("CONFIG", "GET", "nosuch*") == []
    everything = c("CONFIG", "GET", "*")
    assert len(everything) // 2 == len(pairs(everything)) > 150


def test_get_shows_an_alias_under_the_name_asked_for(c):
    both = pairs(c("CONFIG", "GET", "slave-read-only", "replica-read-only"))
    assert both == {b"slave-read-only": b"yes", b"replica-read-only": b"yes"}
    assert b"slave-priority" in pairs(c("CONFIG", "GET", "slave-p*"))


def test_set_many_is_one_step(c):
    assert c("CONFIG", "SET", "timeout", "5", "hz", "20") == "OK"
    assert pairs(c("CONFIG", "GET", "timeout", "hz")) == {b"timeout": b"5", b"hz": b"20"}
    reply = c("CONFIG", "SET", "timeout", "6", "hz", "abc")
    assert reply == Error("ERR CONFIG SET failed (possibly related to argument 'hz') - "
                          "argument couldn't be parsed into an integer")
    assert pairs(c("CONFIG", "GET", "timeout", "hz")) == {b"timeout": b"5", b"hz": b"20"}


@pytest.mark.parametrize("words, text", [
    (("nosuch", "1"), "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"),
    (("databases", "5"), "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config"),
    (("timeout", "1", "timeout", "2"), "ERR CONFIG SET failed (possibly related to argument 'timeout') - duplicate parameter"),
    (("maxmemory-policy", "none"), "ERR CONFIG SET failed (possibly related to argument 'maxmemory-policy') - argument(s) must be "
     "one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, "
     "noeviction"),
    (("maxmemory", "10xb"), "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value"),
    (("maxmemory-samples", "0"), "ERR CONFIG SET failed (possibly related to argument 'maxmemory-samples') - argument must be "
     "between 1 and 64 inclusive"),
    (("appendonly", "maybe"), "ERR CONFIG SET failed (possibly related to argument 'appendonly') - argument must be 'yes' or 'no'"),
    (("timeout", "1", "hz"), "ERR syntax error"),
    (("save", "10"), "ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters"),
    (("maxmemory-clients", "101%"), "ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - "
     "percentage argument must be less or equal to 100"),
    (("dir", "/nonexistent"), "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config"),
])
def test_set_refusals(server, c, words, text):
    reply = c("CONFIG", "SET", *words)
    if words[0] == "maxmemory-samples" and reply != Error(text):
        assert reply.startswith("ERR CONFIG SET failed (possibly related to argument 'maxmemory-samples') - argument must be ")
    else:
        assert reply == Error(text)


def test_memory_values(c):
    for text, value in (("1", 1), ("1k", 1000), ("1kb", 1024), ("700mb", 734003200), ("2G", 2 * 10**9), ("1gB", 1 << 30), ("0", 0)):
        assert c("CONFIG", "SET", "maxmemory", text) == "OK"
        assert config_get(c, "maxmemory") == str(value)
    c("CONFIG", "SET", "maxmemory", "0")
    assert c("CONFIG", "SET", "maxmemory-clients", "5%") == "OK"
    assert config_get(c, "maxmemory-clients") == "5%"


def test_flag_values_come_back_in_their_own_order(c):
    assert c("CONFIG", "SET", "shutdown-on-sigterm", "nosave force now") == "OK"
    assert config_get(c, "shutdown-on-sigterm") == "nosave now force"
    assert c("CONFIG", "SET", "shutdown-on-sigterm", "default") == "OK"
    assert c("CONFIG", "SET", "notify-keyspace-events", "KEA") == "OK"
    assert config_get(c, "notify-keyspace-events") == "AKE"
    assert c("CONFIG", "SET", "notify-keyspace-events", "lgK$E") == "OK"
    assert config_get(c, "notify-keyspace-events") == "g$lKE"
    assert isinstance(c("CONFIG", "SET", "notify-keyspace-events", "KEQ"), Error)
    assert c("CONFIG", "SET", "notify-keyspace-events", "") == "OK"


def test_buffer_limits_of_one_class_leave_the_others(c):
    assert c("CONFIG", "SET", "client-output-buffer-limit", "normal 10 20 30") == "OK"
    assert config_get(c, "client-output-buffer-limit") == (
        "normal 10 20 30 slave 268435456 67108864 60 pubsub 33554432 8388608 60")
    assert c("CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0 replica 1 2 3") == "OK"
    assert config_get(c, "client-output-buffer-limit") == "normal 0 0 0 slave 1 2 3 pubsub 33554432 8388608 60"
    for wrong in ("normal 0 0", "master 0 0 0", "normal x 0 0", "normal 0 0 -1"):
        assert isinstance(c("CONFIG", "SET", "client-output-buffer-limit", wrong), Error)
    c("CONFIG", "SET", "client-output-buffer-limit", "slave 256mb 64mb 60")


def test_every_setting_takes_its_own_value_back(c):
    """What CONFIG GET * shows, CONFIG SET accepts (the immutable and protected ones say so)."""
    before = pairs(c("CONFIG", "GET", "*"))
    for name, value in before.items():
        if name in (b"oom-score-adj", b"bind", b"port", b"requirepass", b"dir", b"dbfilename", b"tls-port", b"unixsocket", b"logfile"):
            continue
        reply = c("CONFIG", "SET", name, value)
        ok = reply == "OK" or any(w in reply for w in ("immutable", "protected", "tls", "TLS", "Unable to update"))
        assert ok, (name, value, reply)
    after = pairs(c("CONFIG", "GET", "*"))
    assert after == before


def test_rewrite_keeps_comments_order_and_unknown_lines(start):
    server = start({"maxclients": 100})
    with open(server.config_file) as f:
        old = f.read()
    with open(server.config_file, "w") as f:
        f.write("# the first comment\n" + old.replace("maxclients 100\n", "# about clients\nmaxclients 100\n") + "\n# the end\n")
    with server.client() as c:
        c("CONFIG", "SET", "maxclients", "200", "timeout", "30", "requirepass", 'a "b"')
        assert c("CONFIG", "REWRITE") == "OK"
    text = server.config_text()
    assert text.startswith("# the first comment\n")
    assert "# about clients\nmaxclients 200\n" in text
    assert "# the end\n" in text and "timeout 30" in text
    assert text.index("bind") < text.index("maxclients 200") < text.index("timeout 30")


def test_a_server_restarts_from_its_rewritten_file(start):
    server = start()
    settings = {"maxmemory": "104857600", "maxmemory-policy": "allkeys-lfu", "save": "100 10 60 1000", "timeout": "12",
                "client-output-buffer-limit": "normal 1 2 3 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
                "notify-keyspace-events": "AKE", "slowlog-log-slower-than": "-1", "proc-title-template": "{title} x",
                "maxmemory-clients": "7%", "oom-score-adj-values": "1 2 3", "shutdown-on-sigterm": "nosave now"}
    with server.client() as c:
        for name, value in settings.items():
            assert c("CONFIG", "SET", name, value) == "OK", name
        before = pairs(c("CONFIG", "GET", "*"))
        assert c("CONFIG", "REWRITE") == "OK"
    server.restart()
    with server.client() as c:
        assert pairs(c("CONFIG", "GET", "*")) == before
        assert c("CONFIG", "REWRITE") == "OK"
    first = server.config_text()
    with server.client() as c:
        assert c("CONFIG", "REWRITE") == "OK"
    assert server.config_text() == first


def test_rewrite_removes_what_is_back_at_its_default_value_only_if_the_line_was_its_own(start):
    server = start({"timeout": 30})
    with server.client() as c:
        c("CONFIG", "SET", "timeout", "0")
        assert c("CONFIG", "REWRITE") == "OK"
    assert "timeout 0" in server.config_text() or "timeout" not in server.config_text()
    server.restart()
    with server.client() as c:
        assert config_get(c, "timeout") == "0"


def test_rewrite_of_an_empty_save(start):
    server = start({"save": '""'})
    with server.client() as c:
        assert c("CONFIG", "REWRITE") == "OK"
    assert 'save ""' in server.config_text()
    server.restart()
    with server.client() as c:
        assert config_get(c, "save") == ""


def test_rewrite_without_a_file(start):
    from keel import BINARY, PATIENCE, free_port, wait_for
    from resp import Client
    import subprocess
    import tempfile
    port = free_port()
    p = subprocess.Popen([BINARY, "--port", str(port), "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
    try:
        def connected():
            try:
                return Client(port, timeout=5)
            except OSError:
                return None
        with wait_for(connected) as c:
            assert c("CONFIG", "REWRITE") == Error("ERR The server is running without a config file")
            c("CONFIG", "SET", "save", "")
    finally:
        p.terminate()
        p.wait(10 * PATIENCE)


def test_rewrite_into_a_folder_that_is_gone(start):
    import os
    server = start()
    os.unlink(server.config_file)
    os.mkdir(server.config_file)
    with server.client() as c:
        reply = c("CONFIG", "REWRITE")
        assert reply.startswith("ERR Rewriting config file: ")
        assert c("PING") == "PONG"


def test_resetstat(c):
    c("GET", "nothing")
    c("NOSUCH")
    c("SADD", "big", *["word%d" % i for i in range(5000)]), c("UNLINK", "big")
    wait_for(lambda: info_of(c)["lazyfreed_objects"] != "0")
    assert int(info_of(c)["keyspace_misses"]) >= 1
    assert c("CONFIG", "RESETSTAT") == "OK"
    info = info_of(c)
    assert info["keyspace_misses"] == "0" and info["total_error_replies"] == "0" and info["lazyfreed_objects"] == "0"
    assert "cmdstat_get" not in info and "errorstat_ERR" not in info


def test_port_may_be_changed_while_running(server, c):
    from keel import free_port
    from resp import Client
    port = free_port()
    assert c("CONFIG", "SET", "port", port) == "OK"
    with Client(port) as d:
        assert d("PING") == "PONG"
    assert c("PING") == "PONG"
    assert c("CONFIG", "SET", "port", server.port) == "OK"
    with server.client() as d:
        assert d("PING") == "PONG"


def test_a_taken_port_rolls_everything_back(start):
    other = start()
    server = start()
    with server.client() as c:
        reply = c("CONFIG", "SET", "timeout", "99", "port", other.port)
        assert reply == Error("ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. "
                              "Check server logs.")
        assert config_get(c, "timeout") == "0"
        assert config_get(c, "port") == str(server.port)
    with server.client() as c:
        assert c("PING") == "PONG"


def test_debug_command_needs_its_permission(start):
    server = start({"enable-debug-command": "no"})
    with server.client() as c:
        assert c("DEBUG", "JMAP") == Error(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local "
            "connection, otherwise you need to set this option in the configuration file, and then restart the server.")
        assert c("CONFIG", "SET", "enable-debug-command", "yes").code == "ERR"
    server = start({"enable-debug-command": "local"})
    with server.client() as c:
        assert c("DEBUG", "SLEEP", "0") == "OK"


def test_protected_settings(start):
    server = start({"enable-protected-configs": "yes"})
    with server.client() as c:
        assert c("CONFIG", "SET", "dbfilename", "other.rdb") == "OK"
        assert c("CONFIG", "SET", "dir", server.dir) == "OK"
        assert c("CONFIG", "SET", "dbfilename", "a/b") == Error(
            "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - dbfilename can't be a path, just a filename")


def test_rename_command(start):
    server = start({"rename-command": ["get fetch", 'flushall ""']})
    with server.client() as c:
        assert c("FETCH", "a") is None
        assert c("GET", "a") == Error("ERR unknown command 'GET', with args beginning with: 'a' ")
        assert c("FLUSHALL").startswith("ERR unknown command 'FLUSHALL'")
        assert c("CONFIG", "REWRITE") == "OK"
    assert "rename-command get fetch" in server.config_text()


def test_help(c):
    assert c("CONFIG", "HELP")[0] == "CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"


@keel_only
def test_hidden_parameters_answer_by_name_only(c):
    assert config_get(c, "key-load-delay") is not None
    assert b"key-load-delay" not in pairs(c("CONFIG", "GET", "*"))


@keel_only
def test_addresses_that_change_leave_nothing_behind(start):
    """A socket that the old and the new set of listeners share has two descriptors for a moment: neither the old one
    nor its place in an epoll set stays."""
    server = start({"bind": "127.0.0.1"})
    folder = "/proc/%d/" % server.pid

    def descriptors():
        return set(os.listdir(folder + "fd"))

    def watched():
        out = []
        for fd in descriptors():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                if "eventpoll" not in os.readlink(folder + "fd/" + fd):
                    continue
                with open(folder + "fdinfo/" + fd) as info:
                    out += [line.split()[1] for line in info if line.startswith("tfd:")]
        return out

    with server.client() as c:
        wait_for(lambda: c("CLIENT", "LIST").count(b"\n") == 1, what="the end of who looked whether it is up")
        before, before_watched = len(descriptors()), len(watched())
        port = server.port
        other = free_port()
        for i in range(100):
            assert c("CONFIG", "SET", "bind", ["127.0.0.1 127.0.0.2", "127.0.0.1"][i % 2]) == "OK"
            assert set(watched()) <= descriptors()
        for i in range(100):
            assert c("CONFIG", "SET", "port", str([other, port][i % 2])) == "OK"
            assert set(watched()) <= descriptors()
        assert len(descriptors()) == before
        assert len(watched()) == before_watched
        with server.client() as d:
            assert d("PING") == "PONG"
