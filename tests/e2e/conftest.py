# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures. `server`: one server per test file, emptied and with its settings put back between tests; `c`: a fresh
connection to it; `start`: a factory for servers of a test's own."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import pytest  # noqa: E402

import keel  # noqa: E402


def pytest_report_header(config):
    kind = "redis-server" if keel.IS_PEER else "keel"
    return "server: %s (%s%s)" % (keel.BINARY or "none built", kind, ", sanitized" if keel.SANITIZED else "")


@pytest.fixture(autouse=True)
def _needs_server():
    if not keel.BINARY:
        pytest.fail("no server to test: build keel-server, or name one in KEEL_SERVER")


@pytest.fixture
def start():
    servers = []

    def factory(*args, **kwargs):
        servers.append(keel.Server(*args, **kwargs))
        return servers[-1]

    yield factory
    wrong = [w for w in (s.stop() for s in servers) if w]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def _module_server():
    s = keel.Server()
    yield s
    wrong = s.stop()
    assert not wrong, wrong


@pytest.fixture
def server(_module_server):
    s = _module_server
    with s.client() as c:
        before = c("CONFIG", "GET", "*")
        c("FLUSHALL")
    yield s
    if not s.alive():
        return
    with s.client() as c:
        after = c("CONFIG", "GET", "*")
        old = dict(zip(before[::2], before[1::2]))
        for name, value in zip(after[::2], after[1::2]):
            if old.get(name) != value:
                c("CONFIG", "SET", name, old[name])
        c("CLIENT", "UNPAUSE")
        c("FLUSHALL")


@pytest.fixture
def c(server):
    with server.client() as client:
        yield client


@pytest.fixture
def c3(server):
    with server.client(resp=3) as client:
        yield client
