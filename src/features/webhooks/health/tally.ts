import { addMs, durationMs, HOUR, MINUTE, type UnixMs } from "../../../kernel/units.ts";
import type { Cause } from "./causes.ts";

/*
 * What is counted of attempts, and how counts add up. All of it are values; the rows are in store.ts.
 */

/** Every zone is apart from UTC by a multiple of it, so local days begin between two quarters. */
export const QUARTER = durationMs(15 * MINUTE);
export const QUARTERS = HOUR / QUARTER;

/** Upper ends of the classes of durations, in milliseconds; what is above them all has a class of its own. */
const DURATION_ENDS = [25, 50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000] as const;

export interface Tally {
  /** Attempts. */
  readonly delivered: number;
  readonly failed: number;
  /** First attempts of a delivery, and those of them that came through. */
  readonly first: number;
  readonly firstDelivered: number;
  /** Deliveries that failed for good. */
  readonly exhausted: number;
  readonly totalMs: number;
  readonly slowestMs: number;
  /** How many attempts took how long, by the classes above. */
  readonly durations: readonly number[];
  readonly causes: Readonly<Partial<Record<Cause, number>>>;
}

export const NOTHING: Tally = {
  delivered: 0,
  failed: 0,
  first: 0,
  firstDelivered: 0,
  exhausted: 0,
  totalMs: 0,
  slowestMs: 0,
  durations: [],
  causes: {},
};

/** One attempt that ended. */
interface Sample {
  /** 1 for the first of its delivery. */
  readonly attempt: number;
  /** Undefined where nobody was waited for. */
  readonly tookMs: number | undefined;
  /** Undefined where it came through. */
  readonly cause: Cause | undefined;
  /** Nothing more is tried. */
  readonly isExhausted: boolean;
}

const sumOf = (left: readonly number[], right: readonly number[]): number[] =>
  Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
    return (left[at] ?? 0) + (right[at] ?? 0);
  });

function sumOfCauses(left: Tally["causes"], right: Tally["causes"]): Tally["causes"] {
  const sum: Partial<Record<Cause, number>> = { ...left };
  for (const [cause, count] of Object.entries(right)) sum[cause as Cause] = (sum[cause as Cause] ?? 0) + count;
  return sum;
}

export const addTallies = (left: Tally, right: Tally): Tally => ({
  delivered: left.delivered + right.delivered,
  failed: left.failed + right.failed,
  first: left.first + right.first,
  firstDelivered: left.firstDelivered + right.firstDelivered,
  exhausted: left.exhausted + right.exhausted,
  totalMs: left.totalMs + right.totalMs,
  slowestMs: Math.max(left.slowestMs, right.slowestMs),
  durations: sumOf(left.durations, right.durations),
  causes: sumOfCauses(left.causes, right.causes),
});

const classOf = (durationMs: number): number => {
  const at = DURATION_ENDS.findIndex((end) => durationMs <= end);
  return at === -1 ? DURATION_ENDS.length : at;
};

/** Adds up many attempts, for the hot path: a tally in the making. */
export class Counting {
  delivered = 0;
  failed = 0;
  first = 0;
  firstDelivered = 0;
  exhausted = 0;
  totalMs = 0;
  slowestMs = 0;
  readonly durations: number[] = Array.from({ length: DURATION_ENDS.length + 1 }, () => 0);
  readonly causes: Partial<Record<Cause, number>> = {};

  add({ attempt, tookMs, cause, isExhausted }: Sample): void {
    if (cause === undefined) this.delivered += 1;
    else {
      this.failed += 1;
      this.causes[cause] = (this.causes[cause] ?? 0) + 1;
    }
    if (attempt === 1) this.first += 1;
    if (attempt === 1 && cause === undefined) this.firstDelivered += 1;
    if (isExhausted) this.exhausted += 1;
    if (tookMs === undefined) return;
    const took = Math.round(tookMs);
    this.totalMs += took;
    if (took > this.slowestMs) this.slowestMs = took;
    const at = classOf(took);
    this.durations[at] = (this.durations[at] ?? 0) + 1;
  }
}

