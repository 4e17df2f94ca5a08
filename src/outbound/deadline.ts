import type { Clock, Timer } from "../kernel/clock.ts";

/** Ends a request: when its time is up, or when whoever asked for it no longer wants it. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #outer: AbortSignal | undefined;
  #giveUp: (() => void) | undefined;
  #timer: Timer;
  #reason: "timeout" | "aborted" | undefined;

  constructor(clock: Clock, durationMs: number, outer: AbortSignal | undefined) {
    this.#clock = clock;
    this.#outer = outer;
    this.#timer = clock.after(durationMs, () => this.#end("timeout"));
    if (!outer) return;
    this.#giveUp = () => this.#end("aborted");
    outer.addEventListener("abort", this.#giveUp, { once: true });
    if (outer.aborted) this.#end("aborted");
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why it ended; undefined while there is time. */
  get reason(): "timeout" | "aborted" | undefined {
    return this.#reason;
  }

  /** From now on, this long. */
  restart(durationMs: number): void {
    this.#timer.cancel();
    this.#timer = this.#clock.after(durationMs, () => this.#end("timeout"));
  }

  /** The value, or undefined once time is up. */
  race<T>(work: Promise<T>): Promise<T | undefined> {
    if (this.#reason) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const end = (): void => resolve(undefined);
      this.signal.addEventListener("abort", end, { once: true });
      work.then(resolve, reject).finally(() => this.signal.removeEventListener("abort", end));
    });
  }

  /** To be called at the end, whatever it was. */
  done(): void {
    this.#timer.cancel();
    if (this.#giveUp) this.#outer?.removeEventListener("abort", this.#giveUp);
  }

  #end(reason: "timeout" | "aborted"): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller.abort();
  }
}
