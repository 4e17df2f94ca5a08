import type { Context } from "../context.ts";
import { exponentialDelay } from "../kernel/backoff.ts";
import type { Timer } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { describeError } from "../kernel/log.ts";
import { addMs, HOUR, type MonotonicMs, SECOND, type UnixMs } from "../kernel/units.ts";
import { nextRunAt } from "./calendar.ts";
import type { JobDefinition, JobOutcome } from "./job.ts";
import {
  type ClaimedJob,
  claimJobs,
  enqueueJobs,
  findWaitingKinds,
  type JobEnding,
  rescueJobs,
  rescueUnheldJobs,
  settleJob,
} from "./store.ts";

/** How often the table is asked for due work; jobs are never so urgent that a second matters. */
const TICK = SECOND;
const RUNNING_MAX = 4;
/** The key under which the next run of a calendar job waits. */
const SCHEDULE_KEY = "schedule";

export interface JobRunner {
  /** Rescues what an earlier life left running, sees to it that every calendar job waits for its time, begins to tick. */
  start(): Promise<void>;
  /** Claims nothing more, aborts what runs, waits for it until the deadline. Stopping twice is fine. */
  stop(deadline: AbortSignal): Promise<void>;
  /** When the last tick ended: the readiness probe asks. Not by the wall clock, which may be set forward. */
  lastTickAt(): MonotonicMs | undefined;
}

/**
 * Durable work, told in order: a row waits → it is claimed (its epoch rises) → it runs → one transaction records how it
 * ended, and for a calendar job the row of the next run. A crash anywhere leaves a row that the next start finds.
 */
export function createJobRunner(context: Context, definitions: readonly JobDefinition[], claimant: string): JobRunner {
  const byKind = new Map(definitions.map((definition) => [definition.kind, definition]));
  const kinds = [...byKind.keys()];
  const stopping = new AbortController();
  const running = new Map<Id<"job">, Promise<void>>();
  /** A claim failed, and may have been kept all the same. */
  let inDoubt = false;
  let timer: Timer | undefined;
  let ticking: Promise<void> | undefined;
  let tickedAt: MonotonicMs | undefined;

  const draftNext = (definition: JobDefinition, from: UnixMs) => {
    const runAt = definition.schedule && nextRunAt(definition.schedule, from);
    return runAt === undefined ? [] : [{ kind: definition.kind, payload: {}, runAt, uniqueKey: SCHEDULE_KEY }];
  };

  async function runOne(job: ClaimedJob): Promise<void> {
    const definition = byKind.get(job.kind);
    if (!definition) return;
    let outcome: JobOutcome;
    try {
      outcome = await definition.run(context, { ...job, signal: stopping.signal });
    } catch (error) {
      context.log.error("a job threw", { job: job.id, kind: job.kind, ...describeError(error) });
      const delay = exponentialDelay(job.failures + 1, SECOND, HOUR);
      outcome = { kind: "retry", at: addMs(context.clock.now(), delay), reason: describeError(error).error };
    }
    await record(definition, job, endingOf(outcome, job, context.clock.now()));
  }

  /** While the database is away the outcome waits for it: the work was done, and is not to be done again. */
  async function record(definition: JobDefinition, job: ClaimedJob, ending: JobEnding): Promise<void> {
    for (;;) {
      try {
        await context.database.write(async (writer) => {
          const ours = await settleJob(writer, job, ending);
          if (ours && ending.status !== "waiting") {
            await enqueueJobs(context, writer, draftNext(definition, writer.now));
          }
        });
        return;
      } catch (error) {
        const isAway = error instanceof AppError && error.code === "unavailable";
        if (!isAway || stopping.signal.aborted) throw error;
        await context.clock.sleep(TICK);
      }
    }
  }

  async function claim(limit: number): Promise<readonly ClaimedJob[]> {
    const due = await context.database.read((reader) =>
      reader.get("SELECT id FROM jobs WHERE status = 'waiting' AND run_at <= ? LIMIT 1", [context.clock.now()]),
    );
    if (!due && !inDoubt) return [];
    const held = new Set(running.keys());
    const doubted = inDoubt;
    inDoubt = true;
    const claimed = await context.database.write(async (writer) => {
      if (doubted) await rescueUnheldJobs(writer, { claimant, held });
      return claimJobs(writer, { kinds, limit, claimant });
    });
    inDoubt = false;
    return claimed;
  }

  async function tick(): Promise<void> {
    const limit = RUNNING_MAX - running.size;
    if (limit > 0) {
      for (const job of await claim(limit)) {
        const work = runOne(job).catch((error) => {
          context.log.error("the outcome of a job could not be recorded", { job: job.id, ...describeError(error) });
        });
        running.set(job.id, work);
        void work.finally(() => running.delete(job.id));
      }
    }
    tickedAt = context.clock.monotonic();
  }

  function schedule(): void {
    if (stopping.signal.aborted) return;
    timer = context.clock.after(TICK, () => {
      ticking = tick()
        .catch((error) => context.log.error("the job scheduler missed a tick", describeError(error)))
        .finally(schedule);
    });
  }

  return {
    lastTickAt: () => tickedAt,
    async start() {
      await context.database.write(async (writer) => {
        const rescued = await rescueJobs(writer, claimant);
        if (rescued > 0) context.log.info("jobs of an earlier run are due again", { jobs: rescued });
        const waiting = await findWaitingKinds(writer, SCHEDULE_KEY);
        for (const definition of definitions.filter(({ kind }) => !waiting.has(kind))) {
          await enqueueJobs(context, writer, draftNext(definition, writer.now));
        }
      });
      schedule();
    },
    async stop(deadline) {
      stopping.abort();
      timer?.cancel();
      await ticking;
      await Promise.race([Promise.allSettled(running.values()), aborted(deadline)]);
    },
  };
}

function endingOf(outcome: JobOutcome, job: ClaimedJob, now: UnixMs): JobEnding {
  const none = { reason: undefined, progress: undefined };
  switch (outcome.kind) {
    case "done":
      return { ...none, status: "done", runAt: now, failures: job.failures, progress: outcome.progress };
    case "retry":
      return { ...none, status: "waiting", runAt: outcome.at, failures: job.failures + 1, reason: outcome.reason };
    case "snooze":
      return { ...none, status: "waiting", runAt: outcome.until, failures: job.failures, progress: outcome.progress };
    case "cancel":
      return { ...none, status: "canceled", runAt: now, failures: job.failures, reason: outcome.reason };
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
