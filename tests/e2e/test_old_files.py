# SPDX-License-Identifier: BSD-3-Clause
"""RDB files as servers before 7.0 wrote them, made by hand: redis-server 7.0 and keel read the same in them. And files of
newer servers, which it cannot read."""
import struct

import pytest

import keel
from keel import keel_only

pytestmark = keel_only
needs_peer = pytest.mark.skipif(not keel.PEER, reason="no redis-server to read them, too")


# --- the format ---

def length(n):
    if n < 64:
        return bytes([n])
    if n < 16384:
        return bytes([0x40 | n >> 8, n & 255])
    return b"\x80" + struct.pack(">I", n) if n < 1 << 32 else b"\x81" + struct.pack(">Q", n)


def string(text):
    return length(len(text)) + text


def key(tag, name, value):
    return bytes([tag]) + string(name) + value


def file(version, *parts, magic=b"REDIS%04d"):
    """Without a checksum (it is 0), as rdbchecksum no has it."""
    return magic % version + b"".join(parts) + b"\xff" + (bytes(8) if version >= 5 else b"")


def ziplist(*items):
    body, before = b"", 0
    last = 10
    for item in items:
        last = 10 + len(body)
        entry = bytes([before]) if before < 254 else b"\xfe" + struct.pack("<I", before)
        if isinstance(item, bytes):
            n = len(item)
            entry += (bytes([n]) if n < 64 else struct.pack(">H", 0x4000 | n) if n < 16384 else
                      b"\x80" + struct.pack(">I", n)) + item
        elif 0 <= item <= 12:
            entry += bytes([0xF1 + item])
        else:
            for code, bits in ((0xFE, 8), (0xC0, 16), (0xF0, 24), (0xD0, 32), (0xE0, 64)):
                if -(1 << bits - 1) <= item < 1 << bits - 1:
                    entry += bytes([code]) + item.to_bytes(bits // 8, "little", signed=True)
                    break
        body += entry
        before = len(entry)
    return struct.pack("<IIH", 11 + len(body), last, len(items)) + body + b"\xff"


def zipmap(*words, idle=0):
    def size(n):
        return bytes([n]) if n < 254 else b"\xfe" + struct.pack("<I", n)
    out = bytes([len(words) // 2])
    for name, value in zip(words[::2], words[1::2]):
        out += size(len(name)) + name + size(len(value)) + bytes([idle]) + value + b"." * idle
    return out + b"\xff"


def intset(width, *values):
    return struct.pack("<II", width, len(values)) + b"".join(v.to_bytes(width, "little", signed=True) for v in values)


def listpack(*items):
    body = b""
    for item in items:
        if isinstance(item, bytes):
            entry = (bytes([0x80 | len(item)]) if len(item) < 64 else struct.pack(">H", 0xE000 | len(item))) + item
        else:
            entry = (bytes([item]) if 0 <= item < 128 else b"\xf1" + struct.pack("<h", item) if item < 32768 else
                     b"\xf4" + struct.pack("<q", item))
        n = len(entry)
        body += entry + (bytes([n]) if n < 128 else bytes([n >> 7, n & 127 | 128]))
    return struct.pack("<IH", 7 + len(body), len(items)) + body + b"\xff"


def squeezed(letter, count):
    """That letter so often, by LZF: once, and then from one before."""
    lzf = b"\x00" + letter + bytes([0xE0, count - 1 - 9, 0])
    return b"\xc3" + length(len(lzf)) + length(count) + lzf


def stream_id(ms, seq):
    return struct.pack(">QQ", ms, seq)


def stream(*facts):
    """Two entries, 5-1 and 5-3; `facts` stand between the last id and the groups."""
    block = listpack(2, 0, 1, b"f", 0, 2, 0, 0, b"one", 4, 2, 0, 2, b"two", 4)
    out = length(1) + string(stream_id(5, 1)) + string(block) + length(2) + length(5) + length(3)
    out += b"".join(length(n) for n in facts)
    out += length(1) + string(b"g") + length(5) + length(1) + (length(2) if facts else b"")
    out += length(1) + stream_id(5, 1) + struct.pack("<Q", 1000) + length(4)
    return out + length(1) + string(b"alice") + struct.pack("<Q", 2000) + length(1) + stream_id(5, 1)


# --- all that 7.0 still reads ---

OLD = [
    key(0, b"string", string(b"text")), key(0, b"int8", b"\xc0\xf9"), key(0, b"int16", b"\xc1\x10\x27"),
    key(0, b"int32", b"\xc2\x00\x00\x00\x80"), key(0, b"squeezed", squeezed(b"a", 100)),
    key(1, b"linked list", length(4) + string(b"a") + b"\xc0\x11" + squeezed(b"b", 60) + string(b"x" * 300)),
    key(2, b"set", length(3) + string(b"a") + b"\xc0\x07" + string(b"c")),
    key(3, b"zset", length(4) + string(b"low") + b"\xff" + string(b"one") + string(b"1.5") + string(b"two") +
        string(b"2") + string(b"high") + b"\xfe"),
    key(4, b"hash", length(2) + string(b"f") + string(b"v") + string(b"n") + b"\xc0\x07"),
]
TWO_SIX = [
    key(9, b"zipmap", string(zipmap(b"f", b"v", b"", b"empty", b"long", b"y" * 260))),
    key(9, b"zipmap idle", string(zipmap(b"f", b"v", b"g", b"w", idle=3))),
    key(10, b"list ziplist", string(ziplist(b"a", 0, 12, 13, -1, 127, 300, 70000, 1 << 30, -(1 << 40), b"m" * 70,
                                            b"n" * 300, b"after a long one", b"o" * 17000))),
    key(11, b"intset16", string(intset(2, -5, 0, 77))), key(11, b"intset32", string(intset(4, -70000, 5))),
    key(11, b"intset64", string(intset(8, -(1 << 40), 1 << 50))),
    key(12, b"zset ziplist", string(ziplist(b"low", b"-inf", b"a", b"1.5", b"b", b"1.5", b"top", 3))),
    key(13, b"hash ziplist", string(ziplist(b"f", b"v", b"n", 17, b"", b"x" * 64))),
]
NEWER = [
    key(5, b"zset2", length(2) + string(b"a") + struct.pack("<d", 0.1) + string(b"b") + struct.pack("<d", float("inf"))),
    key(14, b"quicklist", length(3) + string(ziplist(b"a", 1)) + string(ziplist(b"b" * 100)) + string(ziplist(-300))),
    key(15, b"stream", stream()),
    key(16, b"hash listpack", string(listpack(b"f", b"v", b"n", 17, b"long", b"z" * 64))),
    key(17, b"zset listpack", string(listpack(b"a", b"1.5", b"b", 2))),
    key(18, b"quicklist2", length(3) + length(2) + string(listpack(b"a", 1)) + length(1) + string(b"p" * 9000) +
        length(2) + string(listpack(b"b"))),
    key(19, b"stream2", stream(5, 1, 4, 2, 7)),
]
FILES = {
    "1": file(1, *OLD),
    "2": file(2, *OLD, *TWO_SIX[:3], b"\xfd" + struct.pack("<I", 2000000000), *TWO_SIX[3:]),
    "6": file(6, b"\xfe\x00", *OLD, b"\xfe\x05", *TWO_SIX),
    "7": file(7, b"\xfa" + string(b"redis-ver") + string(b"3.2.0"), b"\xfe\x00\xfb\x02\x01", *OLD,
              b"\xfc" + struct.pack("<Q", 4000000000000), *TWO_SIX, NEWER[1]),
    "9": file(9, b"\xf9\x07", *OLD, *TWO_SIX, b"\xf8\x05", *NEWER[:3]),
    "10": file(10, *OLD, *TWO_SIX, *NEWER),
}


@pytest.fixture
def with_file(start):
    def one(content, binary=None, ready=True):
        server = start({"save": '""'}, binary=binary)
        server.kill()
        server.wait_exit()
        with open(server.file("dump.rdb"), "wb") as f:
            f.write(content)
        server.expect_exit = not ready
        return server.start(ready)
    return one


@needs_peer
@pytest.mark.parametrize("version", FILES)
def test_both_read_the_same(with_file, version):
    ours, theirs = with_file(FILES[version]), with_file(FILES[version], keel.PEER)
    with ours.client() as a, theirs.client() as b:
        for db in ("0", "5"):
            a("SELECT", db), b("SELECT", db)
            names = b("KEYS", "*")
            assert sorted(a("KEYS", "*")) == sorted(names)
            for name in names:
                assert a("TYPE", name) == b("TYPE", name)
                assert a("DEBUG", "DIGEST-VALUE", name) == b("DEBUG", "DIGEST-VALUE", name), name
                assert a("PEXPIRETIME", name) == b("PEXPIRETIME", name)
                if b("TYPE", name) == "stream":
                    assert a("XINFO", "GROUPS", name) == b("XINFO", "GROUPS", name)
                    assert a("XPENDING", name, "g") == b("XPENDING", name, "g")
        assert a("DEBUG", "DIGEST") == b("DEBUG", "DIGEST")
        digest = a("DEBUG", "DIGEST")
        assert a("DEBUG", "RELOAD") == "OK"  # and as we write it
        assert a("DEBUG", "DIGEST") == digest


# --- newer servers ---

DEADLINE = 4000000000000
TIMED = listpack(b"c", b"3", DEADLINE, b"b", b"2", 0)
FIELDS = {
    "7.4 candidate": (12, b"REDIS%04d", 22, length(2) + length(DEADLINE) + string(b"c") + string(b"3") + length(0) +
                      string(b"b") + string(b"2")),
    "7.4 candidate, listpack": (12, b"REDIS%04d", 23, string(TIMED)),
    "7.4": (12, b"REDIS%04d", 24, struct.pack("<Q", DEADLINE) + length(2) + length(1) + string(b"c") + string(b"3") +
            length(0) + string(b"b") + string(b"2")),
    "7.4, listpack": (12, b"REDIS%04d", 25, struct.pack("<Q", DEADLINE) + string(TIMED)),
    "Valkey 9": (80, b"VALKEY%03d", 22, length(2) + string(b"c") + string(b"3") + struct.pack("<q", DEADLINE) +
                 string(b"b") + string(b"2") + struct.pack("<q", -1)),
}


@pytest.mark.parametrize("name", FIELDS)
def test_deadlines_of_fields(with_file, name):
    version, magic, tag, value = FIELDS[name]
    with with_file(file(version, key(tag, b"h", value), magic=magic)).client() as c:
        assert c("HPEXPIRETIME", "h", "FIELDS", "3", "b", "c", "d") == [-1, DEADLINE, -2]
        assert c("HMGET", "h", "b", "c") == [b"2", b"3"]


def test_sets_and_streams_of_7_2(with_file):
    streams = stream(5, 1, 4, 2, 7).replace(struct.pack("<Q", 2000), struct.pack("<QQ", 2000, 3000))
    parts = [key(20, b"set", string(listpack(b"a", 17))), key(21, b"stream", streams),
             b"\xf5" + string(b"#!lua name=one\nredis.register_function('one', function() return 1 end)")]
    with with_file(file(11, *parts)).client() as c:
        assert sorted(c("SMEMBERS", "set")) == [b"17", b"a"]
        assert [e[0] for e in c("XRANGE", "stream", "-", "+")] == [b"5-1", b"5-3"]
        assert c("XPENDING", "stream", "g", "-", "+", "10")[0][1] == b"alice"
        assert c("FCALL", "one", "0") == 1


def module_id(name, version=0):
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    number = 0
    for letter in name:
        number = number << 6 | letters.index(letter)
    return length(number << 10 | version)


@pytest.mark.parametrize("part, words", [
    (key(7, b"doc", module_id("ReJSON-RL", 3)), ["ReJSON-RL", '"doc"']),
    (b"\xf7" + module_id("MBbloom--"), ["MBbloom--"]),
    (key(6, b"doc", b""), ["module", '"doc"']),
    (key(28, b"numbers", b""), ["an array (Redis 8.8)", '"numbers"']),
    (key(99, b"k", b""), ["a value of the unknown type 99", '"k"']),
    (b"\xf6" + string(b"engine"), ["release candidate of Redis 7.0"]),
], ids=["module", "module aux", "old module", "array", "unknown", "old function"])
def test_what_keel_does_not_have_is_named(with_file, part, words):
    server = with_file(file(12, key(0, b"before", string(b"v")), part), ready=False)
    assert server.wait_exit() == 1
    said = server.log() + server.stderr()
    assert "at byte 19" in said
    for word in words:
        assert word in said
