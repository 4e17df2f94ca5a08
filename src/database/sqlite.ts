import { SQLiteError, Database as SqliteFile, type Statement } from "bun:sqlite";
import { existsSync, statSync } from "node:fs";
import type { Clock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import {
  type Capabilities,
  ConstraintError,
  type Database,
  type Lookup,
  type Reader,
  type RowSet,
  type SqlValue,
  type Writer,
} from "./database.ts";
import { cutFreePages, estimateSqliteRows, JOURNAL_BYTES_KEPT, measureSqlite } from "./sqlite-storage.ts";
import { type Transaction, WriteLane, type WriteLaneObserver } from "./write-lane.ts";

export interface SqliteOptions {
  /** Path of the database file; made when it does not exist. */
  readonly file: string;
  readonly clock: Clock;
  readonly observer?: WriteLaneObserver;
}

const CAPABILITIES: Capabilities = { engine: "sqlite", sharedAcrossProcesses: false, checksItself: false };

/** Pages of the write-ahead log (4 KiB each) before a commit also checkpoints: fewer, larger fsyncs of the main file. */
const CHECKPOINT_PAGES = 8_000;
/** The default of 2 MiB re-reads pages of the indexes for nearly every event. Taken as it is needed, not at the start. */
const WRITE_CACHE_KIB = 32 * 1024;
/** Kept statements per connection. The product's SQL is fixed text, far fewer than this; over it the oldest goes. */
const STATEMENTS_MAX = 600;

/** bun:sqlite keeps only 20 statements of its own accord; preparing anew costs more than running. */
class Statements {
  readonly #file: SqliteFile;
  readonly #kept = new Map<string, Statement>();

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  get(sql: string): Statement {
    const known = this.#kept.get(sql);
    if (known) return known;
    if (this.#kept.size >= STATEMENTS_MAX) {
      const [oldest] = this.#kept;
      if (oldest) {
        oldest[1].finalize();
        this.#kept.delete(oldest[0]);
      }
    }
    const statement = this.#file.prepare(sql);
    this.#kept.set(sql, statement);
    return statement;
  }

  finalize(): void {
    for (const statement of this.#kept.values()) statement.finalize();
    this.#kept.clear();
  }
}

function translate(error: unknown): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const code = error.code ?? "";
  if (code.startsWith("SQLITE_CONSTRAINT")) return new ConstraintError(error.message, { cause: error });
  if (code.startsWith("SQLITE_FULL") || code.startsWith("SQLITE_IOERR") || code.startsWith("SQLITE_READONLY")) {
    return new AppError("unavailable", "The database can't be written to: the disk is full or failing.", {
      cause: error,
    });
  }
  return error;
}

async function guarded<T>(work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    throw translate(error);
  }
}

const names = (columns: readonly string[]): string => columns.join(", ");
const marks = (count: number): string => Array.from({ length: count }, () => "?").join(", ");
const equals = (columns: readonly string[], joint: string): string => columns.map((c) => `${c} = ?`).join(joint);

class SqliteReader implements Reader {
  protected readonly statements: Statements;

  constructor(statements: Statements) {
    this.statements = statements;
  }

  all<T>(sql: string, parameters: readonly SqlValue[] = []): Promise<T[]> {
    return guarded(() => this.statements.get(sql).all(...parameters) as T[]);
  }

  get<T>(sql: string, parameters: readonly SqlValue[] = []): Promise<T | undefined> {
    return guarded(() => (this.statements.get(sql).get(...parameters) as T | null) ?? undefined);
  }

  findMany<T>({ table, columns, keyColumns, keys }: Lookup): Promise<T[]> {
    return guarded(() => {
      if (keys.length === 0) return [];
      const found: T[] = [];
      const statement = this.statements.get(
        `SELECT ${names(columns)} FROM ${table} WHERE ${equals(keyColumns, " AND ")}`,
      );
      for (const key of keys) {
        const row = statement.get(...key);
        if (row) found.push(row as T);
      }
      return found;
    });
  }

  async hasTable(name: string): Promise<boolean> {
    return (await this.get("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", [name])) !== undefined;
  }
}

class SqliteWriter extends SqliteReader implements Writer {
  now: Writer["now"];

  constructor(statements: Statements, now: Writer["now"]) {
    super(statements);
    this.now = now;
  }

  run(sql: string, parameters: readonly SqlValue[] = []): Promise<number> {
    return guarded(() => this.statements.get(sql).run(...parameters).changes);
  }

  insertMany({ table, columns, rows }: RowSet): Promise<void> {
    return guarded(() => {
      const statement = this.statements.get(
        `INSERT INTO ${table} (${names(columns)}) VALUES (${marks(columns.length)})`,
      );
      for (const row of rows) statement.run(...row);
    });
  }

  upsertMany({ table, columns, keyColumns, rows }: RowSet & { readonly keyColumns: readonly string[] }): Promise<void> {
    return guarded(() => {
      const rest = columns.filter((column) => !keyColumns.includes(column));
      const statement = this.statements.get(
        `INSERT INTO ${table} (${names(columns)}) VALUES (${marks(columns.length)}) ON CONFLICT (${names(keyColumns)}) DO UPDATE SET ${rest
          .map((column) => `${column} = excluded.${column}`)
          .join(", ")}`,
      );
      for (const row of rows) statement.run(...row);
    });
  }

