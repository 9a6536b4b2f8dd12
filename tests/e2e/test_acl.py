# SPDX-License-Identifier: BSD-3-Clause
"""Access control as clients and operators meet it: refusals, the log, files and the configuration, what becomes of
connections whose rights change. (What each rule means is in tests/server/acl and in the differential family `acl`.)"""
import os
import re
import time

import pytest

from keel import PATIENCE, keel_only, plain_only, wait_for
from resp import Closed, Error

WRONGPASS = Error("WRONGPASS invalid username-password pair or user is disabled.")


@pytest.fixture
def users(server):
    """A connection that may do all; users made through it are gone after the test."""
    with server.client() as c:
        yield c
        made = [name for name in c("ACL", "USERS") if name != b"default"]
        if made:
            c("ACL", "DELUSER", *made)
        c("ACL", "SETUSER", "default", "reset", "on", "nopass", "~*", "&*", "+@all")
        c("ACL", "LOG", "RESET")


def login(server, name, password="pw", resp=2):
    c = server.client(resp=resp)
    assert c("AUTH", name, password) == "OK"
    return c


def code(reply):
    return reply.code if isinstance(reply, Error) else reply


def closed(c):
    """True when the server has ended the connection."""
    try:
        return isinstance(c("PING"), Error) and False
    except (Closed, OSError):
        return True


def fields(entry):
    return dict(zip(entry[::2], entry[1::2])) if isinstance(entry, list) else entry


# --- Coming in ---
def test_a_user_comes_in_with_each_of_its_passwords(server, users):
    assert users("ACL", "SETUSER", "bob", "on", ">one", ">two", "+ping") == "OK"
    with server.client() as c:
        assert c("AUTH", "bob", "three") == WRONGPASS
        assert c("AUTH", "eve", "one") == WRONGPASS
        assert c("AUTH", "bob", "one") == "OK"
        assert c("AUTH", "bob", "two") == "OK"
        assert c("PING") == "PONG"
        assert code(c("GET", "k")) == "NOPERM"
        assert c("AUTH", "bob", "three") == WRONGPASS  # who was in stays in
        assert c("PING") == "PONG"
    users("ACL", "SETUSER", "bob", "off")
    with server.client() as c:
        assert c("AUTH", "bob", "one") == WRONGPASS


def test_hello_and_reset_change_the_user(server, users):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@connection", "+acl|whoami")
    with server.client() as c:
        assert c("HELLO", "3", "AUTH", "bob", "wrong") == WRONGPASS
        assert c("HELLO", "3", "AUTH", "bob", "pw")[b"proto"] == 3
        assert c("ACL", "WHOAMI") == b"bob"
        assert c("RESET") == "RESET"
        assert c("ACL", "WHOAMI") == b"default"


def test_a_default_user_with_a_password_keeps_strangers_out(server, users):
    with server.client() as inside:
        users("ACL", "SETUSER", "default", ">pw")
        assert inside("PING") == "PONG"
        with server.client() as c:
            assert c("PING") == Error("NOAUTH Authentication required.")
            assert c("AUTH", "pw") == "OK"
        users("ACL", "SETUSER", "default", "off")
        with server.client() as c:
            assert c("AUTH", "pw") == WRONGPASS
            assert c("PING") == Error("NOAUTH Authentication required.")
        users("ACL", "SETUSER", "default", "on", "nopass")
        with server.client() as c:
            assert c("PING") == "PONG"


def test_strangers_are_let_in_when_the_door_opens(server, users):
    users("ACL", "SETUSER", "default", ">pw")
    with server.client() as c:
        assert code(c("PING")) == "NOAUTH"
        users("ACL", "SETUSER", "default", "nopass")
        assert c("PING") == "PONG"


def test_requirepass_is_the_default_users_password(server, users):
    users("CONFIG", "SET", "requirepass", "pw")
    try:
        (line,) = users("ACL", "LIST")
        assert line.startswith(b"user default on sanitize-payload #") or line.startswith(b"user default on #")
        with server.client() as c:
            assert c("AUTH", "default", "pw") == "OK"
    finally:
        users("CONFIG", "SET", "requirepass", "")
    assert b"nopass" in users("ACL", "LIST")[0]


