import type { Reader, SqlValue, Writer } from "../../database/database.ts";
import type { Id } from "../../kernel/ids.ts";

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
  readonly subscription_id: Id<"sub">;
  readonly sealed: string;
}

/** Secrets of all environments, page by page, to see whether they open. */
export function listSealedSecrets(reader: Reader, after: string, limit: number): Promise<SealedSecretRow[]> {
  return reader.all<SealedSecretRow>(
    "SELECT id, subscription_id, sealed FROM subscription_secrets WHERE id > ? ORDER BY id LIMIT ?",
    [after, limit],
  );
}
