# SPDX-License-Identifier: BSD-3-Clause
"""Transactions, messages and scripts through the libraries people use: python3-redis and ioredis."""
import json
import subprocess
import threading

import pytest

from keel import PATIENCE, npm_package


@pytest.fixture
def redis():
    return pytest.importorskip("redis")


@pytest.fixture
def r(server, redis):
    client = redis.Redis(port=server.port, decode_responses=True)
    yield client
    client.close()


# --- python3-redis ---
def test_pipelines_and_transactions(r, redis):
    with r.pipeline(transaction=False) as p:
        assert p.set("a", 1).incr("a").get("a").execute() == [True, 2, "2"]
    with r.pipeline() as p:
        assert p.set("a", 1).incr("a").lpush("l", "x").execute() == [True, 2, 1]
    with r.pipeline() as p:
        p.set("a", 5).lpush("a", "x")
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            p.execute()
    with r.pipeline() as p:
        assert p.set("a", 5).lpush("a", "x").get("a").execute(raise_on_error=False)[2] == "5"


def test_optimistic_locking(r, redis):
    r.set("n", 0)

    def add(pipe):
        value = int(pipe.get("n"))
        pipe.multi()
        pipe.set("n", value + 1)

    threads = [threading.Thread(target=lambda: [r.transaction(add, "n") for _ in range(20)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30 * PATIENCE)
    assert r.get("n") == "100"
    with r.pipeline() as p:
        p.watch("n")
        r.set("n", 1)
        p.multi()
        p.get("n")
        with pytest.raises(redis.WatchError):
            p.execute()


def test_messages(r):
    pubsub = r.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe("news")
    pubsub.psubscribe("n*")
    assert pubsub.get_message(timeout=1) is None and pubsub.get_message(timeout=1) is None
    assert r.publish("news", "hello") == 2
    got = [pubsub.get_message(timeout=5) for _ in range(2)]
    assert sorted((m["type"], m["channel"], m["data"]) for m in got) == [("message", "news", "hello"), ("pmessage", "news", "hello")]
    assert r.pubsub_channels() == ["news"] and r.pubsub_numsub("news") == [("news", 1)] and r.pubsub_numpat() == 1
    pubsub.close()


def test_scripts(r, redis):
    add = r.register_script("redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCRBY', KEYS[1], ARGV[2])")
    assert add(keys=["k"], args=[5, 7]) == 12 and add(keys=["k"], args=[1, 1]) == 2
    assert r.script_exists(add.sha, "0" * 40) == [True, False]
    assert r.eval("return {1, 'two', {3}, false, redis.status_reply('fine')}", 0) == [1, "two", [3], None, "fine"]
    with pytest.raises(redis.ResponseError, match="Oops"):
        r.eval("return redis.error_reply('Oops')", 0)
    with r.pipeline() as p:
        add(keys=["p"], args=[1, 2], client=p)
        assert p.get("p").execute() == [3, "3"]


# --- ioredis ---
PROGRAM = """
const Redis = require("ioredis");
const port = Number(process.argv[2]);
async function main() {
  const r = new Redis(port), s = new Redis(port), out = {};
  out.multi = (await r.multi().set("a", 1).incr("a").get("a").exec()).map((pair) => pair[1]);
  out.aborted = await r.multi().set("a").get("a").exec().catch((error) => error.message.split(" ")[0]);
  await r.watch("a");
  await s.set("a", 7);
  out.lost = await r.multi().set("a", 8).exec();
  out.pipeline = (await r.pipeline().set("b", 1).lpush("b", 1).get("b").exec()).map(([error, value]) => error ? "error" : value);

  const messages = [];
  const heard = new Promise((resolve) => s.on("message", (channel, text) => { messages.push([channel, text]); if (messages.length === 3) resolve(); }));
  out.subscribed = await s.subscribe("one", "two");
  for (const [channel, text] of [["one", "1"], ["two", "2"], ["none", "x"], ["one", "3"]]) await r.publish(channel, text);
  await heard;
  out.messages = messages;

  r.defineCommand("raise", { numberOfKeys: 1, lua: "local old = tonumber(redis.call('get', KEYS[1]) or 0) if old < tonumber(ARGV[1]) then redis.call('set', KEYS[1], ARGV[1]) return 1 end return 0" });
  out.raised = [await r.raise("high", 5), await r.raise("high", 3), await r.raise("high", 9)];
  await r.script("FLUSH");
  out.after_flush = await r.raise("high", 10);
  out.evaluated = await r.eval("return {KEYS[1], ARGV[1], #ARGV}", 1, "k", "v", "w");
  out.buffer = (await r.evalBuffer("return ARGV[1]", 0, Buffer.from([0, 255, 13, 10]))).toString("hex");
  console.log(JSON.stringify(out));
  r.disconnect(); s.disconnect();
}
main().catch((error) => { console.error(error); process.exit(1); });
"""


def test_ioredis(server):
    folder = npm_package("ioredis")
    done = subprocess.run(["node", "-e", PROGRAM, "ioredis", str(server.port)], cwd=folder, capture_output=True, text=True,
                          timeout=60 * PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "multi": ["OK", 2, "2"], "aborted": "EXECABORT", "lost": None, "pipeline": ["OK", "error", "1"], "subscribed": 2,
        "messages": [["one", "1"], ["two", "2"], ["one", "3"]], "raised": [1, 0, 1], "after_flush": 1,
        "evaluated": ["k", "v", 2], "buffer": "00ff0d0a"}
