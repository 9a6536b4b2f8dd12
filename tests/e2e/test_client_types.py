# SPDX-License-Identifier: BSD-3-Clause
"""Each data type through the libraries people use: python3-redis, ioredis, npm's redis."""
import json
import subprocess
import threading
import time

import pytest

from keel import PATIENCE, keel_only, npm_package


@pytest.fixture
def r(server):
    redis = pytest.importorskip("redis")
    client = redis.Redis(port=server.port, decode_responses=True)
    yield client
    client.close()


# --- python3-redis ---
@keel_only  # fields with a time to live are of 7.4
def test_hashes(r):
    assert r.hset("h", mapping={"a": 1, "b": "x", "c": 2.5}) == 3 and r.hgetall("h") == {"a": "1", "b": "x", "c": "2.5"}
    assert r.hmget("h", "a", "none") == ["1", None] and r.hincrby("h", "a", 4) == 5 and r.hincrbyfloat("h", "c", 0.5) == 3
    assert r.hexists("h", "a") and r.hdel("h", "a", "none") == 1 and r.hlen("h") == 2 and r.hstrlen("h", "b") == 1
    assert sorted(r.hkeys("h")) == ["b", "c"] and sorted(r.hvals("h")) == ["3", "x"] and r.hsetnx("h", "b", "y") == 0
    assert dict(r.hscan_iter("h", match="b*")) == {"b": "x"} and r.hrandfield("h", 5, withvalues=True)
    r.hset("big", mapping={"field:%d" % i: i for i in range(2000)})
    assert len(dict(r.hscan_iter("big"))) == 2000 and r.object("encoding", "big") == "hashtable"
    assert r.execute_command("HPEXPIRE", "h", 30, "FIELDS", 1, "b") == [1]
    time.sleep(0.1)
    assert r.hgetall("h") == {"c": "3"}


def test_lists(r):
    assert r.rpush("l", *range(10)) == 10 and r.lrange("l", 2, 4) == ["2", "3", "4"] and r.lpop("l", 2) == ["0", "1"]
    assert r.lpos("l", "5") == 3 and r.linsert("l", "before", "5", "x") == 9 and r.lrem("l", 0, "x") == 1 and r.ltrim("l", 0, 2)
    assert r.lset("l", 0, "first") and r.lmove("l", "l2", "LEFT", "RIGHT") == "first" and r.llen("l") == 2
    assert r.blpop(["none", "l2"], timeout=1) == ("l2", "first") and r.brpop("none", timeout=0.05) is None
    got = []
    waiter = threading.Thread(target=lambda: got.append(r.blmove("later", "there", 10, "RIGHT", "LEFT")))
    waiter.start()
    time.sleep(0.1)
    r.lpush("later", "at last")
    waiter.join(10 * PATIENCE)
    assert got == ["at last"] and r.lrange("there", 0, -1) == ["at last"]


def test_sets(r):
    assert r.sadd("s", 1, 2, 3) == 3 and r.object("encoding", "s") == "intset" and r.sadd("s", "x") == 1
    assert r.smembers("s") == {"1", "2", "3", "x"} and r.smismember("s", ["1", "9"]) == [1, 0] and r.scard("s") == 4
    r.sadd("t", 2, 3, "y")
    assert r.sinter("s", "t") == {"2", "3"} and r.sdiff("s", "t") == {"1", "x"} and len(r.sunion("s", "t")) == 5
    assert r.sunionstore("u", "s", "t") == 5 and r.sintercard(2, ["s", "t"], limit=1) == 1 and r.smove("s", "t", "x")
    assert r.spop("u") is not None and len(r.srandmember("u", 10)) == 4 and set(r.sscan_iter("t")) == {"2", "3", "x", "y"}


def test_sorted_sets(r):
    assert r.zadd("z", {"a": 1, "b": 2, "c": 3.5}) == 3 and r.zadd("z", {"a": 0}, lt=True, ch=True) == 1 and r.zincrby("z", 2, "a") == 2
    assert r.zrange("z", 0, -1, withscores=True) == [("a", 2), ("b", 2), ("c", 3.5)] and r.zscore("z", "c") == 3.5
    assert r.zrangebyscore("z", "(2", "+inf") == ["c"] and r.zrank("z", "c") == 2 and r.zcount("z", 2, 2) == 2
    assert r.zmscore("z", ["a", "none"]) == [2, None] and r.zpopmin("z") == [("a", 2)] and r.bzpopmax("z", timeout=1) == ("z", "c", 3.5)
    r.zadd("y", {"b": 10, "d": 1})
    assert r.zunionstore("u", {"z": 1, "y": 2}) == 2 and r.zrange("u", 0, -1, desc=True, withscores=True) == [("b", 22), ("d", 2)]
    assert r.zrangebylex("y", "-", "+") and r.zremrangebyrank("y", 0, 0) == 1 and dict(r.zscan_iter("y")) == {"b": 10}


def test_streams(r):
    first = r.xadd("x", {"f": "1"}, id="1-1")
    assert first == "1-1" and r.xadd("x", {"f": "2", "g": "3"}, maxlen=10) and r.xlen("x") == 2
    assert r.xrange("x", count=1) == [("1-1", {"f": "1"})] and r.xread({"x": "1-1"})[0][1][0][1] == {"f": "2", "g": "3"}
    assert r.xgroup_create("x", "workers", id="0") and len(r.xreadgroup("workers", "ann", {"x": ">"}, count=5)[0][1]) == 2
    assert r.xpending("x", "workers")["pending"] == 2 and r.xack("x", "workers", "1-1") == 1
    assert r.xautoclaim("x", "workers", "bob", 0)[1][0][1] == {"f": "2", "g": "3"}
    assert r.xinfo_stream("x")["length"] == 2 and r.xinfo_groups("x")[0]["name"] == "workers" and r.xtrim("x", maxlen=1, approximate=False) == 1


