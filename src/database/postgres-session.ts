import { systemClock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import { type PostgresAddress, type SessionLimits, sessionParameters } from "./postgres-address.ts";
import { isConnectionLost } from "./postgres-errors.ts";
import type { RawResult } from "./postgres-values.ts";

/** The server ends a statement by itself; this much later nobody answers any more, and the connection is given up. */
export const ANSWER_GRACE_MS = 5_000;

export interface SessionOptions {
  readonly address: PostgresAddress;
  readonly limits: SessionLimits;
  readonly connectTimeoutMs: number;
}

/**
 * One connection of its own. Statements are sent in the order of the calls without waiting for each other's answers.
 * Once lost it stays lost: whoever needs one opens another. Its waits are in real time, whatever clock the product runs
 * on: a network does not stand still with a fake clock.
 */
export class PostgresSession {
  readonly #client: Bun.SQL;
  readonly #connection: Bun.ReservedSQL;
  readonly #answerWithinMs: number;
  readonly #onLost: (() => void)[] = [];
  #lost = false;

  private constructor(client: Bun.SQL, connection: Bun.ReservedSQL, options: SessionOptions) {
    this.#client = client;
    this.#connection = connection;
    this.#answerWithinMs = options.limits.statementTimeoutMs + ANSWER_GRACE_MS;
  }

  static async open(options: SessionOptions): Promise<PostgresSession> {
    let session: PostgresSession | undefined;
    const client = new Bun.SQL({
      ...options.address.settings,
      max: 1,
      connectionTimeout: options.connectTimeoutMs / 1_000,
      connection: sessionParameters(options.limits),
      onclose: () => session?.abandon(),
    });
    try {
      session = new PostgresSession(client, await client.reserve(), options);
      return session;
    } catch (error) {
      await client.close({ timeout: 0 }).catch(() => {});
      throw error;
    }
  }

  get lost(): boolean {
    return this.#lost;
  }

  onLost(callback: () => void): void {
    this.#onLost.push(callback);
  }

  /** `unbounded` is for a change of the schema, which may rewrite a table. */
  async query(
    text: string,
    parameters: readonly unknown[] = [],
    { unbounded = false }: { readonly unbounded?: boolean } = {},
  ): Promise<RawResult> {
    if (this.#lost) throw connectionLost();
    const query = this.#connection.unsafe<RawResult>(text, parameters as unknown[]);
    return this.#answer(query.execute(), unbounded);
  }

  /** Several statements of fixed text in one message. */
  async script(text: string): Promise<void> {
    if (this.#lost) throw connectionLost();
    await this.#answer(this.#connection.unsafe<RawResult>(text).simple().execute(), false);
  }

  async #answer(query: Promise<RawResult>, unbounded: boolean): Promise<RawResult> {
    const patience = unbounded ? undefined : systemClock.after(this.#answerWithinMs, () => this.abandon());
    try {
      return await query;
    } catch (error) {
      if (isConnectionLost(error)) this.abandon();
      throw error;
    } finally {
      patience?.cancel();
    }
  }

  /** Gives the connection up: what waits for an answer is rejected. */
  abandon(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#client.close({ timeout: 0 }).catch(() => {});
    for (const callback of this.#onLost) callback();
  }
}

export const connectionLost = (cause?: unknown): AppError =>
  new AppError("unavailable", "The connection to the database was lost.", { retryAfterSeconds: 1, cause });
