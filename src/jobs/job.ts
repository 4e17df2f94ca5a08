import type { Context } from "../context.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { UnixMs } from "../kernel/units.ts";

/** How a run ended. A throw is a bug: it counts as `retry` with a growing delay, and is logged. */
export type JobOutcome =
  | { readonly kind: "done"; readonly progress?: JsonObject }
  | { readonly kind: "retry"; readonly at: UnixMs; readonly reason: string }
  /** Not a failure: the work goes on later, from `progress`. */
  | { readonly kind: "snooze"; readonly until: UnixMs; readonly progress?: JsonObject }
  | { readonly kind: "cancel"; readonly reason: string };

export interface JobRun {
  readonly id: Id<"job">;
  readonly environmentId: Id<"env"> | undefined;
  readonly payload: JsonObject;
  readonly progress: JsonObject | undefined;
  /** Failed runs before this one. */
  readonly failures: number;
  /** Aborted when the process stops: hand back by `snooze`. */
  readonly signal: AbortSignal;
}

export interface JobDefinition {
  readonly kind: string;
  readonly run: (context: Context, job: JobRun) => Promise<JobOutcome>;
  /** Runs by itself as well, at these times: five cron fields and an IANA zone. One run at a time. */
  readonly schedule?: { readonly cron: string; readonly timezone: string };
}

/** Work to be done, written in the transaction of its cause. */
export interface JobDraft {
  readonly kind: string;
  readonly payload: JsonObject;
  readonly environmentId?: Id<"env">;
  /** Now, if absent. */
  readonly runAt?: UnixMs;
  /** While an unfinished job of this kind has the key, no second one is written. */
  readonly uniqueKey?: string;
}
