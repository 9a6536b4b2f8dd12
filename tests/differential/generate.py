# SPDX-License-Identifier: BSD-3-Clause
"""Chance for the families: keys, values, numbers in every spelling, and what spoils a command.

Everything comes from one seed, so a stream can be made again. Keys are few, that commands may meet; values lean to the
edges (empty, binary, numbers as text, the sizes where encodings change).
"""
import random
import time

KEYS = [b"a", b"b", b"c", b"d", b"e", b"f", b"key:1", b"key:2", b"key:10", b"{tag}x", b"{tag}y", b"with space", b"",
        b"\x00bin\xff", b"long" * 50, b"*", b"[a-c]", b"Key:1", b"a\nb", b"1"]

INTEGERS = [0, 1, -1, 2, 3, 5, 7, 10, 13, 99, 100, -100, 127, 128, 255, 256, 1000, 9999, 10000, 32767, 32768, 65535, 65536,
            2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63 - 2, -(2**63), -(2**63) + 1]
NOT_INTEGERS = [b"", b" 1", b"1 ", b"+1", b"01", b"-0", b"0x10", b"1e3", b"1.0", b"abc", b"--1", b"-", b"9223372036854775808",
                b"-9223372036854775809", b"18446744073709551615", b"99999999999999999999999", b"1\x00", b"\xff", b"NaN", b"inf"]
FLOATS = [b"0", b"1", b"-1", b"0.1", b"0.5", b"1.5", b"-2.25", b"3.14159", b"1e5", b"1E-5", b"1e300", b"-1e300", b"1e-300", b"5e-324",
          b"0.000001", b"123456789.123", b"1e17", b"9007199254740993", b"1.7976931348623157e308", b".5", b"5.", b"0x1p3", b"+2.5", b"100",
          b"3.0e3", b"0.30000000000000004", b"1e21", b"12345678901234567890"]
NOT_FLOATS = [b"", b" 1.5", b"1.5 ", b"abc", b"1.2.3", b"nan", b"NaN", b"-nan", b"1e", b"1e400", b"--1", b"1,5", b"1.5\x00", b"inf", b"-inf",
              b"+inf", b"Infinity", b"0x", b"1e5000"]
PATTERNS = [b"*", b"?", b"key:*", b"key:?", b"[a-c]", b"[^a]", b"[c-a]", b"[abc]*", b"\\*", b"\\[a-c]", b"a*", b"*a*", b"**", b"", b"[",
            b"[a", b"[]", b"[^]", b"k[e]y:1", b"KEY:1", b"*\\", b"\\", b"?ey*1", b"[a-]", b"[-a]", b"[\\]]", b"{tag}?", b"*\xff", b"*o*n*g*", b"1"]


def word(value):
    return value if isinstance(value, bytes) else str(value).encode()


