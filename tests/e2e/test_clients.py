# SPDX-License-Identifier: BSD-3-Clause
"""The tools and libraries people use: redis-cli, redis-benchmark, python3-redis, ioredis."""
import json
import shutil
import subprocess
import time

import pytest

from keel import IS_PEER, PATIENCE, SANITIZED, keel_only, npm_package

needs_cli = pytest.mark.skipif(not shutil.which("redis-cli"), reason="redis-cli is not installed")
needs_benchmark = pytest.mark.skipif(not shutil.which("redis-benchmark"), reason="redis-benchmark is not installed")


def cli(server, *words, stdin=None):
    out = subprocess.run(["redis-cli", "-p", str(server.port), *words], input=stdin, capture_output=True, text=True,
                         timeout=30 * PATIENCE)
    return out.stdout


# --- redis-cli ---
@needs_cli
def test_redis_cli_session(server):
    session = "SET user:7 ann EX 60\nGET user:7\nINCR visits\nINCRBY visits 41\nMGET user:7 visits none\nTTL user:7\nNOSUCH\n"
    out = cli(server, stdin=session).split("\n")
    assert out[:7] == ["OK", "ann", "1", "42", "ann", "42", ""] and out[7] in ("59", "60")
    assert "ERR unknown command 'NOSUCH'" in "\n".join(out)


@needs_cli
def test_redis_cli_in_resp3(server):
    assert "1# \"maxmemory\" => \"0\"" in cli(server, "-3", "--no-raw", "CONFIG", "GET", "maxmemory")


@needs_cli
def test_redis_cli_pipe_mode(server):
    commands = "".join("SET k%d v%d\r\n" % (i, i) for i in range(20_000))
    assert "errors: 0, replies: 20000" in cli(server, "--pipe", stdin=commands)
    assert cli(server, "DBSIZE").strip() == "20000"


@needs_cli
def test_redis_cli_scan_and_statistics(server):
    cli(server, "DEBUG", "POPULATE", "1000")
    assert len(cli(server, "--scan", "--pattern", "key:*").split()) == 1000
    assert "redis_version" in cli(server, "INFO", "server")
    out = cli(server, "--memkeys")
    assert "Sampled 1000 keys" in out
    assert "PONG" in cli(server, "-r", "3", "-i", "0", "PING")


