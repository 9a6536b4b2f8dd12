# SPDX-License-Identifier: BSD-3-Clause
"""Dying of a mistake: the report in the log, and the signal that ends the process."""
import os
import re
import signal
import time

import pytest

from keel import IS_PEER, SANITIZED, keel_only, wait_for
from resp import Error

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer reports faults itself")

SECTIONS = ["STACK TRACE"] + ([] if IS_PEER else ["STACK TRACE DONE"]) + ["REGISTERS", "INFO OUTPUT", "CLIENT LIST OUTPUT"]


def crash(server, *words):
    """Sends a command that the server does not survive."""
    server.expect_report = server.expect_exit = True
    with server.client() as c:
        c.send(*words)
        assert c.closed_within(20)
    return server.wait_exit(20)


def test_segmentation_fault(start):
    server = start()
    assert crash(server, "DEBUG", "SEGFAULT") == -signal.SIGSEGV
    log = server.log()
    assert "=== REDIS BUG REPORT START" in log and "=== REDIS BUG REPORT END" in log
    assert "crashed by signal: 11" in log and "Accessing address: 0x" in log
    for section in SECTIONS:
        assert log.count("------ %s ------" % section) == 1, section
    assert "debugCommand" in log
    assert "redis_version:" in log and re.search(r"id=\d+ addr=127\.0\.0\.1:\d+ ", log)
    assert re.search(r"argv\[1\]: .?\"?SEGFAULT", log)


def test_a_signal_from_outside_names_its_sender(start):
    server = start()
    server.expect_report = server.expect_exit = True
    os.kill(server.pid, signal.SIGABRT)
    assert server.wait_exit(20) == -signal.SIGABRT
    assert "crashed by signal: 6" in server.log() and "Killed by PID: %d" % os.getpid() in server.log()


@pytest.mark.parametrize("sig", [signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL])
def test_every_fault_ends_the_process_by_its_own_signal(start, sig):
    server = start()
    server.expect_report = server.expect_exit = True
    os.kill(server.pid, sig)
    assert server.wait_exit(20) == -sig
    assert server.log().count("- STACK TRACE -") == 1


def test_failed_check(start):
    server = start()
    assert crash(server, "DEBUG", "ASSERT") == -signal.SIGABRT
    log = server.log()
    assert "=== ASSERTION FAILED ===" in log and re.search(r"==> \S+:\d+ '.*' is not true", log)
    assert log.count("- STACK TRACE -") == 1 and "=== REDIS BUG REPORT END" in log


@keel_only
def test_panic_and_no_memory(start):
    for word, text in (("PANIC", "DEBUG PANIC was not called"), ("OOM", "=== OUT OF MEMORY ===")):
        server = start()
        assert crash(server, "DEBUG", word) == -signal.SIGABRT
        assert text in server.log() and server.log().count("- STACK TRACE -") == 1


@keel_only
def test_hidden_user_data_is_not_in_the_report(start):
    server = start({"hide-user-data-from-log": "yes"})
    assert crash(server, "DEBUG", "SEGFAULT") == -signal.SIGSEGV
    assert "argv[" not in server.log() and "are not shown" in server.log()


def test_no_report_when_switched_off(start):
    server = start({"crash-log-enabled": "no"})
    assert crash(server, "DEBUG", "SEGFAULT") == -signal.SIGSEGV
    assert "BUG REPORT" not in server.log()


def test_report_may_be_switched_off_and_on(start):
    server = start()
    with server.client() as c:
        assert c("CONFIG", "SET", "crash-log-enabled", "no") == "OK"
        assert c("CONFIG", "SET", "crash-log-enabled", "yes") == "OK"
    assert crash(server, "DEBUG", "SEGFAULT") == -signal.SIGSEGV
    assert "BUG REPORT START" in server.log()


@keel_only  # 7.0 has this with a watchdog period only
def test_alarm_shows_where_it_stands_and_the_server_goes_on(start):
    server = start()
    os.kill(server.pid, signal.SIGALRM)
    server.wait_log("Received SIGALRM")
    server.wait_log("STACK TRACE DONE")
    with server.client() as c:
        assert c("PING") == "PONG"
    assert "BUG REPORT" not in server.log()


def test_watchdog_barks_when_the_loop_stalls(start):
    server = start()
    with server.client() as c:
        assert c("CONFIG", "SET", "watchdog-period", "200") == "OK"
        time.sleep(0.6)
        assert "WATCHDOG TIMER EXPIRED" not in server.log()
        assert c("DEBUG", "SLEEP", "1") == "OK"
        server.wait_log("--- WATCHDOG TIMER EXPIRED ---")
        assert c("CONFIG", "SET", "watchdog-period", "0") == "OK"
        barks = server.log().count("WATCHDOG")
        assert c("DEBUG", "SLEEP", "0.6") == "OK"
        assert server.log().count("WATCHDOG") == barks


@keel_only
def test_crash_and_recover(start):
    server = start()
    pid = server.pid
    with server.client() as c:
        c("SET", "k", "v")
        c.send("DEBUG", "CRASH-AND-RECOVER", "100")
        assert c.closed_within(10)
    wait_for(server._answers, 10)
    assert server.pid == pid and server.alive()
    with server.client() as c:
        assert c("GET", "k") is None


@keel_only
def test_restart_needs_its_configuration_again(start):
    with start().client() as c:
        assert c("DEBUG", "RESTART", "x") == Error("ERR value is not an integer or out of range")
        assert c("PING") == "PONG"