class Generator:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.choice = self.rng.choice

    def chance(self, probability):
        return self.rng.random() < probability

    def key(self):
        return self.rng.choice(KEYS)

    def keys(self, most=5):
        return [self.key() for _ in range(self.rng.randint(1, most))]

    def number(self):
        """An integer's text, mostly a small one."""
        roll = self.rng.random()
        if roll < 0.4:
            return word(self.rng.randint(-10, 100))
        if roll < 0.6:
            return word(self.rng.randint(-(10**6), 10**12))
        return word(self.rng.choice(INTEGERS))

    def integer(self):
        """For a numeric position: a number, or what is none."""
        return self.number() if self.chance(0.9) else self.rng.choice(NOT_INTEGERS)

    def small(self, low=-30, high=60):
        """For an index or a length."""
        return word(self.rng.randint(low, high)) if self.chance(0.85) else self.integer()

    def float(self):
        return self.rng.choice(FLOATS) if self.chance(0.85) else self.rng.choice(NOT_FLOATS)

    def bytes(self, most=60):
        return self.rng.randbytes(self.rng.randint(0, most))

    def text(self, most=60):
        return bytes(self.rng.choice(b"abcdefgh ") for _ in range(self.rng.randint(0, most)))

    def value(self):
        roll = self.rng.random()
        if roll < 0.30:
            return self.number()
        if roll < 0.40:
            return self.rng.choice(FLOATS)
        if roll < 0.45:
            return self.rng.choice(NOT_INTEGERS)
        if roll < 0.70:
            return self.text(30)
        if roll < 0.80:
            return self.bytes()
        if roll < 0.90:
            return b"x" * self.rng.choice([12, 20, 43, 44, 45, 63, 64, 65, 100, 127, 128, 250, 300])
        return self.text(20) * self.rng.choice([1, 2, 20, 200])

    def pattern(self):
        return self.rng.choice(PATTERNS)

    def anycase(self, keyword):
        """A keyword as people may spell it."""
        keyword = word(keyword)
        roll = self.rng.random()
        if roll < 0.6:
            return keyword
        if roll < 0.8:
            return keyword.lower()
        return bytes(self.rng.choice((c, c ^ 32)) if 65 <= (c & ~32) <= 90 else c for c in keyword)

    # Times lie far from now on purpose: what falls due while the stream runs would fall due at two different moments.
    def seconds_ahead(self):
        return self.rng.randint(100_000, 900_000_000)

    def expiry(self, keyword):
        """The argument of EX, PX, EXAT or PXAT: mostly far ahead, sometimes past, sometimes wrong."""
        roll = self.rng.random()
        if roll < 0.08:
            return self.rng.choice([b"0", b"-1", word(-(2**63)), word(2**63 - 1), word(2**62)] + NOT_INTEGERS)
        ahead = self.seconds_ahead()
        if keyword in (b"EX", b"EXPIRE"):
            return word(ahead)
        if keyword in (b"PX", b"PEXPIRE"):
            return word(ahead * 1000 + self.rng.randint(0, 999))
        at = int(time.time()) + ahead if roll < 0.9 else self.rng.randint(1, 1_000_000_000)
        return word(at if keyword in (b"EXAT", b"EXPIREAT") else at * 1000 + self.rng.randint(0, 999))

    def spoil(self, words):
        """A wrong form of a command: a word lost, doubled, added, changed or moved. The name stays."""
        words = list(words)
        roll = self.rng.randint(0, 6)
        at = self.rng.randint(1, len(words)) if len(words) > 1 else 1
        if roll == 0 and len(words) > 1:
            del words[min(at, len(words) - 1)]
        elif roll == 1 and len(words) > 1:
            words.insert(at, words[min(at, len(words) - 1)])
        elif roll == 2:
            words.insert(at, self.rng.choice([b"", b"x", b"NX", b"XX", b"GET", b"COUNT", b"0", b"-1", b"\x00"]))
        elif roll == 3 and at < len(words):
            words[at] = self.integer()
        elif roll == 4 and at < len(words):
            words[at] = self.rng.choice([b"", b"\x00\xff", b"NOSUCH", b" ", b"1.5", b"*"])
        elif roll == 5 and len(words) > 2:
            other = self.rng.randint(1, len(words) - 1)
            at = min(at, len(words) - 1)
            words[at], words[other] = words[other], words[at]
        else:
            words = words[: self.rng.randint(1, len(words))]
        return words


def settled_size(client):
    """DBSIZE once due keys are gone. They still count until the peer, which samples, comes across them."""
    end = time.monotonic() + 3
    while True:
        size = client(b"DBSIZE")
        if size == len(client(b"KEYS", b"*")) or time.monotonic() > end:
            return size
        time.sleep(0.01)


TIMED = {b"SET": 3, b"GETEX": 2, b"SETEX": 2, b"PSETEX": 2, b"EXPIRE": 2, b"PEXPIRE": 2, b"EXPIREAT": 2, b"PEXPIREAT": 2}


def falls_due_soon(words):
    """True for a command whose key could fall due while the stream runs: it would do so at two moments in two servers."""
    first = TIMED.get(words[0].upper())
    if first is None:
        return False
    now = time.time()
    for text in words[first:]:
        try:
            n = int(text)
        except ValueError:
            continue
        if 0 < n < 2_000_000 or abs(n - now) < 50_000 or abs(n - now * 1000) < 50_000_000:
            return True
    return False