@keel_only
def test_a_config_set_that_fails_does_not_open_the_door(server, users):
    users("ACL", "SETUSER", "default", ">pw")
    taken = server.port
    with server.client() as c:
        c("AUTH", "pw")
        assert isinstance(c("CONFIG", "SET", "requirepass", "other", "unixsocketperm", "x"), Error)
        assert isinstance(c("CONFIG", "SET", "requirepass", "other", "bind", "203.0.113.7"), Error)
    assert taken == server.port
    with server.client() as c:
        assert code(c("PING")) == "NOAUTH"
        assert c("AUTH", "pw") == "OK"


# --- What is refused ---
@keel_only
def test_refusals_say_what_and_change_nothing(server, users):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "-config|set", "~app:*", "%R~ro:*", "&news.*")
    with login(server, "bob") as c:
        assert c("SET", "app:1", "x") == "OK"
        assert c("SET", "other", "x") == Error("NOPERM No permissions to access a key")
        assert c("SET", "ro:1", "x") == Error("NOPERM No permissions to access a key")
        assert c("GET", "ro:1") is None
        assert c("CONFIG", "SET", "port", "1") == Error("NOPERM User bob has no permissions to run the 'config|set' command")
        assert c("CONFIG", "GET", "maxclients")[1] == b"10000"
        assert c("PUBLISH", "other", "x") == Error("NOPERM No permissions to access a channel")
        assert c("PUBLISH", "news.1", "x") == 0
        assert c("NOSUCH") == Error("ERR unknown command 'NOSUCH', with args beginning with: ")
        assert c("GET") == Error("ERR wrong number of arguments for 'get' command")
    assert users("EXISTS", "other", "ro:1") == 0


def test_sort_by_and_get_take_all_keys(server, users):
    users("RPUSH", "list", "2", "1")
    users("MSET", "w_1", "9", "w_2", "1")
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "~list", "(+@all %W~*)")
    with login(server, "bob") as c:
        assert c("SORT", "list") == [b"1", b"2"]
        assert c("SORT", "list", "BY", "nosort") == [b"2", b"1"]
        assert c("SORT", "list", "BY", "w_*") == Error("ERR BY option of SORT denied due to insufficient ACL permissions.")
        assert c("SORT", "list", "GET", "w_*") == Error("ERR GET option of SORT denied due to insufficient ACL permissions.")
        assert c("SORT_RO", "list", "GET", "#") == Error("ERR GET option of SORT denied due to insufficient ACL permissions.")
        users("ACL", "SETUSER", "bob", "%R~*")
        assert c("SORT", "list", "BY", "w_*", "GET", "w_*") == [b"1", b"9"]


@keel_only
def test_dryrun_tells_and_does_nothing(server, users):
    users("ACL", "SETUSER", "bob", "+set", "~a*")
    assert users("ACL", "DRYRUN", "bob", "SET", "a", "1") == "OK"
    assert users("ACL", "DRYRUN", "bob", "SET", "b", "1") == b"User bob has no permissions to access the 'b' key"
    assert users("ACL", "DRYRUN", "bob", "GET", "a") == b"User bob has no permissions to run the 'get' command"
    assert users("EXISTS", "a") == 0
    assert users("ACL", "LOG") == []


def test_a_wrong_number_of_keys_is_told_by_the_command(server, users):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "~a*")
    wrong = [("EVAL", "return 1", "-1", "b"), ("EVAL", "return 1", "3", "b"), ("EVAL", "return 1", "x", "b"), ("ZUNION", "3", "b"),
             ("ZUNIONSTORE", "b", "3", "c"), ("SINTERCARD", "9", "b"), ("LMPOP", "9", "b", "LEFT"), ("ZMPOP", "0", "b", "MIN"), ("FCALL", "f", "x", "b"),
             ("BLMPOP", "0", "4", "b", "LEFT"), ("BZMPOP", "0", "4", "b", "MIN"), ("ZDIFFSTORE", "b", "-1", "c"), ("EVALSHA", "f" * 40, "7", "b")]
    with login(server, "bob") as c:
        for words in wrong:
            assert users("ACL", "DRYRUN", "bob", *words) == "OK"
            assert c(*words) == users(*words) and c(*words).code == "ERR", words
        assert c("ZUNION", "1", "b").code == "NOPERM"
    assert users("DBSIZE") == 0


