# SPDX-License-Identifier: BSD-3-Clause
"""Starts, watches and stops the server that the suite tests.

With KEEL_TEST_TLS set, servers listen for TLS only, and Server.client() speaks it.

The program comes from the environment: KEEL_SERVER, else the newest build/*/keel-server. It may be redis-server 7.0
as well: most facts here are facts about Redis, and running the suite against it shows that they are
(tests for keel alone are marked @keel_only).

Always true:
  1. Every server that a test starts is stopped by its process id at the end of that test or module, whatever happens.
  2. A server that died by itself, or left a sanitizer's or crash report, fails the test unless the test expected it.
  3. Every wait is bounded.
"""
import atexit
import ctypes
import glob
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

import pytest

import certificates
from ports import free_port  # tests import it from here
from resp import Client, Error  # noqa: F401  (tests import both from here)

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def _server_program():
    given = os.environ.get("KEEL_SERVER")
    if given and os.path.exists(given):
        given = os.path.abspath(given)  # servers run in folders of their own
    if given:
        return given
    built = sorted(glob.glob(os.path.join(ROOT, "build", "*", "keel-server")), key=os.path.getmtime)
    return built[-1] if built else ""


BINARY = _server_program()


def _version_line():
    if not BINARY:
        return ""
    out = subprocess.run([BINARY, "--version"], capture_output=True, text=True, timeout=20)
    return out.stdout + out.stderr


IS_PEER = "Redis server" in _version_line()
PEER = os.environ.get("KEEL_PEER_SERVER") or shutil.which("redis-server") or ""


def _sanitized():
    if not BINARY:
        return False
    with open(BINARY, "rb") as f:
        program = f.read()
        return b"__asan_init" in program or b"__tsan_init" in program


SANITIZED = _sanitized()
PATIENCE = 4 if SANITIZED else 1  # what times are multiplied with where a slower build may take longer

# A test that closes one side of a connection, or lets a program connect that was not told of certificates.
plain_only = pytest.mark.skipif("KEEL_TEST_TLS" in os.environ, reason="a fact about plain connections")
keel_only = pytest.mark.skipif(IS_PEER, reason="a fact about keel alone")

_tls = {}


def tls_by_default():
    """The authority that all servers' certificates come from; None unless KEEL_TEST_TLS asks for TLS."""
    if not os.environ.get("KEEL_TEST_TLS"):
        return None
    if not _tls:
        _tls["authority"] = certificates.Authority()
        _tls["authority"].issue("server")
        atexit.register(_tls["authority"].remove)
    return _tls["authority"]


def tls_client(authority, certificate=None):
    """An ssl.SSLContext that trusts the authority, and shows NAME.crt if one is named."""
    context = ssl.create_default_context(cafile=authority.path("ca.crt"))
    if certificate:
        context.load_cert_chain(authority.path(certificate + ".crt"), authority.path(certificate + ".key"))
    return context


REPORTS = ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer",
           "BUG REPORT START")


