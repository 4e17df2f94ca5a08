import type { LaneClass } from "./pace.ts";

/** How all slots are shared out. */
export interface Shares {
  /** Slots that retries can't take, and that no endpoint can take which has several already. */
  readonly kept: number;
  /** What an endpoint may have of those. */
  readonly few: number;
  readonly retries: number;
  /** Failing, slow and silent endpoints together. */
  readonly troubled: number;
  /** Of these the slow and the silent. */
  readonly slow: number;
  readonly silent: number;
  readonly trials: number;
  /** Trials that may begin at once; each further one waits until one of these would have timed out. */
  readonly trialsAtOnce: number;
}

export function sharesOf(slots: number): Shares {
  const quarter = Math.floor(slots / 4);
  const troubled = Math.max(1, quarter);
  return {
    kept: quarter,
    few: Math.max(1, Math.floor(slots / 16)),
    retries: slots - quarter,
    troubled,
    slow: troubled - Math.floor(troubled / 4),
    silent: Math.max(1, Math.floor(troubled / 2)),
    trials: Math.max(1, Math.floor(slots / 2)),
    trialsAtOnce: troubled,
  };
}

/** What a class may still take of its share, by what each class has. */
export function roomOf(shares: Shares, kind: LaneClass, has: Readonly<Record<LaneClass, number>>): number {
  const troubled = shares.troubled - has.failing - has.slow - has.silent;
  const slow = Math.min(troubled, shares.slow - has.slow - has.silent);
  switch (kind) {
    case "quick":
      return Number.POSITIVE_INFINITY;
    case "trial":
      return shares.trials - has.trial;
    case "failing":
      return troubled;
    case "slow":
      return slow;
    case "silent":
      return Math.min(slow, shares.silent - has.silent);
  }
}

/**
 * How many trials may begin. A trial may hang until it times out, so a burst of them is followed by one at a time, as
 * fast as the burst's time-outs will make room: whoever comes new waits for the next turn, never for a time-out. Where
 * trials go well, more may begin.
 */
export class Trials {
  readonly #atOnce: number;
  readonly #most: number;
  readonly #stepMs: number;
  #free: number;
  #countedAt: number | undefined;

  constructor({ trialsAtOnce, trials }: Shares, timeoutMs: number) {
    this.#atOnce = trialsAtOnce;
    this.#most = trials;
    this.#stepMs = timeoutMs / trialsAtOnce;
    this.#free = trialsAtOnce;
  }

  /** @param now monotonic */
  free(now: number): number {
    this.#countedAt ??= now;
    const steps = Math.floor((now - this.#countedAt) / this.#stepMs);
    if (steps > 0) {
      this.#countedAt += steps * this.#stepMs;
      if (this.#free < this.#atOnce) this.#free = Math.min(this.#atOnce, this.#free + steps);
    }
    return this.#free;
  }

  /** How long until another may begin; 0 where one may. */
  wait(now: number): number {
    if (this.free(now) > 0) return 0;
    return this.#stepMs - (now - (this.#countedAt ?? now));
  }

  take(count: number): void {
    this.#free -= count;
  }

  giveBack(count: number): void {
    this.#free = Math.min(this.#most, this.#free + count);
  }
}
