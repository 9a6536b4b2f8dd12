# SPDX-License-Identifier: BSD-3-Clause
"""The process: what it refuses to start with, how addresses change while it runs, how it ends."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from keel import BINARY, IS_PEER, PATIENCE, as_nobody, config_get, free_port, info_of, keel_only, wait_for
from resp import Client, Closed, Error, encode


def refusal(start, **config):
    server = start({k.replace("_", "-"): v for k, v in config.items()}, ready=False)
    assert server.wait_exit() == 1
    return server.log() + server.stderr()


# --- what cannot be done is not ignored ---
@keel_only
@pytest.mark.parametrize("name, value, word", [
    ("loadmodule", "/usr/lib/some.so", "Can't load module from /usr/lib/some.so"),
    ("replicaof", "127.0.0.1 6379", "replicaof"),
    ("cluster-enabled", "yes", "cluster-enabled"),
])
def test_what_would_be_unsafe_to_ignore_stops_the_start(start, name, value, word):
    assert word in refusal(start, **{name: value})


def test_the_line_of_an_unrestricted_user_is_taken(start):
    with start({"user": "default on nopass ~* &* +@all"}).client() as c:
        assert c("PING") == "PONG"


def test_nowhere_to_listen(start):
    assert "Configured to not listen anywhere, exiting." in refusal(start, port=0)


def test_a_file_limit_too_low_for_anybody(start):
    server = start(file_limit=30, ready=False)
    assert server.wait_exit() == 1
    assert "not enough for the server to start" in server.log() + server.stderr()


@keel_only
def test_what_a_too_low_file_limit_asks_for_is_what_is_needed(start):
    """Redis asks for enough for all of maxclients, but starts with less."""
    server = start(file_limit=32, ready=False)
    assert server.wait_exit() == 1
    assert "'ulimit -n' of 32 is not enough" in server.stderr()
    assert "at least 33, which is for one client; 10032 is for the 10000 of maxclients." in server.stderr()
    server = start(file_limit=36)
    with server.client() as c:
        assert config_get(c, "maxclients") == "4"
    assert "You requested maxclients of 10000 requiring at least 10032 max file descriptors." in server.log()
    assert "Current maximum open files is 36. maxclients has been reduced to 4" in server.log()


@keel_only
def test_a_daemon_that_cannot_start_says_so_and_exits_with_1(start, tmp_path):
    other = start()
    out = subprocess.run([BINARY, "--daemonize", "yes", "--port", str(other.port), "--bind", "127.0.0.1", "--dir", str(tmp_path),
                          "--pidfile", str(tmp_path / "pid")], capture_output=True, text=True, timeout=20 * PATIENCE)
    assert out.returncode == 1
    assert "Failed listening on port %d" % other.port in out.stderr


@pytest.mark.parametrize("line, text", [
    ("nosuch other", "No such command in rename-command"),
    ("get set", "Target command name already exists"),
])
def test_a_bad_rename_stops_the_start(start, line, text):
    assert text in refusal(start, rename_command=line)


def test_renamed_and_removed_commands(start):
    with start({"rename-command": ["get fetch", 'echo ""', "client kunde"]}).client() as c:
        assert c("FETCH", "k") is None
        assert c("GET", "k") == Error("ERR unknown command 'GET', with args beginning with: 'k' ")
        assert c("ECHO", "x").startswith("ERR unknown command 'ECHO'")
        assert isinstance(c("KUNDE", "ID"), int)


# --- addresses ---
def listens(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), 2).close()
        return True
    except OSError:
        return False


def test_another_port_takes_the_place_of_the_first(start):
    server = start()
    port = free_port()
    with server.client() as c:
        assert c("CONFIG", "SET", "port", port) == "OK"
        assert listens(port)
        wait_for(lambda: not listens(server.port))
        assert c("PING") == "PONG"  # who is connected stays
    server.port = port


def test_port_0_closes_it_while_the_unix_socket_stays(start, tmp_path):
    path = str(tmp_path / "s")
    server = start({"unixsocket": path})
    with Client(path=path) as c:
        assert c("CONFIG", "SET", "port", 0) == "OK"
        wait_for(lambda: not listens(server.port))
        with Client(path=path) as d:
            assert d("PING") == "PONG"
        assert c("CONFIG", "SET", "port", server.port) == "OK"
        assert listens(server.port)


def test_bind_changes_while_running(start):
    server = start()
    with server.client() as c:
        assert c("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2") == "OK"
        assert listens(server.port, "127.0.0.2") and listens(server.port)
        assert c("CONFIG", "SET", "bind", "* -::*") == "OK"  # overlaps what is open
        assert listens(server.port, "127.0.0.3")
        assert c("CONFIG", "SET", "bind", "127.0.0.1") == "OK"
        wait_for(lambda: not listens(server.port, "127.0.0.3"))
        assert listens(server.port)


def test_a_bind_that_fails_changes_nothing(start):
    server = start()
    with server.client() as c:
        reply = c("CONFIG", "SET", "timeout", "5", "bind", "192.0.2.1")
        assert reply == Error("ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.")
        assert (config_get(c, "bind"), config_get(c, "timeout")) == ("127.0.0.1", "0")
    wait_for(lambda: listens(server.port))


@keel_only
@pytest.mark.parametrize("addresses, reply", [("* 192.0.2.1", "ERR CONFIG SET failed"), ("127.0.0.1 127.0.0.2 192.0.2.1", "ERR CONFIG SET failed"), ("*", "OK")])
def test_who_waits_to_be_let_in_stays_when_addresses_change(start, addresses, reply):
    """The old sockets go only when the new ones are open, even where their addresses overlap, and with nobody at them."""
    server = start()
    with server.client() as c:
        with server.client() as held:
            held.send_raw(encode("DEBUG", "SLEEP", "1") + encode("CONFIG", "SET", "bind", addresses))
            time.sleep(0.2)  # by now it sleeps
            # More than are let in within one turn.
            early = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(60)]
            assert held.read() == "OK" and held.read().startswith(reply)
            for one in early:
                one.sendall(encode("PING"))
                assert one.recv(100) == b"+PONG\r\n"
                one.close()
        assert config_get(c, "bind") == (addresses if reply == "OK" else "127.0.0.1")
        assert listens(server.port) and listens(server.port, "127.0.0.2") == (reply == "OK")


# --- settings of the process ---
def test_maxclients_beyond_what_the_system_allows_is_refused(start):
    server = start(file_limit=200)
    with server.client() as c:
        before = config_get(c, "maxclients")
        reply = c("CONFIG", "SET", "maxclients", "100000")
        assert re.fullmatch(r"ERR CONFIG SET failed \(possibly related to argument 'maxclients'\) - The operating system is not "
                            r"able to handle the specified number of clients, try with \d+", reply), reply
        assert config_get(c, "maxclients") == before


def test_oom_score_is_put_back_when_a_later_setting_fails(start):
    other, server = start(), start()
    path = "/proc/%d/oom_score_adj" % server.pid
    before = open(path).read()
    with server.client() as c:
        reply = c("CONFIG", "SET", "oom-score-adj-values", "1 1 1", "oom-score-adj", "yes", "port", other.port)
        assert isinstance(reply, Error)
        assert open(path).read() == before
        assert config_get(c, "oom-score-adj") == "no"


def test_title_follows_its_template(start):
    server = start()
    with server.client() as c:
        assert c("CONFIG", "SET", "proc-title-template", "TEST {port}") == "OK"
    with open("/proc/%d/cmdline" % server.pid) as f:
        assert f.read().split("\0")[0].rstrip() == "TEST %d" % server.port


def test_loglevel_at_run_time(start):
    server = start({"loglevel": "warning"})
    with server.client() as c:
        c("CONFIG", "SET", "loglevel", "debug")
        with server.client() as d:
            d("PING")
        server.wait_log("Accepted 127.0.0.1:")


def test_a_password_taken_away_lets_those_in_who_wait(start):
    server = start()
    with server.client() as c:
        assert c("CONFIG", "SET", "requirepass", "secret") == "OK"
        assert c("PING") == "PONG"  # who is in stays in
        with server.client() as d:
            assert d("PING").code == "NOAUTH"
            assert c("CONFIG", "SET", "requirepass", "") == "OK"
            assert d("PING") == "PONG"


# --- the end ---
def test_pid_file_and_socket_are_gone_afterwards(start, tmp_path):
    server = start({"pidfile": str(tmp_path / "pid"), "unixsocket": str(tmp_path / "s")})
    wait_for(lambda: (tmp_path / "pid").exists())
    server.kill(signal.SIGINT)
    assert server.wait_exit() == 0
    assert not (tmp_path / "pid").exists() and not (tmp_path / "s").exists()
    assert "Removing the pid file." in server.log() and "Removing the unix socket file." in server.log()


@keel_only
def test_systemd_hears_of_start_and_end(start, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(5 * PATIENCE)
        server = start({"supervised": "auto", "daemonize": "yes"}, environment={"NOTIFY_SOCKET": path})
        said = []
        while not said or b"READY=1" not in said[-1]:
            said.append(s.recv(1000))
        server.kill()
        assert server.wait_exit() == 0  # the process that was started: the supervised do not go to the background
        while b"STOPPING=1" not in said[-1]:
            said.append(s.recv(1000))


def set_thread_limit(pid, soft):
    """Of a process that is nobody's: as nobody, since others may not."""
    change = ("import resource as r; hard = r.prlimit(%d, r.RLIMIT_NPROC)[1]; "
              "r.prlimit(%d, r.RLIMIT_NPROC, (%s, hard))" % (pid, pid, soft or "hard"))
    subprocess.run([sys.executable, "-c", change], preexec_fn=as_nobody, timeout=20 * PATIENCE, check=True)