/** Adds a tally to one in the making. */
export function addInto(counting: Counting, tally: Tally): void {
  counting.delivered += tally.delivered;
  counting.failed += tally.failed;
  counting.first += tally.first;
  counting.firstDelivered += tally.firstDelivered;
  counting.exhausted += tally.exhausted;
  counting.totalMs += tally.totalMs;
  if (tally.slowestMs > counting.slowestMs) counting.slowestMs = tally.slowestMs;
  for (let at = 0; at < tally.durations.length; at++) {
    counting.durations[at] = (counting.durations[at] ?? 0) + (tally.durations[at] ?? 0);
  }
  for (const cause in tally.causes) {
    const known = cause as Cause;
    counting.causes[known] = (counting.causes[known] ?? 0) + (tally.causes[known] ?? 0);
  }
}

/** Attempts whose time was taken. */
const timed = ({ durations }: Tally): number => durations.reduce((sum, count) => sum + count, 0);

/** Undefined where there was none. */
export function averageMs(tally: Tally): number | undefined {
  const count = timed(tally);
  return count === 0 ? undefined : Math.round(tally.totalMs / count);
}

/** The time within which so large a share of the attempts ended, at most; undefined where there was none. */
export function quantileMs(tally: Tally, share: number): number | undefined {
  const total = timed(tally);
  if (total === 0) return undefined;
  let seen = 0;
  for (const [at, count] of tally.durations.entries()) {
    seen += count;
    const end = DURATION_ENDS[at];
    if (seen >= total * share) return end === undefined ? tally.slowestMs : Math.min(end, tally.slowestMs);
  }
  return tally.slowestMs;
}

/** By their place in the hour; null where nothing was counted. */
export type Quarters = readonly (Tally | null)[];

export const hourOf = (at: UnixMs): UnixMs => (at - (at % HOUR)) as UnixMs;
export const quarterOf = (at: UnixMs): number => Math.floor((at % HOUR) / QUARTER);

/** All that was counted from one quarter up to another. */
export function sumBetween(
  hours: readonly { readonly hourAt: UnixMs; readonly quarters: Quarters }[],
  from: UnixMs,
  until: UnixMs,
): Tally {
  let sum = NOTHING;
  for (const { hourAt, quarters } of hours) {
    for (const [place, tally] of quarters.entries()) {
      const at = addMs(hourAt, place * QUARTER);
      if (tally !== null && at >= from && at < until) sum = addTallies(sum, tally);
    }
  }
  return sum;
}

/** Without the zeros at its end. */
const withoutTail = (counts: readonly number[]): readonly number[] =>
  counts.slice(0, counts.findLastIndex((count) => count > 0) + 1);

/** Short: there is a row for each subscription and hour. */
export const writeTally = (one: Tally): string =>
  JSON.stringify([
    one.delivered,
    one.failed,
    one.first,
    one.firstDelivered,
    one.exhausted,
    one.totalMs,
    one.slowestMs,
    withoutTail(one.durations),
    one.causes,
  ]);

/** @param texts of the quarters, by their place in the hour; `null` where nothing was counted */
export const writeQuarters = (texts: readonly string[]): string => `[${texts.join(",")}]`;

export function readQuarters(text: string): Quarters {
  const written = JSON.parse(text) as readonly (readonly unknown[] | null)[];
  return written.map((one) => {
    if (one === null) return null;
    const [delivered, failed, first, firstDelivered, exhausted, totalMs, slowestMs] = one as readonly number[];
    return {
      delivered: delivered ?? 0,
      failed: failed ?? 0,
      first: first ?? 0,
      firstDelivered: firstDelivered ?? 0,
      exhausted: exhausted ?? 0,
      totalMs: totalMs ?? 0,
      slowestMs: slowestMs ?? 0,
      durations: one[7] as readonly number[],
      causes: one[8] as Tally["causes"],
    };
  });
}
