import type { Clock } from "../kernel/clock.ts";
import { MINUTE } from "../kernel/units.ts";

/** Callers remembered at once; over it the one seen longest ago is forgotten, which only ever lets more through. */
const CALLERS_MAX = 20_000;

/**
 * So many requests a minute for each caller, refilled evenly (the generic cell rate algorithm): of each caller only the
 * time is kept at which all that it has used will be refilled.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #refilledAt = new Map<string, number>();

  /** @param perMinute 0 is no limit. */
  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Counts one request. @returns 0, or the whole seconds to wait where it is one too many (then it is not counted) */
  take(caller: string): number {
    if (this.#perMinute === 0) return 0;
    const now = this.#clock.monotonic();
    const spacing = MINUTE / this.#perMinute;
    const known = this.#refilledAt.get(caller);
    const refilledAt = Math.max(known ?? 0, now) + spacing;
    const waitMs = refilledAt - now - MINUTE;
    // Sums of thirds of a millisecond are not exact: less than one is no wait.
    if (waitMs >= 1) return Math.ceil(waitMs / 1_000);
    if (known !== undefined) this.#refilledAt.delete(caller);
    else if (this.#refilledAt.size >= CALLERS_MAX) this.#forgetOldest();
    this.#refilledAt.set(caller, refilledAt);
    return 0;
  }

  /** Takes back one that was counted: it was of another kind after all. */
  giveBack(caller: string): void {
    const refilledAt = this.#refilledAt.get(caller);
    if (refilledAt !== undefined) this.#refilledAt.set(caller, refilledAt - MINUTE / this.#perMinute);
  }

  #forgetOldest(): void {
    for (const caller of this.#refilledAt.keys()) {
      this.#refilledAt.delete(caller);
      return;
    }
  }
}
