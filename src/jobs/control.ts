import type { Reader, SqlValue, Writer } from "../database/database.ts";
import type { Id } from "../kernel/ids.ts";
import type { UnixMs } from "../kernel/units.ts";

/*
 * Jobs as their callers see and steer them. Whatever is changed here raises the epoch: the run that is under way writes
 * nothing more, not even the chunk that it is in the middle of.
 */

export interface JobRow {
  readonly id: Id<"job">;
  readonly kind: string;
  readonly payload: string;
  readonly status: "waiting" | "running" | "paused" | "done" | "failed" | "canceled";
  readonly progress: string | null;
  readonly reason: string | null;
  readonly created_at: UnixMs;
  readonly started_at: UnixMs | null;
  readonly ended_at: UnixMs | null;
}

const COLUMNS = "id, kind, payload, status, progress, reason, created_at, started_at, ended_at";

const marks = (values: readonly unknown[]): string => values.map(() => "?").join(", ");

export function findJob(
  reader: Reader,
  environmentId: Id<"env">,
  { id, kinds }: { readonly id: Id<"job">; readonly kinds: readonly string[] },
): Promise<JobRow | undefined> {
  return reader.get<JobRow>(
    `SELECT ${COLUMNS} FROM jobs WHERE environment_id = ? AND id = ? AND kind IN (${marks(kinds)})`,
    [environmentId, id, ...kinds],
  );
}

/** Newest first. */
export function listJobs(
  reader: Reader,
  environmentId: Id<"env">,
  page: { readonly kinds: readonly string[]; readonly after: string | undefined; readonly rows: number },
): Promise<JobRow[]> {
  const { kinds, after, rows } = page;
  const parameters: SqlValue[] = [environmentId, ...kinds, ...(after === undefined ? [] : [after]), rows];
  return reader.all<JobRow>(
    `SELECT ${COLUMNS} FROM jobs WHERE environment_id = ? AND kind IN (${marks(kinds)})${after === undefined ? "" : " AND id < ?"}
     ORDER BY id DESC LIMIT ?`,
    parameters,
  );
}

/** How many of a kind have not ended. */
export async function countOpen(reader: Reader, environmentId: Id<"env">, kind: string): Promise<number> {
  const row = await reader.get<{ count: number }>(
    "SELECT COUNT(*) AS count FROM jobs WHERE environment_id = ? AND kind = ? AND ended_at IS NULL",
    [environmentId, kind],
  );
  return row?.count ?? 0;
}

/** @returns whether it was changed: not where it has ended, or is paused already */
export async function pauseJob(writer: Writer, id: Id<"job">): Promise<boolean> {
  const changed = await writer.run(
    "UPDATE jobs SET status = 'paused', claimed_by = NULL, epoch = epoch + 1 WHERE id = ? AND status IN ('waiting', 'running')",
    [id],
  );
  return changed === 1;
}

/** It goes on at once, from its last checkpoint. */
export async function resumeJob(writer: Writer, id: Id<"job">): Promise<boolean> {
  const changed = await writer.run(
    "UPDATE jobs SET status = 'waiting', run_at = ? WHERE id = ? AND status = 'paused'",
    [writer.now, id],
  );
  return changed === 1;
}

/** What it has done stays done. */
export async function cancelJob(writer: Writer, id: Id<"job">, reason: string): Promise<boolean> {
  const changed = await writer.run(
    "UPDATE jobs SET status = 'canceled', reason = ?, claimed_by = NULL, epoch = epoch + 1, ended_at = ? WHERE id = ? AND ended_at IS NULL",
    [reason, writer.now, id],
  );
  return changed === 1;
}

/** Jobs past their time, with all that hangs on them. @returns how many */
export function purgeJobs(writer: Writer, endedBefore: UnixMs, limit: number): Promise<number> {
  return writer.run(
    "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE ended_at IS NOT NULL AND ended_at < ? ORDER BY ended_at LIMIT ?)",
    [endedBefore, limit],
  );
}
