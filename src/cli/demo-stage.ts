import type { DeliveryStatus, Hatch, NewEvent, SentEvent } from "../client/index.ts";
import { parseIsoTime, startStopwatch, systemClock } from "../kernel/clock.ts";
import type { UnixMs } from "../kernel/units.ts";
import type { DemoClock } from "./demo-clock.ts";
import type { Arrival, DemoReceiver } from "./demo-receiver.ts";
import type { Terminal } from "./terminal.ts";
import type { Palette } from "./view.ts";

/** How often it is looked whether everything that was sent has come to rest. */
const LOOK_MS = 3;
/** How long that may take before the story goes on, and says what is missing. */
const PATIENCE_MS = 10_000;

/** It was asked to stop; nothing is wrong. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

export interface StageOptions {
  readonly clock: DemoClock;
  readonly hatch: Hatch;
  readonly subscriptionId: string;
  readonly receiver: DemoReceiver;
  readonly terminal: Terminal;
  readonly palette: Palette;
  readonly stopping: AbortSignal;
}

/** A customer's server on the story's clock: it sends, it waits, it looks at what became of it, all by the public API. */
export class Stage {
  readonly clock: DemoClock;
  readonly hatch: Hatch;
  readonly receiver: DemoReceiver;
  readonly palette: Palette;
  readonly #options: StageOptions;
  readonly #afterMs = new Map<string, number>();
  #sinceSent = startStopwatch();

  constructor(options: StageOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.hatch = options.hatch;
    this.receiver = options.receiver;
    this.palette = options.palette;
    options.receiver.listen(({ delivery }) => this.#afterMs.set(delivery, Math.round(this.#sinceSent())));
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) this.#options.terminal.out(line);
  }

  /** Lets a person read; a program need not wait. */
  async pause(lengthMs: number): Promise<void> {
    this.#goOn();
    if (!this.#options.terminal.interactive) return;
    const { stopping } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = systemClock.after(lengthMs, resolve);
    stopping.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    timer.cancel();
    this.#goOn();
  }

  async send(event: NewEvent): Promise<SentEvent & { readonly tookMs: number }> {
    this.#goOn();
    this.#sinceSent = startStopwatch();
    const sent = await this.hatch.events.send(event);
    return { ...sent, tookMs: Math.max(1, Math.round(this.#sinceSent())) };
  }

  /** How long after the last event was sent it came, in real milliseconds. */
  afterMs(arrival: Arrival): number | undefined {
    return this.#afterMs.get(arrival.delivery);
  }

  /** When the next of what waits is to be tried. */
  async nextAttempt(): Promise<UnixMs | undefined> {
    // Most often nothing waits, and that is the cheaper question.
    if (!(await this.#has("pending"))) return undefined;
    const { waiting } = await this.hatch.webhooks.health(this.#options.subscriptionId);
    return parseIsoTime(waiting.nextDueAt ?? "");
  }

  /**
   * Waits until nothing is under way and nothing is due: only then may time leap.
   * @returns when the next of what waits is to be tried
   */
  async settle(): Promise<UnixMs | undefined> {
    const waited = startStopwatch();
    for (;;) {
      this.#goOn();
      const next = await this.nextAttempt();
      const isDue = next !== undefined && next <= this.clock.now();
      const isQuiet = !isDue && this.receiver.open === 0 && !(await this.#has("sending"));
      if (isQuiet || waited() > PATIENCE_MS) return next;
      await systemClock.sleep(LOOK_MS);
    }
  }

  /** Goes to that moment, and on the way to each at which something that waits falls due. */
  async advanceTo(at: UnixMs): Promise<void> {
    for (;;) {
      const next = await this.settle();
      if (next === undefined || next > at || next <= this.clock.now()) break;
      this.clock.leapTo(next);
      this.clock.wake();
    }
    this.#goOn();
    if (at > this.clock.now()) this.clock.leapTo(at);
  }

  async #has(status: DeliveryStatus): Promise<boolean> {
    const { subscriptionId: subscription } = this.#options;
    return (await this.hatch.deliveries.list({ subscription, status, limit: 1 })).data.length > 0;
  }

  #goOn(): void {
    if (this.#options.stopping.aborted) throw new Stopped();
  }
}
