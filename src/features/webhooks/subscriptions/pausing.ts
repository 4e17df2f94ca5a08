/*
 * When an endpoint is left alone, and when it is asked again. All of it are decisions on values; the rows are written in
 * `standing.ts`.
 */
import { addMs, DAY, type DurationMs, durationMs, HOUR, MINUTE, SECOND, type UnixMs } from "../../../kernel/units.ts";
import type { HealthRow } from "./store.ts";

const PAUSE_AFTER = 10;
/** A burst of failures within a second is one failure to whoever runs the endpoint. */
const SILENCE_MIN_MS = 30 * SECOND;
const PROBE_STEPS: readonly DurationMs[] = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR].map(durationMs);
/** Nothing but failures for so long: nobody is there any more. */
const ABANDONED_AFTER_MS = 5 * DAY;
/** So many failures in a row are worth a word. */
const WORTH_A_WORD = 4;

export interface PauseSettings {
  readonly pauseAfter: number | null;
  readonly pauseFor: DurationMs | null;
}

/** Whether so many failures in a row are enough to leave the endpoint alone. */
export function isPauseDue(
  { failures_in_row, failing_since, last_success_at }: HealthRow,
  { pauseAfter }: PauseSettings,
  now: UnixMs,
): boolean {
  const limit = pauseAfter ?? PAUSE_AFTER;
  if (failures_in_row < limit) return false;
  // Whoever asks for a pause after a single failure means every single one.
  if (limit === 1) return true;
  return now - Math.max(last_success_at ?? 0, failing_since ?? 0) >= SILENCE_MIN_MS;
}

/** When the next probe is made. @param probes how many were made since the pause began */
export function nextProbeAt(now: UnixMs, probes: number, { pauseFor }: PauseSettings): UnixMs {
  const step = pauseFor ?? PROBE_STEPS[Math.min(probes, PROBE_STEPS.length - 1)] ?? MINUTE;
  return addMs(now, step);
}

export const isAbandoned = ({ failing_since }: HealthRow, now: UnixMs): boolean =>
  failing_since !== null && now - failing_since >= ABANDONED_AFTER_MS;

/** True at the one failure with which it becomes worth a word. */
export const isWorthAWord = (before: number, after: number): boolean => before < WORTH_A_WORD && after >= WORTH_A_WORD;