  updateMany({
    table,
    columns,
    keyColumns,
    rows,
  }: RowSet & { readonly keyColumns: readonly string[] }): Promise<number> {
    return guarded(() => {
      const statement = this.statements.get(
        `UPDATE ${table} SET ${equals(columns, ", ")} WHERE ${equals(keyColumns, " AND ")}`,
      );
      let changed = 0;
      for (const row of rows) changed += statement.run(...row).changes;
      return changed;
    });
  }

  /** One writer at a time: what was read stays so without a lock. */
  lockMany<T>(lookup: Lookup): Promise<T[]> {
    return this.findMany<T>(lookup);
  }

  afterCommit(_callback: () => void): void {
    throw new Error("the write lane gives each change its own afterCommit");
  }
}

function open(file: string, options: { readonly readonly: boolean }): SqliteFile {
  const handle = new SqliteFile(file, options.readonly ? { readonly: true } : { readwrite: true, create: true });
  handle.run("PRAGMA busy_timeout = 5000");
  return handle;
}

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

/**
 * A database that can be asked while another process writes, and never be written to: for `hatch doctor` and the like.
 * Each `read` sees one moment of it, however many questions it asks.
 */
export function openSqliteReadOnly(file: string): Database {
  const connection = open(file, { readonly: true });
  const statements = new Statements(connection);
  let reading = 0;
  const readAtOneMoment = async <T>(ask: (reader: Reader) => Promise<T>): Promise<T> => {
    if (reading++ === 0) connection.run("BEGIN");
    try {
      return await ask(new SqliteReader(statements));
    } finally {
      if (--reading === 0) connection.run("COMMIT");
    }
  };
  const refuse = (): Promise<never> =>
    Promise.reject(new AppError("unavailable", "The database was opened for reading only."));
  let closed = false;
  return {
    capabilities: CAPABILITIES,
    read: readAtOneMoment,
    write: refuse,
    onRollback() {},
    probe: refuse,
    statistics: () => ({ commits: 0, operations: 0, waiting: 0, bytes: sizeOf(file) + sizeOf(`${file}-wal`) }),
    storage: {
      measure: () => measureSqlite(connection, file),
      giveBack: refuse,
      estimateRows: () => readAtOneMoment(estimateSqliteRows),
    },
    async close() {
      if (closed) return;
      closed = true;
      statements.finalize();
      connection.close();
    },
  };
}

/**
 * The default engine. One connection writes, through the lane; another one reads. WAL with `synchronous=FULL`: a commit
 * that returned survives the power cut.
 */
export function openSqlite({ file, clock, observer = { committed() {} } }: SqliteOptions): Database {
  const write = open(file, { readonly: false });
  // Space can be given back only if this is set before the first table.
  if (!existsSync(file) || statSync(file).size === 0) write.run("PRAGMA auto_vacuum = INCREMENTAL");
  write.run("PRAGMA journal_mode = WAL");
  write.run("PRAGMA synchronous = FULL");
  write.run("PRAGMA foreign_keys = ON");
  write.run("PRAGMA temp_store = MEMORY");
  write.run(`PRAGMA journal_size_limit = ${JOURNAL_BYTES_KEPT}`);
  write.run(`PRAGMA cache_size = -${WRITE_CACHE_KIB}`);
  write.run(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  const statements = new Statements(write);
  const read = open(file, { readonly: true });
  const readStatements = new Statements(read);
  const reader = new SqliteReader(readStatements);

  const execute = (sql: string): Promise<void> => guarded(() => void statements.get(sql).run());
  const transaction: Transaction = {
    async begin() {
      await execute("BEGIN IMMEDIATE");
      return new SqliteWriter(statements, clock.now());
    },
    savepoint: () => execute("SAVEPOINT operation"),
    release: () => execute("RELEASE operation"),
    async rollbackToSavepoint() {
      // A full disk makes SQLite take back the whole transaction by itself.
      if (!write.inTransaction) return false;
      await execute("ROLLBACK TO operation");
      await execute("RELEASE operation");
      return true;
    },
    commit: () => execute("COMMIT"),
    async rollback() {
      if (write.inTransaction) await execute("ROLLBACK");
    },
  };
  const lane = new WriteLane(() => transaction, observer);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await lane.close();
    readStatements.finalize();
    read.close();
    statements.finalize();
    write.run("PRAGMA wal_checkpoint(TRUNCATE)");
    write.close();
  };
  return {
    capabilities: CAPABILITIES,
    read: (ask) => ask(reader),
    write: (change) => lane.run(change),
    onRollback: (forget) => lane.onRollback(forget),
    probe: () =>
      lane.run(async (writer) => void (await writer.run("UPDATE instance SET value = value WHERE name = 'probe'"))),
    statistics: () => ({
      commits: lane.commits,
      operations: lane.operations,
      waiting: lane.waiting,
      bytes: sizeOf(file) + sizeOf(`${file}-wal`),
    }),
    storage: {
      measure: () => measureSqlite(read, file),
      giveBack: (bytesMax) => lane.run((writer) => cutFreePages(writer, bytesMax)),
      estimateRows: () => estimateSqliteRows(reader),
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
