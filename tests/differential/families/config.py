# SPDX-License-Identifier: BSD-3-Clause
"""CONFIG GET and SET of parameters both servers have: values good and bad, the error texts, and what reads back.

Only parameters are set here whose value changes nothing that another family compares.
"""
from compare import Step, any_order

WEIGHT = 8

BOOLS = [b"activerehashing", b"rdbcompression", b"rdbchecksum", b"aof-use-rdb-preamble", b"lazyfree-lazy-expire", b"lazyfree-lazy-user-del",
         b"replica-read-only", b"slave-read-only", b"no-appendfsync-on-rewrite", b"stop-writes-on-bgsave-error", b"dynamic-hz",
         b"repl-disable-tcp-nodelay", b"latency-tracking", b"crash-log-enabled", b"replica-serve-stale-data", b"lazyfree-lazy-eviction"]
NUMBERS = [b"maxmemory-samples", b"slowlog-max-len", b"tcp-keepalive", b"lfu-log-factor", b"lfu-decay-time", b"set-max-intset-entries",
           b"hash-max-listpack-entries", b"zset-max-ziplist-value", b"active-expire-effort", b"maxmemory-eviction-tenacity", b"repl-timeout",
           b"auto-aof-rewrite-percentage", b"latency-monitor-threshold", b"acllog-max-len", b"replica-priority", b"min-replicas-max-lag",
           b"tracking-table-max-keys", b"repl-diskless-sync-delay", b"list-max-listpack-size", b"list-compress-depth", b"stream-node-max-entries"]
MEMORY = [b"auto-aof-rewrite-min-size", b"repl-backlog-size", b"active-defrag-ignore-bytes", b"hash-max-listpack-value",
          b"hll-sparse-max-bytes", b"stream-node-max-bytes", b"client-query-buffer-limit"]
ENUMS = {b"appendfsync": [b"always", b"everysec", b"no"], b"loglevel": [b"debug", b"verbose", b"notice", b"warning"],
         b"repl-diskless-load": [b"disabled", b"on-empty-db", b"swapdb"], b"sanitize-dump-payload": [b"no", b"yes", b"clients"],
         b"syslog-facility": [b"local0"], b"acl-pubsub-default": [b"allchannels", b"resetchannels"]}
IMMUTABLE = [b"databases", b"daemonize", b"unixsocket", b"tcp-backlog", b"io-threads", b"cluster-enabled", b"appendfilename", b"syslog-enabled",
             b"rdb-del-sync-files-no", b"supervised", b"pidfile", b"always-show-logo", b"nosuch", b"", b"no such"]
TEXTS = {b"notify-keyspace-events": [b"", b"KEA", b"Kx", b"Elg", b"AKE", b"Q", b"K$", b"g", b"KEn", b"mKE", b"Etd"],
         b"save": [b"", b"60 1", b"60 1 10 100", b"60", b"x y", b"0 0", b"60 -1", b" 60  1 ", b"60 1 10"],
         b"client-output-buffer-limit": [b"pubsub 32mb 8mb 60", b"normal 0 0 0", b"pubsub 1 2", b"nosuch 0 0 0", b"slave 256mb 64mb 60 pubsub 32mb 8mb 60",
                                         b"replica 256mb 64mb 60", b"pubsub x 0 0", b"pubsub 1 1 -1", b""],
         b"latency-tracking-info-percentiles": [b"50 99 99.9", b"", b"101", b"x", b"50", b"0.1 100", b"-1"],
         b"proc-title-template": [b"{title} x", b"{nosuch}", b"{title"], b"cluster-announce-ip": [b"", b"1.2.3.4"],
         b"shutdown-on-sigterm": [b"default", b"nosave", b"nosave now force", b"save nosave", b"now", b"x", b""]}
VALUES = [b"yes", b"no", b"YES", b"", b"0", b"1", b"-1", b"5", b"64", b"65", b"100", b"101", b"1000", b"1k", b"1kb", b"2mb", b"1g", b"1.5", b"x", b"10%", b"-1mb",
          b"2147483647", b"2147483648", b"9223372036854775807", b"9223372036854775808", b"18446744073709551615", b" 5", b"5 ", b"0x5", b"1kbb"]


def parameter(g):
    group = g.choice([BOOLS, NUMBERS, MEMORY, list(ENUMS), list(TEXTS)])
    name = g.choice(group)
    if g.chance(0.3):
        return name, g.choice(VALUES)
    if group is BOOLS:
        return name, g.choice([b"yes", b"no"])
    if name in ENUMS:
        return name, g.anycase(g.choice(ENUMS[name]))
    if name in TEXTS:
        return name, g.choice(TEXTS[name])
    return name, g.choice([b"5", b"64", b"100", b"128"] if group is NUMBERS else [b"64", b"2mb", b"1gb", b"4k", b"10000000"])


def one(g):
    roll = g.rng.random()
    if roll < 0.5:
        return set_and_get(g)
    if roll < 0.6:
        return Step([b"CONFIG", b"SET", g.choice(IMMUTABLE), g.choice(VALUES)])
    if roll < 0.7:  # several at once, perhaps a bad one among them
        names = {}
        for _ in range(g.rng.randint(2, 4)):
            name, value = parameter(g)
            names[name] = value
        words = [w for pair in names.items() for w in pair]
        if g.chance(0.1):
            words += words[:2]
        return set_and_restore(names, words)
    if roll < 0.75:
        return Step([b"CONFIG", b"SET"] + [parameter(g)[0]] * g.choice([1, 3]))
    return Step([b"CONFIG", g.anycase(b"GET"), g.anycase(parameter(g)[0])], any_order)


def set_and_get(g):
    name, value = parameter(g)
    return set_and_restore([name], [name, value])


def set_and_restore(names, words):
    """What CONFIG SET answers and what then reads back; the old values are put back, so that no difference outlives its step."""

    def session(client):
        before = {name: client(b"CONFIG", b"GET", name) for name in names}
        replies = [client(b"CONFIG", b"SET", *words)] + [client(b"CONFIG", b"GET", name) for name in names]
        for name, pair in before.items():
            old = list(pair.values())[0] if isinstance(pair, dict) and pair else pair[1] if pair else None
            if old is not None:
                client(b"CONFIG", b"SET", name, old)
        return replies

    return Step([b"CONFIG", b"SET"] + words, session=session)
