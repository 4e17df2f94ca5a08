import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { ATTEMPTS, CONCURRENCY, FIRST_RETRY_SECONDS, type Job, type Library } from "./queue.ts";

const NAME = "deliveries";

/** The queue's connection is one for all callers: ioredis pipelines them. What is done is removed, as its guide advises. */
export function openBullmq(url: string): Library {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const options = {
    attempts: ATTEMPTS,
    backoff: { type: "exponential", delay: FIRST_RETRY_SECONDS * 1_000 },
    removeOnComplete: true,
  };
  const queue = new Queue<Job>(NAME, { connection, defaultJobOptions: options });
  let worker: Worker<Job> | undefined;
  return {
    open: async () => void (await queue.waitUntilReady()),
    add: async (job) => void (await queue.add("deliver", job)),
    addMany: async (jobs) => void (await queue.addBulk(jobs.map((data) => ({ name: "deliver", data })))),
    async work(deliver) {
      if (worker) return worker.resume();
      worker = new Worker<Job>(NAME, ({ data }) => deliver(data), { connection, concurrency: CONCURRENCY });
      worker.on("error", (error) => process.stderr.write(`bullmq: ${error.message}\n`));
      await worker.waitUntilReady();
    },
    rest: async () => void (await worker?.pause()),
  };
}
