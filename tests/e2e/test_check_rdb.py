# SPDX-License-Identifier: BSD-3-Clause
"""keel-check-rdb on files of keel and of redis-server, good ones and damaged ones."""
import json
import os
import random
import shutil
import subprocess

import pytest

import data
import keel
from keel import keel_only

PROGRAM = os.path.join(os.path.dirname(keel.BINARY), "tools", "keel-check-rdb")
CHECK_AOF = os.path.join(os.path.dirname(keel.BINARY), "tools", "keel-check-aof")
pytestmark = [keel_only, pytest.mark.skipif(not os.path.exists(PROGRAM), reason="keel-check-rdb is not built")]


def check(path, *options, program=PROGRAM):
    done = subprocess.run([program, *options, path], capture_output=True, timeout=60 * keel.PATIENCE)
    assert b"runtime error" not in done.stderr and b"AddressSanitizer" not in done.stderr, done.stderr.decode()
    return done.returncode, done.stdout.decode()


@pytest.fixture(params=["keel", "redis"])
def saved(request, start, tmp_path):
    """A file with something of everything, and a client of the server that wrote it."""
    if request.param == "redis" and not keel.PEER:
        pytest.skip("no redis-server to write one")
    server = start(binary=None if request.param == "keel" else keel.PEER)
    with server.client() as c:
        data.fill(c)
        assert c("SAVE") == "OK"
        yield shutil.copy(server.file("dump.rdb"), tmp_path / "it.rdb"), c


def test_a_good_file(saved, tmp_path):
    path, c = saved
    status, said = check(path)
    assert status == 0
    lines = said.splitlines()
    assert lines[0] == "[offset 0] Checking RDB file %s" % path
    assert lines[1] == "[offset %d] Checksum OK" % os.path.getsize(path)
    assert lines[2] == "[offset %d] \\o/ RDB looks OK! \\o/" % os.path.getsize(path)
    assert "[info] %d keys read" % (c("DBSIZE") + 1) in lines
    assert "[info] 1 expires" in lines and "[info] 0 already expired" in lines
    if not keel.PEER:
        return
    theirs = tmp_path / "redis-check-rdb"  # redis-server by that name is its checker
    theirs.symlink_to(keel.PEER)
    status, said = check(path, program=theirs)
    assert status == 0
    shared = [line for line in said.splitlines() if line.startswith("[info]") or "OK" in line]
    assert len(shared) >= 5 and all(line in lines for line in shared), said


def test_for_a_program(saved):
    path, c = saved
    status, said = check(path, "--json", "--biggest", "3")
    assert status == 0
    found = json.loads(said)
    assert found["valid"] is True and found["checksum"] == "matches" and found["version"] == 10
    assert found["keys"] == c("DBSIZE") + 1 and found["expiring"] == 1
    assert found["functions"] == [{"name": "mylib", "bytes": len(data.LIBRARY)}]
    assert found["aux"]["redis-ver"].startswith("7.")
    assert {d["database"]: d["keys"] for d in found["databases"]} == {0: c("DBSIZE"), 5: 1}
    for what in ("types", "databases"):
        for figure in ("keys", "expiring", "elements", "bytes"):
            assert sum(one[figure] for one in found[what]) == found[figure]
    kinds = {(t["type"], t["encoding"]): t for t in found["types"]}
    for kind in (("string", "integer"), ("string", "plain"), ("string", "squeezed"), ("list", "quicklist2"),
                 ("set", "intset"), ("set", "hashtable"), ("zset", "listpack"), ("zset", "skiplist"),
                 ("hash", "listpack"), ("hash", "hashtable"), ("stream", "listpacks2")):
        assert kind in kinds
    assert kinds["zset", "skiplist"]["elements"] == 501 and kinds["stream", "listpacks2"]["elements"] == 299
    sizes = [k["bytes"] for k in found["biggest"]]
    assert len(sizes) == 3 and sizes == sorted(sizes, reverse=True)


def test_a_damaged_byte(saved, tmp_path):
    path, _ = saved
    with open(path, "rb") as f:
        good = f.read()
    bad = tmp_path / "bad.rdb"
    chance = random.Random(7)
    for _ in range(20):
        at = chance.randrange(len(good))
        bad.write_bytes(good[:at] + bytes([good[at] ^ 1 << chance.randrange(8)]) + good[at + 1:])
        status, said = check(bad)
        assert status == 1, at
        assert "--- RDB ERROR DETECTED ---" in said and "looks OK" not in said
        status, said = check(bad, "--json")
        problem = json.loads(said)["problem"]
        assert status == 1 and problem["reason"] and problem["offset"] <= len(good)


def test_damage_names_the_key(start, tmp_path):
    server = start({"hash-max-listpack-entries": "0", "rdbchecksum": "no"})
    with server.client() as c:
        c("SELECT", "3"), c("HSET", "the key", "field:1", "v", "field:2", "w")
        assert c("SAVE") == "OK"
    with open(server.file("dump.rdb"), "rb") as f:
        content = f.read()
    bad = tmp_path / "bad.rdb"
    bad.write_bytes(content.replace(b"field:1", b"field:2"))
    status, said = check(bad)
    assert status == 1
    at = content.index(b"\x07the key") - 1
    assert "[offset %d] a member is there twice\n[additional info] Reading key \"the key\" of database 3\n" % at in said
    bad.write_bytes(content.replace(b"field:1", b"field:3"))
    assert check(bad)[0] == 0 and "saved with checksum disabled" in check(bad)[1]


def test_a_truncated_file(saved, tmp_path):
    path, _ = saved
    with open(path, "rb") as f:
        good = f.read()
    bad = tmp_path / "bad.rdb"
    for size in (0, 5, 9, 100, len(good) // 2, len(good) - 9, len(good) - 1):
        bad.write_bytes(good[:size])
        assert check(bad)[0] == 1, size
    bad.write_bytes(good + b"x")
    assert check(bad)[0] == 1


def test_words():
    status, said = check("--help")
    assert status == 0 and said.startswith("Usage: keel-check-rdb")
    assert check("/none.rdb")[0] == 1 and "Cannot open file" in check("/none.rdb")[1]
    assert check("a", "--nonsense")[0] == 1


@pytest.mark.skipif(not keel.PEER, reason="no redis-server to write a log")
def test_the_base_of_a_log(start):
    server = start({"appendonly": "yes"}, binary=keel.PEER)
    with server.client() as c:
        data.fill(c)
        assert c("BGREWRITEAOF").startswith("Background")
        keel.wait_for(lambda: server.info("persistence")["aof_rewrite_in_progress"] == "0", 10)
        keel.wait_for(lambda: server.info("persistence")["aof_rewrite_scheduled"] == "0", 10)
        keys = c("DBSIZE") + 1
    folder = server.file("appendonlydir")
    base = [name for name in os.listdir(folder) if name.endswith(".base.rdb")]
    status, said = check(os.path.join(folder, base[0]))
    assert status == 0 and "[info] %d keys read" % keys in said
    manifest = os.path.join(folder, "appendonly.aof.manifest")
    status, said = check(manifest, program=CHECK_AOF)
    assert status == 0 and "All AOF files and manifest are valid" in said and "not checked" not in said
    with open(os.path.join(folder, base[0]), "r+b") as f:
        f.seek(os.path.getsize(f.name) // 2)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 1]))
    status, said = check(manifest, program=CHECK_AOF)
    assert status == 1 and "RDB preamble of AOF file is not sane" in said