@keel_only
def test_at_the_limit_of_threads_the_log_stays_off_and_names_are_not_looked_up(start):
    try:
        subprocess.run([BINARY, "--version"], preexec_fn=as_nobody, timeout=20 * PATIENCE)
    except PermissionError:
        pytest.skip("nobody but root can run the program where it is")
    server = start(nobody=True)
    set_thread_limit(server.pid, 1)
    with server.client() as c:
        c("SET", "k", "v")
        refused = c("CONFIG", "SET", "appendonly", "yes")
        assert isinstance(refused, Error) and refused.endswith("Unable to turn on AOF. Check server logs.")
        server.wait_log("Can't create the thread bio_aof_fsync: Resource temporarily unavailable")
        failed = c("MIGRATE", "localhost", str(server.port), "k", "1", "1000")
        assert failed == Error("IOERR error or timeout connecting to the client")
        set_thread_limit(server.pid, None)
        assert c("CONFIG", "SET", "appendonly", "yes") == "OK"
        wait_for(lambda: info_of(c, "persistence")["aof_rewrite_in_progress"] == "0", 10, what="the log's base")
        assert c("CONFIG", "SET", "appendfsync", "always") == "OK" and c("SET", "k", "v") == "OK"


def test_a_second_sigint_ends_a_held_up_server_at_once(start):
    if IS_PEER:
        pytest.skip("needs a command that holds the loop up")
    server = start()
    with server.client() as c:
        if isinstance(c("DEBUG", "SLEEP", "0"), Error):
            pytest.skip("no DEBUG SLEEP")
        c.send("DEBUG", "SLEEP", "20")
        time.sleep(0.2)
        server.kill(signal.SIGINT)
        time.sleep(0.2)
        server.kill(signal.SIGINT)
        assert server.wait_exit(5) == 1


