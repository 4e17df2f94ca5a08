import type { Reader, Writer } from "../database/database.ts";

/** How far something has come along each chain: being signed, or being given to the stream. */
export type Mark = "checkpoint" | "stream";

/** The end of a chain; `""` is the installation's. */
export interface AuditHead {
  readonly chain: string;
  readonly sequence: number;
  readonly digest: string;
}

const MARKED = "LEFT JOIN audit_marks m ON m.mark = ? AND m.chain = h.workspace_id";

export const listHeads = (reader: Reader): Promise<AuditHead[]> =>
  reader.all<AuditHead>("SELECT workspace_id AS chain, sequence, digest FROM audit_heads ORDER BY workspace_id");

/** Heads of chains that have grown past the mark. */
export const listHeadsPast = (
  reader: Reader,
  mark: Mark,
  limit: number,
): Promise<(AuditHead & { readonly marked: number })[]> =>
  reader.all(
    `SELECT h.workspace_id AS chain, h.sequence, h.digest, COALESCE(m.sequence, 0) AS marked FROM audit_heads h ${MARKED}
     WHERE h.sequence > COALESCE(m.sequence, 0) ORDER BY h.workspace_id LIMIT ?`,
    [mark, limit],
  );

/** How many entries of all chains lie past the mark. */
export async function countPast(reader: Reader, mark: Mark): Promise<number> {
  const row = await reader.get<{ entries: number | null }>(
    `SELECT SUM(h.sequence - COALESCE(m.sequence, 0)) AS entries FROM audit_heads h ${MARKED}
     WHERE h.sequence > COALESCE(m.sequence, 0)`,
    [mark],
  );
  return row?.entries ?? 0;
}

/** Chains that were longer once: whoever cut them has left the marks. */
export const findCutBack = (
  reader: Reader,
): Promise<{ readonly chain: string; readonly marked: number; readonly sequence: number }[]> =>
  reader.all(
    `SELECT m.chain, MAX(m.sequence) AS marked, COALESCE(MAX(h.sequence), 0) AS sequence FROM audit_marks m
     LEFT JOIN audit_heads h ON h.workspace_id = m.chain WHERE m.chain <> ? AND m.sequence > COALESCE(h.sequence, 0)
     GROUP BY m.chain`,
    [CHECKPOINTS],
  );

export const saveMarks = (
  writer: Writer,
  mark: Mark,
  heads: readonly Pick<AuditHead, "chain" | "sequence">[],
): Promise<void> =>
  writer.upsertMany({
    table: "audit_marks",
    columns: ["mark", "chain", "sequence"],
    keyColumns: ["mark", "chain"],
    rows: heads.map(({ chain, sequence }) => [mark, chain, sequence]),
  });

/** In place of a workspace: the row of the checkpoints themselves, which go to the stream too. */
export const CHECKPOINTS = "checkpoints";

export const listMarks = (
  reader: Reader,
): Promise<{ readonly mark: Mark; readonly chain: string; readonly sequence: number }[]> =>
  reader.all("SELECT mark, chain, sequence FROM audit_marks ORDER BY mark, chain");

export async function findMark(reader: Reader, mark: Mark, chain: string): Promise<number> {
  const row = await reader.get<{ sequence: number }>("SELECT sequence FROM audit_marks WHERE mark = ? AND chain = ?", [
    mark,
    chain,
  ]);
  return row?.sequence ?? 0;
}
