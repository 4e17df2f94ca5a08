import type { Context } from "../context.ts";
import type { Writer } from "../database/database.ts";
import { exponentialDelay } from "../kernel/backoff.ts";
import type { Timer } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { describeError } from "../kernel/log.ts";
import { addMs, HOUR, type MonotonicMs, SECOND, type UnixMs } from "../kernel/units.ts";
import { nextRunAt } from "./calendar.ts";
import { type JobDefinition, type JobLane, JobLostError, type JobOutcome } from "./job.ts";
import {
  type ClaimedJob,
  checkpointJob,
  claimJobs,
  enqueueJobs,
  findWaitingKinds,
  type JobEnding,
  rescueJobs,
  rescueUnheldJobs,
  settleJob,
} from "./store.ts";

/** How often the table is asked for due work; whoever leaves what is more urgent wakes the runner. */
const TICK = SECOND;
/** What runs at once, by lane: nothing that takes hours stands in the way of a mail. */
const RUNNING_MAX: Readonly<Record<JobLane, number>> = { short: 4, long: 8 };
export const JOB_LANES = ["short", "long"] as const;
/** What a caller may be shown of an error of ours. */
const OUR_FAULT = "something failed on our side: the server's log says what";
/** The key under which the next run of a calendar job waits. */
const SCHEDULE_KEY = "schedule";

export interface JobRunner {
  /** Rescues what an earlier life left running, sees to it that every calendar job waits for its time, begins to tick. */
  start(): Promise<void>;
  /** Claims nothing more, aborts what runs, waits for it until the deadline. Stopping twice is fine. */
  stop(deadline: AbortSignal): Promise<void>;
  /** Something may be due: looks at once. */
  wake(): void;
  /** When the last tick ended: the readiness probe asks. Not by the wall clock, which may be set forward. */
  lastTickAt(): MonotonicMs | undefined;
  /** How many run now. */
  running(lane: JobLane): number;
}

/**
 * Durable work, told in order: a row waits → it is claimed (its epoch rises) → it runs → one transaction records how it
 * ended, and for a calendar job the row of the next run. A crash anywhere leaves a row that the next start finds.
 */
