# SPDX-License-Identifier: BSD-3-Clause
"""Access rules: ACL SETUSER with all forms of rules, what GETUSER and LIST make of them, and DRYRUN of many commands.

The text that describes a user's commands depends on which commands there are, and keel has more. So those texts are not
compared word by word: both are played to sets of the commands that both servers have, which must be equal. No passwords
are compared but as hashes.
"""
from compare import Step, any_order, exact
from resp import Error

WEIGHT = 8

RESETS = [[b"ACL", b"DELUSER", b"u1", b"u2", b"u3", b""], [b"CONFIG", b"SET", b"acl-pubsub-default", b"resetchannels"]]
USERS = [b"u1", b"u2", b"u3", b"u 4", b""]
HASH = b"c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"
CATEGORIES = []  # names; filled by survey
MEMBERS = {}  # category -> the shared commands in it
SHARED = []  # full names of commands both servers have, subcommands too
CONTAINERS = {}  # container -> its shared subcommands

PATTERNS = [b"*", b"a*", b"key:?", b"[a-c]", b"b", b"{tag}*", b"", b"a b", b"\"x", b"k)", b"\xff"]
CHANNELS = [b"*", b"news.*", b"c", b"c*", b"", b"x y"]
DRY = [[b"GET", b"a"], [b"GET", b"zz"], [b"SET", b"b", b"x"], [b"SET", b"zz", b"x"], [b"MGET", b"a", b"b", b"zz"], [b"MSET", b"a", b"1", b"zz", b"2"],
       [b"DEL", b"a", b"zz"], [b"EXISTS", b"zz"], [b"COPY", b"a", b"zz"], [b"GETSET", b"a", b"x"], [b"INCR", b"b"], [b"KEYS", b"*"], [b"SELECT", b"0"],
       [b"SELECT", b"1"], [b"CONFIG", b"GET", b"x"], [b"CONFIG", b"SET", b"x", b"y"], [b"PUBLISH", b"c", b"x"], [b"PUBLISH", b"zz", b"x"],
       [b"SUBSCRIBE", b"c", b"zz"], [b"PSUBSCRIBE", b"c*"], [b"PSUBSCRIBE", b"zz*"], [b"SSUBSCRIBE", b"c"], [b"SPUBLISH", b"zz", b"x"],
       [b"UNSUBSCRIBE", b"zz"], [b"SORT", b"a", b"STORE", b"zz"], [b"ZUNION", b"2", b"a", b"zz"], [b"ZUNIONSTORE", b"zz", b"1", b"a"], [b"LCS", b"a", b"zz"],
       [b"GEORADIUS", b"a", b"1", b"1", b"1", b"m", b"STORE", b"zz"], [b"XREAD", b"STREAMS", b"a", b"zz", b"0", b"0"], [b"OBJECT", b"ENCODING", b"zz"],
       [b"AUTH", b"x"], [b"PING"], [b"RENAME", b"a", b"zz"], [b"BLPOP", b"a", b"zz", b"0"], [b"LMOVE", b"a", b"zz", b"LEFT", b"LEFT"], [b"PFMERGE", b"zz", b"a"],
       [b"BITOP", b"AND", b"zz", b"a", b"b"], [b"SINTERCARD", b"2", b"a", b"zz"], [b"LMPOP", b"1", b"zz", b"LEFT"], [b"TOUCH", b"a", b"zz"], [b"ACL", b"WHOAMI"],
       [b"GET"], [b"NOSUCH"], [b"CONFIG"], [b"CONFIG", b"NOSUCH"], [b"GET", b"a", b"b"], [b"EXPIRE", b"zz", b"1"], [b"HSET", b"zz", b"f", b"v"]]


