import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

export interface ImpersonationRow {
  readonly id: string;
  readonly operator_id: Id<"acc">;
  readonly account_id: Id<"acc">;
  readonly session_id: Id<"ses">;
  readonly reason: string;
  readonly read_only: number;
  readonly started_at: UnixMs;
  readonly ends_at: UnixMs;
  readonly ended_at: UnixMs | null;
}

const COLUMNS = [
  "id",
  "operator_id",
  "account_id",
  "session_id",
  "reason",
  "read_only",
  "started_at",
  "ends_at",
  "ended_at",
] as const;

export const insertImpersonation = (writer: Writer, row: ImpersonationRow): Promise<void> =>
  writer.insertMany({ table: "impersonations", columns: COLUMNS, rows: [COLUMNS.map((column) => row[column])] });

export const findImpersonationRow = (reader: Reader, id: string): Promise<ImpersonationRow | undefined> =>
  reader.get(`SELECT ${COLUMNS.join(", ")} FROM impersonations WHERE id = ?`, [id]);

/** Newest first. */
export const listImpersonations = (
  reader: Reader,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<ImpersonationRow[]> =>
  reader.all(
    `SELECT ${COLUMNS.join(", ")} FROM impersonations${page.before === undefined ? "" : " WHERE id < ?"} ORDER BY id DESC LIMIT ?`,
    [...(page.before === undefined ? [] : [page.before]), page.limit],
  );

/** @returns 0 where it had ended before */
export const markEnded = (writer: Writer, id: string): Promise<number> =>
  writer.run("UPDATE impersonations SET ended_at = ? WHERE id = ? AND ended_at IS NULL", [writer.now, id]);