# --- ACL LOG, INFO ---
def test_the_log_shows_what_the_client_was_at(server, users):
    users("ACL", "LOG", "RESET")
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "~*")
    with login(server, "bob") as c:
        c("MULTI"), c("INCR", "k")
        users("ACL", "SETUSER", "bob", "-incr")
        c("EXEC")
        c("EVAL", "return redis.pcall('incr', KEYS[1])", 1, "k")
        c("INCR", "k")
    log = [fields(entry) for entry in users("ACL", "LOG")]
    assert [(e[b"context"], e[b"object"]) for e in log] == [(b"toplevel", b"incr"), (b"lua", b"incr"), (b"multi", b"incr")]
    for entry, command in zip(log, (b"incr", b"eval", b"exec")):
        assert b" cmd=%s user=bob " % command in entry[b"client-info"]


@keel_only
def test_the_log_counts_what_is_alike(server, users):
    before = {k: int(v) for k, v in server.info("stats").items() if k.startswith("acl_access_denied")}
    users("ACL", "SETUSER", "bob", "on", ">pw", "+get", "+publish", "~a", "&c")
    with login(server, "bob") as c:
        for _ in range(3):
            c("GET", "b")
        c("SET", "a", "x")
        c("PUBLISH", "d", "x")
        c("CLIENT", "SETNAME", "x")
        c("AUTH", "bob", "nope")
    log = [fields(entry) for entry in users("ACL", "LOG")]
    assert [(e[b"reason"], e[b"object"], e[b"count"], e[b"username"]) for e in log] == [
        (b"auth", b"AUTH", 1, b"bob"), (b"command", b"client|setname", 1, b"bob"), (b"channel", b"d", 1, b"bob"),
        (b"command", b"set", 1, b"bob"), (b"key", b"b", 3, b"bob")]
    assert all(e[b"context"] == b"toplevel" for e in log)
    assert b" cmd=get user=bob " in log[-1][b"client-info"]
    assert 0 <= float(log[-1][b"age-seconds"]) < 10
    assert [e[b"entry-id"] for e in log] == sorted((e[b"entry-id"] for e in log), reverse=True)
    assert abs(log[0][b"timestamp-created"] / 1000 - time.time()) < 10
    assert log[-1][b"timestamp-last-updated"] >= log[-1][b"timestamp-created"]
    assert len(users("ACL", "LOG", "2")) == 2
    after = {k: int(v) for k, v in server.info("stats").items() if k.startswith("acl_access_denied")}
    assert {k: after[k] - before[k] for k in before if after[k] != before[k]} == {"acl_access_denied_auth": 1, "acl_access_denied_cmd": 2,
                                                         "acl_access_denied_key": 3, "acl_access_denied_channel": 1}
    with server.client(resp=3) as c3:
        entry = c3("ACL", "LOG", "1")[0]
        assert isinstance(entry, dict) and isinstance(entry[b"age-seconds"], float)
    assert users("ACL", "LOG", "RESET") == "OK"
    assert users("ACL", "LOG") == []


def test_the_log_is_bounded(server, users):
    users("CONFIG", "SET", "acllog-max-len", "5")
    with server.client() as c:
        for i in range(20):
            c("AUTH", "user%d" % i, "x")
    log = [fields(entry) for entry in users("ACL", "LOG", "100")]
    assert [e[b"username"] for e in log] == [b"user%d" % i for i in range(19, 14, -1)]


def test_hello_is_named_in_the_log(server, users):
    with server.client() as c:
        c("HELLO", "3", "AUTH", "nobody", "x")
    entry = fields(users("ACL", "LOG")[0])
    assert (entry[b"reason"], entry[b"object"], entry[b"username"]) == (b"auth", b"HELLO", b"nobody")


# --- Rights that change under a connection ---
def test_new_rules_hold_at_once(server, users):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+get", "~*")
    with login(server, "bob") as c:
        assert c("GET", "k") is None
        users("ACL", "SETUSER", "bob", "-get")
        assert code(c("GET", "k")) == "NOPERM"
        users("ACL", "SETUSER", "bob", "off", "+get")
        assert c("GET", "k") is None  # who is in stays in


def test_clients_of_a_deleted_user_are_closed(server, users):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "~*", "&*")
    with login(server, "bob") as idle, login(server, "bob") as waits, login(server, "bob") as listens, server.client() as other:
        waits.send("BLPOP", "none", "0")
        listens("SUBSCRIBE", "c")
        wait_for(lambda: int(server.info("clients")["blocked_clients"]) == 1)
        assert users("ACL", "DELUSER", "bob", "nosuch") == 1
        assert closed(idle) and closed(listens)
        with pytest.raises((Closed, OSError)):
            waits.read()
        assert other("PING") == "PONG"
    assert server.info("clients")["blocked_clients"] == "0"