def test_bitmaps_hyperloglog_geo_and_sort(r):
    assert r.setbit("b", 7, 1) == 0 and r.getbit("b", 7) == 1 and r.bitcount("b") == 1 and r.bitpos("b", 1) == 7
    assert r.set("c", b"\xff") and r.bitop("AND", "d", "b", "c") == 1 and r.get("d") == "\x01"
    assert r.bitfield("n").set("u8", 0, 200).incrby("u8", 0, 100).execute() == [0, 44]
    assert r.pfadd("p", *range(1000)) == 1 and 980 < r.pfcount("p") < 1020 and r.pfmerge("q", "p") and r.pfcount("q") == r.pfcount("p")
    assert r.geoadd("g", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")) == 2
    assert abs(r.geodist("g", "Palermo", "Catania", unit="km") - 166.2742) < 0.001 and r.geohash("g", "Palermo") == ["sqc8b49rny0"]
    assert r.geosearch("g", longitude=15, latitude=37, radius=100, unit="km") == ["Catania"]
    r.rpush("l", 3, 1, 2)
    r.mset({"w:1": 30, "w:2": 20, "w:3": 10})
    assert r.sort("l") == ["1", "2", "3"] and r.sort("l", by="w:*", get=["#", "w:*"]) == ["3", "10", "2", "20", "1", "30"]
    assert r.sort("l", desc=True, start=0, num=2, store="sorted") == 2 and r.lrange("sorted", 0, -1) == ["3", "2"]


# --- ioredis and npm's redis ---
IOREDIS = """
const Redis = require('ioredis');
(async () => {
  const r = new Redis({port: PORT, maxRetriesPerRequest: 1}), out = [];
  out.push(await r.hset('h', {a: 1, b: 'x'}), await r.hgetall('h'));
  out.push(await r.rpush('l', 1, 2, 3), await r.lrange('l', 0, -1));
  out.push(await r.sadd('s', 'x', 'y'), (await r.smembers('s')).sort());
  out.push(await r.zadd('z', 1, 'a', 2.5, 'b'), await r.zrange('z', 0, -1, 'WITHSCORES'));
  out.push(await r.xadd('x', '1-1', 'f', 'v'), await r.xrange('x', '-', '+'));
  out.push(await r.setbit('b', 7, 1), await r.pfadd('p', 1, 2), await r.pfcount('p'));
  out.push(await r.geoadd('g', 13.361389, 38.115556, 'Palermo'), await r.geosearch('g', 'FROMLONLAT', 13, 38, 'BYRADIUS', 50, 'km'));
  const other = r.duplicate(), popped = other.blpop('later', 5);
  await r.rpush('later', 'v');
  out.push(await popped);
  const fields = []; for await (const part of r.hscanStream('h')) fields.push(...part);
  out.push(fields);
  console.log(JSON.stringify(out));
  other.disconnect(); await r.quit();
})().catch(e => { console.error(e); process.exit(1); });
"""
NODE_REDIS = """
const {createClient} = require('redis');
(async () => {
  const r = createClient({url: 'redis://127.0.0.1:PORT'}), out = [];
  r.on('error', e => { console.error(e); process.exit(1); });
  await r.connect();
  out.push(await r.hSet('h', {a: 1, b: 'x'}), {...await r.hGetAll('h')});
  out.push(await r.rPush('l', ['1', '2', '3']), await r.lRange('l', 0, -1));
  out.push(await r.sAdd('s', ['x', 'y']), (await r.sMembers('s')).sort());
  out.push(await r.zAdd('z', [{score: 1, value: 'a'}, {score: 2.5, value: 'b'}]), (await r.zRangeWithScores('z', 0, -1)).flatMap(m => [m.value, String(m.score)]));
  out.push(await r.xAdd('x', '1-1', {f: 'v'}), (await r.xRange('x', '-', '+')).map(e => [e.id, Object.entries(e.message).flat()]));
  out.push(await r.setBit('b', 7, 1), Number(await r.pfAdd('p', ['1', '2'])), await r.pfCount('p'));
  out.push(await r.geoAdd('g', {longitude: 13.361389, latitude: 38.115556, member: 'Palermo'}),
           await r.geoSearch('g', {longitude: 13, latitude: 38}, {radius: 50, unit: 'km'}));
  const other = r.duplicate(); await other.connect();
  const popped = other.blPop('later', 5);
  await r.rPush('later', 'v');
  out.push(Object.values({...await popped}));
  const fields = []; for await (const part of r.hScanIterator('h')) for (const e of [part].flat()) fields.push(e.field, e.value);
  out.push(fields);
  console.log(JSON.stringify(out));
  other.destroy ? other.destroy() : await other.disconnect();
  r.destroy ? r.destroy() : await r.disconnect();
})().catch(e => { console.error(e); process.exit(1); });
"""
EXPECTED = [
    2, {"a": "1", "b": "x"}, 3, ["1", "2", "3"], 2, ["x", "y"], 2, ["a", "1", "b", "2.5"], "1-1", [["1-1", ["f", "v"]]],
    0, 1, 2, 1, ["Palermo"], ["later", "v"], ["a", "1", "b", "x"],
]


@pytest.mark.parametrize("package, script", [("ioredis", IOREDIS), ("redis", NODE_REDIS)])
def test_node_libraries(server, package, script):
    folder = npm_package(package)
    done = subprocess.run(["node", "-e", script.replace("PORT", str(server.port))], capture_output=True, text=True,
                          timeout=60 * PATIENCE, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == EXPECTED
