# SPDX-License-Identifier: BSD-3-Clause
"""One stream of steps to two servers, every reply compared; what differs is narrowed down and written to a file.

    family.one -> Step -> batch -> both servers -> replies compared -> (every EPOCH steps) whole keyspaces compared
                                                          |
                                                          `-> Difference: the epoch so far, made shorter -> replay file

An epoch begins with both servers empty, so a difference can be made again from its epoch alone.
"""
import json
import os

from accepted import accepted_by
from compare import exact, near
from generate import falls_due_soon, settled_size
from resp import Closed, Error

EPOCH = 3000  # steps
BATCH = 100
DATABASES = range(16)
# Spoiled by chance these could come out right: and end the server, hold it up, change the protocol, or answer with an order
# or a text of the server's own.
NOT_SPOILED = (b"SHUTDOWN", b"CLIENT", b"DEBUG", b"SCAN", b"CONFIG", b"COMMAND", b"HELLO", b"SLOWLOG", b"LATENCY", b"MEMORY", b"INFO")


class Difference:
    def __init__(self, what, words, ours, theirs, history):
        self.what, self.words, self.ours, self.theirs, self.history = what, words, ours, theirs, history

    def signature(self):
        """Differences of one kind have one signature: only the first of each is narrowed down."""
        if _unknown(self.ours):  # a command that is not there is one difference, whatever it was asked
            return (self.what, self.words[:1], "unknown command")
        return (self.what, self.words[:1] if self.words else [], _shape(self.ours), _shape(self.theirs))


def _unknown(reply):
    return isinstance(reply, Error) and reply.startswith("ERR unknown command")


def _shape(reply):
    return str(reply).split("'")[0] if isinstance(reply, Error) else type(reply).__name__


class Pair:
    """The connections to both servers, in RESP2 and RESP3, and what was compared so far."""

    def __init__(self, ours, theirs, families, wrap=lambda client: client):
        self.ours, self.theirs, self.wrap = ours, theirs, wrap
        # How a whole value is read, by type: the words (an empty one stands for the key), and how replies are compared.
        self.reads = {kind: how for f in families for kind, how in getattr(f, "READS", {}).items()}
        # What else of a server outlives its data, put back.
        self.resets = [words for f in families for words in getattr(f, "RESETS", [])]
        self.compared = 0
        self.used = {}  # accepted rows, by name
        self.connect()

    def connect(self):
        self.clients = {resp: (self.wrap(self.ours.client(resp)), self.theirs.client(resp)) for resp in (2, 3)}

    def close(self):
        for pair in self.clients.values():
            for client in pair:
                client.close()

    def reset(self):
        """Both servers empty, every connection as new."""
        self.close()
        self.connect()
        for client in self.clients[2]:
            client(b"FLUSHALL")
            for words in self.resets:
                client(*words)

    def agree(self, step, ours, theirs):
        self.compared += len(theirs) if step.session and isinstance(theirs, list) else 1
        if step.same(ours, theirs):
            return True
        row = accepted_by(step.words, ours, theirs)
        if row:
            self.used[row] = self.used.get(row, 0) + 1
        return row is not None

    def run(self, resp, steps):
        """Runs steps on one protocol's connections; the index and replies of the first that differ, or None."""
        ours, theirs = self.clients[resp]
        at = 0
        while at < len(steps):
            if steps[at].session:
                found = self.compare(steps, at, [steps[at].session(ours)], [steps[at].session(theirs)])
                at += 1
            else:
                end = at
                while end < len(steps) and not steps[end].session and end - at < BATCH:
                    end += 1
                words = [s.words for s in steps[at:end]]
                found = self.compare(steps, at, ours.pipeline(words), theirs.pipeline(words))
                at = end
            if found:
                return found
        return None

    def compare(self, steps, at, ours, theirs):
        for i, (a, b) in enumerate(zip(ours, theirs)):
            if not self.agree(steps[at + i], a, b):
                return at + i, a, b
        return None

    def keyspace(self):
        """Compares all databases key by key: (what, words, ours, theirs) of the first difference, or None."""
        for resp in (2,):
            ours, theirs = self.wrap(self.ours.client(resp)), self.theirs.client(resp)
            try:
                for db in DATABASES:
                    found = self.database(db, ours, theirs)
                    if found:
                        return found
                    sizes = settled_size(ours), settled_size(theirs)
                    self.compared += 1
                    if not exact(*sizes):
                        return ("size of database %d" % db, [b"DBSIZE"]) + sizes
                digests = ours(b"DEBUG", b"DIGEST"), theirs(b"DEBUG", b"DIGEST")
                self.compared += 1
                if not exact(*digests):
                    return ("digest", [b"DEBUG", b"DIGEST"]) + digests
            finally:
                ours.close()
                theirs.close()
        return None

    def database(self, db, ours, theirs):
        for client in (ours, theirs):
            client(b"SELECT", b"%d" % db)
        keys = [sorted(client(b"KEYS", b"*")) for client in (ours, theirs)]
        self.compared += 1
        if keys[0] != keys[1]:
            return "keys of database %d" % db, [b"KEYS", b"*"], keys[0], keys[1]
        types = theirs.pipeline([[b"TYPE", k] for k in keys[1]])
        checks = []
        for key, kind in zip(keys[1], types):
            words, same = self.reads[kind]
            checks += [([b"TYPE", key], exact), ([w if w else key for w in words], same), ([b"PEXPIRETIME", key], near(60_000)),
                       ([b"OBJECT", b"ENCODING", key], exact)]
        words = [c[0] for c in checks]
        for (command, same), a, b in zip(checks, ours.pipeline(words), theirs.pipeline(words)):
            self.compared += 1
            if not same(a, b) and not accepted_by(command, a, b):
                return "value in database %d" % db, command, a, b
        return None


