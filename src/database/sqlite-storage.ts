import type { Database as SqliteFile } from "bun:sqlite";
import { existsSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Reader, StorageSize, TableEstimate, Writer } from "./database.ts";

/** The write-ahead log is cut back to this when it begins anew, whatever it grew to meanwhile. */
export const JOURNAL_BYTES_KEPT = 64 * 1024 * 1024;

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

const numberOf = (connection: SqliteFile, pragma: string): number =>
  Number(Object.values(connection.query(`PRAGMA ${pragma}`).get() as Record<string, number>)[0]);

/** What the disk still takes; undefined where the system does not say. */
export function findDiskFree(file: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(dirname(file));
    return Number(bavail) * Number(bsize);
  } catch {
    return undefined;
  }
}

/** Cheap enough for every scrape: three numbers of the first page, and the sizes of two files. */
export function measureSqlite(connection: SqliteFile, file: string): StorageSize {
  const pageBytes = numberOf(connection, "page_size");
  return {
    databaseBytes: sizeOf(file),
    journalBytes: sizeOf(`${file}-wal`),
    freeBytes: numberOf(connection, "freelist_count") * pageBytes,
    diskFreeBytes: findDiskFree(file),
    // 2 is incremental: only a file that was begun so can be made smaller while it is in use.
    canShrink: numberOf(connection, "auto_vacuum") === 2,
  };
}

/** Moves free pages to the end of the file and cuts them off, at most so many. @returns how many bytes */
export async function cutFreePages(writer: Writer, bytesMax: number): Promise<number> {
  const page = await writer.get<{ page_size: number }>("PRAGMA page_size");
  const pageBytes = page?.page_size ?? 4096;
  const free = async (): Promise<number> =>
    (await writer.get<{ freelist_count: number }>("PRAGMA freelist_count"))?.freelist_count ?? 0;
  const before = await free();
  // Written out: a pragma takes no parameter. Powers of two, so that few statements are kept.
  const pages = 2 ** Math.max(0, Math.floor(Math.log2(bytesMax / pageBytes)));
  await writer.run(`PRAGMA incremental_vacuum(${pages})`);
  return (before - (await free())) * pageBytes;
}

/**
 * By the first and the last row that a table was ever given: exact where rows go in the order in which they came, as the
 * purges take them, else too many. To count them would read every page.
 */
export async function estimateSqliteRows(reader: Reader): Promise<readonly TableEstimate[]> {
  const tables = await reader.all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
  const estimates: TableEstimate[] = [];
  for (const { name } of tables) {
    const row = await reader.get<{ first: number | null; last: number | null }>(
      `SELECT (SELECT MIN(rowid) FROM ${name}) AS first, (SELECT MAX(rowid) FROM ${name}) AS last`,
    );
    estimates.push({ table: name, rows: row?.last == null ? 0 : row.last - (row.first ?? 0) + 1 });
  }
  return estimates;
}
