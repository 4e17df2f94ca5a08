import { type MonotonicMs, monotonicMs, type UnixMs, unixMs } from "./units.ts";

export interface Timer {
  cancel(): void;
}

/** The only source of time and of timers, so that a simulation can hand in its own. */
export interface Clock {
  now(): UnixMs;
  monotonic(): MonotonicMs;
  /** Calls back once after `delayMs` (not before). The callback must not throw. */
  after(delayMs: number, callback: () => void): Timer;
  sleep(delayMs: number): Promise<void>;
  /** Aborts after `delayMs`. */
  timeout(delayMs: number): AbortSignal;
}

/** setTimeout counts in 32 bits: a longer delay would fire at once. */
const TIMER_MAX_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => unixMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
  after(delayMs, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(0, delayMs), TIMER_MAX_MS));
    return { cancel: () => clearTimeout(handle) };
  },
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
  timeout: (delayMs) => AbortSignal.timeout(delayMs),
};

/** ISO 8601 in UTC with milliseconds, as the HTTP contract shows times. */
export function isoTime(at: UnixMs): string {
  return new Date(at).toISOString();
}

/** ISO 8601 in UTC with whole seconds, as outbound event bodies show times. */
export function isoSeconds(at: UnixMs): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** For libraries that want a `Date`; nothing of ours computes with one. */
export const dateOf = (at: UnixMs): Date => new Date(at);

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** Reads an RFC 3339 time with its offset; undefined where text or calendar is wrong. */
export function parseIsoTime(text: string): UnixMs | undefined {
  if (!ISO_TIME.test(text)) return undefined;
  const day = Number(text.slice(8, 10));
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  const daysInMonth = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
  return day > daysInMonth ? undefined : unixMs(at);
}

/**
 * Waits in real time whatever clock the product runs on: the gathering of a commit is no part of the time that a
 * simulation turns.
 */
export const gatherFor = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

/** Lets whatever else waits have its turn: work that never waits by itself would keep everybody out until it is done. */
export const letOthersRun = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Measures real time, whatever clock the product runs on. @returns the milliseconds since, as often as it is asked */
export function startStopwatch(): () => number {
  const started = performance.now();
  return () => performance.now() - started;
}
