# SPDX-License-Identifier: BSD-3-Clause
"""A RESP2/RESP3 client of our own: bytes out exactly as given, replies in as typed values, nothing hidden.

A reply becomes
    +text     Simple (a str)             -text   Error (a str; equal only to an Error)
    :1        int                        $..     bytes, None for $-1
    *..       list, None for *-1         _       None
    ,1.5      float                      #t      bool
    (123      BigNumber (an int)         =txt:.. Verbatim (bytes with .format)
    %..       dict                       ~..     Set (a list)
    >..       Push (a list)              |..     skipped; the last one is kept in Client.attribute

Always true:
  1. Every wait is bounded: a reply that does not come is a TimeoutError, never a hang.
  2. What the server sent is consumed reply by reply; bytes after a reply stay for the next read.
"""
import socket
import ssl
import time


class Simple(str):
    __slots__ = ()


class Error(str):
    """An error reply: `code` is its first word."""

    __slots__ = ()

    @property
    def code(self):
        return self.split(" ", 1)[0]

    def __eq__(self, other):
        return isinstance(other, Error) and str.__eq__(self, other)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


class BigNumber(int):
    pass


class Verbatim(bytes):
    format = "txt"


class Set(list):
    pass


class Push(list):
    pass


class Closed(Exception):
    """The server closed the connection."""


def to_bytes(word):
    if isinstance(word, bytes):
        return word
    if isinstance(word, float):
        return repr(word).encode()
    return str(word).encode("utf-8", "surrogateescape")


def encode(*words):
    """One command as the multibulk request redis clients send."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = to_bytes(word)
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


class Client:
    """With `tls` (an ssl.SSLContext) it speaks TLS."""

    def __init__(self, port=None, path=None, host="127.0.0.1", timeout=10.0, tls=None):
        self.timeout = timeout
        self.attribute = None
        self.buffer = bytearray()
        self.at = 0
        self.taken = None  # while raw() runs: the bytes read so far
        if path:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(timeout)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection((host, port), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")

    # --- out ---
    def send_raw(self, data):
        self.socket.settimeout(self.timeout)
        self.socket.sendall(data)

    def send(self, *words):
        self.send_raw(encode(*words))

    def __call__(self, *words):
        """Sends one command and reads its reply; an error reply is returned, not raised."""
        self.send(*words)
        return self.read()

    def pipeline(self, commands):
        """Sends all commands in one write, then reads all replies."""
        commands = list(commands)
        self.send_raw(b"".join(encode(*words) for words in commands))
        return [self.read() for _ in commands]

    # --- in ---
    def fill(self, timeout=None):
        if self.at > 1 << 16:
            del self.buffer[: self.at]
            self.at = 0
        self.socket.settimeout(self.timeout if timeout is None else timeout)
        try:
            data = self.socket.recv(1 << 18)
        except socket.timeout:
            raise TimeoutError("no reply within %.1f s" % (self.timeout if timeout is None else timeout)) from None
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError) as e:
            raise Closed(str(e)) from None
        if not data:
            raise Closed("closed by the server")
        self.buffer += data

    def line(self):
        while True:
            end = self.buffer.find(b"\r\n", self.at)
            if end >= 0:
                return self.take(end + 2 - self.at)[:-2]
            self.fill()

    def exactly(self, count):
        while len(self.buffer) - self.at < count:
            self.fill()
        return self.take(count)

    def take(self, count):
        out = bytes(self.buffer[self.at : self.at + count])
        self.at += count
        if self.taken is not None:
            self.taken += out
        return out

    def read(self):
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            length = int(rest)
            return None if length < 0 else self.exactly(length + 2)[:-2]
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return Simple(rest.decode("utf-8", "surrogateescape"))
        if kind == b"-":
            return Error(rest.decode("utf-8", "surrogateescape"))
        if kind == b"*":
            length = int(rest)
            return None if length < 0 else [self.read() for _ in range(length)]
        return self.read_resp3(kind, rest)

    def read_resp3(self, kind, rest):
        if kind == b"_":
            return None
        if kind == b"#":
            return rest == b"t"
        if kind == b",":
            return float(rest)
        if kind == b"(":
            return BigNumber(rest)
        if kind == b"%":
            return {_key(self.read()): self.read() for _ in range(int(rest))}
        if kind == b"~":
            return Set(self.read() for _ in range(int(rest)))
        if kind == b">":
            return Push(self.read() for _ in range(int(rest)))
        if kind == b"|":
            self.attribute = {_key(self.read()): self.read() for _ in range(int(rest))}
            return self.read()
        if kind == b"=":
            data = self.exactly(int(rest) + 2)[:-2]
            out = Verbatim(data[4:])
            out.format = data[:3].decode()
            return out
        raise ValueError("not RESP: %r" % (kind + rest))

    def raw(self, count=1):
        """The next `count` replies as the bytes that came over the wire."""
        self.taken = bytearray()
        try:
            for _ in range(count):
                self.read()
            return bytes(self.taken)
        finally:
            self.taken = None

    def drain(self, seconds):
        """Everything that arrives within that time, as bytes; ends early when the server closes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.fill(max(0.01, end - time.monotonic()))
            except (TimeoutError, Closed):
                break
        out = bytes(self.buffer[self.at :])
        self.buffer.clear()
        self.at = 0
        return out

    def closed_within(self, seconds):
        """True if the server closes the connection within that time (what it still sends is thrown away)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.fill(max(0.01, end - time.monotonic()))
            except Closed:
                return True
            except TimeoutError:
                return False
        return False

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _key(value):
    return tuple(value) if isinstance(value, list) else value