def survey(ours, theirs):
    """Learns which commands and categories both servers have."""
    own = set(ours(b"ACL", b"CAT"))
    CATEGORIES[:] = sorted(name for name in theirs(b"ACL", b"CAT") if name in own)
    MEMBERS.clear()
    SHARED.clear()
    CONTAINERS.clear()
    both = set()
    for name in CATEGORIES:
        MEMBERS[name] = set(ours(b"ACL", b"CAT", name)) & set(theirs(b"ACL", b"CAT", name))
        both |= MEMBERS[name]
    SHARED[:] = sorted(both)
    for name in SHARED:
        if b"|" in name:
            CONTAINERS.setdefault(name.split(b"|")[0], set()).add(name)
    return [Step([b"ACL", b"CAT"], any_order), Step([b"ACL", b"CAT", b"nosuch"]), Step([b"ACL", b"WHOAMI"])]


# --- What a text allows ---
def allowed(text):
    """The shared commands that a text of rules allows, the words that go with others, and whether later ones are allowed."""
    commands, first, later = set(), set(), False

    def change(names, allow):
        for name in names:
            (commands.add if allow else commands.discard)(name)
            first.difference_update([one for one in first if one.rsplit(b"|", 1)[0] == name])

    for rule in text.split():
        allow, name = rule[:1] == b"+", rule[1:]
        if name == b"@all":
            change(SHARED, allow)
            later = allow
        elif name[:1] == b"@":
            members = MEMBERS.get(name[1:], set())
            change(members.union(*[CONTAINERS.get(one, set()) for one in members]), allow)
        elif allow and b"|" in name and name.split(b"|")[0] in SHARED and name.split(b"|")[0] not in CONTAINERS:
            if name.split(b"|")[0] not in commands:  # else any word goes with it
                first.add(name)
        elif name in SHARED:
            change({name} | CONTAINERS.get(name, set()), allow)
    return commands - set(CONTAINERS), first, later


def is_commands(text):
    return isinstance(text, bytes) and text.split(b" ", 1)[0] in (b"+@all", b"-@all")


