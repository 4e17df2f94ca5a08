import { Logger, makeWorkerUtils, type Runner, run, type WorkerUtils } from "graphile-worker";
import pg from "pg";
import { ATTEMPTS, CONCURRENCY, IDLE_MS, type Job, type Library, POOL } from "./queue.ts";

const NAME = "deliver";
/** It logs each failed attempt as an error; what fails of its own is thrown or said by the pool. */
const quiet = new Logger(() => () => {});

/**
 * With the local queue and the batched completion of its page on performance. Its retries grow by e to the number of the
 * attempt; that is not to be set.
 * @param grouped a queue for each endpoint, worked one by one: its own answer to hanging endpoints
 */
export function openGraphileWorker(connectionString: string, { grouped = false } = {}): Library {
  const pgPool = new pg.Pool({ connectionString, max: POOL, idleTimeoutMillis: IDLE_MS });
  const complain = (error: Error): void => void process.stderr.write(`graphile-worker: ${error.message}\n`);
  pgPool.on("error", complain);
  pgPool.on("connect", (client) => client.on("error", complain));
  const worker = {
    concurrentJobs: CONCURRENCY,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  };
  let utils: WorkerUtils | undefined;
  let runner: Runner | undefined;
  const opened = (): WorkerUtils => {
    if (!utils) throw new Error("not open");
    return utils;
  };
  const specOf = (job: Job) => ({ maxAttempts: ATTEMPTS, ...(grouped ? { queueName: job.url } : {}) });
  return {
    async open() {
      utils = await makeWorkerUtils({ pgPool, logger: quiet });
      await utils.migrate();
    },
    add: async (job) => void (await opened().addJob(NAME, job, specOf(job))),
    addMany: async (jobs) =>
      void (await opened().addJobs(jobs.map((job) => ({ identifier: NAME, payload: job, ...specOf(job) })))),
    async work(deliver) {
      runner = await run({
        pgPool,
        preset: { worker: { ...worker, crontabFile: undefined } },
        crontab: "",
        logger: quiet,
        noHandleSignals: true,
        taskList: { [NAME]: (payload) => deliver(payload as Job) },
      });
    },
    async rest() {
      await runner?.stop();
      runner = undefined;
    },
  };
}
