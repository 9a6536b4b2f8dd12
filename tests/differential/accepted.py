# SPDX-License-Identifier: BSD-3-Clause
"""The differences between keel and redis-server 7.0.15 that are meant, each with its reason. Nothing else may differ.

A row names itself, says why, and recognises the difference from the command and both replies. run.py prints how often
each row was used; a row that is never used over a long run deserves to be deleted.
"""
from collections import namedtuple

from resp import Error

Accepted = namedtuple("Accepted", "name why matches")


def command(words):
    return words[0].upper() if words else b""


def sub(words):
    return words[1].upper() if len(words) > 1 else b""


def empty_key_under_stars(words, ours, theirs):
    stars = [word for word in words[1:] if len(word) > 1 and not word.strip(b"*")]
    if command(words) not in (b"KEYS", b"SCAN", b"SSCAN") or not stars or not isinstance(ours, list) or not isinstance(theirs, list):
        return False
    return sorted(key for key in ours if key != b"") == sorted(theirs)


def more_words(words, ours, theirs):
    """Lists of the words an enum takes, where ours goes on."""
    ours, theirs = _error_in(ours), _error_in(theirs)
    return ours is not None and theirs is not None and "must be one of the following: " in theirs and ours.startswith(theirs + ", ")


def _error_in(reply):
    """The error, alone or as the first of a conversation's replies."""
    first = reply[0] if isinstance(reply, list) and reply else reply
    return first if isinstance(first, Error) else None


def long_word_is_cut(words, ours, theirs):
    return (isinstance(ours, Error) and isinstance(theirs, Error) and len(theirs) > len(ours) > 128 and theirs.startswith(ours)
            and any(len(word) > 128 for word in words))


def config_of(*names):
    def matches(words, ours, theirs):
        return command(words) == b"CONFIG" and any(word.lower() in names for word in words[2:])

    return matches


def save_with_a_trailing_blank(words, ours, theirs):
    ours = _error_in(ours)
    at = [i for i, word in enumerate(words[:-1]) if word.lower() == b"save"]
    return ours is not None and "Invalid save parameters" in ours and any(words[i + 1] != words[i + 1].strip() for i in at)


def same_flags_but(*extra):
    return lambda ours, theirs: set(ours[2]) - set(extra) == set(theirs[2]) - set(extra)


def arities(ours_is, theirs_is):
    return lambda ours, theirs: (ours[1], theirs[1]) == (ours_is, theirs_is)


# Rows of COMMAND INFO that differ, and how.
COMMAND_ROWS = {
    b"auth": same_flags_but("skip_monitor", "skip_slowlog"),
    b"hello": same_flags_but("skip_monitor", "skip_slowlog"),
    b"client|reply": same_flags_but("no_multi"),
    b"command|getkeys": arities(-3, -4),
    b"command|getkeysandflags": arities(-3, -4),
    b"zrank": arities(-3, 3),
    b"zrevrank": arities(-3, 3),
    **{name: same_flags_but("noscript") for name in (b"blpop", b"brpop", b"blmove", b"brpoplpush", b"bzpopmin", b"bzpopmax")},
}


def command_rows(words, ours, theirs):
    if command(words) != b"COMMAND" or not isinstance(ours, list) or not isinstance(theirs, list):
        return False
    return all(a is None or b is None or a == b or a[0] == b[0] in COMMAND_ROWS and COMMAND_ROWS[a[0]](a, b)
               for a, b in zip(ours, theirs))


def shared_integers(words, ours, theirs):
    return command(words) == b"OBJECT" and sub(words) == b"REFCOUNT" and sorted([ours, theirs]) == [1, 2147483647]


def due_key_is_gone(words, ours, theirs):
    if command(words) == b"DEBUG" and sub(words) == b"DIGEST-VALUE" and isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(a == b or a == "0" * 40 for a, b in zip(ours, theirs))
    return command(words) == b"MEMORY" and sub(words) == b"USAGE" and ours is None and isinstance(theirs, int)


def empty_size(words, ours, theirs):
    ours = _error_in(ours)
    return command(words) == b"CONFIG" and b"" in words[3:] and ours is not None and "must be a memory value" in ours


def rank_with_score(words, ours, theirs):
    return command(words) in (b"ZRANK", b"ZREVRANK") and len(words) == 4 and isinstance(theirs, Error) and "number of arguments" in theirs


def list_encoding(words, ours, theirs):
    return command(words) == b"OBJECT" and sub(words) == b"ENCODING" and (ours, theirs) == (b"listpack", b"quicklist")


def least_integer(words, ours, theirs):
    least = b"-9223372036854775808"
    return (command(words) == b"LPOS" and least in words[2:]
            and ours == Error("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"))


def timeout_overflow(words, ours, theirs):
    return ours == Error("ERR timeout is out of range") and theirs == Error("ERR timeout is negative")


def small_set_is_a_listpack(words, ours, theirs):
    return command(words) == b"OBJECT" and sub(words) == b"ENCODING" and (ours, theirs) == (b"listpack", b"hashtable")


def damaged_hyperloglog(words, ours, theirs):
    return command(words) == b"OBJECT" and sub(words) == b"ENCODING" and (ours, theirs) == (b"embstr", b"raw")


def getkeys_arity(words, ours, theirs):
    return command(words) == b"COMMAND" and sub(words) in (b"GETKEYS", b"GETKEYSANDFLAGS") and len(words) == 3 and isinstance(ours, Error)