def test_a_user_may_delete_itself_and_hears_so(server, users):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "~*", "&*")
    with login(server, "bob") as c:
        c.send_raw(b"ACL DELUSER bob\r\nSET after 1\r\n")
        assert c.read() == 1
        assert closed(c)
    assert users("EXISTS", "after") == 0


@pytest.mark.parametrize("words, keeps, loses", [
    (("SUBSCRIBE", "news.a"), "&news.*", "&other.*"),
    (("SSUBSCRIBE", "news.a"), "&news.a", "&news.b"),
    (("PSUBSCRIBE", "news.*"), "&news.*", "&news.a"),
])
def test_listeners_that_lose_their_channel_are_closed(server, users, words, keeps, loses):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "&*")
    with login(server, "bob") as c, login(server, "bob") as quiet:
        c(*words)
        users("ACL", "SETUSER", "bob", "resetchannels", keeps)
        assert c("PING") == [b"pong", b""]
        users("ACL", "SETUSER", "bob", "resetchannels", loses)
        assert closed(c)
        assert quiet("PING") == "PONG"


@keel_only
def test_a_blocked_command_is_asked_for_again(server, users):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "~*")
    with login(server, "bob") as first, server.client() as second:
        first.send("BLPOP", "list", "0")
        wait_for(lambda: int(server.info("clients")["blocked_clients"]) == 1)
        second.send("BLPOP", "list", "0")
        wait_for(lambda: int(server.info("clients")["blocked_clients"]) == 2)
        users("ACL", "SETUSER", "bob", "resetkeys", "~other")
        assert users("RPUSH", "list", "x") == 1
        assert first.read() == Error("NOPERM No permissions to access a key")
        assert second.read() == [b"list", b"x"]  # the next in the queue gets it
        assert first("PING") == "PONG"


# --- Clients ---
def test_client_commands_know_users(server, users):
    users("ACL", "SETUSER", "bob", "on", ">pw", "+@all", "~*")
    with login(server, "bob") as c:
        assert b" user=bob " in c("CLIENT", "INFO")
        assert c("CLIENT", "NO-EVICT", "on") == "OK"
        assert users("CLIENT", "KILL", "USER", "nosuch") == Error("ERR No such user 'nosuch'")
        assert users("CLIENT", "KILL", "USER", "bob") == 1
        assert closed(c)


@keel_only
def test_monitor_and_the_logs_show_no_secrets(server, users):
    users("CONFIG", "SET", "slowlog-log-slower-than", "0")
    users("CONFIG", "SET", "slowlog-max-len", "100")
    users("SLOWLOG", "RESET")
    with server.client() as m, server.client() as c:
        m("MONITOR")
        c("ACL", "SETUSER", "bob", "on", ">hidden-word", "+@all")
        c("ACL", "SETUSER", "bob", "<hidden-word", ">hidden-word")
        c("AUTH", "bob", "hidden-word")
        c("HELLO", "3", "AUTH", "bob", "hidden-word")
        c("AUTH", "bob", "hidden-word2")
        c("ECHO", "seen")
        shown = m.drain(0.3)
        assert b"seen" in shown and b"hidden-word" not in shown
    log = repr(users("SLOWLOG", "GET", "100"))
    assert "(redacted)" in log and "hidden-word" not in log
    assert "hidden-word" not in repr(users("ACL", "LIST") + users("ACL", "LOG"))
    assert "hidden-word" not in server.log()


# --- The users' file ---
def with_file(start, text, ready=True, **more):
    path = "/tmp/keel-acl-%d-%s.acl" % (os.getpid(), time.monotonic_ns())
    with open(path, "w") as f:
        f.write(text)
    return start(dict({"aclfile": path}, **more), ready=ready), path


def test_a_file_is_loaded_saved_and_loaded_again(start):
    server, path = with_file(start, "user bob on >pw ~a* resetchannels -@all +get\n\n  user eve off +@all\n")
    try:
        with server.client() as c:
            assert c("ACL", "USERS") == [b"bob", b"default", b"eve"]
            with login(server, "bob") as bob:
                assert bob("GET", "a") is None
                assert c("ACL", "SETUSER", "bob", "-get", "+set", "(%R~x +@hash)", "~q\"uote") == "OK"
                assert c("ACL", "DELUSER", "eve") == 1
                assert c("ACL", "SAVE") == "OK"
                before = c("ACL", "LIST")
                text = open(path).read()
                assert text == "".join(line.decode() + "\n" for line in before)
                assert ">pw" not in text
                assert c("ACL", "SETUSER", "bob", "reset") == "OK"
                assert c("ACL", "LOAD") == "OK"
                assert c("ACL", "LIST") == before
                if not server_is_peer():
                    assert bob("SET", "a", "x") == "OK"  # its user is still there, with the rules of the file
        server.restart()
        with server.client() as c:
            assert c("ACL", "LIST") == before
            assert c("CONFIG", "REWRITE") == "OK"
        assert not re.search("^user ", server.config_text(), re.M)
    finally:
        os.unlink(path)


