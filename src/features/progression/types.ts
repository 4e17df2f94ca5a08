import type { Id } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { UnixMs } from "../../kernel/units.ts";

/** What a command asks for. Streaks, redemptions and awards add their own kinds. */
export type Command = {
  readonly kind: "adjustment";
  readonly currency: string;
  readonly amount: number;
  readonly reason: string;
};

/** One entry of the input log, as deciding sees it. */
export interface Input {
  readonly environmentId: Id<"env">;
  /** Its place in the log of the environment; with a rule and a key it names an effect. */
  readonly sequence: number;
  readonly kind: "event" | "command" | "tick";
  readonly id: string;
  /** The event type; `adjustment` and the like for commands. */
  readonly type: string;
  readonly userId: string;
  readonly occurredAt: UnixMs;
  readonly receivedAt: UnixMs;
  /** `2026-11-20` in the member's zone: stamped once, never rewritten. */
  readonly localDate: string;
  /** 0–23 in the member's zone. */
  readonly localHour: number;
  readonly properties: JsonObject;
  readonly backfill: boolean;
  readonly command?: Command;
}

export interface Balance {
  /** What can be spent now. Never below zero. */
  readonly available: number;
  readonly pending: number;
  /** What a clawback could not take; the next credit pays it first. */
  readonly owed: number;
  /** All that was ever credited less what was reversed: what tracks and leaderboards stand on. */
  readonly total: number;
}

/** Everything a member has, in one row. Derived from the log: replaying it gives the same state. */
export interface MemberState {
  readonly balances: Readonly<Record<string, Balance>>;
  /** Events of each type so far. */
  readonly counts: Readonly<Record<string, number>>;
  /** The key of the rung reached on each track; absent below the first. */
  readonly levels: Readonly<Record<string, string>>;
  readonly badges: Readonly<Record<string, { readonly awardId: Id<"awd">; readonly awardedAt: UnixMs }>>;
  /** By `rule/index of the limit`: what its periods have used. */
  readonly limits: Readonly<Record<string, LimitUse>>;
}

export interface LimitUse {
  /** The newest period that was touched: `d2026-11-20`, `w2026-11-16`, `m2026-11`, `ever`. */
  readonly window: string;
  readonly used: number;
  /** Earlier periods, for events that arrive late: they count for the day they happened. */
  readonly late?: Readonly<Record<string, number>>;
}

export const EMPTY_STATE: MemberState = { balances: {}, counts: {}, levels: {}, badges: {}, limits: {} };

export interface MemberFacts {
  readonly id: Id<"mem">;
  readonly userId: string;
  readonly attributes: JsonObject;
  /** The member's own, else undefined: the program's holds. */
  readonly timezone: string | undefined;
  readonly createdAt: UnixMs;
  readonly state: MemberState;
}

/** What an input may touch beyond its member; the lane loads it before `decide`. */
export interface Needs {
  readonly userIds: readonly string[];
  /** Names of shared counters (`everyone` limits). */
  readonly counters: readonly string[];
}

export interface Facts {
  /** By userId; those named by `needs` are all there. */
  readonly members: ReadonlyMap<string, MemberFacts>;
  /** By name; an absent one has used nothing. */
  readonly counters: ReadonlyMap<string, number>;
}

/** One consequence, as answers and the log show it; the fields beside these depend on the type. */
export interface Effect {
  readonly id: Id<"eff">;
  readonly type: string;
  readonly userId: string;
  /** The rule, badge or track that it comes from. */
  readonly rule: string;
  /** Why, in words a person reads: `score 94 ≥ 60` is for the future; today the condition's own text. */
  readonly reason: string;
  readonly [field: string]: JsonObject[string];
}

/** A movement in the ledger; `key` is unique within the input. */
export interface Transfer {
  readonly id: Id<"txn">;
  readonly key: string;
  readonly memberId: Id<"mem">;
  readonly currency: string;
  /** `program` or a member id. */
  readonly debit: string;
  readonly credit: string;
  /** Above zero, in minor units. */
  readonly amount: number;
  readonly expiresAt: UnixMs | undefined;
  readonly reason: string;
}

/** A rule that was looked at, for `?explain=true`. */
export interface Considered {
  readonly rule: string;
  readonly fired: boolean;
  readonly reason: string;
  /** An expression could not be evaluated: worth counting, and a person's look. */
  readonly failed?: true;
}

export interface Decision {
  readonly effects: readonly Effect[];
  readonly transfers: readonly Transfer[];
  readonly considered: readonly Considered[];
  /** The facts after this input: only the members and counters that changed. */
  readonly members: ReadonlyMap<string, MemberFacts>;
  readonly counters: ReadonlyMap<string, number>;
  /** Names of effects to be announced are those of the effects; a forwarded event is announced by the events room. */
  readonly refusal?: { readonly code: "insufficient_balance" | "validation_failed"; readonly message: string };
}
