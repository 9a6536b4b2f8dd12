# SPDX-License-Identifier: BSD-3-Clause
"""How it ends: SHUTDOWN, signals, crashes."""
import os
import re
import signal
import time

import pytest

from keel import IS_PEER, PATIENCE, SANITIZED, keel_only, wait_for
from resp import Closed, Error


def test_sigterm_and_sigint_end_it_cleanly(start):
    for sig in (signal.SIGTERM, signal.SIGINT):
        server = start()
        server.kill(sig)
        assert server.wait_exit() == 0
        assert "bye bye" in server.log()


@keel_only
def test_sigterm_waits_for_a_script_that_has_written(start):
    server = start({"busy-reply-threshold": 20, "appendonly": "no"})
    with server.client(timeout=30 * PATIENCE) as c:
        c.send("EVAL", "redis.call('set', 'a', 1) local t = os.clock() while os.clock() - t < 1.5 do end "
               "redis.call('set', 'b', 1) return redis.call('mget', 'a', 'b')", "0")
        time.sleep(0.3)
        server.kill()
        assert c.read() == [b"1", b"1"], "it ran to its end"
    assert server.wait_exit() == 0
    assert "a script runs that has written" in server.log()


@keel_only
def test_shutdown_nosave_ends_a_script_that_has_written(start):
    server = start({"busy-reply-threshold": 20})
    runner, c = server.client(), server.client()
    runner.send("EVAL", "redis.call('set', 'a', 1) while true do end", "0")
    time.sleep(0.3)
    server.kill()
    time.sleep(0.2)
    assert c("PING").code == "BUSY"
    c.send("SHUTDOWN", "NOSAVE")
    assert server.wait_exit() == 0
    runner.close()
    c.close()


@keel_only
def test_sigterm_ends_a_script_that_has_not_written(start):
    server = start({"busy-reply-threshold": 20})
    with server.client() as c:
        c.send("EVAL", "while true do redis.call('get', 'a') end", "0")
        time.sleep(0.3)
        server.kill()
        assert server.wait_exit() == 0


def test_clients_see_the_connection_close(start):
    server = start()
    with server.client() as c:
        assert c("PING") == "PONG"
        server.kill()
        assert c.closed_within(5)
    server.wait_exit()


@pytest.mark.parametrize("words", [["NOSAVE"], ["NOSAVE", "NOW"], ["NOSAVE", "NOW", "FORCE"], ["nosave", "force"], []])
def test_shutdown(start, words):
    server = start()
    with server.client() as c:
        c.send("SHUTDOWN", *words)
        with pytest.raises(Closed):
            c.read()
    assert server.wait_exit() == 0


def test_shutdown_arguments(c):
    for wrong in (["NOSUCH"], ["SAVE", "NOSAVE"], ["NOW", "ABORT"], ["ABORT", "NOSAVE"]):
        assert c("SHUTDOWN", *wrong) == Error("ERR syntax error")
    assert c("SHUTDOWN", "ABORT") == Error("ERR No shutdown in progress.")
    assert c("PING") == "PONG"


def test_stopped_and_continued(server, c):
    os.kill(server.pid, signal.SIGSTOP)
    wait_for(lambda: open("/proc/%d/stat" % server.pid).read().rsplit(")", 1)[1].split()[0] == "T")
    c.send("PING")
    time.sleep(0.05)
    os.kill(server.pid, signal.SIGCONT)
    assert c.read() == "PONG"


def test_sigpipe_and_sighup_change_nothing(server, c):
    os.kill(server.pid, signal.SIGPIPE)
    os.kill(server.pid, signal.SIGHUP)
    time.sleep(0.1)
    assert c("PING") == "PONG"


def report_of(server):
    wait_for(lambda: "BUG REPORT END" in server.log(), 10)
    text = server.log()
    return text[text.index("BUG REPORT START"):]


@pytest.mark.skipif(SANITIZED, reason="the sanitizer takes the signal")
@pytest.mark.parametrize("sig", [signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT])
def test_a_deadly_signal_leaves_a_report(start, sig):
    server = start()
    server.expect_report = True
    with server.client() as c:
        c("CLIENT", "SETNAME", "witness")
        server.kill(sig)
        assert server.wait_exit() == -sig
    report = report_of(server)
    assert "crashed by signal: %d" % sig in report
    assert IS_PEER or "STACK TRACE DONE" in report  # a line of 7.4
    for part in ("STACK TRACE", "REGISTERS", "INFO OUTPUT", "redis_version:", "CLIENT LIST OUTPUT",
                 "name=witness"):
        assert part in report, part


@pytest.mark.skipif(SANITIZED, reason="the sanitizer takes the signal")
def test_a_crash_in_a_command_names_it(start):
    server = start()
    server.expect_report = True
    with server.client() as c:
        c.send("DEBUG", "SEGFAULT")
        assert c.closed_within(10)
    assert server.wait_exit() == -signal.SIGSEGV
    report = report_of(server)
    assert "CURRENT CLIENT INFO" in report
    assert re.search(r"argv\[0\]: '?\"?DEBUG", report) and re.search(r"argv\[1\]: '?\"?SEGFAULT", report)
    assert "debug" in report.lower().split("stack trace")[1]


@pytest.mark.skipif(SANITIZED, reason="the sanitizer takes the signal")
def test_a_failed_check_and_a_panic_leave_a_report(start):
    for words in (["DEBUG", "ASSERT"], ["DEBUG", "PANIC"]):
        server = start()
        server.expect_report = True
        with server.client() as c:
            c.send(*words)
            assert c.closed_within(10)
        assert server.wait_exit() != 0
        report_of(server)


@pytest.mark.skipif(SANITIZED, reason="the sanitizer takes the signal")
def test_without_the_crash_log_it_just_dies(start):
    server = start({"crash-log-enabled": "no"})
    server.kill(signal.SIGSEGV)
    assert server.wait_exit() == -signal.SIGSEGV
    assert "BUG REPORT" not in server.log()


def test_sigkill_and_a_new_start_on_the_same_port(start):
    server = start()
    with server.client() as c:
        c("SET", "a", "1")
    server.kill(signal.SIGKILL)
    assert server.wait_exit() == -signal.SIGKILL
    server.expect_exit = False
    server.start()
    with server.client() as c:
        assert c("DBSIZE") == 0


@keel_only
def test_shutdown_under_load(start):
    """Every reply that came is a whole one."""
    server = start()
    clients = [server.client() for _ in range(20)]
    for c in clients:
        c.send_raw(b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n" * 5000)
    server.kill()
    seen = set()
    for c in clients:
        try:
            while True:
                n = c.read()
                assert isinstance(n, int) and n not in seen
                seen.add(n)
        except Closed:
            pass
        c.close()
    assert server.wait_exit() == 0
