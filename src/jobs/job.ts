import type { Context } from "../context.ts";
import type { Writer } from "../database/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Scope } from "../kernel/principal.ts";
import type { UnixMs } from "../kernel/units.ts";

/** How a run ended. A throw is a bug: it counts as `retry` with a growing delay, and is logged. */
export type JobOutcome =
  | { readonly kind: "done"; readonly progress?: JsonObject }
  | { readonly kind: "retry"; readonly at: UnixMs; readonly reason: string }
  /** Not a failure: the work goes on later, from `progress`. */
  | { readonly kind: "snooze"; readonly until: UnixMs; readonly progress?: JsonObject }
  | { readonly kind: "cancel"; readonly reason: string }
  /** It can't be done, now or later; `progress` says how far it came. */
  | { readonly kind: "fail"; readonly reason: string; readonly progress?: JsonObject };

/** Somebody paused or canceled the job, or another life took it up: what this run does is void. The runner knows it. */
export class JobLostError extends Error {
  override readonly name = "JobLostError";
}

export interface JobRun {
  readonly id: Id<"job">;
  readonly environmentId: Id<"env"> | undefined;
  readonly payload: JsonObject;
  readonly progress: JsonObject | undefined;
  /** Failed runs before this one. */
  readonly failures: number;
  /** Aborted when the process stops: hand back by `snooze`. */
  readonly signal: AbortSignal;
  /**
   * Writes how far the job is, in the transaction of what it has done: both are kept or neither, so a crash at any moment
   * goes on exactly here. It may be called at any place of the transaction, and outlives earlier failures.
   * @throws JobLostError where the job is no longer this run's: let it through, so that nothing of the chunk is kept
   */
  readonly checkpoint: (writer: Writer, progress: JsonObject) => Promise<void>;
}

/** `long` takes minutes to days and has places of its own, so that it never holds up what is short. */
export type JobLane = "short" | "long";

/** How far it is, in numbers that only rise; a `total` of null is still being counted. */
export interface ShownProgress extends JsonObject {
  readonly total: number | null;
  readonly done: number;
}

/** What the callers of an environment may see of its jobs of one kind, and by which scope; without it a kind is our own. */
export interface ShownKind {
  readonly read: Scope;
  /** To pause it, to let it go on, to cancel it. */
  readonly write: Scope;
  readonly show: (job: { readonly payload: JsonObject; readonly progress: JsonObject | undefined }) => {
    readonly progress: ShownProgress;
    /** What was asked for, and what there is to say besides. */
    readonly details: JsonObject;
  };
}

export interface JobDefinition {
  readonly kind: string;
  readonly run: (context: Context, job: JobRun) => Promise<JobOutcome>;
  /** Runs by itself as well, at these times: five cron fields and an IANA zone. One run at a time. */
  readonly schedule?: { readonly cron: string; readonly timezone: string };
  /** `short`, if absent. */
  readonly lane?: JobLane;
  /** So many throws in a row without a checkpoint between them end it as failed; without end, if absent. */
  readonly throwsMax?: number;
  readonly shown?: ShownKind;
}

/** Work to be done, written in the transaction of its cause. */
export interface JobDraft {
  /** Made, if absent. */
  readonly id?: Id<"job">;
  readonly kind: string;
  readonly payload: JsonObject;
  readonly environmentId?: Id<"env">;
  /** Now, if absent. */
  readonly runAt?: UnixMs;
  /** While an unfinished job of this kind has the key, no second one is written. */
  readonly uniqueKey?: string;
}
