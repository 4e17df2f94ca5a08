import { sha256Hex } from "../kernel/crypto.ts";
import type { Database, Reader } from "./database.ts";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

interface Applied {
  readonly version: number;
  readonly checksum: string;
}

/** The database was written by a newer product, or its history is not ours: refused before anything is written. */
export class SchemaRefusedError extends Error {
  override readonly name = "SchemaRefusedError";
}

const HISTORY = `CREATE TABLE schema_migrations (
  version BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_at BIGINT NOT NULL
)`;

/** A statement ends with `;` at the end of a line; a comment line belongs to the one after it. */
const statementsOf = (sql: string): string[] =>
  sql
    .replace(/^--.*$/gm, "")
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");

async function history(reader: Reader): Promise<readonly Applied[] | undefined> {
  if (!(await reader.hasTable("schema_migrations"))) return undefined;
  return reader.all<Applied>("SELECT version, checksum FROM schema_migrations ORDER BY version");
}

export interface MigrationPlan {
  /** False for a database without any table of ours. */
  readonly existing: boolean;
  readonly pending: readonly Migration[];
}

/** Compares the database's history with ours and writes nothing. @throws SchemaRefusedError */
export async function planMigrations(
  database: Pick<Database, "read">,
  migrations: readonly Migration[],
): Promise<MigrationPlan> {
  const applied = await database.read(history);
  if (applied === undefined) return { existing: false, pending: migrations };
  const known = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const { version, checksum } of applied) {
    const migration = known.get(version);
    if (!migration) {
      throw new SchemaRefusedError(
        `The database has schema ${version}, this program knows ${migrations.length}. Start the newer program, or restore a backup made before the upgrade.`,
      );
    }
    if (sha256Hex(migration.sql) !== checksum) {
      throw new SchemaRefusedError(
        `Migration ${version} (${migration.name}) of the database differs from this program's.`,
      );
    }
  }
  const done = new Set(applied.map(({ version }) => version));
  return { existing: true, pending: migrations.filter(({ version }) => !done.has(version)) };
}

/** Applies what is pending, each migration whole or not at all. @returns the versions applied */
export async function migrate(database: Database, { existing, pending }: MigrationPlan): Promise<number[]> {
  if (!existing) await database.write((writer) => writer.run(HISTORY));
  for (const { version, name, sql } of pending) {
    await database.write(async (writer) => {
      for (const statement of statementsOf(sql)) await writer.run(statement);
      await writer.insertMany({
        table: "schema_migrations",
        columns: ["version", "name", "checksum", "applied_at"],
        rows: [[version, name, sha256Hex(sql), writer.now]],
      });
    });
  }
  return pending.map(({ version }) => version);
}
