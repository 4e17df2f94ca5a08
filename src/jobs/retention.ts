import type { Config } from "../config/config.ts";
import type { Context } from "../context.ts";
import type { Writer } from "../database/database.ts";
import { gatherFor, startStopwatch } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Counter } from "../kernel/metrics.ts";
import { addMs, type DurationMs, MINUTE, type UnixMs } from "../kernel/units.ts";
import type { JobDefinition, JobOutcome, JobRun } from "./job.ts";

/*
 * How long things are kept. Each room says it of its own rows; one job takes what has had its time, rule by rule, in batches
 * that are small enough for others to write between them. A batch is a transaction of its own and a repeated one takes
 * nothing twice, so a crash at any moment costs nothing.
 */

/** Where a batch begins. */
export interface Batch {
  /** What ended, or came, before then has had its time. */
  readonly before: UnixMs;
  readonly limit: number;
  /** Where the batch before it ended; undefined for the first of a run. */
  readonly cursor: string | undefined;
}

export interface Taken {
  readonly rows: number;
  /** Undefined where there is nothing more to look at. */
  readonly cursor: string | undefined;
}

export interface RetentionRule {
  /** `attempts`; unique over all rooms. Names the metric's series. */
  readonly name: string;
  /** What it is, for people. */
  readonly what: string;
  /** The tables that it is about. */
  readonly tables: readonly string[];
  /** Undefined is for ever. */
  readonly kept: ((config: Config) => DurationMs) | undefined;
  /** The setting that says so; absent where it is fixed. */
  readonly setting?: string;
  /** Completes "… after". */
  readonly after: string;
  /** Absent where what is done needs no batches of rows, or is done elsewhere. */
  readonly purge?: (writer: Writer, batch: Batch) => Promise<Taken>;
}

/** A workspace that was deleted so long ago that what it held goes. */
export interface GoneWorkspace {
  readonly workspaceId: Id<"ws">;
  readonly environmentIds: readonly Id<"env">[];
}

/** Takes a batch of what a deleted workspace left. @returns fewer rows than `limit` when none is left */
export type Forget = (writer: Writer, gone: GoneWorkspace, limit: number) => Promise<number>;

/** For rules whose rows stand at the beginning of an index: whoever finds fewer than the limit is done. */
export const fromTheFront =
  (take: (writer: Writer, before: UnixMs, limit: number) => Promise<number>): NonNullable<RetentionRule["purge"]> =>
  async (writer, { before, limit }) => {
    const rows = await take(writer, before, limit);
    return { rows, cursor: rows < limit ? undefined : "" };
  };

const ROWS_MIN = 20;
const ROWS_MAX = 1_000;
const ROWS_AT_FIRST = 200;
/** What a batch may hold up others for; the next one has fewer or more rows by how long the last one took. */
const BATCH_MS = 4;
/** The lane is left to others for so many times as long as a batch took from its place in the queue to the disk. */
const REST_SHARE = 3;
const REST_MS_MAX = 250;
/** Afterwards the job gives its place back and goes on at once where another may run before it. */
const RUN_MS_MAX = MINUTE;

/** How many rows a batch takes, found out while batches are made. */
class Pace {
  rows = ROWS_AT_FIRST;

  note(tookMs: number): void {
    if (tookMs > BATCH_MS) this.rows = Math.max(ROWS_MIN, Math.floor(this.rows / 2));
    else if (tookMs < BATCH_MS / 3) this.rows = Math.min(ROWS_MAX, this.rows * 2);
  }
}

type Work = (writer: Writer, batch: Pick<Batch, "limit" | "cursor">) => Promise<Taken>;

/** What the parts of one run share. */
class Run {
  readonly #context: Context;
  readonly #job: JobRun;
  readonly #counter: Counter;
  readonly #elapsed = startStopwatch();
  readonly purged: Record<string, number>;

  constructor(context: Context, job: JobRun, counter: Counter) {
    this.#context = context;
    this.#job = job;
    this.#counter = counter;
    this.purged = { ...((job.progress?.purged as Record<string, number> | undefined) ?? {}) };
  }

