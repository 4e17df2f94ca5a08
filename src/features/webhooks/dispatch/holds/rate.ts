/*
 * At most so many in a time: never more within any stretch of that length, wherever it begins. What went out is kept as a
 * short list of times and counts, oldest first, so that a restart begins where the last life ended and no burst of twice
 * the count goes out. Times that lie close together are kept as one, as of the latest of them.
 */
import { addMs, type UnixMs } from "../../../../kernel/units.ts";

export interface RateLimit {
  readonly count: number;
  readonly per: number;
}

export type Taken = readonly (readonly [at: UnixMs, count: number])[];

/** In so many parts a stretch is looked at: what went out within one is kept as one. */
const PARTS = 10;

/** What still counts. A time that lies ahead was written before the clock was set back: it counts as of now. */
const counting = (taken: Taken, { per }: RateLimit, now: UnixMs): Taken =>
  taken.map(([at, count]) => [at > now ? now : at, count] as const).filter(([at]) => at > now - per);

/** How many may go now, and where none may, when the next one may. */
export function allowance(
  taken: Taken,
  limit: RateLimit,
  now: UnixMs,
): { readonly free: number; readonly freeAt: UnixMs } {
  const entries = counting(taken, limit, now);
  let used = entries.reduce((sum, [, count]) => sum + count, 0);
  const free = Math.max(0, limit.count - used);
  if (free > 0) return { free, freeAt: now };
  for (const [at, count] of entries) {
    used -= count;
    if (used < limit.count) return { free, freeAt: addMs(at, limit.per) };
  }
  return { free, freeAt: addMs(now, limit.per) };
}

/** With so many more that go out now. */
export function take(taken: Taken, limit: RateLimit, now: UnixMs, count: number): Taken {
  const entries = counting(taken, limit, now);
  if (count === 0) return entries;
  const last = entries.at(-1);
  const part = (at: UnixMs): number => Math.floor((at * PARTS) / limit.per);
  if (!last || part(last[0]) !== part(now)) return [...entries, [now, count]];
  return [...entries.slice(0, -1), [now, last[1] + count]];
}

/** The latest of them went out later than it was written: it waited for the commit, or for a socket. */
export function sentLater(taken: Taken, sentAt: UnixMs): Taken {
  const last = taken.at(-1);
  return last && last[0] < sentAt ? [...taken.slice(0, -1), [sentAt, last[1]]] : taken;
}
