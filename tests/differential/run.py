#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends one generated stream of commands to keel and to redis-server 7.0 and compares every reply.

    run.py --server BINARY [--peer BINARY] [--replies 120000] [--seed N] [--family NAME ...]
    run.py --replay FILE --server BINARY     the commands of a replay file again, replies side by side
    run.py --self-test                       redis-server against itself: no difference; then against servers that lie: found

The seed is printed; with it, the same stream comes again. Differences that are meant stand in accepted.py.
Exit status: 0 no difference, 1 differences, 2 nothing to compare with.
"""
import argparse
import importlib
import json
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]

from compare import Step  # noqa: E402
from generate import Generator  # noqa: E402
from servers import Faulty, Process  # noqa: E402
from stream import Pair, Stream, brief, show  # noqa: E402

# Every module in families/ is one.
FAMILIES = sorted(name[:-3] for name in os.listdir(os.path.join(HERE, "families")) if name.endswith(".py") and name != "__init__.py")


def families_of(names):
    return [importlib.import_module("families." + name) for name in names]


def compare_servers(ours, theirs, arguments, wrap=lambda client: client, quiet=False):
    """Runs epochs until enough replies are compared; the stream, with what it found."""
    families = families_of(arguments.family or FAMILIES)
    pair = Pair(ours, theirs, families_of(FAMILIES), wrap)
    stream = Stream(pair, Generator(arguments.seed), families, arguments.failures)
    began, told = time.monotonic(), time.monotonic()
    stream.survey()
    while pair.compared < arguments.replies and len(stream.differences) < arguments.most:
        stream.epoch()
        if not ours.alive() or not theirs.alive():
            print("\nA SERVER DIED: %s\n%s" % ((ours if not ours.alive() else theirs).binary, (ours if not ours.alive() else theirs).said()))
            stream.differences["died"] = None
            break
        if not quiet and time.monotonic() - told > 5:
            told = time.monotonic()
            print("   %d replies compared, %d differences" % (pair.compared, len(stream.differences)), flush=True)
    pair.close()
    if not quiet:
        print("\n%d replies compared in %.0f s, %d kinds of difference" % (pair.compared, time.monotonic() - began, len(stream.differences)))
        for row, count in sorted(pair.used.items()):
            print("   accepted %6d times: %s" % (count, row))
    return stream


def replay(arguments, ours, theirs):
    with open(arguments.replay) as f:
        history = [(resp, [w.encode("latin-1") for w in words]) for resp, words in json.load(f)]
    pair = Pair(ours, theirs, families_of(FAMILIES))
    pair.reset()
    wrong = 0
    for resp, words in history:
        step = Step(words)
        a, b = (client(*words) for client in pair.clients[resp])
        same = pair.agree(step, a, b)
        wrong += not same
        print("%s RESP%d %s\n      ours:   %s%s" % (" " if same else "!", resp, show(words), brief(a), "" if same else "\n      theirs: " + brief(b)))
    found = pair.keyspace()
    if found:
        print("! %s: %s\n      ours:   %s\n      theirs: %s" % (found[0], show(found[1]), brief(found[2]), brief(found[3])))
    return wrong + bool(found)


# Servers that lie a little, each in a way that a real mistake could: every one must be found out.
def _replace(word, by):
    return lambda words: [by if w.upper() == word and i > 0 else w for i, w in enumerate(words)]


LIES = {
    "INCR answers one more": dict(alter=lambda words, r: r + 1 if words[0] == b"INCR" and isinstance(r, int) else r),
    "KEEPTTL is forgotten": dict(rewrite=lambda words: [w for w in words if w.upper() != b"KEEPTTL"] if words[0] == b"SET" else words),
    "an integer comes as a bulk string": dict(alter=lambda words, r: b"%d" % r if words[0] == b"STRLEN" and isinstance(r, int) else r),
    "+OK comes as a bulk string": dict(alter=lambda words, r: b"OK" if words[0] == b"PSETEX" and r == "OK" else r),
    "APPEND writes something else (only the state shows it)": dict(
        rewrite=lambda words: words[:2] + [bytes(len(words[2]))] if words[0] == b"APPEND" and len(words) == 3 else words),
    "EXPIRE GT is taken for LT": dict(rewrite=lambda words: _replace(b"GT", b"LT")(words) if words[0] == b"EXPIRE" else words),
    "one error text in a hundred kinds is wrong": dict(
        alter=lambda words, r: type(r)(r.replace("no such key", "no such keys")) if isinstance(r, str) and "no such key" in r else r),
    "SCAN loses a key": dict(alter=lambda words, r: [r[0], r[1][1:]] if words[0] == b"SCAN" and isinstance(r, list) and len(words) == 2 else r),
    "an absolute time is off by a second": dict(
        alter=lambda words, r: r + 1 if words[0] == b"EXPIRETIME" and words[-1].startswith(b"exact") and isinstance(r, int) and r > 0 else r),
    "CONFIG SET takes a bad value": dict(rewrite=lambda words: [b"PING"] if words[:2] == [b"CONFIG", b"SET"] and words[3:4] == [b"x"] else words),
}


def self_test(arguments):
    peer = [Process(arguments.peer), Process(arguments.peer)]
    try:
        arguments.replies, arguments.most, failed = 25_000, 1, 0
        print("redis-server against itself")
        failed += len(compare_servers(*peer, arguments).differences)
        arguments.replies = 60_000
        for name, lie in LIES.items():
            print("\nA server that lies: %s" % name, flush=True)
            found = compare_servers(*peer, arguments, wrap=lambda client, lie=lie: Faulty(client, **lie), quiet=True).differences
            if not found:
                print("   NOT FOUND OUT")
                failed += 1
        print("\nself-test: %s" % ("passed" if not failed else "%d FAILED" % failed))
        return failed
    finally:
        for p in peer:
            p.stop()


def peer_is_7_0(binary):
    if not binary or not os.path.exists(binary):
        return False
    out = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout
    if " v=7.0." not in out:
        print("skipped: the server to compare with is no redis-server 7.0 but: " + out.strip())
        return False
    return True


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--server", default=os.environ.get("KEEL_SERVER"))
    p.add_argument("--peer", default=os.environ.get("KEEL_PEER_SERVER") or "/usr/bin/redis-server")
    p.add_argument("--replies", type=int, default=120_000)
    p.add_argument("--long", action="store_const", const=1_200_000, dest="replies")
    p.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    p.add_argument("--family", action="append", choices=FAMILIES)
    p.add_argument("--failures", default=os.path.join(HERE, "..", "..", "build", "differential_failures"))
    p.add_argument("--most", type=int, default=25, help="stop after so many kinds of difference")
    p.add_argument("--replay")
    p.add_argument("--self-test", action="store_true")
    arguments = p.parse_args()
    print("seed %d" % arguments.seed, flush=True)
    if not peer_is_7_0(arguments.peer):
        return 2
    if arguments.self_test:
        return 1 if self_test(arguments) else 0
    if not arguments.server:
        p.error("no server: give --server or set KEEL_SERVER")
    servers = []
    try:
        servers = [Process(arguments.server), Process(arguments.peer)]
        if arguments.replay:
            return 1 if replay(arguments, *servers) else 0
        return 1 if compare_servers(*servers, arguments).differences else 0
    finally:
        codes = [s.stop() for s in servers]
        if codes and codes[0] != 0:
            print("the server under test ended with %d" % codes[0])


if __name__ == "__main__":
    sys.exit(main())
