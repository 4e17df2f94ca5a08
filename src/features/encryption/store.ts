import type { Reader, Writer } from "../../database/database.ts";
import type { SealedColumn } from "../../kernel/crypto.ts";
import type { UnixMs } from "../../kernel/units.ts";

/** A row of a sealed column, and by which root key: null where it holds nothing. */
export interface Mark {
  readonly row: string;
  readonly key_id: string | null;
}

/**
 * The next rows of a column in the order of their keys, empty ones among them, so that no statement reads more than it
 * was told to. Of the values only their beginning: they may be long.
 */
export const listMarks = (
  reader: Reader,
  { table, column, key }: SealedColumn,
  after: string,
  limit: number,
): Promise<Mark[]> =>
  reader.all<Mark>(
    `SELECT ${key} AS row, SUBSTR(${column}, 1, 8) AS key_id FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`,
    [after, limit],
  );

export interface SealedValue {
  readonly row: string;
  readonly sealed: string;
}

export async function findValues(
  reader: Reader,
  { table, column, key }: SealedColumn,
  rows: readonly string[],
): Promise<readonly SealedValue[]> {
  const found = await reader.findMany<Readonly<Record<string, string | null>>>({
    table,
    columns: [key, column],
    keyColumns: [key],
    keys: rows.map((row) => [row]),
  });
  return found.flatMap((value) => {
    const sealed = value[column];
    return typeof sealed === "string" ? [{ row: value[key] as string, sealed }] : [];
  });
}

export interface Resealed extends SealedValue {
  /** What stood there when it was read: a row that was changed since stays as it is. */
  readonly before: string;
}

export const replaceValues = (
  writer: Writer,
  { table, column, key }: SealedColumn,
  values: readonly Resealed[],
): Promise<number> =>
  writer.updateMany({
    table,
    columns: [column],
    keyColumns: [key, column],
    rows: values.map(({ row, sealed, before }) => [sealed, row, before]),
  });

/** The rotation under way, or the last one. */
export interface RotationRow {
  /** The ids of the keys that sealed before. */
  readonly from: readonly string[];
  readonly to: string;
  readonly startedAt: UnixMs;
  readonly endedAt: UnixMs | null;
  /** It ends though values are left that open with no key. */
  readonly leavesDamaged: boolean;
}

const NAME = "rotation";

export async function findRotation(reader: Reader): Promise<RotationRow | undefined> {
  const row = await reader.get<{ value: string }>("SELECT value FROM instance WHERE name = ?", [NAME]);
  return row && (JSON.parse(row.value) as RotationRow);
}

export const putRotation = (writer: Writer, rotation: RotationRow): Promise<void> =>
  writer.upsertMany({
    table: "instance",
    columns: ["name", "value"],
    keyColumns: ["name"],
    rows: [[NAME, JSON.stringify(rotation)]],
  });
