import { isoTime } from "../../../kernel/clock.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { WaitingFor } from "../types.ts";
import { adviceOf, type Cause, titleOf } from "./causes.ts";
import { type LastFailure, readNotable } from "./hours.ts";
import type { HourRow, WaitingRow } from "./store.ts";
import { averageMs, quantileMs, readQuarters, sumBetween, type Tally } from "./tally.ts";

/** How the attempts of one span went. */
export interface WindowView {
  readonly since: string;
  readonly attempts: number;
  readonly delivered: number;
  readonly failed: number;
  /** The share of the attempts that came through; null where there was none. */
  readonly successRate: number | null;
  /** The share of the deliveries that came through at their first attempt. */
  readonly firstTimeRate: number | null;
  /** Of the deliveries that ended: the share that came through. */
  readonly deliveryRate: number | null;
  /** Deliveries that failed for good. */
  readonly exhausted: number;
  readonly averageMs: number | null;
  readonly p95Ms: number | null;
  readonly slowestMs: number | null;
}

/** Four digits: 0.9987 is 99.87 %. Never 1 where something failed. */
function share(part: number, whole: number): number | null {
  if (whole === 0) return null;
  return part === whole ? 1 : Math.floor((part / whole) * 10_000) / 10_000;
}

export function windowView(tally: Tally, since: UnixMs): WindowView {
  const attempts = tally.delivered + tally.failed;
  return {
    since: isoTime(since),
    attempts,
    delivered: tally.delivered,
    failed: tally.failed,
    successRate: share(tally.delivered, attempts),
    firstTimeRate: share(tally.firstDelivered, tally.first),
    deliveryRate: share(tally.delivered, tally.delivered + tally.exhausted),
    exhausted: tally.exhausted,
    averageMs: averageMs(tally) ?? null,
    p95Ms: quantileMs(tally, 0.95) ?? null,
    slowestMs: attempts === 0 ? null : tally.slowestMs,
  };
}

const hoursOf = (rows: readonly HourRow[]) =>
  rows.map(({ hour_at, quarters }) => ({ hourAt: hour_at, quarters: readQuarters(quarters) }));

/** Why attempts failed, by cause, and the last of each. */
export interface FailureView {
  readonly cause: Cause;
  /** A sentence: "It refuses the signature (401)". */
  readonly title: string;
  /** The next step. */
  readonly advice: string;
  readonly count: number;
  readonly lastAt: string;
  readonly status: number | null;
  readonly message: string;
  readonly subscriptionId: string;
  readonly deliveryId: string;
  readonly attempt: number;
}

export interface Failure extends Omit<FailureView, "lastAt"> {
  readonly lastAt: number;
}

/** The most frequent first. @param tally of the same span */
export function failuresOf(
  rows: readonly HourRow[],
  tally: Tally,
  { from, until }: { readonly from: UnixMs; readonly until: UnixMs },
): readonly Failure[] {
  const last = new Map<Cause, LastFailure>();
  for (const { notable } of rows) {
    for (const [cause, failure] of Object.entries(readNotable(notable).failures)) {
      const known = last.get(cause as Cause);
      if (failure.at >= from && failure.at < until && (!known || failure.at >= known.at))
        last.set(cause as Cause, failure);
    }
  }
  return [...last]
    .map(([cause, { at, status, message, subscriptionId, deliveryId, attempt }]) => ({
      cause,
      title: titleOf(cause, status),
      advice: adviceOf(cause),
      count: tally.causes[cause] ?? 1,
      lastAt: at,
      status,
      message,
      subscriptionId,
      deliveryId,
      attempt,
    }))
    .sort((left, right) => right.count - left.count || right.lastAt - left.lastAt);
}

export const failureView = ({ lastAt, ...failure }: Failure): FailureView => ({
  ...failure,
  lastAt: isoTime(lastAt as UnixMs),
});

/** What waits, and what for. */
export interface WaitingView {
  /** Counted up to 10,000. */
  readonly count: number;
  readonly retries: number;
  readonly byReason: Readonly<Record<WaitingFor, number>>;
  readonly oldestCreatedAt: string | null;
  /** Seconds. */
  readonly oldestAge: number | null;
  readonly nextDueAt: string | null;
}

export interface Waiting {
  readonly rows: readonly WaitingRow[];
  /** Subscriptions whose rate limit, or whose own wish, holds them back now. */
  readonly held: ReadonlySet<string>;
  readonly nextDueAt: UnixMs | undefined;
}

function reasonOf({ subscription_id, waiting_for, paused }: WaitingRow, held: ReadonlySet<string>): WaitingFor {
  if (paused === 1) return "pause";
  return waiting_for ?? (held.has(subscription_id) ? "rateLimit" : "slot");
}

export function waitingView({ rows, held, nextDueAt }: Waiting, now: UnixMs): WaitingView {
  const byReason = { retry: 0, pause: 0, rateLimit: 0, slot: 0, proxy: 0, acknowledgement: 0 };
  let retries = 0;
  for (const row of rows) {
    byReason[reasonOf(row, held)] += row.count;
    if (row.waiting_for === "retry") retries += row.count;
  }
  const oldest = rows.reduce((at, row) => Math.min(at, row.oldest), Number.POSITIVE_INFINITY);
  return {
    count: rows.reduce((sum, row) => sum + row.count, 0),
    retries,
    byReason,
    oldestCreatedAt: Number.isFinite(oldest) ? isoTime(oldest as UnixMs) : null,
    oldestAge: Number.isFinite(oldest) ? Math.max(0, Math.round((now - oldest) / 1000)) : null,
    nextDueAt: nextDueAt === undefined ? null : isoTime(nextDueAt),
  };
}

export const tallyBetween = (rows: readonly HourRow[], from: UnixMs, until: UnixMs): Tally =>
  sumBetween(hoursOf(rows), from, until);
