import { AsyncLocalStorage } from "node:async_hooks";
import { assert } from "../kernel/assert.ts";
import { gatherFor, startStopwatch } from "../kernel/clock.ts";
import type { Writer } from "./database.ts";

/** How many changes share one commit at most; what is over waits for the next. */
const OPERATIONS_PER_COMMIT_MAX = 256;
/** How long the first of a group waits for others. Requests of one turn of the event loop meet here. */
const GATHER_MS = 1;

/** The statements around a group, by engine. All but `change` are fast and local. */
export interface Transaction {
  begin(): Promise<Writer>;
  savepoint(): Promise<void>;
  release(): Promise<void>;
  /** Takes back what was done since the savepoint. @returns false where the engine has taken back the whole transaction */
  rollbackToSavepoint(): Promise<boolean>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

interface Operation {
  readonly change: (writer: Writer) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Outcome {
  readonly operation: Operation;
  readonly value: unknown;
}

export interface WriteLaneObserver {
  committed(operations: number, durationMs: number): void;
}

/**
 * Group commit. Changes queue here; a group is run one after another inside one transaction, each behind a savepoint
 * of its own, committed once, and only then are its callers answered. So a change is alone while it runs, fails alone
 * when it throws, and an answer means that the rows are on the disk.
 */
export class WriteLane {
  readonly #open: () => Transaction;
  readonly #observer: WriteLaneObserver;
  readonly #inside = new AsyncLocalStorage<true>();
  readonly #forget: (() => void)[] = [];
  #queue: Operation[] = [];
  #running: Promise<void> | undefined;
  #closed = false;
  commits = 0;
  operations = 0;

  constructor(open: () => Transaction, observer: WriteLaneObserver) {
    this.#open = open;
    this.#observer = observer;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  onRollback(forget: () => void): void {
    this.#forget.push(forget);
  }

  run<T>(change: (writer: Writer) => Promise<T>): Promise<T> {
    assert(this.#inside.getStore() === undefined, "a write inside a write: pass the writer on instead");
    assert(!this.#closed, "the database is closed");
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#queue.push({ change, resolve: resolve as (value: unknown) => void, reject });
    this.#running ??= this.#drain();
    return promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await gatherFor(GATHER_MS);
      const group = this.#queue.slice(0, OPERATIONS_PER_COMMIT_MAX);
      this.#queue = this.#queue.slice(OPERATIONS_PER_COMMIT_MAX);
      await this.#commit(group);
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Operation[]): Promise<void> {
    const elapsed = startStopwatch();
    const transaction = this.#open();
    const callbacks: (() => void)[] = [];
    let done: readonly Outcome[];
    try {
      const writer = await transaction.begin();
      done = await this.#runGroup(group, transaction, writer, callbacks);
      await transaction.commit();
    } catch (error) {
      await transaction.rollback();
      this.#forgetAll();
      for (const operation of group) operation.reject(error);
      return;
    }
    this.commits += 1;
    this.operations += group.length;
    this.#observer.committed(group.length, elapsed());
    for (const callback of callbacks) callback();
    for (const { operation, value } of done) operation.resolve(value);
  }

  async #runGroup(
    group: readonly Operation[],
    transaction: Transaction,
    base: Writer,
    callbacks: (() => void)[],
  ): Promise<Outcome[]> {
    const done: Outcome[] = [];
    for (const operation of group) {
      const own: (() => void)[] = [];
      const writer: Writer = Object.create(base, {
        afterCommit: { value: (callback: () => void) => own.push(callback) },
      });
      const alone = group.length === 1;
      if (!alone) await transaction.savepoint();
      try {
        done.push({ operation, value: await this.#inside.run(true, () => operation.change(writer)) });
        callbacks.push(...own);
        if (!alone) await transaction.release();
      } catch (error) {
        if (alone || !(await transaction.rollbackToSavepoint())) throw error;
        this.#forgetAll();
        operation.reject(error);
      }
    }
    return done;
  }

  #forgetAll(): void {
    for (const forget of this.#forget) forget();
  }
}
