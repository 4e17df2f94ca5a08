import type { Clock } from "../../../kernel/clock.ts";
import { AppError } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";

/** Long polls that wait at once, for one subscription and in all: each holds a connection. */
const PER_SUBSCRIPTION_MAX = 32;
const TOTAL_MAX = 2_000;

/** Callers of pull subscriptions that wait for something to come. */
export class PullWaiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<Id<"sub">, Set<() => void>>();
  #total = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get total(): number {
    return this.#total;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when something may have come, after `waitMs`, or when the caller is gone. Never rejects for those. */
  async wait(id: Id<"sub">, waitMs: number, signal: AbortSignal): Promise<void> {
    const others = this.#waiting.get(id) ?? new Set();
    if (others.size >= PER_SUBSCRIPTION_MAX || this.#total >= TOTAL_MAX) {
      throw new AppError("rate_limited", "Too many requests are waiting for deliveries.", { retryAfterSeconds: 1 });
    }
    if (signal.aborted || this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    others.add(resolve);
    this.#waiting.set(id, others);
    this.#total += 1;
    const timer = this.#clock.after(waitMs, resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    timer.cancel();
    others.delete(resolve);
    if (others.size === 0) this.#waiting.delete(id);
    this.#total -= 1;
  }

  /** All look again: who finds nothing goes on waiting. */
  wake(ids: Iterable<Id<"sub">>): void {
    for (const id of ids) for (const resolve of [...(this.#waiting.get(id) ?? [])]) resolve();
  }

  /** Sends everybody home: the process stops. */
  close(): void {
    this.#closed = true;
    this.wake([...this.#waiting.keys()]);
  }
}