def server_is_peer():
    import keel
    return keel.IS_PEER


def test_a_file_with_a_mistake_changes_nothing(start):
    server, path = with_file(start, "user bob on >pw +get ~*\n")
    try:
        with server.client() as c, login(server, "bob") as bob:
            with open(path, "w") as f:
                f.write("user eve on\nuser bob +nosuch blah\nfoo\n")
            assert c("ACL", "LOAD") == Error(
                "ERR %s:2: Error in applying operation '+nosuch': Unknown command or category name in ACL. %s:2: Syntax error. "
                "%s:3 should start with user keyword followed by the username. WARNING: ACL errors detected, no change to the "
                "previously active ACL rules was performed" % (path, path, path))
            assert c("ACL", "USERS") == [b"bob", b"default"]
            assert bob("GET", "k") is None
            with open(path, "w") as f:
                f.write("user eve on\n")
            assert c("ACL", "LOAD") == "OK"
            assert closed(bob)
            os.chmod(path, 0o644)
    finally:
        os.unlink(path)
    with server.client() as c:
        assert c("ACL", "LOAD").startswith("ERR Error loading ACLs, opening file '%s': No such file or directory" % path)


@pytest.mark.parametrize("text, says", [
    ("foo\n", ":1 should start with user keyword followed by the username. "),
    ("user x on\nuser x off\n", "WARNING: Duplicate user 'x' found on line 2. "),
    ("user x (+get\n", ":1: Unmatched parenthesis in selector definition."),
    ("user x +nosuch\n", ":1: Error in applying operation '+nosuch': Unknown command or category name in ACL. "),
])
def test_a_wrong_file_stops_the_start(start, text, says):
    server, path = with_file(start, text, ready=False)
    try:
        assert server.wait_exit() == 1
        assert "Aborting Redis startup because of ACL errors: " in server.log() and says in server.log()
    finally:
        os.unlink(path)


def test_without_a_file_there_is_nothing_to_load_or_save(c):
    for verb in ("LOAD", "SAVE"):
        assert c("ACL", verb).startswith("ERR This Redis instance is not configured to use an ACL file.")


@keel_only
def test_a_file_without_default_does_not_drop_the_password(start):
    server, path = with_file(start, "user bob on >pw +@all ~*\n", requirepass="secret")
    try:
        with server.client() as c:
            assert code(c("PING")) == "NOAUTH"
            assert c("AUTH", "bob", "pw") == "OK"
            assert c("ACL", "LOAD") == "OK"
            with server.client() as d:
                assert code(d("PING")) == "NOAUTH"
                assert d("AUTH", "secret") == "OK"
    finally:
        os.unlink(path)


# --- The configuration ---
def test_users_of_the_configuration(start):
    server = start({"user": ["bob on >pw ~app:* +get +set (+del ~tmp:*)", "default on >secret ~* &* +@all", "eve off +@all"]})
    with server.client() as c:
        assert code(c("PING")) == "NOAUTH"
        assert c("AUTH", "secret") == "OK"
        assert c("ACL", "USERS") == [b"bob", b"default", b"eve"]
    with login(server, "bob") as bob:
        assert bob("SET", "app:1", "x") == "OK"
        assert bob("DEL", "tmp:1") == 0
        assert code(bob("DEL", "app:1")) == "NOPERM"
    assert "The user 'eve' is disabled" in server.log()


def test_rewrite_keeps_users(start):
    server = start({"user": ["bob on >pw ~a* +get"], "requirepass": "secret"})
    with server.client() as c:
        c("AUTH", "secret")
        c("ACL", "SETUSER", "eve", "on", ">x", "~a'b", "&c\"d", "+@all", "(~q +get)")
        c("ACL", "SETUSER", "bob", "+set")
        assert c("CONFIG", "REWRITE") == "OK"
        before = c("ACL", "LIST")
    if server_is_peer():
        return  # its lines are not quoted and do not load
    text = server.config_text()
    assert len(re.findall("^user ", text, re.M)) == 3 and ">pw" not in text
    server.restart()
    with server.client() as c:
        assert c("AUTH", "secret") == "OK"
        after = c("ACL", "LIST")
        assert [line.replace(b" sanitize-payload", b"") for line in after] == [line.replace(b" sanitize-payload", b"") for line in before]
        c("ACL", "DELUSER", "eve")
        assert c("CONFIG", "REWRITE") == "OK"
    assert len(re.findall("^user ", server.config_text(), re.M)) == 2


