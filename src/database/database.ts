import type { UnixMs } from "../kernel/units.ts";

/** Integers stay below 2⁵³; text has no NUL; times are `BIGINT` milliseconds; JSON is text. */
export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = readonly SqlValue[];

/** Rows by key: on SQLite one kept statement in a loop, on a server one `unnest`. */
export interface Lookup {
  readonly table: string;
  readonly columns: readonly string[];
  readonly keyColumns: readonly string[];
  /** Sorted and without repeats where the rows are to be locked, so that two writers never wait for each other in a ring. */
  readonly keys: readonly SqlRow[];
}

/** May ask; has no way to write. SQL is portable, with `?` for each parameter. */
export interface Reader {
  all<T>(sql: string, parameters?: readonly SqlValue[]): Promise<T[]>;
  get<T>(sql: string, parameters?: readonly SqlValue[]): Promise<T | undefined>;
  /** The rows found, in no promised order; at most one for each key. */
  findMany<T>(lookup: Lookup): Promise<T[]>;
  hasTable(name: string): Promise<boolean>;
}

export interface RowSet {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly SqlRow[];
}

/** Exists only inside {@link Database.write}. */
export interface Writer extends Reader {
  /** The time of this transaction: frozen, the same for every row of it. */
  readonly now: UnixMs;
  /** @returns how many rows changed */
  run(sql: string, parameters?: readonly SqlValue[]): Promise<number>;
  insertMany(set: RowSet): Promise<void>;
  /** Inserts, or where the key is taken replaces the other columns. */
  upsertMany(set: RowSet & { readonly keyColumns: readonly string[] }): Promise<void>;
  /** Sets `columns` of the rows found by `keyColumns`; each row is columns then keys. @returns how many rows changed */
  updateMany(set: RowSet & { readonly keyColumns: readonly string[] }): Promise<number>;
  /** As `findMany`, and the rows stay as they are until the commit. */
  lockMany<T>(lookup: Lookup): Promise<T[]>;
  /** Called once the rows are on the disk, in the order registered; never after a rollback. Must not throw. */
  afterCommit(callback: () => void): void;
}

/** What an engine can do; asked for by name, never by "is it Postgres". */
export interface Capabilities {
  readonly engine: "sqlite" | "postgres";
  /** Other processes may write to the same database. */
  readonly sharedAcrossProcesses: boolean;
  /** A server of its own keeps the pages and looks after them; no file of ours. */
  readonly checksItself: boolean;
}

/** Where the bytes of a database are, and what could be given back. */
export interface StorageSize {
  readonly databaseBytes: number;
  /** Of the write-ahead log. */
  readonly journalBytes: number;
  /** Within the database: taken again by what is written next, or given back. */
  readonly freeBytes: number;
  /** What the disk still takes; undefined where the system does not say. */
  readonly diskFreeBytes: number | undefined;
  /** Whether it can be made smaller while it is in use. */
  readonly canShrink: boolean;
}

/** About how many rows a table has: told cheaply, not counted. */
export interface TableEstimate {
  readonly table: string;
  readonly rows: number;
}

export interface Storage {
  /** Undefined where a server keeps the files. */
  measure(): StorageSize | undefined;
  /** Gives free space back to the disk, in the write lane: at most so many bytes at once. @returns how many it was */
  giveBack(bytesMax: number): Promise<number>;
  estimateRows(): Promise<readonly TableEstimate[]>;
}

export interface Database {
  readonly capabilities: Capabilities;
  /** Sees what was committed before it began. */
  read<T>(ask: (reader: Reader) => Promise<T>): Promise<T>;
  /**
   * Runs `change` in the one write lane. It resolves only when the change is durable, rejects when nothing of it was
   * kept. Many changes share a commit; one that throws fails alone. A write inside a write throws, and `change` must
   * do nothing but talk to its writer: no network, no timers.
   */
  write<T>(change: (writer: Writer) => Promise<T>): Promise<T>;
  /** Called when a change was taken back: whatever was remembered from inside a transaction must be forgotten. */
  onRollback(forget: () => void): void;
  /** Whether rows can be written now; the readiness probe asks. */
  probe(): Promise<void>;
  statistics(): DatabaseStatistics;
  readonly storage: Storage;
  /** Waits for the writes under way, checkpoints, lets go of the lock. Closing twice is fine. */
  close(): Promise<void>;
}

export interface DatabaseStatistics {
  readonly commits: number;
  readonly operations: number;
  readonly waiting: number;
  /** Bytes of the database and its journal. */
  readonly bytes: number;
}

/** A constraint was broken (unique, not null, check): the caller asked for something that can't be. */
export class ConstraintError extends Error {
  override readonly name = "ConstraintError";
}