export function createJobRunner(context: Context, definitions: readonly JobDefinition[], claimant: string): JobRunner {
  const byKind = new Map(definitions.map((definition) => [definition.kind, definition]));
  const laneOf = (kind: string): JobLane => byKind.get(kind)?.lane ?? "short";
  const kindsOf = (lane: JobLane): string[] => [...byKind.keys()].filter((kind) => laneOf(kind) === lane);
  const kinds = { short: kindsOf("short"), long: kindsOf("long") };
  const stopping = new AbortController();
  /** By claim: a job that was paused and goes on at once may be claimed anew before its void run has ended. */
  const running = new Map<ClaimedJob, Promise<void>>();
  const runningIn = (lane: JobLane): number => [...running.keys()].filter(({ kind }) => laneOf(kind) === lane).length;
  /** A claim failed, and may have been kept all the same. */
  let inDoubt = false;
  let timer: Timer | undefined;
  let ticking: Promise<void> | undefined;
  /** Woken during a tick that may have looked already. */
  let again = false;
  /** The next tick is due at once: who wakes the runner again and again must not put it off. */
  let isAtOnce = false;
  let tickedAt: MonotonicMs | undefined;

  const draftNext = (definition: JobDefinition, from: UnixMs) => {
    const runAt = definition.schedule && nextRunAt(definition.schedule, from);
    return runAt === undefined ? [] : [{ kind: definition.kind, payload: {}, runAt, uniqueKey: SCHEDULE_KEY }];
  };

  async function runOne(job: ClaimedJob): Promise<void> {
    const definition = byKind.get(job.kind);
    if (!definition) return;
    let failures = job.failures;
    const checkpoint = async (writer: Writer, progress: JsonObject): Promise<void> => {
      if (!(await checkpointJob(writer, job, progress))) throw new JobLostError(`${job.id} is no longer this run's`);
      writer.afterCommit(() => {
        failures = 0;
      });
    };
    let outcome: JobOutcome;
    try {
      outcome = await definition.run(context, { ...job, signal: stopping.signal, checkpoint });
    } catch (error) {
      if (error instanceof JobLostError) return;
      outcome = afterThrow(definition, { ...job, failures }, error);
    }
    await record(definition, job, endingOf(outcome, { ...job, failures }, context.clock.now()));
    if (outcome.kind === "snooze" && outcome.until <= context.clock.now()) wake();
  }

  function afterThrow(definition: JobDefinition, { id, kind, failures }: ClaimedJob, error: unknown): JobOutcome {
    // Not the job's doing: it goes on from its last checkpoint.
    if (isAway(error)) return { kind: "snooze", until: addMs(context.clock.now(), TICK) };
    const reason = describeError(error).error;
    context.log.error("a job threw", { job: id, kind, ...describeError(error) });
    if (failures + 1 >= (definition.throwsMax ?? Number.POSITIVE_INFINITY)) return { kind: "fail", reason: OUR_FAULT };
    return { kind: "retry", at: addMs(context.clock.now(), exponentialDelay(failures + 1, SECOND, HOUR)), reason };
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
        if (!isAway(error) || stopping.signal.aborted) throw error;
        await context.clock.sleep(TICK);
      }
    }
  }

  async function claim(free: Readonly<Record<JobLane, number>>): Promise<readonly ClaimedJob[]> {
    const due = await context.database.read((reader) =>
      reader.get("SELECT id FROM jobs WHERE status = 'waiting' AND run_at <= ? LIMIT 1", [context.clock.now()]),
    );
    if (!due && !inDoubt) return [];
    const held = new Set([...running.keys()].map(({ id }) => id));
    const doubted = inDoubt;
    inDoubt = true;
    const claimed = await context.database.write(async (writer) => {
      if (doubted) await rescueUnheldJobs(writer, { claimant, held });
      const claims: ClaimedJob[] = [];
      for (const lane of JOB_LANES) {
        if (free[lane] > 0) {
          claims.push(...(await claimJobs(writer, { kinds: kinds[lane], limit: free[lane], claimant })));
        }
      }
      return claims;
    });
    inDoubt = false;
    return claimed;
  }

  async function tick(): Promise<void> {
    const free = { short: RUNNING_MAX.short - runningIn("short"), long: RUNNING_MAX.long - runningIn("long") };
    if (free.short > 0 || free.long > 0) {
      for (const job of await claim(free)) {
        const work = runOne(job).catch((error) => {
          context.log.error("the outcome of a job could not be recorded", { job: job.id, ...describeError(error) });
        });
        running.set(job, work);
        void work.finally(() => leave(job));
      }
    }
    tickedAt = context.clock.monotonic();
  }

  /** Where every place was taken, others may have waited for this one. */
  function leave(job: ClaimedJob): void {
    const lane = laneOf(job.kind);
    const wasFull = runningIn(lane) >= RUNNING_MAX[lane];
    running.delete(job);
    if (wasFull) wake();
  }

  function schedule(waitMs: number): void {
    if (stopping.signal.aborted) return;
    isAtOnce = waitMs === 0;
    timer = context.clock.after(waitMs, () => {
      again = false;
      ticking = tick()
        .catch((error) => context.log.error("the job scheduler missed a tick", describeError(error)))
        .finally(() => {
          ticking = undefined;
          schedule(again ? 0 : TICK);
        });
    });
  }

  function wake(): void {
    again = true;
    // Before the start, and during a tick, the next one is scheduled in any case.
    if (timer === undefined || ticking !== undefined || isAtOnce) return;
    timer.cancel();
    schedule(0);
  }

  return {
    lastTickAt: () => tickedAt,
    running: runningIn,
    async start() {
      await context.database.write(async (writer) => {
        const rescued = await rescueJobs(writer, claimant);
        if (rescued > 0) context.log.info("jobs of an earlier run are due again", { jobs: rescued });
        const waiting = await findWaitingKinds(writer, SCHEDULE_KEY);
        for (const definition of definitions.filter(({ kind }) => !waiting.has(kind))) {
          await enqueueJobs(context, writer, draftNext(definition, writer.now));
        }
      });
      schedule(0);
    },
    wake,
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
    case "fail": {
      const { reason, progress } = outcome;
      return { status: "failed", runAt: now, failures: job.failures, reason, progress };
    }
  }
}

const isAway = (error: unknown): boolean => error instanceof AppError && error.code === "unavailable";

const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
