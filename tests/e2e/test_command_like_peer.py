# SPDX-License-Identifier: BSD-3-Clause
"""COMMAND INFO and DOCS say the same of a command as redis-server 7.0 does, for every command that both have."""
import os
import subprocess
import tempfile

import pytest

from keel import PEER, free_port, keel_only, wait_for
from resp import Client

pytestmark = [keel_only, pytest.mark.skipif(not PEER, reason="no redis-server to compare with")]

# What differs on purpose: command, field -> why.
DIFFERENT = {
    ("command|getkeys", "arity"): "as in Redis 7.2: GETKEYS PING is refused for having no keys",
    ("command|getkeysandflags", "arity"): "as GETKEYS",
    ("auth", "flags"): "skip_monitor and skip_slowlog keep passwords out of both; Redis blanks the words instead",
    ("hello", "flags"): "as AUTH",
    ("client|reply", "flags"): "no_multi: inside EXEC it would take a part of its reply away",
    ("zrank", "arity"): "as in Redis 7.2: WITHSCORE",
    ("zrevrank", "arity"): "as ZRANK",
    **{(name, "flags"): "as in Redis 7.2: in scripts it answers at once, and is not refused (noscript)"
       for name in ("blpop", "brpop", "blmove", "brpoplpush", "bzpopmin", "bzpopmax")},
}
FIELDS = ("name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specs")
# Commands whose arguments are compared in full, names and all.
SAME_ARGUMENTS = ["get", "command|count", "command|docs", "command|info", "command|list", "echo", "select", "hello",
                  "setbit", "getbit", "pfadd", "pfcount", "pfdebug", "pfselftest"]


@pytest.fixture(scope="module")
def peer():
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [PEER, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=folder, env=dict(os.environ, LC_ALL="C"))

        def answers():
            try:
                return Client(port)
            except OSError:
                return None

        client = wait_for(answers, what="redis-server to listen")
        yield client
        client.close()
        process.terminate()
        process.wait(10)


def plain(value):
    """Sets of words have no order; RESP2 says them as arrays."""
    if isinstance(value, list) and value and all(isinstance(v, (str, bytes)) for v in value):
        return sorted(v.decode() if isinstance(v, bytes) else str(v) for v in value)
    return [plain(v) for v in value] if isinstance(value, list) else value


def key_spec(flat):
    """Notes are in words of our own: what is compared is whether there are some."""
    spec = dict(zip(flat[::2], flat[1::2]))
    notes = bool(spec.pop(b"notes", b""))
    return dict({name: plain(value) for name, value in spec.items()}, notes=notes)


def infos(client):
    out = {}

    def add(info):
        parts = dict(zip(FIELDS, info))
        out[info[0].decode()] = {
            name: [key_spec(s) for s in value] if name == "key specs" else plain(value) for name, value in parts.items()}
        for sub in info[9]:
            add(sub)

    for info in client("COMMAND"):
        add(info)
    return out


def test_info_agrees(start, peer):
    ours, theirs = infos(start().client()), infos(peer)
    both = set(ours) & set(theirs)
    assert {"get", "set", "command|docs"} <= both
    wrong = ["%s, %s: %s, theirs %s" % (name, field, ours[name][field], theirs[name][field])
             for name in sorted(both) for field in FIELDS
             if ours[name][field] != theirs[name][field] and (name, field) not in DIFFERENT]
    assert not wrong, "\n".join(wrong)


def docs(client, name):
    flat = client("COMMAND", "DOCS", name)
    assert flat and flat[0] == name.encode()
    return dict(zip(flat[1][::2], flat[1][1::2]))


def argument(flat):
    out = dict(zip(flat[::2], flat[1::2]))
    for newer in (b"display_text", b"since"):
        out.pop(newer, None)
    if b"arguments" in out:
        out[b"arguments"] = [argument(a) for a in out[b"arguments"]]
    return {name: plain(value) if name == b"flags" else value for name, value in out.items()}


@pytest.mark.parametrize("name", SAME_ARGUMENTS)
def test_arguments_agree(start, peer, name):
    ours, theirs = docs(start().client(), name), docs(peer, name)
    assert [argument(a) for a in ours.get(b"arguments", [])] == [argument(a) for a in theirs.get(b"arguments", [])]


def test_docs_have_the_same_facts(start, peer):
    us = start().client()
    both = {n.decode() for n in us("COMMAND", "LIST")} & {n.decode() for n in peer("COMMAND", "LIST")}
    wrong = []
    for name in sorted(both):
        ours, theirs = docs(us, name), docs(peer, name)
        wrong += ["%s, %s: %s, theirs %s" % (name, field, ours[field], theirs[field])
                  for field in (b"since", b"group") if ours[field] != theirs[field]]
        # What newer versions deprecated is told of here, too.
        missing = {str(f) for f in theirs.get(b"doc_flags", [])} - {str(f) for f in ours.get(b"doc_flags", [])}
        wrong += ["%s, doc_flags: no %s" % (name, flag) for flag in sorted(missing)]
        wrong += ["%s, %s: missing" % (name, field) for field in (b"deprecated_since", b"replaced_by") if field in theirs and field not in ours]
    assert not wrong, "\n".join(wrong)
