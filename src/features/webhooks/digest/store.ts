import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

export interface DigestRow {
  readonly workspace_id: Id<"ws">;
  /** The local date that it covers. */
  readonly covered: string;
  readonly from_at: UnixMs;
  readonly until_at: UnixMs;
  readonly made_at: UnixMs;
  /** Null for the first of a workspace, from which the next one counts: nothing was told. */
  readonly headline: string | null;
  readonly mails: number;
}

export const DIGEST_JOB = "webhooks.digest";

const COLUMNS = ["workspace_id", "covered", "from_at", "until_at", "made_at", "headline", "mails"] as const;

/** The one that covers the latest day, of those that ended by then. */
export const findLatestDigest = (
  reader: Reader,
  workspaceId: Id<"ws">,
  endedBy: UnixMs,
): Promise<DigestRow | undefined> =>
  reader.get(
    `SELECT ${COLUMNS.join(", ")} FROM digests WHERE workspace_id = ? AND until_at <= ? ORDER BY until_at DESC LIMIT 1`,
    [workspaceId, endedBy],
  );

export const hasDigest = async (reader: Reader, workspaceId: Id<"ws">, covered: string): Promise<boolean> =>
  (await reader.get("SELECT covered FROM digests WHERE workspace_id = ? AND covered = ?", [workspaceId, covered])) !==
  undefined;

/** When the last run that came to its end had begun; undefined where none is known. */
export async function findLastRun(reader: Reader): Promise<UnixMs | undefined> {
  const row = await reader.get<{ at: UnixMs | null }>(
    "SELECT MAX(started_at) AS at FROM jobs WHERE kind = ? AND status = 'done'",
    [DIGEST_JOB],
  );
  return row?.at ?? undefined;
}

/** Fails with a ConstraintError where the day has one. */
export const insertDigest = (writer: Writer, row: DigestRow): Promise<void> =>
  writer.insertMany({ table: "digests", columns: COLUMNS, rows: [COLUMNS.map((column) => row[column])] });

export const purgeDigests = (writer: Writer, madeBefore: UnixMs, limit: number): Promise<number> =>
  writer.run(
    `DELETE FROM digests WHERE (workspace_id, covered) IN (
       SELECT workspace_id, covered FROM digests WHERE made_at < ? ORDER BY made_at LIMIT ?
     )`,
    [madeBefore, limit],
  );