@keel_only  # the peer may end before it has sent what it answered
def test_nothing_behind_shutdown_runs(start):
    server = start()
    with server.client() as c:
        c.send_raw(encode("PING") + encode("SHUTDOWN", "NOSAVE") + encode("ECHO", "late"))
        assert c.read() == "PONG"
        with pytest.raises(Closed):
            c.read()
    assert server.wait_exit() == 0


@keel_only
def test_replies_that_are_due_are_sent_before_the_end(start):
    server = start()
    with server.client() as c, server.client() as d:
        c("SET", "big", b"x" * 1_000_000)
        d.send_raw(encode("GET", "big") * 8)
        # More than the socket takes: the rest waits in the server.
        wait_for(lambda: "calls=8," in info_of(c, "commandstats").get("cmdstat_get", ""), what="eight GETs done")
        c.send("SHUTDOWN", "NOSAVE")
        for _ in range(8):
            assert len(d.read()) == 1_000_000
    assert server.wait_exit() == 0


def cpus_of(path):
    with open(path + "/status") as f:
        return re.search(r"Cpus_allowed_list:\s*(\S+)", f.read()).group(1)


@keel_only
def test_processors_of_the_threads_and_the_child(start):
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        pytest.skip("one processor: there is nothing to choose")
    first, second = (str(cpu) for cpu in usable[:2])
    server = start({"server-cpulist": first, "bio-cpulist": second, "bgsave-cpulist": second, "rdb-key-save-delay": "100",
                    "appendonly": "yes", "auto-aof-rewrite-percentage": "0"})
    process = "/proc/%d" % server.pid
    assert cpus_of(process) == first
    names = {}
    for task in os.listdir(process + "/task"):
        with open(process + "/task/%s/comm" % task) as f:
            names[f.read().strip()] = process + "/task/" + task
    helper = [path for name, path in names.items() if name.startswith("bio_")]
    assert len(helper) == 2, "for values and for the log: %r" % names
    wait_for(lambda: [cpus_of(path) for path in helper] == [second, second])
    with server.client() as c:
        c("MSET", *(word for i in range(20000) for word in (str(i), "v")))
        assert c("BGSAVE") == "Background saving started"
        child = int(re.search(r"started by pid (\d+)", server.log()).group(1))
        wait_for(lambda: cpus_of("/proc/%d" % child) == second)
        assert c("BGSAVE", "CANCEL") == "Background saving cancelled"


@keel_only
def test_a_list_of_processors_that_is_none(start):
    server = start({"server-cpulist": "0-", "bgsave-cpulist": "1023"})
    server.wait_log('server-cpulist is ignored: "0-" is neither a processor nor a range of them')
    with server.client() as c:
        assert c("BGSAVE") == "Background saving started"
    server.wait_log("bgsave-cpulist is ignored: Invalid argument")
