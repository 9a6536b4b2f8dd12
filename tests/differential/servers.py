# SPDX-License-Identifier: BSD-3-Clause
"""The two servers of a differential run, and the connections to them."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from ports import free_port
from resp import Client

ARGUMENTS = ["--save", "", "--appendonly", "no", "--enable-debug-command", "yes", "--proto-max-bulk-len", "1mb", "--loglevel", "warning",
             "--bind", "127.0.0.1"]


class Process:
    """One server; stopped by its process id."""

    def __init__(self, binary):
        self.binary = binary = os.path.abspath(binary)
        self.dir = tempfile.mkdtemp(prefix="keel-diff-")
        self.port = free_port()
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen([binary, "--port", str(self.port), "--dir", self.dir] + ARGUMENTS, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT, cwd=self.dir)
        end = time.monotonic() + 30
        while True:
            try:
                with Client(self.port, timeout=2) as c:
                    if c(b"PING") == "PONG":
                        return
            except Exception:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit("%s did not start:\n%s" % (binary, self.said()))
            time.sleep(0.02)

    def said(self):
        self.log.flush()
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()[-6000:]

    def client(self, resp):
        c = Client(self.port, timeout=60)
        if resp == 3:
            c(b"HELLO", b"3")
        return c

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            os.kill(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.kill(self.process.pid, signal.SIGKILL)
                self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        return self.process.returncode


class Faulty:
    """A client that lies: for the self-test. `rewrite` changes what is sent, `alter` what was answered."""

    def __init__(self, client, rewrite=None, alter=None):
        self.client = client
        self.rewrite = rewrite or (lambda words: words)
        self.alter = alter or (lambda words, reply: reply)

    def __call__(self, *words):
        return self.alter(words, self.client(*self.rewrite(list(words))))

    def pipeline(self, commands):
        commands = list(commands)
        replies = self.client.pipeline([self.rewrite(list(words)) for words in commands])
        return [self.alter(words, reply) for words, reply in zip(commands, replies)]

    def close(self):
        self.client.close()
