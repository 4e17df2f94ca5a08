import type { Reader, Writer } from "../../../database/database.ts";
import type { Batch, Forget, Taken } from "../../../jobs/retention.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

interface Due {
  readonly environment_id: Id<"env">;
  readonly mark: number;
}

/**
 * Environments in whose log something has had its time: one look at the log behind each one's mark, so that the answer costs
 * by their number and not by that of their events.
 */
const findDue = (reader: Reader, before: UnixMs): Promise<Due | undefined> =>
  reader.get<Due>(
    `SELECT h.environment_id AS environment_id, COALESCE(m.sequence, 0) AS mark
     FROM input_heads h LEFT JOIN input_payload_marks m ON m.environment_id = h.environment_id
     WHERE h.sequence > COALESCE(m.sequence, 0) AND
       (SELECT i.received_at FROM inputs i WHERE i.environment_id = h.environment_id AND i.sequence > COALESCE(m.sequence, 0)
        ORDER BY i.sequence LIMIT 1) < ?
     LIMIT 1`,
    [before],
  );

/**
 * Takes the payloads of events, in the log's own order, and remembers how far it is. What commands were given stays: it is
 * what balances are explained by.
 */
export async function purgePayloads(writer: Writer, { before, limit }: Batch): Promise<Taken> {
  const due = await findDue(writer, before);
  if (!due) return { rows: 0, cursor: undefined };
  const { environment_id: environmentId, mark } = due;
  const rows = await writer.all<{ sequence: number; received_at: UnixMs }>(
    "SELECT sequence, received_at FROM inputs WHERE environment_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
    [environmentId, mark, limit],
  );
  const young = rows.findIndex(({ received_at }) => received_at >= before);
  const last = (young < 0 ? rows : rows.slice(0, young)).at(-1);
  if (!last) return { rows: 0, cursor: undefined };
  const taken = await writer.run(
    `UPDATE inputs SET payload = NULL, considered = NULL
     WHERE environment_id = ? AND sequence > ? AND sequence <= ? AND kind = 'event' AND payload IS NOT NULL`,
    [environmentId, mark, last.sequence],
  );
  await writer.upsertMany({
    table: "input_payload_marks",
    columns: ["environment_id", "sequence"],
    keyColumns: ["environment_id"],
    rows: [[environmentId, last.sequence]],
  });
  return { rows: taken, cursor: environmentId };
}

type OfEnvironment = (writer: Writer, environmentId: Id<"env">, limit: number) => Promise<number>;

/** The same for each environment, as long as the batch has room. */
const inEach =
  (take: OfEnvironment): Forget =>
  async (writer, { environmentIds }, limit) => {
    let taken = 0;
    for (const environmentId of environmentIds) {
      if (taken < limit) taken += await take(writer, environmentId, limit - taken);
    }
    return taken;
  };

const forgetTransfers = inEach((writer, environmentId, limit) =>
  writer.run(
    `DELETE FROM ledger_transfers WHERE environment_id = ? AND input_sequence <= (
       SELECT MAX(input_sequence) FROM (
         SELECT input_sequence FROM ledger_transfers WHERE environment_id = ? ORDER BY input_sequence LIMIT ?
       ) AS first)`,
    [environmentId, environmentId, limit],
  ),
);

const forgetInputs = inEach((writer, environmentId, limit) =>
  writer.run(
    `DELETE FROM inputs WHERE environment_id = ? AND sequence <= (
       SELECT MAX(sequence) FROM (SELECT sequence FROM inputs WHERE environment_id = ? ORDER BY sequence LIMIT ?) AS first)`,
    [environmentId, environmentId, limit],
  ),
);

const forgetMembers = inEach((writer, environmentId, limit) =>
  writer.run("DELETE FROM members WHERE id IN (SELECT id FROM members WHERE environment_id = ? LIMIT ?)", [
    environmentId,
    limit,
  ]),
);

const forgetRest = inEach(async (writer, environmentId) => {
  for (const table of [
    "shared_counters",
    "programs",
    "program_drafts",
    "input_heads",
    "input_payload_marks",
  ] as const) {
    await writer.run(`DELETE FROM ${table} WHERE environment_id = ?`, [environmentId]);
  }
  return 0;
});

/** What a deleted workspace left, its log last: what refers to it is gone before. */
export const PROGRESSION_FORGET: readonly Forget[] = [forgetTransfers, forgetInputs, forgetMembers, forgetRest];
