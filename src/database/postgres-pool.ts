import { assert } from "../kernel/assert.ts";
import { systemClock } from "../kernel/clock.ts";
import { sessionParameters } from "./postgres-address.ts";
import { isConnectionLost, translatePostgres } from "./postgres-errors.ts";
import { ANSWER_GRACE_MS, connectionLost, type SessionOptions } from "./postgres-session.ts";
import type { Channel } from "./postgres-statements.ts";
import type { RawResult } from "./postgres-values.ts";

export interface PoolOptions extends SessionOptions {
  readonly connections: number;
}

const CLOSE_WITHIN_SECONDS = 5;
/** Where the server is really gone, whoever asks is told soon. */
const ASK_AGAIN_WITHIN_MS = 1_000;

/** The reading side: a few connections that can't write, each statement on whichever is free. */
export class ReadingPool implements Channel {
  readonly #options: PoolOptions;
  readonly #answerWithinMs: number;
  #client: Bun.SQL;
  #answeredAt = systemClock.monotonic();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#answerWithinMs = options.limits.statementTimeoutMs + ANSWER_GRACE_MS;
    this.#client = this.#connect();
  }

  #connect(): Bun.SQL {
    const { address, limits, connectTimeoutMs, connections } = this.#options;
    return new Bun.SQL({
      ...address.settings,
      max: connections,
      connectionTimeout: connectTimeoutMs / 1_000,
      connection: { ...sessionParameters(limits), default_transaction_read_only: "on" },
    });
  }

  async query(text: string, parameters: readonly unknown[]): Promise<RawResult> {
    assert(!this.#closed, "the database is closed");
    const began = systemClock.monotonic();
    // After a restart of the server each connection of the pool may have ended unnoticed; a question may be asked again.
    for (let left = this.#options.connections; ; left -= 1) {
      try {
        return await this.#ask(text, parameters);
      } catch (error) {
        const again = left > 0 && systemClock.monotonic() - began < ASK_AGAIN_WITHIN_MS;
        if (!again || this.#closed || !isConnectionLost(error)) throw translatePostgres(error);
      }
    }
  }

  async #ask(text: string, parameters: readonly unknown[]): Promise<RawResult> {
    const gaveUp = Promise.withResolvers<never>();
    const patience = systemClock.after(this.#answerWithinMs, () => {
      this.#replaceIfSilent();
      gaveUp.reject(connectionLost());
    });
    try {
      const answer = await Promise.race([
        this.#client.unsafe<RawResult>(text, parameters as unknown[]),
        gaveUp.promise,
      ]);
      this.#answeredAt = systemClock.monotonic();
      return answer;
    } finally {
      patience.cancel();
    }
  }

  /** Where nobody at all was answered for so long, the connections lead nowhere. */
  #replaceIfSilent(): void {
    if (this.#closed || systemClock.monotonic() - this.#answeredAt < this.#answerWithinMs) return;
    const silent = this.#client;
    this.#client = this.#connect();
    this.#answeredAt = systemClock.monotonic();
    silent.close({ timeout: 0 }).catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client.close({ timeout: CLOSE_WITHIN_SECONDS }).catch(() => {});
  }
}
