import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { DurationMs, UnixMs } from "../../../kernel/units.ts";
import type { Recoverable } from "./schema.ts";

export const RECOVER_JOB = "webhooks.recover";

/** Which deliveries: those that ended in one of these ways between two times, both included. */
export interface Wanted extends JsonObject {
  readonly since: UnixMs;
  readonly until: UnixMs;
  readonly statuses: readonly Recoverable[];
}

export interface Pace extends JsonObject {
  readonly count: number;
  readonly per: DurationMs;
}

/** A subscription that a recovery does nothing for, and why. */
export interface LeftOut extends JsonObject {
  readonly subscriptionId: Id<"sub">;
  readonly reason: string;
}

/** What a recovery was asked for, as its job carries it. */
export interface RecoverPayload extends Wanted {
  /** Of each subscription; what is gentle for it, if absent. */
  readonly rate: Pace | null;
  /** Named by the caller: one, a list; null for all of the environment. */
  readonly subscriptions: readonly Id<"sub">[] | null;
  readonly leftOut: readonly LeftOut[];
}

/** Numbers that only rise; `total` is what `done` comes to, in the sum of its kinds. */
export interface RecoverProgress extends JsonObject {
  readonly total: number;
  readonly done: number;
  /** Sent again under their own ids. */
  readonly recovered: number;
  /** Events that no delivery was ever made of. */
  readonly added: number;
  /** Nothing is left that could be sent. */
  readonly bodyPurged: number;
  /** Skipped before anything was sent, and the subscription's filter does not want them, or still fails. */
  readonly unwanted: number;
  /** Somebody replayed or canceled them meanwhile, or their subscription was deleted or disabled. */
  readonly leftAlone: number;
  readonly subscriptions: number;
  readonly subscriptionsDone: number;
  /** The first of those that ended before their time. */
  readonly endedEarly: readonly LeftOut[];
  readonly endedEarlyCount: number;
}
