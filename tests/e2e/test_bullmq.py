# SPDX-License-Identifier: BSD-3-Clause
"""bullmq, a job queue that lives in Lua scripts, streams, sorted sets and blocking pops: it adds jobs and works them off."""
import json
import subprocess

from keel import PATIENCE, SANITIZED, npm_package

PROGRAM = """
const { Queue, Worker, QueueEvents, FlowProducer } = require("bullmq");
const connection = { port: Number(process.argv[2]), host: "127.0.0.1", maxRetriesPerRequest: null };
const jobs = Number(process.argv[3]);

async function main() {
  const queue = new Queue("work", { connection });
  const events = new QueueEvents("work", { connection });
  await events.waitUntilReady();
  let sum = 0, done = 0, failed = 0, heard = 0;
  events.on("completed", () => { ++heard; });
  const worker = new Worker("work", async (job) => {
    if (job.data.fails && job.attemptsMade < 2) throw new Error("not yet");
    sum += job.data.number;
    return job.data.number * 2;
  }, { connection, concurrency: 50 });
  worker.on("failed", () => { ++failed; });
  const over = new Promise((resolve) => worker.on("completed", () => { if (++done === jobs + 3) resolve(); }));

  for (let from = 0; from < jobs; from += 500) {
    const some = [];
    for (let i = from; i < Math.min(from + 500, jobs); ++i) some.push({ name: "job", data: { number: i } });
    await queue.addBulk(some);
  }
  await queue.add("late", { number: 1 }, { delay: 200 });
  await queue.add("first", { number: 1 }, { priority: 1 });
  await queue.add("again", { number: 1, fails: true }, { attempts: 3, backoff: { type: "fixed", delay: 20 } });
  await over;

  const flow = new FlowProducer({ connection });
  const tree = await flow.add({ name: "parent", queueName: "work", data: { number: 0 },
    children: [{ name: "child", queueName: "work", data: { number: 0 } }, { name: "child", queueName: "work", data: { number: 0 } }] });
  await tree.job.waitUntilFinished(events, 10000);
  const values = Object.values(await tree.job.getChildrenValues());
  const one = await queue.add("one", { number: 21 });
  const answer = await one.waitUntilFinished(events, 10000);
  const counts = await queue.getJobCounts("completed", "failed", "active", "waiting", "delayed");
  await worker.close();
  const children = values.length;
  await queue.obliterate({ force: true });
  console.log(JSON.stringify({ sum, done: done - 0, failed, answer, children, counts, heard: heard > jobs / 2 }));
  await Promise.all([queue.close(), events.close(), flow.close()]);
}
main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
"""


def test_bullmq_adds_and_processes_jobs(server, c):
    jobs = 2_000 if SANITIZED else 10_000
    folder = npm_package("bullmq", "ioredis")
    done = subprocess.run(["node", "-e", PROGRAM, "bullmq", str(server.port), str(jobs)], cwd=folder, capture_output=True,
                          text=True, timeout=120 * PATIENCE, env=None)
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    assert facts["sum"] == jobs * (jobs - 1) // 2 + 3 + 21
    assert facts["failed"] == 2 and facts["answer"] == 42 and facts["children"] == 2 and facts["heard"]
    assert facts["counts"] == {"completed": jobs + 3 + 3 + 1, "failed": 0, "active": 0, "waiting": 0, "delayed": 0}
    assert c("KEYS", "bull:work:*") in ([], [b"bull:work:meta"]), "nothing is left behind"
