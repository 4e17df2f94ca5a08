import { PgBoss } from "pg-boss";
import { ATTEMPTS, CONCURRENCY, FIRST_RETRY_SECONDS, IDLE_MS, type Job, type Library, POOL } from "./queue.ts";

const NAME = "deliveries";
/** Handed on to the pool, though the types don't name it. */
const POOL_OPTIONS = { idleTimeoutMillis: IDLE_MS };
/** Several batches, so that a slow request holds up few neighbours; together the same concurrency as the others have. */
const WORKERS = 4;

/**
 * Jobs of a batch end each by itself, a full batch is followed by the next at once, and NOTIFY wakes the workers: without
 * these it polls every two seconds, and a failure fails its whole batch.
 * @param grouped at most one job at a time for each endpoint, and no batches: its own answer to hanging endpoints
 */
export function openPgBoss(connectionString: string, { grouped = false } = {}): Library {
  const boss = new PgBoss({ connectionString, max: POOL, ...POOL_OPTIONS, useListenNotify: true, schedule: false });
  boss.on("error", (error) => process.stderr.write(`pg-boss: ${error.message}\n`));
  const grouping = (job: Job) => (grouped ? { group: { id: job.url } } : {});
  return {
    async open() {
      await boss.start();
      if (await boss.getQueue(NAME)) return;
      const retries = { retryLimit: ATTEMPTS - 1, retryDelay: FIRST_RETRY_SECONDS, retryBackoff: true };
      await boss.createQueue(NAME, { ...retries, notify: true });
    },
    add: async (job) => void (await boss.send(NAME, job, grouping(job))),
    addMany: async (jobs) =>
      void (await boss.insert(
        NAME,
        jobs.map((data) => ({ data, ...grouping(data) })),
      )),
    async work(deliver) {
      const options = {
        batchSize: grouped ? 1 : CONCURRENCY / WORKERS,
        localConcurrency: grouped ? CONCURRENCY : WORKERS,
        perJobResults: true as const,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
        ...(grouped ? { localGroupConcurrency: 1 } : {}),
      };
      await boss.work<Job>(NAME, options, (jobs) =>
        Promise.all(
          jobs.map(async ({ id, data }) => {
            try {
              await deliver(data);
              return { id, status: "completed" as const };
            } catch (error) {
              return { id, status: "failed" as const, output: { message: String(error) } };
            }
          }),
        ),
      );
    },
    rest: async () => void (await boss.offWork(NAME, { wait: true })),
  };
}
