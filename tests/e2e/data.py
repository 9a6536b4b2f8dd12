# SPDX-License-Identifier: BSD-3-Clause
"""A value of every type in every encoding, for whatever writes or reads files. Redis 7.0 knows all of it."""

LIBRARY = "#!lua name=mylib\nredis.register_function('twice', function(keys, args) return args[1] * 2 end)"


def fill(c):
    """Makes the keys; returns their names (all in database 0 but those in 5)."""
    c("SET", "int", "12345")
    c("SET", "int:negative", "-7")
    c("SET", "int:large", "1234567890123456789")
    c("SET", "embstr", "short text")
    c("SET", "raw", "x" * 100)
    c("SET", "raw:large", bytes(range(256)) * 400)
    c("SET", "empty", "")
    c("SET", b"binary\x00\xff\r\n key", b"\x00\x01\xfe\xff")
    c("SET", "timed", "value", "PX", "100000000")
    c("RPUSH", "list:small", "a", "1", "-1", "70000", "x" * 70)
    c("RPUSH", "list:long", *["element number %d" % i for i in range(3000)])
    c("RPUSH", "list:large", "small", "y" * 30000, "small too", "z" * 9000)
    c("SADD", "set:ints", *range(-50, 50))
    c("SADD", "set:wide", "1", "70000", "5000000000")
    c("SADD", "set:small", "a", "b", "17")
    c("SADD", "set:big", *["member:%d" % i for i in range(1000)])
    c("SADD", "set:bigints", *range(1000))
    c("ZADD", "zset:small", "1", "one", "1.5", "half", "-inf", "low", "+inf", "high", "3.0000000000000004", "third")
    zset = []
    for i in range(500):
        zset += [i * 37 % 500 / 8, "member:%d" % i]
    c("ZADD", "zset:big", *zset)
    c("ZADD", "zset:long", "1", "m" * 100)
    c("HSET", "hash:small", "name", "value", "number", "17", "", "empty name")
    fields = []
    for i in range(1000):
        fields += ["field:%d" % i, "value %d" % (i * i)]
    c("HSET", "hash:big", *fields)
    c("HSET", "hash:long", "f", "v" * 5000)
    c("PFADD", "hll", *range(2000))
    c("SETBIT", "bits", "99999", "1")
    for i in range(300):
        c("XADD", "stream", "%d-%d" % (1000 + i // 3, i % 3), "temperature", i, "place", "p%d" % (i % 5))
    c("XADD", "stream", "2000-0", "other", "fields", "than", "before")
    c("XDEL", "stream", "1005-1", "2000-0")
    c("XGROUP", "CREATE", "stream", "readers", "1000-2")
    c("XGROUP", "CREATE", "stream", "idle", "$")
    c("XGROUP", "CREATECONSUMER", "stream", "readers", "lazy")
    c("XREADGROUP", "GROUP", "readers", "alice", "COUNT", "10", "STREAMS", "stream", ">")
    c("XREADGROUP", "GROUP", "readers", "bob", "COUNT", "5", "STREAMS", "stream", ">")
    c("XACK", "stream", "readers", "1001-0", "1001-1")
    c("XADD", "stream:empty", "1-1", "f", "v")
    c("XDEL", "stream:empty", "1-1")
    names = c("KEYS", "*")
    c("SELECT", "5")
    c("SET", "elsewhere", "5")
    c("SELECT", "0")
    c("FUNCTION", "LOAD", "REPLACE", LIBRARY)
    return names


# What a digest does not tell.
def details(c):
    pending = [sorted((p[0], p[1], p[3]) for p in c("XPENDING", "stream", "readers", "-", "+", "100"))]
    groups = c("XINFO", "GROUPS", "stream")
    stream = c("XINFO", "STREAM", "stream")
    stream = {k: v for k, v in zip(stream[::2], stream[1::2]) if not k.startswith(b"radix")}
    return [pending, groups, stream, c("FUNCTION", "LIST", "WITHCODE"), c("PFCOUNT", "hll"), c("LLEN", "list:long"),
            c("XLEN", "stream:empty"), c("DBSIZE")]
