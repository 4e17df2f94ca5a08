/*
 * What an endpoint may have, by how it answers. All of it are functions of values.
 *
 * Its cap is how many requests to it may be under way at once: one more for each quick answer, half of it after trouble,
 * down to one. Its class says out of which part of all slots they come.
 *
 *   trial    nothing known yet: one request, out of the slots for trials
 *   quick    answers, and quickly: whatever the others leave, and that is half of all slots at least
 *   failing  answers quickly that it can't
 *   slow     takes long, or hangs, but has answered before
 *   silent   has never answered well, and takes long
 *
 * The last three share a quarter. Inside it the better ones have slots that the worse can't take: an endpoint that comes
 * back is found out soon, however many hang.
 */
import type { Verdict } from "../deliver.ts";
import type { HealthRow } from "../subscriptions/store.ts";

export const LANE_CLASSES = ["trial", "quick", "failing", "slow", "silent"] as const;
export type LaneClass = (typeof LANE_CLASSES)[number];

/** An endpoint that answers within this may have more, and is worth claiming ahead for. */
export const QUICK_MS = 250;
/** Smoothed; left again at half of it, so that nobody changes class with each answer. */
const SLOW_MS = 1_000;
const SMOOTHING = 0.25;
/** A single failure says little about an endpoint that answers. */
const FAILING_AFTER = 3;
/** Once it has answered well, or had before the process was started. */
const CAP_FIRST = 4;

export interface Pace {
  readonly cap: number;
  /** Undefined before the first answer. */
  readonly smoothedMs: number | undefined;
  /** Answers in a row that were trouble. */
  readonly troubles: number;
  /** It has answered well at least once. */
  readonly proven: boolean;
  readonly slow: boolean;
  /** When the cap was last halved: requests that began before belong to the same trouble. */
  readonly cutAt: number;
}

/** `none` says nothing about the endpoint: cut off by ourselves, or never sent. */
export type AnswerKind = "good" | "trouble" | "none";

/** What a verdict says of the endpoint. */
export function answerKindOf({ verdict }: { readonly verdict: Verdict }): AnswerKind {
  switch (verdict.kind) {
    case "delivered":
    case "refused":
    case "gone":
      return "good";
    case "retry":
      return "trouble";
    default:
      return "none";
  }
}

export interface PacedAnswer {
  readonly kind: AnswerKind;
  /** Monotonic. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Of an endpoint that nothing is known of. */
export const FRESH: Pace = {
  cap: 1,
  smoothedMs: undefined,
  troubles: 0,
  proven: false,
  slow: false,
  cutAt: Number.NEGATIVE_INFINITY,
};

/** What is on record of it from before: a restart makes nobody start over, and forgives nobody. */
export function paceOf(health: HealthRow | undefined): Pace {
  if (!health) return FRESH;
  const troubles = health.failures_in_row;
  const proven = health.last_success_at !== null;
  const well = proven && troubles < FAILING_AFTER;
  return { ...FRESH, troubles, proven, cap: well ? CAP_FIRST : 1, slow: troubles >= FAILING_AFTER };
}

export function classOf({ proven, slow, troubles }: Pace): LaneClass {
  if (!proven) return slow ? "silent" : troubles > 0 ? "failing" : "trial";
  if (slow) return "slow";
  return troubles >= FAILING_AFTER ? "failing" : "quick";
}

/** @param ceiling how far the cap may grow */
export function afterAnswer(pace: Pace, { kind, startedAt, endedAt }: PacedAnswer, ceiling: number): Pace {
  if (kind === "none") return pace;
  const tookMs = endedAt - startedAt;
  const before = pace.smoothedMs ?? tookMs;
  const smoothedMs = before + SMOOTHING * (tookMs - before);
  const slow = smoothedMs > (pace.slow ? SLOW_MS / 2 : SLOW_MS);
  if (kind === "trouble") {
    const isNews = startedAt >= pace.cutAt;
    const cap = isNews ? Math.max(1, pace.cap >> 1) : pace.cap;
    return { ...pace, smoothedMs, slow, troubles: pace.troubles + 1, cap, cutAt: isNews ? endedAt : pace.cutAt };
  }
  const grown = pace.proven ? pace.cap + 1 : Math.max(CAP_FIRST, pace.cap);
  const cap = tookMs <= QUICK_MS ? Math.min(ceiling, grown) : pace.cap;
  return { ...pace, smoothedMs, slow, troubles: 0, proven: true, cap };
}