@pytest.mark.parametrize("config, says", [
    ({"user": "x blah"}, "Syntax error"),
    ({"user": "x ~* ~b"}, "Adding a pattern after the * pattern"),
    ({"user": ["x on", "x off"]}, "Error in user declaration 'x': Duplicate user found. A user can only be defined once in config files"),
    ({"user": "x +nosuch"}, "Error loading ACL rule '+nosuch' for the user named 'x': Unknown command or category name in ACL"),
    ({"user": '"a b" on'}, "Spaces not allowed in ACL usernames"),
    ({"user": ["x on"], "aclfile": "/tmp/nosuch.acl"}, "but not both"),
    ({"aclfile": "/tmp/nosuch.acl"}, "Error loading ACLs, opening file '/tmp/nosuch.acl': No such file or directory"),
])
def test_wrong_users_stop_the_start(start, config, says):
    server = start(config, ready=False)
    assert server.wait_exit() == 1
    assert says in server.log() + server.stderr()


def test_what_fresh_users_may_listen_to(server, users):
    users("CONFIG", "SET", "acl-pubsub-default", "allchannels")
    users("ACL", "SETUSER", "bob")
    users("CONFIG", "SET", "acl-pubsub-default", "resetchannels")
    users("ACL", "SETUSER", "eve")
    lines = users("ACL", "LIST")
    assert b"user bob off &* -@all" in lines and b"user eve off resetchannels -@all" in lines


# --- A client library ---
@plain_only
def test_python_redis_as_a_user(server, users):
    redis = pytest.importorskip("redis")
    users("ACL", "SETUSER", "app", "on", ">pw", "~app:*", "&app:*", "+@all", "-@dangerous")
    r = redis.Redis("127.0.0.1", server.port, username="app", password="pw")
    r.set("app:1", "x")
    assert r.get("app:1") == b"x" and r.acl_whoami() in ("app", b"app")
    with pytest.raises(redis.exceptions.NoPermissionError):
        r.get("other")
    with pytest.raises(redis.exceptions.NoPermissionError):
        r.flushall()
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGPASS"):
        redis.Redis("127.0.0.1", server.port, username="app", password="no").ping()
    admin = redis.Redis("127.0.0.1", server.port)
    assert admin.acl_setuser("lib", enabled=True, passwords=["+one"], categories=["+@read"], keys=["a*"])
    shown = admin.acl_getuser("lib")
    assert "on" in shown["flags"] and "+@read" in shown["categories"]
    assert admin.acl_deluser("lib", "app") == 2
    r.close()
    admin.close()


# --- Many of them ---
@keel_only  # the peer looks through all of them for each
def test_many_selectors_are_not_looked_through_for_each(server, users):
    rules = [w for i in range(20_000) for w in ("(+get ~k%d)" % i, "+set")]
    began = server.cpu_seconds()
    assert users("ACL", "SETUSER", "many", "reset", *rules) == "OK"
    assert len(fields(users("ACL", "GETUSER", "many"))[b"selectors"]) == 20_000
    assert server.cpu_seconds() - began < 0.7 * PATIENCE, "a tenth of it is usual; each looking at all others takes 4 s"
    users("ACL", "DELUSER", "many")


def test_a_request_whose_keys_cannot_be_told_is_no_lack_of_rights(server, users):
    """One set of rights knows the command but not its keys, the other not the command: the words are to blame."""
    with server.client() as admin, server.client() as c:
        admin("ACL", "LOG", "RESET")
        admin("ACL", "SETUSER", "two", "on", "nopass", "~b*", "+@all", "(%R~r* +@read)")
        assert c("AUTH", "two", "x") == "OK"
        for words in (("EVAL", "return 1", "abc", "b1"), ("ZUNIONSTORE", "b1", "abc", "b2")):
            told = c(*words)
            assert told.code == "ERR" and "NOPERM" not in told, told
        assert c("ZUNIONSTORE", "b1", "1", "c").code == "NOPERM"
        assert len(admin("ACL", "LOG")) == 1
