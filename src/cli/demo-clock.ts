import { assert } from "../kernel/assert.ts";
import { type Clock, systemClock, type Timer } from "../kernel/clock.ts";
import type { UnixMs } from "../kernel/units.ts";

/**
 * What asks to be called back within a second only looks around: it may be woken early. Everything longer is a deadline of
 * a socket or of a request, and runs on real time: a leap must not make an answer late that is a millisecond away.
 */
const TICK_MAX_MS = 1_000;

/**
 * A wall clock that stands still and is moved by leaps, as if the machine had slept. Timers and durations are real: who
 * looks around finds out within a second, or at once when it is woken.
 */
export interface DemoClock extends Clock {
  /** Forward, never back. */
  leapTo(at: UnixMs): void;
  /** Lets everything that looks around do so now. */
  wake(): void;
  /** Leaps to the real time and goes with it from now on. */
  follow(): void;
}

export function createDemoClock(start: UnixMs, real: Clock = systemClock): DemoClock {
  let wall = start;
  let follows = false;
  /** Of those that look around, in the order in which they asked. */
  const ticks = new Set<() => void>();

  const now = (): UnixMs => {
    if (follows && real.now() > wall) wall = real.now();
    return wall;
  };

  const tick = (delayMs: number, callback: () => void): Timer => {
    const cancel = (): void => {
      timer.cancel();
      ticks.delete(fire);
    };
    const fire = (): void => {
      cancel();
      callback();
    };
    const timer = real.after(delayMs, fire);
    ticks.add(fire);
    return { cancel };
  };

  const after = (delayMs: number, callback: () => void): Timer =>
    follows || delayMs > TICK_MAX_MS ? real.after(delayMs, callback) : tick(delayMs, callback);

  const wake = (): void => {
    // One may cancel another, and each may ask anew.
    for (const fire of [...ticks]) if (ticks.has(fire)) fire();
  };

  return {
    now,
    monotonic: () => real.monotonic(),
    after,
    sleep: (delayMs) => new Promise((resolve) => after(delayMs, resolve)),
    timeout: (delayMs) => real.timeout(delayMs),
    leapTo(at) {
      assert(at >= now(), "time never goes backwards");
      wall = at;
    },
    wake,
    follow() {
      follows = true;
      wake();
    },
  };
}
