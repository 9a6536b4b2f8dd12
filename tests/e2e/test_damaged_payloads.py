# SPDX-License-Identifier: BSD-3-Clause
"""RESTORE of values with random damage behind a right checksum: refused, or a value that every command can deal with. The
seeds are those of the fuzz target (tests/fuzz/corpus/restore_fuzz). KEEL_DAMAGE_SECONDS makes it longer."""
import glob
import os
import random
import struct
import time

import keel
from keel import keel_only
from resp import Error

SECONDS = float(os.environ.get("KEEL_DAMAGE_SECONDS", "5"))

TABLE = []
for i in range(256):
    crc = i
    for _ in range(8):
        crc = crc >> 1 ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    TABLE.append(crc)


def crc64(data):
    crc = 0
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def payload(seed):
    """Of a seed: which version, then tag and value."""
    body = seed[1:] + struct.pack("<H", 80 if seed[0] % 2 else 11)
    return body + struct.pack("<Q", crc64(body))


def damage(rng, seed, others):
    value = bytearray(seed[1:])
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(value)) if value else 0
        kind = rng.randrange(7)
        if kind == 0 and value:
            value[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and value:
            value[at] = rng.choice([0, 1, 0x7F, 0x80, 0x81, 0xC0, 0xC3, 0xF0, 0xF4, 0xFE, 0xFF, rng.randrange(256)])
        elif kind == 2:
            del value[at:at + rng.randrange(1, 5)]
        elif kind == 3:
            value[at:at] = bytes(rng.choice([0, 1, 0xFF, rng.randrange(256)]) for _ in range(rng.randrange(1, 5)))
        elif kind == 4:
            value[at:at + 4] = struct.pack("<I", rng.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, rng.getrandbits(16)]))
        elif kind == 5:
            other = rng.choice(others)
            begin = rng.randrange(len(other))
            value[at:at] = other[begin:begin + rng.randrange(1, 20)]
        elif value:
            value[0] = rng.randrange(29)
    return bytes([seed[0]]) + bytes(value)


CHANGES = {
    "string": [["GET", "k"], ["APPEND", "k", "x"], ["SETRANGE", "k", "1", "y"]],
    "list": [["LRANGE", "k", "0", "-1"], ["LINSERT", "k", "BEFORE", "a", "b"], ["LPUSH", "k", "new"], ["LSET", "k", "-1", "other"],
             ["LREM", "k", "0", "a"], ["RPUSH", "k", "last"], ["LPOP", "k", "2"], ["LTRIM", "k", "1", "-2"]],
    "set": [["SMEMBERS", "k"], ["SADD", "k", "new", "7"], ["SREM", "k", "a", "1"], ["SRANDMEMBER", "k", "-5"], ["SPOP", "k", "2"]],
    "zset": [["ZRANGE", "k", "0", "-1", "WITHSCORES"], ["ZADD", "k", "1.5", "new", "-inf", "a"], ["ZINCRBY", "k", "1", "a"],
             ["ZREM", "k", "a"], ["ZRANGE", "k", "0", "-1", "REV"], ["ZPOPMIN", "k"]],
    "hash": [["HGETALL", "k"], ["HSET", "k", "new", "v", "a", "w"], ["HPEXPIRE", "k", "5000", "FIELDS", "1", "new"],
             ["HRANDFIELD", "k", "3", "WITHVALUES"], ["HDEL", "k", "a"], ["HTTL", "k", "FIELDS", "2", "new", "a"]],
    "stream": [["XRANGE", "k", "-", "+"], ["XREVRANGE", "k", "+", "-"], ["XINFO", "STREAM", "k", "FULL"], ["XADD", "k", "*", "f", "v"],
               ["XREADGROUP", "GROUP", "g", "c", "STREAMS", "k", ">"], ["XAUTOCLAIM", "k", "g", "d", "0", "0"], ["XPENDING", "k", "g"],
               ["XDEL", "k", "5-1"], ["XTRIM", "k", "MAXLEN", "1"]],
}


@keel_only
def test_damage_is_refused_or_sound(start):
    server = start()
    rng = random.Random(int(os.environ.get("KEEL_DAMAGE_SEED", "1")))
    folder = os.path.join(keel.ROOT, "tests", "fuzz", "corpus", "restore_fuzz")
    seeds = [open(f, "rb").read() for f in sorted(glob.glob(os.path.join(folder, "*")))]
    assert len(seeds) > 20
    end, tried, taken = time.monotonic() + SECONDS, 0, 0
    with server.client() as c:
        c("CONFIG", "SET", "rdb-compatible-with", "redis-7.4")
        c("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        while time.monotonic() < end:
            wrong = payload(damage(rng, rng.choice(seeds), seeds))
            tried += 1
            began = time.monotonic()
            reply = c("RESTORE", "k", "0", wrong, "REPLACE")
            assert time.monotonic() - began < 1 * keel.PATIENCE, wrong
            if reply != "OK":
                assert reply == Error("ERR Bad data format"), (reply, wrong)
                continue
            taken += 1
            digest = c("DEBUG", "DIGEST-VALUE", "k")
            again = c("DUMP", "k")
            for words in CHANGES[c("TYPE", "k")]:
                c(*words)
            assert c("RESTORE", "k", "0", again, "REPLACE") == "OK", wrong
            assert c("DEBUG", "DIGEST-VALUE", "k") == digest, wrong
    assert tried > 200 and 0 < taken < tried, (tried, taken)
    print("%d payloads, %d taken" % (tried, taken))
