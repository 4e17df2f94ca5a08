import type { PulledDelivery } from "../../client/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import type { Connection } from "../connection.ts";
import type { Terminal } from "../terminal.ts";
import { type Palette, timeText } from "../view.ts";
import { type Arrival, examine, isVerified } from "./arrival.ts";
import { type Forwarded, forward } from "./forward.ts";
import { Line } from "./line.ts";
import type { Listening } from "./subscription.ts";
import { arrivalLines, type Count, endLines, forwardLine, jsonLine } from "./view.ts";

export interface ListenOptions {
  readonly connection: Connection;
  readonly listening: Listening;
  readonly forwardTo: string | undefined;
  /** Under which the subscription is kept. */
  readonly name: string | undefined;
  readonly json: boolean;
  readonly terminal: Terminal;
  readonly palette: Palette;
  readonly stopping: AbortSignal;
}

/** Deliveries in hand at once: each has a minute from when it was handed out. */
const AT_ONCE = 16;
/** What a receiver has left to answer in when a person ends it. */
const GRACE_MS = 2_000;

/** One listening, from the first delivery to the last. */
class Listener {
  readonly #options: ListenOptions;
  readonly #line: Line;
  readonly #count: Count = { arrived: 0, verified: 0, taken: 0, refused: 0 };
  readonly #ended = new AbortController();
  readonly #unheard = new AbortController();
  readonly #stopping: AbortSignal;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#stopping = AbortSignal.any([options.stopping, this.#unheard.signal]);
    this.#line = new Line(options.connection, options.listening.id, {
      lost: (why) =>
        this.#say(`  ${options.palette.bad("Connection lost:")} ${why} It is tried again until it is back.`),
      back: (afterMs) => this.#say(`  ${options.palette.good("Back")} after ${timeText(afterMs)}.`),
    });
  }

  async run(): Promise<void> {
    const { name } = this.#options;
    const stopping = this.#stopping;
    const grace = (): void => void systemClock.after(GRACE_MS, () => this.#ended.abort());
    stopping.addEventListener("abort", grace, { once: true });
    try {
      await this.#listen();
    } finally {
      stopping.removeEventListener("abort", grace);
      await this.#leave(name !== undefined);
    }
    this.#tell(endLines(this.#options.palette, this.#count, this.#options.forwardTo !== undefined, name));
  }

  async #listen(): Promise<void> {
    const stopping = this.#stopping;
    const running = new Set<Promise<void>>();
    for await (const delivery of this.#line.deliveries(AT_ONCE, stopping)) {
      if (stopping.aborted) break;
      const handling = this.#handle(delivery).finally(() => running.delete(handling));
      running.add(handling);
      if (running.size >= AT_ONCE) await Promise.race(running);
    }
    await Promise.all(running);
  }

  /** Shown, passed on, and ended with the server only once somebody has seen it and the receiver has taken it. */
  async #handle(delivery: PulledDelivery): Promise<void> {
    const { forwardTo, listening, palette, json, terminal } = this.#options;
    const arrival = await examine(delivery, listening.secret);
    this.#count.arrived += 1;
    if (isVerified(arrival)) this.#count.verified += 1;
    this.#tell(arrivalLines(palette, systemClock.now(), arrival));
    const forwarded = forwardTo === undefined ? undefined : await this.#forward(forwardTo, delivery);
    if (json) terminal.out(JSON.stringify(jsonLine(arrival, forwarded)));
    if (terminal.isHeard?.() === false) this.#unheard.abort();
    else if (forwarded?.taken ?? true) await this.#acknowledge(arrival);
  }

  async #forward(to: string, delivery: PulledDelivery): Promise<Forwarded> {
    const forwarded = await forward(to, delivery, this.#ended.signal);
    this.#count[forwarded.taken ? "taken" : "refused"] += 1;
    this.#tell([forwardLine(this.#options.palette, delivery.id, forwarded)]);
    return forwarded;
  }

  /** Where the server can't be told, the delivery comes again: that is how it is meant. */
  async #acknowledge({ delivery }: Arrival): Promise<void> {
    try {
      await this.#line.acknowledge(delivery);
    } catch (error) {
      this.#say(`           ${delivery} was not acknowledged and comes again: ${(error as Error).message}`);
    }
  }

  async #leave(keep: boolean): Promise<void> {
    try {
      await this.#line.close({ keep });
    } catch (error) {
      this.#say(`  ${this.#options.listening.id} could not be deleted, it stays: ${(error as Error).message}`);
    }
  }

  /** For a person; a program reads its lines of JSON. */
  #tell(lines: readonly string[]): void {
    const { json, terminal } = this.#options;
    if (!json) for (const line of lines) terminal.out(line);
  }

  /** What is worth knowing in both cases. */
  #say(line: string): void {
    const { json, terminal } = this.#options;
    if (json) terminal.error(line.trim());
    else terminal.out(line);
  }
}

/** Hears until it is told to stop; then leaves nothing behind that was not to stay. */
export const listen = (options: ListenOptions): Promise<void> => new Listener(options).run();
