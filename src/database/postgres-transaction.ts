import { assert } from "../kernel/assert.ts";
import type { Clock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { Writer } from "./database.ts";
import type { ColumnCatalogue } from "./postgres-columns.ts";
import { ABORTED_TRANSACTION, serverCodeOf, translatePostgres } from "./postgres-errors.ts";
import { MARK_COMMIT, type Seat } from "./postgres-seat.ts";
import { connectionLost } from "./postgres-session.ts";
import { PostgresWriter } from "./postgres-statements.ts";
import type { RawResult } from "./postgres-values.ts";
import type { WritingConnection } from "./postgres-writing.ts";
import type { Transaction } from "./write-lane.ts";

export interface TransactionFloor {
  readonly connection: WritingConnection;
  readonly catalogue: ColumnCatalogue;
  readonly clock: Clock;
  /** The number of a commit; each one is higher than those before. */
  nextCommit(seat: Seat): number;
  /** A message went to the server. */
  sent(): void;
}

/**
 * One group of changes on the writing session. What is only of the frame (BEGIN, the mark, savepoints) is sent without
 * waiting: the server works in order, and a failure there makes the statements after it fail. So a change costs one
 * round trip for each statement that it waits for itself, and the commit one more.
 *
 * Postgres goes on after a failed statement only from a savepoint. A change that swallows the failure of one of its own
 * would otherwise be told that it was kept: every failure is remembered, and `release` and `commit` throw it.
 */
export class PostgresTransaction implements Transaction {
  readonly #floor: TransactionFloor;
  #seat: Seat | undefined;
  #over = false;
  #commit = 0;
  #mark: Promise<RawResult> | undefined;
  #underWay = new Set<Promise<unknown>>();
  /** The first failure since the savepoint, or since the beginning where there was none. */
  #failure: { readonly error: unknown } | undefined;
  #savepointStands = false;
  #schemaChanged = false;

  constructor(floor: TransactionFloor) {
    this.#floor = floor;
  }

  async begin(): Promise<Writer> {
    const seat = await this.#floor.connection.seat();
    this.#seat = seat;
    this.#commit = this.#floor.nextCommit(seat);
    this.#frame("BEGIN");
    this.#mark = this.#send(MARK_COMMIT, [BigInt(this.#commit), BigInt(seat.epoch)]);
    this.#mark.catch(() => {});
    const channel = { query: (text: string, parameters: readonly unknown[]) => this.#send(text, parameters) };
    return new PostgresWriter(channel, this.#floor.catalogue, {
      now: this.#floor.clock.now(),
      schemaChange: (text) => this.#changeSchema(text),
    });
  }

  async savepoint(): Promise<void> {
    // One that is done is let go only now, in the same message: they would pile up one inside the other.
    this.#frame(this.#savepointStands ? "RELEASE operation; SAVEPOINT operation" : "SAVEPOINT operation");
    this.#savepointStands = true;
  }

  async release(): Promise<void> {
    await this.#settle();
    if (this.#failure) throw this.#failure.error;
  }

  async rollbackToSavepoint(): Promise<boolean> {
    await this.#settle();
    this.#failure = undefined;
    this.#floor.catalogue.forget();
    if (this.#session.lost) return false;
    try {
      await this.#send("ROLLBACK TO operation", []);
      return true;
    } catch {
      return false;
    }
  }

  async commit(): Promise<void> {
    await this.#settle();
    if (this.#failure) throw this.#failure.error;
    const mark = await this.#mark;
    // Cannot be while the lock holds; where a server takes locks lightly, this row is the fence.
    if (mark?.affectedRows !== 1) {
      this.#session.abandon();
      throw new AppError("unavailable", "Another node has begun to write to the database.", { retryAfterSeconds: 1 });
    }
    let answer: RawResult;
    try {
      this.#floor.sent();
      answer = await this.#session.query("COMMIT");
    } catch (error) {
      if (!this.#session.lost) throw translatePostgres(error);
      await this.#findOut(error);
      this.#over = true;
      return;
    }
    if (answer.command !== "COMMIT") throw new AppError("unavailable", "The database took the changes back.");
    this.#over = true;
  }

  async rollback(): Promise<void> {
    if (this.#over) return;
    await this.#settle();
    this.#over = true;
    if (this.#schemaChanged) this.#floor.catalogue.forget();
    if (!this.#seat || this.#seat.session.lost) return;
    this.#floor.sent();
    // A session whose transaction can't be ended is of no use.
    await this.#seat.session.query("ROLLBACK").catch(() => this.#seat?.session.abandon());
  }

  get #session(): Seat["session"] {
    assert(this.#seat, "the transaction was not begun");
    return this.#seat.session;
  }

  /** The answer to COMMIT did not come. Returns where the changes were kept all the same. */
  async #findOut(cause: unknown): Promise<void> {
    assert(this.#seat, "the transaction was not begun");
    const outcome = await this.#floor.connection.outcomeOf(this.#seat, this.#commit);
    if (outcome === "kept") return;
    if (outcome === "not kept") throw connectionLost(cause);
    throw new AppError("unavailable", "The connection to the database was lost; the change may have been kept.", {
      retryAfterSeconds: 1,
      hint: "Ask again with the same ids: what was kept is not done twice.",
      cause,
    });
  }

  #frame(text: string): void {
    this.#floor.sent();
    this.#track(this.#session.script(text)).catch(() => {});
  }

  #send(text: string, parameters: readonly unknown[], options?: { readonly unbounded: boolean }): Promise<RawResult> {
    // A writer that outlives its change would write outside of any transaction.
    assert(!this.#over, "the change is over: its writer can't be used any more");
    this.#floor.sent();
    return this.#track(this.#session.query(text, parameters, options));
  }

  async #track<T>(answer: Promise<T>): Promise<T> {
    this.#underWay.add(answer);
    try {
      return await answer;
    } catch (error) {
      // "The transaction is aborted" says nothing: the failure that aborted it does.
      const first = serverCodeOf(error) === ABORTED_TRANSACTION ? this.#failure?.error : undefined;
      const failure = { error: first ?? translatePostgres(error) };
      this.#failure ??= failure;
      throw failure.error;
    } finally {
      this.#underWay.delete(answer);
    }
  }

  /** A change may have gone on without waiting for a statement of its own. */
  async #settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
  }

  async #changeSchema(text: string): Promise<number> {
    if (!this.#schemaChanged) await this.#send("SET LOCAL statement_timeout = 0", []);
    this.#schemaChanged = true;
    try {
      return (await this.#send(text, [], { unbounded: true })).affectedRows;
    } finally {
      this.#floor.catalogue.forget();
    }
  }
}
