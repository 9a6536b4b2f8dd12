# SPDX-License-Identifier: BSD-3-Clause
"""Every bitmap command of redis 7.0 with every option."""
from compare import Step, exact

WEIGHT = 25
READS = {"string": ([b"GET", b""], exact)}

NOT_TYPES = [b"u64", b"i65", b"u0", b"i0", b"u-1", b"x8", b"", b"u", b"i", b"U8", b"u08", b"u8 ", b"8", b"i+4"]
UNITS = [b"BYTE", b"BIT"]


def one(g):
    return Step(g.choice(MAKERS)(g))


def _offset(g):
    return g.small(0, 300) if g.chance(0.93) else g.choice([b"-1", b"4294967296", b"9223372036854775807", b"#1", b"x", b""])


def _bit(g):
    return g.choice([b"0", b"1"]) if g.chance(0.95) else g.choice([b"2", b"-1", b"x", b"01", b""])


def _range(g):
    words = [g.small(), g.small()]
    if g.chance(0.5):
        words.append(g.anycase(g.choice(UNITS)) if g.chance(0.95) else g.choice([b"BITS", b"", b"0"]))
    return words


def _bitcount(g):
    return [b"BITCOUNT", g.key()] + (_range(g) if g.chance(0.85) else [])


def _bitpos(g):
    roll = g.rng.random()
    return [b"BITPOS", g.key(), _bit(g)] + (_range(g) if roll < 0.7 else [g.small()] if roll < 0.85 else [])


def _bitop(g):
    op = g.choice([b"AND", b"OR", b"XOR", b"NOT"])
    return [b"BITOP", g.anycase(op), g.key()] + (g.keys() if op != b"NOT" or g.chance(0.1) else [g.key()])


def _type(g):
    if g.chance(0.03):
        return g.choice(NOT_TYPES)
    signed = g.chance(0.5)
    width = g.choice([1, 2, 5, 7, 8, 9, 16, 31, 32, 33, 57, 62, 63]) if g.chance(0.7) else g.rng.randint(1, 63)
    return b"i64" if g.chance(0.08) else b"%s%d" % (b"i" if signed else b"u", width)


def _place(g):
    if g.chance(0.03):
        return g.choice([b"-1", b"#-1", b"#", b"##1", b"#x", b"", b"x", b"4294967296", b"1.5"])
    return b"#%d" % g.rng.randint(0, 12) if g.chance(0.4) else b"%d" % g.rng.randint(0, 200)


def _fields(g, actions):
    words, saturates = [], False
    for _ in range(g.rng.randint(0, 4)):
        if g.chance(0.4):
            overflow = g.choice([b"WRAP", b"SAT", b"FAIL"]) if g.chance(0.97) else b"NOSUCH"
            saturates = overflow == b"SAT"
            words += [g.anycase(b"OVERFLOW"), g.anycase(overflow)]
        action = g.choice(actions)
        words += [g.anycase(action), _type(g), _place(g)]
        if action != b"GET":
            words.append(_amount(g, lowest=-(2**62) if saturates and action == b"SET" else -(2**63)))
    return words


def _amount(g, lowest):
    """Far below a signed field Redis overflows itself, and a SET that saturates writes the highest number for the lowest."""
    while True:
        amount = g.integer()
        try:
            if int(amount) >= lowest:
                return amount
        except ValueError:
            return amount


MAKERS = [
    lambda g: [b"SETBIT", g.key(), _offset(g), _bit(g)],
    lambda g: [b"SETBIT", g.key(), _offset(g), _bit(g)],
    lambda g: [b"GETBIT", g.key(), _offset(g)],
    _bitcount, _bitcount, _bitpos, _bitpos, _bitop, _bitop,
    lambda g: [b"BITFIELD", g.key()] + _fields(g, [b"GET", b"SET", b"INCRBY"]),
    lambda g: [b"BITFIELD", g.key()] + _fields(g, [b"GET", b"SET", b"INCRBY"]),
    lambda g: [b"BITFIELD", g.key()] + _fields(g, [b"GET"]),
    lambda g: [b"BITFIELD_RO", g.key()] + _fields(g, [b"GET"]),
    lambda g: [b"BITFIELD_RO", g.key()] + _fields(g, [b"GET", b"GET", b"GET", b"SET"]),
    lambda g: [b"SET", g.key(), g.bytes(80)],
    lambda g: [b"SET", g.key(), b"\xff" * g.rng.randint(0, 40)],
    lambda g: [b"SET", g.key(), b"\x00" * g.rng.randint(0, 40) + g.bytes(3)],
    lambda g: [b"SET", g.key(), g.number()],
    lambda g: [b"SETRANGE", g.key(), g.small(0, 2000), g.bytes(20)],
    lambda g: [b"OBJECT", b"ENCODING", g.key()],
    lambda g: [b"STRLEN", g.key()],
    lambda g: [b"DEL", g.key()],
]
