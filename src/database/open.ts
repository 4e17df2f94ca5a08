import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import { refuseHalfMoved, refuseMoved } from "./copy-marks.ts";
import type { Database } from "./database.ts";
import { lockFolder } from "./lock.ts";
import { type Migration, migrate, planMigrations } from "./migrate.ts";
import { openPostgres, openPostgresReadOnly, type PostgresConnectionOptions } from "./postgres.ts";
import { parsePostgresAddress } from "./postgres-address.ts";
import type { ConnectionObserver } from "./postgres-writing.ts";
import { snapshotFile } from "./snapshot.ts";
import { openSqlite, openSqliteReadOnly } from "./sqlite.ts";
import type { WriteLaneObserver } from "./write-lane.ts";

const DATABASE_FILE = "hatch.db";
export const databaseFileOf = (dataDirectory: string): string => join(dataDirectory, DATABASE_FILE);
export const hasDatabase = (dataDirectory: string): boolean => existsSync(databaseFileOf(dataDirectory));

const DAMAGED: ReadonlySet<string> = new Set(["SQLITE_NOTADB", "SQLITE_CORRUPT"]);

/** What is told while a database is open. */
export type DatabaseObserver = WriteLaneObserver & ConnectionObserver;

export interface OpenedDatabase {
  /** Closing it also lets go of the folder. */
  readonly database: Database;
  /** Where it is, for people: a path, or `database on host:port`. */
  readonly place: string;
  /** The migrations that this start applied. */
  readonly migrated: readonly number[];
  /** The copy made before they were; a server's database is copied by whoever runs the server. */
  readonly snapshot: string | undefined;
}

export interface OpenOptions {
  readonly dataDirectory: string;
  readonly clock: Clock;
  readonly migrations: readonly Migration[];
  readonly observer?: DatabaseObserver;
  /** In place of the file in the data folder. */
  readonly server?: PostgresConnectionOptions | undefined;
  /** Goes on in a folder whose installation was moved away. */
  readonly reopenMoved?: boolean;
}

/** For its owner only, if it is ours to decide: a folder that holds other things is left as it is (`hatch doctor` tells). */
function makeDataFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const ours = statSync(path).uid === process.getuid?.();
  if (ours && readdirSync(path).length === 0) chmodSync(path, 0o700);
}

async function planBeforeWriting(file: string, migrations: readonly Migration[]) {
  if (!existsSync(file) || statSync(file).size === 0) return { existing: false, pending: migrations };
  const database = openSqliteReadOnly(file);
  try {
    return await planMigrations(database, migrations);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && DAMAGED.has(String(cause.code)))) throw cause;
    throw new AppError("unavailable", `${file} is not a database, or it is damaged.`, {
      hint: "Put back a backup, or the newest file of the folder's snapshots.",
      cause,
    });
  } finally {
    await database.close();
  }
}

/**
 * Folder, lock, plan, snapshot, migrations, in this order: nobody else is in the folder, a newer schema is refused
 * before a byte is written, and what migrations change was copied before.
 */
async function openFolder({
  dataDirectory,
  clock,
  migrations,
  observer,
  reopenMoved = false,
}: OpenOptions): Promise<OpenedDatabase> {
  const lock = lockFolder(dataDirectory);
  try {
    const file = databaseFileOf(dataDirectory);
    const plan = await planBeforeWriting(file, migrations);
    const version = migrations.length - plan.pending.length;
    const changesData = plan.existing && plan.pending.length > 0;
    const snapshot = changesData ? snapshotFile({ file, dataDirectory, version, now: clock.now() }) : undefined;
    const database = openSqlite(observer ? { file, clock, observer } : { file, clock });
    chmodSync(file, 0o600);
    const close = async (): Promise<void> => {
      await database.close();
      lock.release();
    };
    try {
      const migrated = await migrate(database, plan);
      await refuseMoved(database, { dataDirectory, reopenMoved });
      return { database: { ...database, close }, place: file, migrated, snapshot };
    } catch (error) {
      await database.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The lock is the server's: one node writes to a database. */
async function openServer(
  { clock, migrations, observer }: OpenOptions,
  server: PostgresConnectionOptions,
): Promise<OpenedDatabase> {
  const database = await openPostgres({ ...server, clock, ...(observer ? { observer } : {}) });
  try {
    await refuseHalfMoved(database);
    const migrated = await migrate(database, await planMigrations(database, migrations));
    return { database, place: parsePostgresAddress(server).shown, migrated, snapshot: undefined };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Opens the installation for writing, with the schema of this program.
 * @throws AppError `conflict` where another process has it, or where it was moved away; SchemaRefusedError
 */
export async function openDatabase(options: OpenOptions): Promise<OpenedDatabase> {
  makeDataFolder(options.dataDirectory);
  return options.server ? openServer(options, options.server) : openFolder(options);
}

/** A look at an installation that another process may be writing to; the caller closes it. */
export const openForReading = async (
  dataDirectory: string,
  server: PostgresConnectionOptions | undefined,
): Promise<Database> => (server ? openPostgresReadOnly(server) : openSqliteReadOnly(databaseFileOf(dataDirectory)));

/** Whether somebody has begun one there. */
export async function hasInstallation(
  dataDirectory: string,
  server: PostgresConnectionOptions | undefined,
): Promise<boolean> {
  if (!server) return hasDatabase(dataDirectory);
  const database = await openPostgresReadOnly(server);
  try {
    return await database.read((reader) => reader.hasTable("instance"));
  } finally {
    await database.close();
  }
}
