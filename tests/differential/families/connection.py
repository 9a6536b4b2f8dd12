# SPDX-License-Identifier: BSD-3-Clause
"""The connection itself, unknown commands, and the parts of CLIENT and DEBUG that two servers can agree on."""
from compare import Step, same_kind

WEIGHT = 6

CLIENT_FIELDS = ("name", "flags", "db", "sub", "psub", "ssub", "multi", "events", "cmd", "user", "redir", "resp")


def one(g):
    made = g.choice(MAKERS)(g)
    return made if isinstance(made, Step) else Step(made)


def client_info(g):
    def session(client):
        line = client(b"CLIENT", b"INFO").decode()
        fields = dict(pair.split("=", 1) for pair in line.strip().split(" "))
        return [fields[name].encode() for name in CLIENT_FIELDS]

    return Step([b"CLIENT", b"INFO"], session=session)


def unknown(g):
    name = g.choice([b"NOSUCH", b"", b" ", b"get\x00", b"g", b"GETT", b"\xff\xfe", b"a\r\nb", b"x" * 300, b"get ", b"'quoted'", b"foo|bar", b"client|id"])
    return [name] + [g.choice([b"", b"a", b"a b", b"'", b"\r\n", b"y" * 100, b"\x00", b"z" * 200]) for _ in range(g.rng.randint(0, 6))]


def hello(g):
    """HELLO without a version change: the id, version and name are each server's own."""
    wrong = [b"HELLO", g.choice([b"1", b"4", b"x", b"", b"99999999999999999999", b"-3"])]
    wrong += g.choice([[], [b"AUTH"], [b"AUTH", b"default"], [b"SETNAME"], [b"SETNAME", b"x"], [b"NOSUCH"]])
    return wrong


MAKERS = [
    unknown, unknown, hello, client_info,
    lambda g: [b"PING"],
    lambda g: [b"PING", g.value()],
    lambda g: [b"PING", b"a", b"b"],
    lambda g: [b"ECHO", g.value()],
    lambda g: [g.anycase(b"CLIENT"), g.anycase(b"SETNAME"), g.choice([b"", b"x", b"a b", b"name-1", b"\n", b"\x7f", b"\xc3\xa4", b"~"])],
    lambda g: [b"CLIENT", b"GETNAME"],
    lambda g: Step([b"CLIENT", b"ID"], same_kind),
    lambda g: [b"CLIENT", b"NO-EVICT", g.anycase(g.choice([b"ON", b"OFF", b"MAYBE"]))],
    lambda g: [b"CLIENT", b"REPLY", g.choice([b"ON", b"on", b"MAYBE", b""])],
    lambda g: [b"CLIENT", b"KILL", g.choice([b"1.2.3.4:5", b"", b"ID", b"x"])],
    lambda g: [b"CLIENT", b"KILL", g.choice([b"ID", b"TYPE", b"USER", b"ADDR", b"LADDR", b"SKIPME", b"NOSUCH"]),
               g.choice([b"999999", b"0", b"-1", b"x", b"replica", b"nosuch", b"1.2.3.4:5", b"maybe"])],
    lambda g: [b"CLIENT", b"LIST", g.choice([b"TYPE", b"ID", b"NOSUCH"]), g.choice([b"nosuch", b"x", b"pubsub", b"replica", b"99999999", b"0"])],
    lambda g: [b"CLIENT", b"PAUSE", g.choice([b"x", b"-1", b"", b"1.5"]), g.choice([b"ALL", b"WRITE", b"READ"])],
    lambda g: [b"CLIENT", b"PAUSE", b"0", b"READ"],
    lambda g: [b"CLIENT", b"UNPAUSE"],
    lambda g: [b"CLIENT", b"UNBLOCK", g.choice([b"999999", b"x", b"-1"]), g.choice([b"TIMEOUT", b"ERROR", b"NOSUCH"])],
    lambda g: [b"CLIENT", b"GETREDIR"],
    lambda g: [b"CLIENT", g.choice([b"NOSUCH", b"", b"\xff"])],
    lambda g: [b"CLIENT"],
    lambda g: [b"AUTH", g.choice([b"x", b""])],
    lambda g: [b"AUTH", g.choice([b"default", b"nosuch", b""]), g.value()],
    lambda g: [b"AUTH", b"a", b"b", b"c"],
    lambda g: [b"DEBUG", b"SLEEP", b"0"],
    lambda g: [b"DEBUG", b"ERROR", g.text(20).replace(b"\n", b" ") or b"E"],
    lambda g: [b"DEBUG", g.choice([b"NOSUCH", b""])],
    lambda g: [b"DEBUG", b"SET-ACTIVE-EXPIRE", b"1"],
    lambda g: [b"DEBUG", b"OBJECT", b"no such key"],
    lambda g: [b"DEBUG", b"DIGEST-VALUE"] + g.keys(3),
    lambda g: [b"SHUTDOWN", g.choice([b"NOSUCH", b"ABORT", b""])],
    lambda g: [b"SHUTDOWN", b"SAVE", b"NOSAVE"],
    lambda g: [b"SLOWLOG", g.choice([b"NOSUCH", b"GET"]), g.choice([b"x", b"-2", b""])],
    lambda g: [b"LATENCY", g.choice([b"NOSUCH", b"HISTORY", b"RESET"]), b"nosuch"],
    lambda g: [b"LATENCY", b"GRAPH", b"nosuch"],
    lambda g: [b"MEMORY", g.choice([b"NOSUCH", b"USAGE"]), b"no such key"],
    lambda g: [b"MEMORY", b"USAGE", g.key(), b"SAMPLES", g.choice([b"-1", b"x", b""])],
    lambda g: [b"OBJECT"],
    lambda g: [b"CONFIG"],
    lambda g: [b"CONFIG", g.choice([b"NOSUCH", b"RESETSTAT", b""])],
    lambda g: [b"INFO", b"nosuch"],
]
