#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Log folders against a live redis-server 7.0: what our code writes, it loads with the same data; what it writes, our code
reads as the same commands; and both take turns in one folder. keel-check-aof says what redis-check-aof says.

    peer_test.py --program build/release/tests/keel_log_files --check build/release/tools/keel-check-aof --peer /usr/bin/redis-server

Data are compared by DEBUG DIGEST of redis-servers: one that loaded the folder, one that was sent the commands."""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "e2e"))
sys.dont_write_bytecode = True
import resp  # noqa: E402
import keel  # noqa: E402


def encode(words):
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def commands(rng, count):
    """Commands that all succeed whatever was before: keys of a type have names of their own."""
    def one():
        key = rng.randrange(20)
        value = bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 5, 40, 3000])))
        return rng.choice([
            ["SET", "s%d" % key, value], ["APPEND", "s%d" % key, value], ["INCR", "n%d" % key], ["DEL", "s%d" % key],
            ["RPUSH", "l%d" % key, value, "x"], ["LPOP", "l%d" % key], ["SADD", "t%d" % key, value], ["HSET", "h%d" % key, "f", value],
            ["ZADD", "z%d" % key, rng.randrange(100), value], ["SET", "e%d" % key, "v", "PXAT", "9000000000000"]])

    out = [["SELECT", "0"]]
    while len(out) < count:
        if rng.random() < 0.1:
            out += [["MULTI"]] + [one() for _ in range(rng.randrange(1, 5))] + [["EXEC"]]
        else:
            out.append(one())
    return out


class Peer:
    def __init__(self, program, folder, *more):
        self.port = keel.free_port()
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--dir", folder, "--logfile", "peer.log", "--enable-debug-command", "yes",
             "--save", "", *more], stdout=subprocess.DEVNULL, preexec_fn=keel._die_with_parent)
        self.folder = folder

        def answers():
            if self.process.poll() is not None:
                raise AssertionError("redis-server ended:\n" + open(os.path.join(folder, "peer.log")).read())
            try:
                self.client = resp.Client(self.port)
                return self.client("PING") == "PONG"
            except (OSError, resp.Closed):
                return False
        keel.wait_for(answers, what="redis-server")

    def run(self, words):
        return [self.client(*w) for w in words]

    def digest_of_bytes(self, commands):
        self.client.send_raw(commands + encode(["ECHO", "that was all"]))
        while self.client.read() != b"that was all":
            pass
        return self.digest()

    def digest(self):
        return self.client("DEBUG", "DIGEST")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--program", "--check", "--peer"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    print("seed", args.seed)
    rng = random.Random(args.seed)
    checks = 0

    def write(folder, words, policy):
        subprocess.run([args.program, "write", folder, policy], input=b"".join(map(encode, words)), check=True,
                       stdout=subprocess.DEVNULL)

    def read(folder):
        return subprocess.run([args.program, "read", folder], check=True, stdout=subprocess.PIPE).stdout

    def digest_of(words):
        with tempfile.TemporaryDirectory() as folder:
            peer = Peer(args.peer, folder)
            for reply in peer.run(words):
                assert not isinstance(reply, resp.Error), reply
            digest = peer.digest()
            peer.stop()
            return digest

    def loaded_by_peer(folder, *more):
        peer = Peer(args.peer, folder, "--appendonly", "yes", "--aof-use-rdb-preamble", "no", *more)
        return peer

    def check_tools(folder):
        manifest = os.path.join(folder, "appendonlydir", "appendonly.aof.manifest")
        ours = subprocess.run([args.check, manifest], stdout=subprocess.PIPE, text=True)
        assert ours.returncode == 0, ours.stdout
        theirs = os.path.join(os.path.dirname(args.peer), "redis-check-aof")
        theirs = theirs if os.path.exists(theirs) else shutil.which("redis-check-aof")
        if theirs:
            said = subprocess.run([theirs, manifest], stdout=subprocess.PIPE, text=True)
            assert said.returncode == 0, said.stdout
            lines = [line for line in ours.stdout.splitlines() if " seals, " not in line]
            assert lines == said.stdout.splitlines(), "\n".join(lines) + "\n---\n" + said.stdout

    for round_number in range(args.rounds):
        policy = ["always", "everysec", "no"][round_number % 3]
        with tempfile.TemporaryDirectory() as folder:
            # Ours, loaded by them.
            all_words = commands(rng, 400)
            write(folder, all_words, policy)
            check_tools(folder)
            peer = loaded_by_peer(folder)
            assert peer.digest() == digest_of(all_words), "ours loaded by redis-server"
            # Theirs behind ours, in the same file.
            more = commands(rng, 200)
            peer.run(more)
            all_words += more
            peer.stop()
            check_tools(folder)
            # Ours behind theirs.
            more = commands(rng, 200)
            write(folder, more, policy)
            all_words += more
            check_tools(folder)
            peer = loaded_by_peer(folder, "--aof-timestamp-enabled", "yes")
            assert peer.digest() == digest_of(all_words), "taking turns"
            # Their rewrite, and what comes behind it.
            assert "started" in peer.client("BGREWRITEAOF")
            keel.wait_for(lambda: "aof_rewrite_in_progress:0" in peer.client("INFO", "persistence").decode(), what="rewrite")
            more = commands(rng, 100)
            peer.run(more)
            all_words += more
            wanted = peer.digest()
            peer.stop()
            check_tools(folder)
            # Read by ours: the same data when sent as commands.
            with tempfile.TemporaryDirectory() as other:
                fresh = Peer(args.peer, other)
                assert fresh.digest_of_bytes(read(folder)) == wanted, "theirs read by us"
                fresh.stop()
            # Cut anywhere in the last file: both load the same.
            last = os.path.join(folder, "appendonlydir", sorted(
                f for f in os.listdir(os.path.join(folder, "appendonlydir")) if ".incr." in f)[-1])
            size = os.path.getsize(last)
            os.truncate(last, size - rng.randrange(1, size // 2))
            with tempfile.TemporaryDirectory() as other:
                shutil.copytree(os.path.join(folder, "appendonlydir"), os.path.join(other, "appendonlydir"))
                ours = read(other)
                peer = loaded_by_peer(folder)
                wanted = peer.digest()
                peer.stop()
            with tempfile.TemporaryDirectory() as other:
                fresh = Peer(args.peer, other)
                assert fresh.digest_of_bytes(ours) == wanted, "a cut log"
                fresh.stop()
            checks += 5
    print("%d comparisons, all equal" % checks)


if __name__ == "__main__":
    main()
