# SPDX-License-Identifier: BSD-3-Clause
"""redis-cli asks COMMAND DOCS when it starts, and draws its hints and completions from the answer."""
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import termios
import time

import pytest

from keel import IS_PEER, wait_for

CLI = shutil.which("redis-cli")
pytestmark = pytest.mark.skipif(not CLI, reason="no redis-cli")


class Terminal:
    """redis-cli in a terminal 300 columns wide."""

    def __init__(self, port, home):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            time.sleep(0.2)  # until the parent has set the size
            os.environ.update(TERM="xterm", HOME=home)
            os.execv(CLI, [CLI, "-p", str(port)])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 300, 0, 0))
        self.shown = ""
        self.see("> ")

    def see(self, text):
        """Waits until the text has been shown since the last keys."""
        def came():
            if select.select([self.fd], [], [], 0)[0]:
                self.shown += os.read(self.fd, 65536).decode(errors="replace")
            return text in self.shown
        wait_for(came, 5, what="%r on the terminal" % text)

    def type(self, keys):
        self.shown = ""
        os.write(self.fd, keys.encode())

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def terminal(start, tmp_path):
    t = Terminal(start().port, str(tmp_path))
    yield t
    t.close()


def test_hint_of_arguments(terminal):
    terminal.type("set ")
    terminal.see("key value [NX|XX" if IS_PEER else "key value [NX|XX|IFEQ comparison-value]")
    terminal.see("[GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]")
    terminal.type("a ")
    terminal.see("value [NX|XX")


def test_hint_of_a_subcommand(terminal):
    terminal.type("command list ")
    terminal.see("[FILTERBY MODULE module-name|ACLCAT category|PATTERN pattern]")


def test_completion(terminal):
    terminal.type("comman\t")
    terminal.see("COMMAND")
