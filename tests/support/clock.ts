import type { Clock } from "../../src/kernel/clock.ts";
import { type MonotonicMs, type UnixMs, unixMs } from "../../src/kernel/units.ts";

/** A clock that stands still until it is told to go on; timers fire in order of their time. */
export class FakeClock implements Clock {
  #now: number;
  #timers: { at: number; order: number; callback: () => void }[] = [];
  #order = 0;

  constructor(start = Date.UTC(2026, 10, 20, 18, 4, 0)) {
    this.#now = start;
  }

  now(): UnixMs {
    return unixMs(this.#now);
  }

  monotonic(): MonotonicMs {
    return this.#now as MonotonicMs;
  }

  after(delayMs: number, callback: () => void) {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  timeout(delayMs: number): AbortSignal {
    const controller = new AbortController();
    this.after(delayMs, () => controller.abort(new DOMException("timed out", "TimeoutError")));
    return controller.signal;
  }

  /** The time of the next timer, if any waits. */
  nextTimer(): UnixMs | undefined {
    const at = Math.min(...this.#timers.map((timer) => timer.at));
    return Number.isFinite(at) ? unixMs(at) : undefined;
  }

  /** Moves on, firing what falls due on the way; lets promises settle after each timer. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#now + durationMs;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Sets the wall clock without firing anything: a step of the system's time. */
  set(at: number): void {
    this.#now = at;
  }
}

const PATIENCE_MS = 10_000;

/** Tries until the expectation holds: for work that ends in real time (disk, sockets) while the fake clock stands still. */
export async function eventually<T>(expectation: () => T | Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await expectation();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

/** Lets everything that waits on promises and on the write lane's gathering go on. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