  get mustStop(): boolean {
    return this.#job.signal.aborted || this.#elapsed() > RUN_MS_MAX;
  }

  /** Batch by batch until nothing is left. @returns false where it was stopped before */
  async takeAll(name: string, work: Work): Promise<boolean> {
    const pace = new Pace();
    let cursor: string | undefined;
    this.purged[name] ??= 0;
    for (;;) {
      if (this.mustStop) return false;
      const limit = pace.rows;
      const lane = startStopwatch();
      const { taken, tookMs } = await this.#batch(work, { limit, cursor });
      this.purged[name] += taken.rows;
      if (taken.rows > 0) this.#counter.add(taken.rows, { rule: name });
      if (taken.cursor === undefined) return true;
      cursor = taken.cursor;
      pace.note(tookMs);
      await gatherFor(Math.min(REST_MS_MAX, lane() * REST_SHARE));
    }
  }

  #batch(
    work: Work,
    batch: Pick<Batch, "limit" | "cursor">,
  ): Promise<{ readonly taken: Taken; readonly tookMs: number }> {
    return this.#context.database.write(async (writer) => {
      const took = startStopwatch();
      const taken = await work(writer, batch);
      return { taken, tookMs: took() };
    });
  }

  outcome(next: number | undefined): JobOutcome {
    const purged: JsonObject = { ...this.purged };
    if (next === undefined) return { kind: "done", progress: { purged } };
    return { kind: "snooze", until: this.#context.clock.now(), progress: { next, purged } };
  }
}

const RETENTION_JOB = "retention";

export interface Retained {
  readonly rules: readonly RetentionRule[];
  /** In the order in which it is taken; who keeps the workspaces themselves comes last. */
  readonly forget: readonly Forget[];
  /** The first workspace whose time of grace is over. */
  readonly findGone: (writer: Writer, deletedBefore: UnixMs) => Promise<GoneWorkspace | undefined>;
}

/** Takes away what has had its time, room by room; never what has not ended. */
export function createRetentionJob(
  context: Pick<Context, "metrics">,
  { rules, forget, findGone }: Retained,
): JobDefinition {
  const counter = context.metrics.counter(
    "retention_purged_rows_total",
    "Rows that were deleted, or whose contents were, because they had had their time.",
  );
  const purges = rules.filter(({ purge }) => purge !== undefined);
  for (const { name } of purges) counter.add(0, { rule: name });
  return {
    kind: RETENTION_JOB,
    schedule: { cron: "*/10 * * * *", timezone: "UTC" },
    async run(own, job) {
      const run = new Run(own, job, counter);
      const first = Number(job.progress?.next ?? 0);
      for (const [index, { name, kept, purge }] of purges.entries()) {
        if (index < first || !kept || !purge) continue;
        const before = addMs(own.clock.now(), -kept(own.config));
        const isDone = await run.takeAll(name, (writer, batch) => purge(writer, { before, ...batch }));
        if (!isDone) return run.outcome(index);
      }
      const before = addMs(own.clock.now(), -own.config.retention.deletedWorkspaces);
      return run.outcome((await forgetWorkspaces(own, run, { forget, findGone, before })) ? undefined : purges.length);
    },
  };
}

async function forgetWorkspaces(
  { database, log }: Context,
  run: Run,
  { forget, findGone, before }: Pick<Retained, "forget" | "findGone"> & { readonly before: UnixMs },
): Promise<boolean> {
  for (;;) {
    const gone = await database.write((writer) => findGone(writer, before));
    if (!gone) return true;
    for (const take of forget) {
      const isDone = await run.takeAll("workspaces", async (writer, { limit }) => {
        const rows = await take(writer, gone, limit);
        return { rows, cursor: rows < limit ? undefined : "" };
      });
      if (!isDone) return false;
    }
    log.info("what a deleted workspace left is gone", { workspaceId: gone.workspaceId });
  }
}