def same_rules(ours, theirs):
    """GETUSER and what is in it: commands by what they allow, all else exactly."""
    if is_commands(ours) and is_commands(theirs):
        return allowed(ours) == allowed(theirs)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(same_rules(a, b) for a, b in zip(ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return list(ours) == list(theirs) and all(same_rules(ours[key], theirs[key]) for key in ours)
    return exact(ours, theirs)


def parts(line):
    """A line of LIST: all but the commands, and what each run of commands allows."""
    rest, runs = [], [[]]
    for word in line.split(b" "):
        bare = word.rstrip(b")")
        if bare[:1] in (b"+", b"-"):
            runs[-1].append(bare)
            continue
        rest.append(word)
        if word[:1] == b"(":
            runs.append([])
    return rest, [allowed(b" ".join(run)) for run in runs]


def same_list(ours, theirs):
    if not isinstance(ours, list) or not isinstance(theirs, list):
        return exact(ours, theirs)
    return len(ours) == len(theirs) and all(parts(a) == parts(b) for a, b in zip(ours, theirs))


def same_verdict(ours, theirs):
    """DRYRUN: since 7.2 a refusal names the user."""
    if isinstance(ours, bytes) and isinstance(theirs, bytes) and ours.startswith(b"User ") and theirs.startswith(b"This user "):
        return ours.split(b" has ", 1)[1] == theirs.split(b" has ", 1)[1]
    return exact(ours, theirs)


# --- Rules ---
def rule(g, in_selector=False):
    sign = g.choice([b"+", b"-"])
    roll = g.rng.random()
    if roll < 0.2:
        return sign + g.anycase(g.choice(SHARED))
    if roll < 0.3:
        return sign + b"@" + g.anycase(g.choice(CATEGORIES))
    if roll < 0.36:
        return g.choice([b"+@all", b"-@all", b"allcommands", b"nocommands"])
    if roll < 0.4:
        return b"+" + g.choice([b"select|0", b"select|1", b"get|x", b"SELECT|0"])
    if roll < 0.6:
        # %W~* and %RW~* are left out: in 7.0 they make a list of patterns with ~* in it, which does not load again; here ~*.
        return g.choice([b"~", b"%R~"]) + g.choice(PATTERNS) if g.chance(0.6) else g.choice([b"%W~", b"%rw~"]) + g.choice(PATTERNS[1:])
    if roll < 0.7:
        return b"&" + g.choice(CHANNELS)
    if roll < 0.8:
        return g.anycase(g.choice([b"allkeys", b"resetkeys", b"allchannels", b"resetchannels"]))
    if in_selector or roll < 0.84:
        return g.choice([b"+nosuch", b"-nosuch", b"+@nosuch", b"nosuch", b"", b"%~a", b"%X~a", b"%R", b"+config|nosuch", b"+config|get|x", b"+", b"-", b"+get|",
                         b"-get|x", b"+set|a|b", b"#abc", b"!zz", b"<nosuch", b")", b"+|"])
    if roll < 0.9:
        return g.anycase(g.choice([b"on", b"off", b"reset", b"clearselectors", b"sanitize-payload", b"skip-sanitize-payload"]))
    if roll < 0.94:
        return g.choice([b"nopass", b"resetpass", b">foobar", b"<foobar", b"#" + HASH, b"!" + HASH, b">"])
    return selector(g)


def selector(g):
    words = [rule(g, True) for _ in range(g.rng.randint(0, 4))]
    words = [w for w in words if not w.endswith(b")") and b'"' not in w]
    return b"(" + b" ".join(words) + b")"


def rules(g):
    made = []
    for _ in range(g.rng.choice([0, 1, 1, 2, 3, 5, 8])):
        one_rule = rule(g)
        made += one_rule.split(b" ") if one_rule.startswith(b"(") and g.chance(0.3) else [one_rule]
    return made


def one(g):
    roll = g.rng.random()
    user = g.choice(USERS[:3]) if g.chance(0.95) else g.choice(USERS)
    if roll < 0.45:
        return Step([b"ACL", g.anycase(b"SETUSER"), user] + rules(g), fixed=True)
    if roll < 0.65:
        return Step([b"ACL", b"GETUSER", user], same_rules)
    if roll < 0.72:
        return Step([b"ACL", b"LIST"], same_list)
    if roll < 0.74:
        return Step([b"ACL", b"USERS"])
    if roll < 0.94:
        return Step([b"ACL", g.anycase(b"DRYRUN"), user] + g.choice(DRY), same_verdict, fixed=True)
    return Step(g.choice(REST)(g), fixed=True)


REST = [
    lambda g: [b"ACL", b"DELUSER"] + [g.choice(USERS) for _ in range(g.rng.randint(1, 2))],
    lambda g: [b"ACL", b"DELUSER", b"u1", b"default"],
    lambda g: [b"ACL", b"SETUSER", b"u1", b"reset"],
    lambda g: [b"ACL", b"SETUSER", b"u1", b"(~a", b"+get"],
    lambda g: [b"ACL", b"SETUSER", b"u5\x00x"],
    lambda g: [b"ACL", b"WHOAMI"],
    lambda g: [b"ACL", b"CAT", g.choice([b"nosuch", b""])],
    lambda g: [b"ACL", b"CAT", b"a", b"b"],
    lambda g: [b"ACL", b"GENPASS", g.choice([b"0", b"-1", b"4097", b"x", b"", b"99999999999999999999"])],
    lambda g: [b"ACL", b"GENPASS", b"5", b"6"],
    lambda g: [b"ACL", g.choice([b"LOAD", b"SAVE"])],
    lambda g: [b"ACL", b"LOG", g.choice([b"x", b"1.5", b"", b"RESET", b"reset", b"0", b"-1"])],
    lambda g: [b"ACL", b"LOG", b"1", b"2"],
    lambda g: [b"ACL", g.choice([b"NOSUCH", b"", b"GETUSER", b"SETUSER", b"DELUSER", b"DRYRUN"])],
    lambda g: [b"ACL"],
]