class Stream:
    """Families, a generator, a pair. `differences` collects what was found, one for each signature."""

    def __init__(self, pair, generator, families, folder):
        self.pair, self.g, self.families, self.folder = pair, generator, families, folder
        self.weights = [f.WEIGHT for f in families]
        self.differences, self.counts = {}, {}

    def make(self):
        while True:
            step = self.g.rng.choices(self.families, self.weights)[0].one(self.g)
            if not step.fixed and step.words[0].upper() not in NOT_SPOILED and self.g.chance(0.06):
                step.words = self.g.spoil(step.words)
            if not falls_due_soon(step.words) or step.session:
                return step

    def survey(self):
        for family in self.families:
            if hasattr(family, "survey"):
                for step in family.survey(*self.pair.clients[2]):
                    found = self.pair.run(2, [step])
                    if found:
                        self.note(Difference("reply", step.words, found[1], found[2], []), [step])

    def epoch(self, steps_wanted=EPOCH):
        self.pair.reset()
        history = []  # (resp, step)
        while len(history) < steps_wanted:
            resp = self.g.choice((2, 3))
            steps = [self.make() for _ in range(BATCH)]
            try:
                found = self.pair.run(resp, steps)
            except (Closed, TimeoutError, OSError, ValueError) as e:
                self.note(Difference("connection", steps[0].words, repr(e), None, []), [])
                self.save("connection", history + [(resp, s) for s in steps])
                return False
            if found:
                index, ours, theirs = found
                history += [(resp, s) for s in steps[: index + 1]]
                self.narrow(Difference("reply", steps[index].words, ours, theirs, history))
                return False
            history += [(resp, s) for s in steps]
        found = self.pair.keyspace()
        if found:
            self.narrow(Difference(*found, history))
        return not found

    # --- what differs ---
    def note(self, difference, steps):
        signature = repr(difference.signature())
        self.counts[signature] = self.counts.get(signature, 0) + 1
        if signature in self.differences:
            return False
        self.differences[signature] = difference
        print("\nDIFFERENCE (%s): %s" % (difference.what, show(difference.words)))
        print("   ours:   %s\n   theirs: %s" % (brief(difference.ours), brief(difference.theirs)), flush=True)
        return True

    def narrow(self, difference):
        if not self.note(difference, difference.history):
            return
        full = difference.history
        short = self.shrink(full, difference.what == "reply")
        print("   shortest found to make it again (%d of %d commands):" % (len(short), len(full)))
        for resp, step in short[-25:]:
            print("      RESP%d  %s" % (resp, show(step.words)))
        print("   replay: run.py --replay %s" % self.save(difference.what.split(" ")[0], short), flush=True)

    def differs(self, history, last_only):
        """True if this history, from empty servers, ends in a difference."""
        self.pair.reset()
        for i, (resp, step) in enumerate(history):
            found = self.pair.run(resp, [step])
            if found:
                return i == len(history) - 1 if last_only else False
        return not last_only and self.pair.keyspace() is not None

    def shrink(self, history, last_only):
        """Takes pieces out, halving the piece, as long as the difference stays (bounded: at most about 150 tries)."""
        if not self.differs_fast(history, last_only):
            return history
        piece, tries = max(1, len(history) // 2), 0
        while piece and tries < 150:
            at = 0
            while at < len(history) - (1 if last_only else 0) and tries < 150:
                rest = history[:at] + history[at + piece:] if at + piece < len(history) or not last_only else history[:at] + history[-1:]
                tries += 1
                if len(rest) < len(history) and self.differs_fast(rest, last_only):
                    history = rest
                else:
                    at += piece
            piece //= 2
        return history

    def differs_fast(self, history, last_only):
        """`differs`, in batches: an earlier difference than the last does not count as this one."""
        self.pair.reset()
        try:
            at = 0
            while at < len(history):
                end = at
                while end < len(history) and history[end][0] == history[at][0]:
                    end += 1
                found = self.pair.run(history[at][0], [s for _, s in history[at:end]])
                if found:
                    return last_only and at + found[0] == len(history) - 1
                at = end
            return not last_only and self.pair.keyspace() is not None
        except (Closed, TimeoutError, OSError, ValueError):
            self.pair.connect()
            return False

    def save(self, what, history):
        os.makedirs(self.folder, exist_ok=True)
        path = os.path.join(self.folder, "%s-%d.json" % (what, len(os.listdir(self.folder)) + 1))
        with open(path, "w") as f:
            json.dump([[resp, [w.decode("latin-1") for w in step.words]] for resp, step in history], f, indent=0)
        return path


def show(words):
    out = []
    for w in words:
        text = repr(w)[1:] if any(c <= 32 or c > 126 for c in w) or not w else w.decode()
        out.append(text if len(text) < 80 else text[:60] + "...(%d bytes)" % len(w))
    return " ".join(out)


def brief(reply):
    text = "%s %r" % (type(reply).__name__, reply)
    return text if len(text) < 400 else text[:400] + "..."