def wait_for(condition, seconds=5.0, pause=0.01, what="condition"):
    """The first true value of condition(); an AssertionError when none comes in time."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %.1f s in vain for: %s" % (seconds * PATIENCE, what))
        time.sleep(pause)


def _die_with_parent():
    """In the child: SIGKILL when the test process ends, so that nothing outlives even a killed test run."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def as_nobody():
    """In the child: a user for whom limits hold. Root has none."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


NOBODY = 65534


class Server:
    """One server process with a folder of its own.

    config is a dict of directives (a list as value repeats the directive) or None for no file at all; args follow it on
    the command line. With `ready=False` nothing is waited for: for servers that are expected to refuse; with
    `ready="loading"` only until it answers, be it with LOADING. `binary` names another program than the one under test.
    `nobody`: not as root.
    """

    BASE = {
        "bind": "127.0.0.1",
        "save": '""',
        "always-show-logo": "yes",
        "enable-debug-command": "yes",
        "loglevel": "verbose",
        "daemonize": "no",
    }

    def __init__(self, config=None, args=(), ready=True, text=None, environment=None, file_limit=None, base=True,
                 binary=None, nobody=False):
        self.binary = binary or BINARY
        self.dir = tempfile.mkdtemp(prefix="keel-e2e-")
        self.nobody = nobody and os.getuid() == 0
        if self.nobody:
            os.chown(self.dir, NOBODY, NOBODY)
        self.port = free_port()
        self.expect_report = False
        self.expect_exit = not ready
        directives = dict(self.BASE, port=self.port, dir=self.dir) if base else {}
        directives.update(config or {})
        self.tls = None
        if tls_by_default() and directives.get("port") and "tls-port" not in directives:
            directives.update(certificates.directives(tls_by_default(), directives["port"], tls_auth_clients="no"))
            self.tls = tls_client(tls_by_default())
        self.config_file = os.path.join(self.dir, "test.conf")
        with open(self.config_file, "w") as f:
            f.write(text if text is not None else "".join(self._lines(directives)))
        self.port = int(directives.get("port") or directives.get("tls-port") or 0) if text is None else self.port
        self.path = str(directives.get("unixsocket", "")).strip('"')
        self.args = [str(a) for a in args]
        self.environment = dict(os.environ, **(environment or {}))
        self.file_limit = file_limit
        self.process = None
        self.start(ready)

    @staticmethod
    def _lines(directives):
        for name, value in directives.items():
            for one in value if isinstance(value, list) else [value]:
                yield "%s %s\n" % (name, one)

    def start(self, ready=True):
        command = [self.binary, self.config_file] + self.args
        if self.file_limit:
            command = ["/bin/sh", "-c", "ulimit -n %d; exec \"$@\"" % self.file_limit, "sh"] + command
        self.out_from = self.size("stdout")

        def become():
            if self.nobody:
                as_nobody()
            _die_with_parent()
        with open(self.file("stdout"), "ab") as out, open(self.file("stderr"), "ab") as err:
            self.process = subprocess.Popen(
                command, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=self.environment,
                preexec_fn=become)
        if ready:
            try:
                wait_for(lambda: self._answers(ready == "loading"), 10, what="an answer to PING")
            except AssertionError:
                self.kill(signal.SIGKILL)
                raise AssertionError("the server did not come up; it said:\n" + self.log() + self.stderr()) from None
        return self

    def _answers(self, loading=False):
        if self.process.poll() is not None:
            raise AssertionError("the server ended with %d; it said:\n%s%s"
                                 % (self.process.returncode, self.log(), self.stderr()))
        try:
            with self.client(timeout=1) as c:
                reply = c("PING")
                if isinstance(reply, Error) and reply.code == "LOADING":
                    return loading
                return reply == "PONG" or isinstance(reply, Error) and reply.code in ("NOAUTH", "DENIED")
        except (OSError, TimeoutError, EOFError):
            return False
        except Exception:  # closed while starting
            return False

    # --- files ---
    def file(self, name):
        return os.path.join(self.dir, name)

    def size(self, name):
        return os.path.getsize(self.file(name)) if os.path.exists(self.file(name)) else 0

    def text(self, name):
        if not os.path.exists(self.file(name)):
            return ""
        with open(self.file(name), errors="surrogateescape") as f:
            return f.read()

    def log(self):
        return self.text("stdout")

    def stderr(self):
        return self.text("stderr")

    def config_text(self):
        return self.text("test.conf")

    def wait_log(self, pattern, seconds=5):
        return wait_for(lambda: re.search(pattern, self.log()), seconds, what="log line %r" % pattern)

    # --- clients ---
    def client(self, timeout=10.0 * PATIENCE, resp=2):
        c = Client(path=self.path, timeout=timeout) if not self.port else Client(self.port, timeout=timeout, tls=self.tls)
        if resp == 3:
            c("HELLO", "3")
        return c

    def connect(self, timeout=60.0 * PATIENCE, receive_buffer=None):
        """A socket of its own, for tests that mind every byte."""
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(timeout)
        s.connect(("127.0.0.1", self.port))
        return self.tls.wrap_socket(s, server_hostname="localhost") if self.tls else s

    def info(self, section="everything"):
        """INFO as a dict of text."""
        with self.client() as c:
            return info_of(c, section)

    # --- the process ---
    @property
    def pid(self):
        return self.process.pid

    def cpu_seconds(self):
        """What the server's loop has spent of a processor: unlike the time that went by, no load beside it changes it."""
        cpu = self.info("cpu")
        return float(cpu["used_cpu_user_main_thread"]) + float(cpu["used_cpu_sys_main_thread"])

    def alive(self):
        return self.process.poll() is None

    def kill(self, sig=signal.SIGTERM):
        self.expect_exit = True
        if self.alive():
            os.kill(self.pid, sig)

    def wait_exit(self, seconds=10):
        """The exit status (negative: the signal that ended it)."""
        self.expect_exit = True
        try:
            return self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError("the server still runs after %.0f s" % (seconds * PATIENCE)) from None

    def restart(self, **directives):
        self.kill()
        self.wait_exit()
        self.expect_exit = False
        if directives:
            with open(self.config_file, "a") as f:
                f.writelines(self._lines({k.replace("_", "-"): v for k, v in directives.items()}))
        return self.start()

    def stop(self):
        """Ends it and returns what is wrong with how it lived, in words; empty when nothing is."""
        wrong = ""
        if self.alive():
            os.kill(self.pid, signal.SIGCONT)
            os.kill(self.pid, signal.SIGTERM)
            try:
                self.process.wait(10 * PATIENCE)
            except subprocess.TimeoutExpired:
                os.kill(self.pid, signal.SIGKILL)
                self.process.wait(10)
                wrong = "the server did not end within 10 s of SIGTERM\n" + self.log()[-2000:]
        elif not self.expect_exit:
            wrong = "the server died with %d:\n%s%s" % (self.process.returncode, self.log()[-6000:], self.stderr()[-4000:])
        text = self.log() + self.stderr()
        if not self.expect_report and any(r in text for r in REPORTS):
            wrong += "the server left a report:\n" + text[-10000:]
        shutil.rmtree(self.dir, ignore_errors=True)
        return wrong


def info_of(client, section="everything"):
    text = client("INFO", section)
    assert not isinstance(text, Error), text
    pairs = (line.split(":", 1) for line in text.decode().split("\r\n") if ":" in line)
    return dict(pairs)


def config_get(client, name):
    """One parameter's value as text; None when there is no such parameter."""
    pair = client("CONFIG", "GET", name)
    if isinstance(pair, dict):
        pair = [x for kv in pair.items() for x in kv]
    return pair[1].decode() if pair else None


def npm_package(package, *beside):
    """The folder the package is installed in, with what it needs beside itself, by name and below build/; skips where that cannot be."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("npm or node is not installed: %s is not tried" % package)
    folder = os.path.join(ROOT, "build", "npm-" + package)
    if not all(os.path.isdir(os.path.join(folder, "node_modules", name)) for name in (package, *beside)):
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix", folder, package, *beside],
                              capture_output=True, text=True, timeout=200)
        if done.returncode != 0:
            pytest.skip("npm could not install %s here: %s" % (package, done.stderr.strip()[-200:]))
    return folder