def cut_run(words, ours, theirs):
    return (command(words) == b"PFDEBUG" and sub(words) == b"DECODE" and isinstance(theirs, bytes)
            and ours == Error("INVALIDOBJ Corrupted HLL object detected"))


def ranges_first(words, ours, theirs):
    return (command(words) in (b"BITCOUNT", b"BITPOS") and isinstance(ours, Error)
            and (theirs in (0, -1) or isinstance(theirs, Error) and theirs.startswith("WRONGTYPE")))


def nul_in_name(words, ours, theirs):
    return isinstance(ours, Error) and any(b"\0" in word for word in words[:2]) and "unknown" in ours and "command" in ours


def made_up_cursor(words, ours, theirs):
    at = {b"SCAN": 1, b"SSCAN": 2, b"HSCAN": 2, b"ZSCAN": 2}.get(command(words))
    return (at is not None and len(words) > at and words[at] != b"0"
            and isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs) == 2)


ACCEPTED = [
    Accepted("a size of 2^64 in struct", "redis 7.0 takes the text behind 'c0' as empty when the size before it does not fit; here it is too short",
             lambda words, ours, theirs: command(words).startswith(b"EVAL") and len(words) > 1 and b"struct.unpack" in words[1] and b"c0" in words[1]
             and isinstance(ours, list) and b"data string too short" in ours[-1]),
    Accepted("the empty key or member matches **",
             "a star stands for any run of bytes, also for none: Redis' matcher shows the empty one for * only",
             empty_key_under_stars),
    Accepted("more words for an enum",
             "keel takes words of newer peers: loglevel nothing, repl-diskless-load flush-before-load", more_words),
    Accepted("a long word is quoted by its first 128 bytes",
             "an error line is not to be a second copy of a request of any size", long_word_is_cut),
    Accepted("CONFIG: io-threads changes at run time", "as in Redis 8 and Valkey 8; 7.0 has it immutable", config_of(b"io-threads")),
    Accepted("CONFIG: lazyfree-* are yes by default",
             "big values are freed in the background, as Valkey has it since 8: nobody waits for a DEL (never stalled)",
             config_of(b"lazyfree-lazy-expire", b"lazyfree-lazy-user-del", b"lazyfree-lazy-eviction", b"lazyfree-lazy-server-del",
                       b"lazyfree-lazy-user-flush")),
    Accepted("save with a trailing blank", "7.0 takes the empty word behind it for a zero", save_with_a_trailing_blank),
    Accepted("COMMAND INFO of some commands",
             "AUTH and HELLO say by flags that MONITOR and SLOWLOG leave them out, as 7.0 does without telling; CLIENT REPLY is refused "
             "inside MULTI, as in Redis 8 and Valkey; since 7.2 GETKEYS takes one word, ZRANK has WITHSCORE, and what waits for keys may "
             "stand in a script", command_rows),
    Accepted("OBJECT REFCOUNT of a small integer",
             "keel counts no references: every small integer reads as shared; in Redis it depends on how it came to be", shared_integers),
    Accepted("MEMORY USAGE and DEBUG DIGEST-VALUE of a key that is due", "keel never shows one, Redis until somebody removes it", due_key_is_gone),
    Accepted("an empty size is no size", "7.0 takes the empty word for zero bytes and then complains of its range", empty_size),
    Accepted("CONFIG: repl-backlog-size under 16 KiB", "7.0 raises a smaller one in silence; keel keeps what was said",
             config_of(b"repl-backlog-size")),
    Accepted("OBJECT ENCODING of a small list", "one listpack, and called so, since 7.2; 7.0 says quicklist of every list", list_encoding),
    Accepted("LPOS RANK of the least integer", "refused since 7.2: it has no positive counterpart; 7.0 overflows", least_integer),
    Accepted("a timeout beyond all time is out of range", "as since 7.2; 7.0 overflows and calls it negative", timeout_overflow),
    Accepted("OBJECT ENCODING of a small set of words",
             "a listpack as in Redis 7.2, also when it was an intset before; 7.0 has such sets in hash tables", small_set_is_a_listpack),
    Accepted("OBJECT ENCODING of a damaged HyperLogLog",
             "PFADD refuses it and changes nothing; Redis makes it raw before it refuses", damaged_hyperloglog),
    Accepted("COMMAND GETKEYS of one word", "arity -3 since 7.2 and so another refusal; 7.0 has -4", getkeys_arity),
    Accepted("ZRANK and ZREVRANK: WITHSCORE", "since 7.2; 7.0 has no fourth word", rank_with_score),
    Accepted("PFDEBUG DECODE of a value whose last run is cut", "refused as corrupt; Redis reads the byte behind its end", cut_run),
    Accepted("BITCOUNT and BITPOS read their words before they look at the key",
             "as Redis since 7.2: a bad range is an error for a key of any kind; 7.0 answers as if there were none", ranges_first),
    Accepted("a NUL in the name of a command", "no command is called so; 7.0 reads names up to the NUL", nul_in_name),
    Accepted("a SCAN that begins in the middle", "a cursor means something only to the server that gave it", made_up_cursor),
]


def accepted_by(words, ours, theirs):
    """The name of the row that allows this difference, or None."""
    for row in ACCEPTED:
        if row.matches(words, ours, theirs):
            return row.name
    return None
