import type { Reader, SqlValue, Writer } from "../../database/database.ts";
import { firstIdAt, type Id } from "../../kernel/ids.ts";
import type { UnixMs } from "../../kernel/units.ts";

/** Keeps the subscriptions that an event with very many was matched with. */
export function keepFanOutSet(
  writer: Writer,
  set: { readonly id: string; readonly environmentId: Id<"env">; readonly subscriptionIds: readonly Id<"sub">[] },
): Promise<void> {
  return writer.upsertMany({
    table: "fan_out_sets",
    columns: ["id", "environment_id", "subscription_ids", "used_at"],
    keyColumns: ["id"],
    rows: [[set.id, set.environmentId, JSON.stringify(set.subscriptionIds), writer.now]],
  });
}

export async function findFanOutSet(
  reader: Reader,
  environmentId: Id<"env">,
  id: string,
): Promise<readonly Id<"sub">[] | undefined> {
  const row = await reader.get<{ subscription_ids: string }>(
    "SELECT subscription_ids FROM fan_out_sets WHERE environment_id = ? AND id = ?",
    [environmentId, id],
  );
  return row === undefined ? undefined : (JSON.parse(row.subscription_ids) as Id<"sub">[]);
}

export function deleteFanOutSets(writer: Writer, before: UnixMs, limit: number): Promise<number> {
  return writer.run("DELETE FROM fan_out_sets WHERE id IN (SELECT id FROM fan_out_sets WHERE used_at < ? LIMIT ?)", [
    before,
    limit,
  ]);
}

/**
 * Takes the attempts of deliveries that ended before, the oldest deliveries first. Their ids sort by time, so the walk
 * meets little else: only what has been under way for longer than attempts are kept.
 * @returns how many deliveries
 */
export async function purgeAttempts(writer: Writer, endedBefore: UnixMs, limit: number): Promise<number> {
  const rows = await writer.all<{ delivery_id: string }>(
    `SELECT DISTINCT a.delivery_id AS delivery_id FROM attempts a, deliveries d
     WHERE a.delivery_id < ? AND d.id = a.delivery_id AND d.ended_at IS NOT NULL AND d.ended_at < ?
     ORDER BY a.delivery_id LIMIT ?`,
    [firstIdAt("dlv", endedBefore), endedBefore, limit],
  );
  for (const row of rows) await writer.run("DELETE FROM attempts WHERE delivery_id = ?", [row.delivery_id]);
  return rows.length;
}

/** Ends what nobody has pulled for so long, so that a subscription that was left behind does not grow for ever. */
export function endUnpulled(writer: Writer, dueBefore: UnixMs, reason: string, limit: number): Promise<number> {
  return writer.run(
    `UPDATE deliveries SET status = 'failed', reason = ?, waiting_for = NULL, ended_at = ? WHERE id IN (
       SELECT d.id FROM subscriptions s, deliveries d
       WHERE s.mode = 'pull' AND d.subscription_id = s.id AND d.status = 'pending' AND d.due_at < ? AND d.replay_from IS NULL
       LIMIT ?
     )`,
    [reason, writer.now, dueBefore, limit],
  );
}

/** Bodies of events that are old enough and that nothing is still waiting to send. */
export function purgeBodies(writer: Writer, createdBefore: UnixMs, limit: number): Promise<number> {
  return writer.run(
    `UPDATE outbound_events SET body = NULL WHERE id IN (
       SELECT e.id FROM outbound_events e WHERE e.body IS NOT NULL AND e.created_at < ?
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.outbound_event_id = e.id AND d.ended_at IS NULL)
       ORDER BY e.created_at LIMIT ?
     )`,
    [createdBefore, limit],
  );
}

/** Correlation rows past their time; what has not ended stays, whatever its age. */
export function purgeDeliveries(writer: Writer, createdBefore: UnixMs, limit: number): Promise<number> {
  return writer.run(
    `DELETE FROM deliveries WHERE id IN (
       SELECT id FROM deliveries WHERE id < ? AND ended_at IS NOT NULL ORDER BY id LIMIT ?
     )`,
    [firstIdAt("dlv", createdBefore), limit],
  );
}

/** Outbound events of which neither a body nor a delivery is left. */
export function purgeOutboundEvents(writer: Writer, createdBefore: UnixMs, limit: number): Promise<number> {
  return writer.run(
    `DELETE FROM outbound_events WHERE id IN (
       SELECT e.id FROM outbound_events e WHERE e.id < ? AND e.body IS NULL
         AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.outbound_event_id = e.id)
       ORDER BY e.id LIMIT ?
     )`,
    [firstIdAt("evt", createdBefore), limit],
  );
}

const countOf = async (reader: Reader, sql: string, parameters: readonly SqlValue[] = []): Promise<number> =>
  (await reader.get<{ count: number }>(sql, parameters))?.count ?? 0;

export const countSendingOfOthers = (reader: Reader, claimant: string): Promise<number> =>
  countOf(reader, "SELECT COUNT(*) AS count FROM deliveries WHERE status = 'sending' AND claimed_by <> ?", [claimant]);

/** Open, though the delivery waits for its retry; the lease of a pulled one is open rightly. */
export const countStrayAttempts = (reader: Reader): Promise<number> =>
  countOf(
    reader,
    `SELECT COUNT(*) AS count FROM attempts a, deliveries d
     WHERE a.verdict = 'open' AND d.id = a.delivery_id AND d.status = 'pending' AND d.waiting_for = 'retry'`,
  );

export const countWaitingForDeleted = (reader: Reader): Promise<number> =>
  countOf(
    reader,
    `SELECT COUNT(*) AS count FROM subscriptions s WHERE s.deleted_at IS NOT NULL
     AND EXISTS (SELECT 1 FROM deliveries d WHERE d.subscription_id = s.id AND d.status = 'pending')`,
  );

export interface SealedSecretRow {
  readonly id: string;
  readonly sealed: string;
}

/** Secrets of all environments, page by page, to see whether they open. */
export function listSealedSecrets(reader: Reader, after: string, limit: number): Promise<SealedSecretRow[]> {
  return reader.all<SealedSecretRow>("SELECT id, sealed FROM subscription_secrets WHERE id > ? ORDER BY id LIMIT ?", [
    after,
    limit,
  ]);
}