@needs_cli
def test_redis_cli_looks_for_big_and_hot_keys(server):
    with server.client() as c:
        c("RPUSH", "long", *range(50)), c("SADD", "s", "a"), c("XADD", "x", "*", "f", "v"), c("SET", "wide", "v" * 500), c("HSET", "h", "f", "v")
        out = cli(server, "--bigkeys")
        assert '"long"\' has 50 items' in out and '"wide"\' has 500 bytes' in out and "1 streams with 1 entries" in out
        c("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
        for _ in range(200):
            c("GET", "wide")
        assert "hot key found with counter" in cli(server, "--hotkeys")
        c("CONFIG", "SET", "maxmemory-policy", "noeviction")


@needs_cli
def test_redis_cli_runs_scripts_from_files(server, tmp_path):
    script = tmp_path / "script.lua"
    script.write_text("return {KEYS[1], ARGV[1], redis.call('incr', KEYS[1])}")
    assert cli(server, "--eval", str(script), "k", ",", "v") == "k\nv\n1\n"
    assert json.loads(cli(server, "-3", "--json", "--eval", str(script), "k", ",", "v")) == ["k", "v", 2]


@needs_cli
def test_redis_cli_hints_come_from_command_docs(server):
    assert "key" in cli(server, "COMMAND", "DOCS", "get")
    help_text = cli(server, "help", "set") or cli(server, stdin="help set\n")
    assert "key value [NX|" in help_text and "summary:" in help_text


# --- redis-benchmark ---
@needs_benchmark
@pytest.mark.parametrize("pipeline", ["1", "16"])
def test_redis_benchmark(server, pipeline):
    count = "20000" if SANITIZED or pipeline == "1" else "100000"
    out = subprocess.run(["redis-benchmark", "-p", str(server.port), "-t", "set,get,incr,mset", "-P", pipeline, "-n", count, "-q",
                          "--csv", "-r", "10000"], capture_output=True, text=True, timeout=120)
    names = [line.split(",")[0].strip('"') for line in out.stdout.strip().split("\n")[1:]]
    assert names == ["SET", "GET", "INCR", "MSET (10 keys)"], out.stdout + out.stderr
    assert all(float(line.split(",")[1].strip('"')) > 100 for line in out.stdout.strip().split("\n")[1:])


# --- python3-redis ---
def test_python_redis(server):
    redis = pytest.importorskip("redis")
    r = redis.Redis(port=server.port, decode_responses=True)
    assert r.ping() and r.set("a", "1", ex=100) and r.get("a") == "1" and 98 <= r.ttl("a") <= 100
    assert r.incr("n", 5) == 5 and r.mset({"x": "1", "y": "2"}) and r.mget("x", "y", "z") == ["1", "2", None]
    assert r.set("a", "2", nx=True) is None and r.set("a", "2", get=True) == "1"
    assert r.getrange("a", 0, -1) == "2" and r.append("a", "3") == 2 and r.strlen("a") == 2
    assert sorted(r.scan_iter("*")) == ["a", "n", "x", "y"] and r.exists("a", "zz") == 1 and r.delete("x", "y") == 2
    with r.pipeline(transaction=False) as pipe:
        assert pipe.set("p", 1).incr("p").get("p").execute() == [True, 2, "2"]
    with pytest.raises(redis.exceptions.ResponseError, match="not an integer"):
        r.set("s", "x")
        r.incr("s")
    assert r.info()["redis_mode"] == "standalone" and r.info("keyspace")["db0"]["keys"] >= 3
    assert r.config_get("maxmemory") == {"maxmemory": "0"} and r.config_set("timeout", 5) and r.config_set("timeout", 0)
    assert r.client_setname("py") and r.client_getname() == "py" and any(x["name"] == "py" for x in r.client_list())
    assert isinstance(r.client_id(), int) and r.dbsize() == 4 and r.type("a") == "string" and r.object("encoding", "n") == "int"
    assert r.expireat("a", int(time.time()) + 10) and r.persist("a") and r.rename("a", "b") and r.copy("b", "c")
    assert r.slowlog_len() >= 0 and r.time()[0] > 0 and r.command_count() > 50 and r.flushdb() and r.dbsize() == 0
    raw = redis.Redis(port=server.port)
    value = bytes(range(256)) * 1000
    assert raw.set("bin", value) and raw.get("bin") == value


# --- ioredis ---
IOREDIS_SCRIPT = """
const Redis = require('ioredis');
(async () => {
  const r = new Redis({port: %d, maxRetriesPerRequest: 1});
  const out = {};
  out.set = await r.set('a', '1', 'EX', 100);
  out.get = await r.get('a');
  out.incr = await r.incr('n');
  out.mget = await r.mget('a', 'n', 'none');
  out.pipeline = (await r.pipeline().set('p', 5).incr('p').get('p').exec()).map(x => x[1]);
  const many = []; for (let i = 0; i < 1000; i++) many.push(r.incr('many'));
  out.many = (await Promise.all(many)).every((v, i) => v === i + 1);
  out.error = await r.incrby('a', 'x').catch(e => e.message);
  const found = []; for await (const keys of r.scanStream({match: '*'})) found.push(...keys);
  out.scan = found.sort();
  const big = Buffer.alloc(3000000, 7); await r.set('big', big);
  out.big = (await r.getBuffer('big')).equals(big);
  console.log(JSON.stringify(out));
  await r.quit();
})().catch(e => { console.error(e); process.exit(1); });
"""


def test_ioredis(server):
    folder = npm_package("ioredis")
    done = subprocess.run(["node", "-e", IOREDIS_SCRIPT % server.port], capture_output=True, text=True, timeout=60 * PATIENCE, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "set": "OK", "get": "1", "incr": 1, "mget": ["1", "1", None], "pipeline": ["OK", 6, "6"], "many": True,
        "error": "ERR value is not an integer or out of range", "scan": ["a", "many", "n", "p"], "big": True}


@keel_only
@needs_cli
def test_redis_cli_latency_and_doctor(server):
    assert not IS_PEER
    assert cli(server, "LATENCY", "DOCTOR") and cli(server, "MEMORY", "DOCTOR")
