import type { Reader, TableEstimate, Writer } from "./database.ts";

/** Made by the engine for itself, in every database that it writes to. */
const OWN_TABLE = "hatch_writer";

/** The names of all tables of the schema that is written to, but for the engine's own. */
export async function listPostgresTables(reader: Reader): Promise<readonly string[]> {
  const rows = await reader.all<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_class c
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = current_schema()::regnamespace AND c.relname <> ?
     ORDER BY c.relname`,
    [OWN_TABLE],
  );
  return rows.map(({ name }) => name);
}

/** Tells the planner what a table holds that was filled at once; it would guess for a minute. */
export const analyze = (writer: Writer, table: string): Promise<number> => writer.run(`ANALYZE ${table}`);

/** `Postgres 18.0 (…)` */
export async function findServerVersion(reader: Reader): Promise<string> {
  const row = await reader.get<{ version: string }>("SELECT current_setting('server_version') AS version");
  return `Postgres ${row?.version ?? "of no version"}`;
}

/** As the server's planner counts them: brought up to date when it analyses a table. */
export async function estimatePostgresRows(reader: Reader): Promise<readonly TableEstimate[]> {
  const rows = await reader.all<{ name: string; rows: number }>(
    `SELECT c.relname::text AS name, GREATEST(c.reltuples, 0)::bigint AS rows FROM pg_class c
     WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> ? ORDER BY c.relname`,
    [OWN_TABLE],
  );
  return rows.map((row) => ({ table: row.name, rows: Number(row.rows) }));
}
