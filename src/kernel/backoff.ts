import type { Chance } from "./chance.ts";
import { type DurationMs, durationMs } from "./units.ts";

/** A delay with jitter that is only ever added: never earlier than promised. `jitter` is a share, 0.1 for 10 %. */
export function withAddedJitter(delay: DurationMs, jitter: number, chance: Chance): DurationMs {
  return durationMs(delay + Math.floor(delay * jitter * chance.fraction()));
}

/** Doubles from `base` up to `max`; `failures` counts from 1. */
export function exponentialDelay(failures: number, base: DurationMs, max: DurationMs): DurationMs {
  return durationMs(Math.min(max, base * 2 ** Math.min(30, failures - 1)));
}
