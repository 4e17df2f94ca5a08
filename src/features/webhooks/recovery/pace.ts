import { addMs, durationMs, SECOND, type UnixMs } from "../../../kernel/units.ts";
import type { Pace } from "./types.ts";

/** Where nothing is said: a receiver that has just come back is not to be run over. */
const GENTLE: Pace = { count: 50, per: SECOND };
/** A subscription with a rate of its own keeps this share of it for what happens meanwhile. */
const SHARE = 2;

/** Deliveries are made due at most this far ahead: what a pause of the job can no longer hold back. */
const AHEAD_MS = 2 * SECOND;
/** A subscription whose next delivery may be due within this has its turn. */
export const TURN_MS = SECOND;

const perMs = ({ count, per }: Pace): number => count / per;

const slower = (one: Pace, other: Pace): Pace => (perMs(one) <= perMs(other) ? one : other);

/** The rate of a recovery for one subscription: what was asked for, never above its own; or what is gentle. */
export function paceOf(asked: Pace | null, own: Pace | undefined): Pace {
  if (!own) return asked ?? GENTLE;
  return asked ? slower(asked, own) : slower({ count: own.count, per: durationMs(own.per * SHARE) }, GENTLE);
}

export interface Turn {
  /** How many deliveries there is time for now. */
  readonly count: number;
  /** When the one at this place is due, from 0. */
  dueAt(place: number): UnixMs;
  /** When the next one may be due once so many have been taken. */
  nextAt(taken: number): UnixMs;
}

/** Evenly spread, so that no stretch of the rate's length ever holds more than its count and one. */
export function turnAt(now: UnixMs, nextAt: UnixMs, { count, per }: Pace, countMax: number): Turn {
  const start = nextAt > now ? nextAt : now;
  const fits = Math.floor(((now + AHEAD_MS - start) * count) / per) + 1;
  return {
    count: Math.max(0, Math.min(countMax, fits)),
    dueAt: (place) => addMs(start, Math.floor((place * per) / count)),
    nextAt: (taken) => (taken === 0 ? nextAt : addMs(start, Math.ceil((taken * per) / count))),
  };
}
