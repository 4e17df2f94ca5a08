import { HatchError, type PulledDelivery } from "../../client/index.ts";
import { backoffMs } from "../../client/retry.ts";
import { sleep } from "../../client/time.ts";
import { systemChance } from "../../kernel/chance.ts";
import { startStopwatch } from "../../kernel/clock.ts";
import { AppError } from "../../kernel/errors.ts";
import type { Connection } from "../connection.ts";

/** How long the server waits for something to come before it answers with nothing. */
const WAIT_MS = 20_000;
const CLEAN_UP = { timeoutMs: 3_000, retries: 0 };

/** The server is away, restarts or is overrun: it may be there again in a moment. */
const isPassing = (error: unknown): boolean =>
  error instanceof HatchError &&
  error.code !== "not_configured" &&
  (error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500);

const isKeyRefused = (error: unknown): boolean => error instanceof HatchError && error.code === "unauthenticated";

export interface LineNews {
  /** Told once, however long it takes. */
  readonly lost: (why: string) => void;
  readonly back: (afterMs: number) => void;
}

/** The connection of one listener: it breaks and comes back, the subscription stays. */
export class Line {
  #connection: Connection;
  readonly #subscription: string;
  readonly #news: LineNews;

  constructor(connection: Connection, subscription: string, news: LineNews) {
    this.#connection = connection;
    this.#subscription = subscription;
    this.#news = news;
  }

  /** What is due, in the order handed out, until the signal says that it is enough. */
  async *deliveries(atOnce: number, signal: AbortSignal): AsyncGenerator<PulledDelivery> {
    while (!signal.aborted) yield* await this.#pull(atOnce, signal);
  }

  async acknowledge(delivery: string): Promise<void> {
    await this.#connection.client.webhooks.ack(this.#subscription, [delivery]);
  }

  /** Takes the subscription along where it is nobody's any more. */
  async close(options: { readonly keep: boolean }): Promise<void> {
    try {
      if (!options.keep) await this.#connection.client.webhooks.delete(this.#subscription, CLEAN_UP);
    } finally {
      await this.#connection.close();
    }
  }

  async #pull(limit: number, signal: AbortSignal): Promise<readonly PulledDelivery[]> {
    let sinceLost: (() => number) | undefined;
    let refusedBefore = false;
    for (let failures = 0; ; ) {
      try {
        const { webhooks } = this.#connection.client;
        const waitMs = failures === 0 ? WAIT_MS : 0;
        const { deliveries } = await webhooks.pull(this.#subscription, { waitMs, limit }, { signal, retries: 0 });
        if (sinceLost) this.#news.back(sinceLost());
        return deliveries;
      } catch (error) {
        if (signal.aborted) return [];
        const refused = isKeyRefused(error);
        // A key that was issued a moment ago is refused for good.
        if (!isPassing(error) && (!refused || refusedBefore)) throw error;
        refusedBefore = refused;
        failures += 1;
        if (!sinceLost && isPassing(error)) {
          sinceLost = startStopwatch();
          this.#news.lost((error as HatchError).message);
        }
        await this.#refresh(error);
        await sleep(backoffMs(failures, systemChance.fraction()), signal).catch(() => {});
        if (signal.aborted) return [];
      }
    }
  }

  /** Another connection where there is one to be had; while no server runs, the one that there was. */
  async #refresh(error: unknown): Promise<void> {
    const keyRefused = isKeyRefused(error);
    const before = this.#connection;
    try {
      this.#connection = await before.refresh({ keyRefused });
    } catch (refreshing) {
      if (keyRefused || !(refreshing instanceof AppError)) throw error;
    }
    if (keyRefused && this.#connection === before) throw error;
  }
}
