import type { Writer } from "../../../database/database.ts";
import type { Batch, Forget, Taken } from "../../../jobs/retention.ts";
import { firstIdAt, type Id } from "../../../kernel/ids.ts";
import { DAY, type UnixMs } from "../../../kernel/units.ts";
import type { ReplayOrigin } from "../types.ts";

export function deleteFanOutSets(writer: Writer, before: UnixMs, limit: number): Promise<number> {
  return writer.run(
    "DELETE FROM fan_out_sets WHERE id IN (SELECT id FROM fan_out_sets WHERE used_at < ? ORDER BY used_at LIMIT ?)",
    [before, limit],
  );
}

/** Where the walk goes on behind these rows; undefined where they were the last. */
const cursorOf = <T>(rows: readonly T[], limit: number, at: (row: T) => string): string | undefined => {
  const last = rows.at(-1);
  return last === undefined || rows.length < limit ? undefined : at(last);
};

/**
 * Takes the attempts of deliveries that ended before, the oldest deliveries first. What has not ended is walked over once in
 * a run, not once for each batch.
 */
export async function purgeAttempts(writer: Writer, { before, limit, cursor = "" }: Batch): Promise<Taken> {
  const rows = await writer.all<{ delivery_id: Id<"dlv"> }>(
    "SELECT delivery_id FROM attempts WHERE delivery_id > ? AND delivery_id < ? GROUP BY delivery_id ORDER BY delivery_id LIMIT ?",
    [cursor, firstIdAt("dlv", before), limit],
  );
  const deliveries = await writer.findMany<{ id: Id<"dlv">; ended_at: UnixMs | null }>({
    table: "deliveries",
    columns: ["id", "ended_at"],
    keyColumns: ["id"],
    keys: rows.map((row) => [row.delivery_id]),
  });
  const open = new Set(
    deliveries.filter(({ ended_at }) => ended_at === null || ended_at >= before).map(({ id }) => id),
  );
  let taken = 0;
  for (const { delivery_id } of rows) {
    if (!open.has(delivery_id)) taken += await writer.run("DELETE FROM attempts WHERE delivery_id = ?", [delivery_id]);
  }
  return { rows: taken, cursor: cursorOf(rows, limit, (row) => row.delivery_id) };
}

/**
 * Ends what nobody has pulled for so long, so that a subscription that was left behind does not grow for ever. What had been
 * delivered before somebody asked for it once more is delivered again. The join is crossed so that SQLite begins with the
 * subscriptions: the other way round it walks all that waits, a million rows perhaps, to find that none is pulled.
 */
export async function endUnpulled(writer: Writer, dueBefore: UnixMs, limit: number): Promise<number> {
  const rows = await writer.all<{ id: Id<"dlv">; replay_from: string | null }>(
    `SELECT d.id AS id, d.replay_from AS replay_from FROM subscriptions s CROSS JOIN deliveries d
     WHERE s.mode = 'pull' AND d.subscription_id = s.id AND d.status = 'pending' AND d.due_at < ? LIMIT ?`,
    [dueBefore, limit],
  );
  const reason = `not pulled within ${Math.round((writer.now - dueBefore) / DAY)} days`;
  await writer.updateMany({
    table: "deliveries",
    columns: ["status", "reason", "waiting_for", "replay_from", "ended_at"],
    keyColumns: ["id"],
    rows: rows.map(({ id, replay_from }) => {
      const origin = replay_from === null ? undefined : (JSON.parse(replay_from) as ReplayOrigin);
      return origin?.status === "delivered"
        ? ["delivered", origin.reason, null, null, origin.endedAt, id]
        : ["failed", reason, null, null, writer.now, id];
    }),
  });
  return rows.length;
}

/** Bodies of events that are old enough and that nothing is still waiting to send. */
export async function purgeBodies(writer: Writer, { before, limit, cursor }: Batch): Promise<Taken> {
  const [from = "0", id = ""] = cursor?.split(" ") ?? [];
  const rows = await writer.all<{ id: Id<"evt">; created_at: UnixMs; waits: number }>(
    `SELECT e.id AS id, e.created_at AS created_at,
       (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries d WHERE d.outbound_event_id = e.id AND d.ended_at IS NULL LIMIT 1) AS open) AS waits
     FROM outbound_events e WHERE e.body IS NOT NULL AND e.created_at >= ? AND e.created_at < ?
       AND (e.created_at > ? OR e.id > ?)
     ORDER BY e.created_at, e.id LIMIT ?`,
    [Number(from), before, Number(from), id, limit],
  );
  const taken = await writer.updateMany({
    table: "outbound_events",
    columns: ["body"],
    keyColumns: ["id"],
    rows: rows.filter(({ waits }) => waits === 0).map((row) => [null, row.id]),
  });
  return { rows: taken, cursor: cursorOf(rows, limit, (row) => `${row.created_at} ${row.id}`) };
}

/** Correlation rows past their time; what has not ended stays, whatever its age. */
export async function purgeDeliveries(writer: Writer, { before, limit, cursor = "" }: Batch): Promise<Taken> {
  const rows = await writer.all<{ id: Id<"dlv">; ended_at: UnixMs | null }>(
    "SELECT id, ended_at FROM deliveries WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
    [cursor, firstIdAt("dlv", before), limit],
  );
  let taken = 0;
  for (const { id, ended_at } of rows) {
    if (ended_at === null) continue;
    await writer.run("DELETE FROM attempts WHERE delivery_id = ?", [id]);
    taken += await writer.run("DELETE FROM deliveries WHERE id = ? AND ended_at IS NOT NULL", [id]);
  }
  return { rows: taken, cursor: cursorOf(rows, limit, (row) => row.id) };
}

/** Outbound events of which neither a body nor a delivery is left. */
export async function purgeOutboundEvents(writer: Writer, { before, limit, cursor = "" }: Batch): Promise<Taken> {
  const rows = await writer.all<{ id: Id<"evt">; used: number }>(
    `SELECT e.id AS id,
       (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries d WHERE d.outbound_event_id = e.id LIMIT 1) AS own) AS used
     FROM outbound_events e WHERE e.body IS NULL AND e.id > ? AND e.id < ? ORDER BY e.id LIMIT ?`,
    [cursor, firstIdAt("evt", before), limit],
  );
  let taken = 0;
  for (const { id, used } of rows) {
    if (used === 0) taken += await writer.run("DELETE FROM outbound_events WHERE id = ? AND body IS NULL", [id]);
  }
  return { rows: taken, cursor: cursorOf(rows, limit, (row) => row.id) };
}

/** Deleted subscriptions whose deliveries are gone as well. */
export async function purgeSubscriptions(writer: Writer, { before, limit, cursor }: Batch): Promise<Taken> {
  const [from = "0", id = ""] = cursor?.split(" ") ?? [];
  const rows = await writer.all<{ id: Id<"sub">; deleted_at: UnixMs; used: number }>(
    `SELECT s.id AS id, s.deleted_at AS deleted_at,
       (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries d WHERE d.subscription_id = s.id LIMIT 1) AS own) AS used
     FROM subscriptions s WHERE s.deleted_at IS NOT NULL AND s.deleted_at >= ? AND s.deleted_at < ?
       AND (s.deleted_at > ? OR s.id > ?)
     ORDER BY s.deleted_at, s.id LIMIT ?`,
    [Number(from), before, Number(from), id, limit],
  );
  const unused = rows.filter(({ used }) => used === 0);
  for (const row of unused) await deleteSubscriptionRows(writer, row.id);
  return { rows: unused.length, cursor: cursorOf(rows, limit, (row) => `${row.deleted_at} ${row.id}`) };
}

/** A subscription with all that hangs on it but its deliveries. */
async function deleteSubscriptionRows(writer: Writer, id: Id<"sub">): Promise<void> {
  await writer.run("DELETE FROM subscription_secrets WHERE subscription_id = ?", [id]);
  await writer.run("DELETE FROM subscription_health WHERE subscription_id = ?", [id]);
  await writer.run("DELETE FROM subscription_holds WHERE subscription_id = ?", [id]);
  await writer.run("DELETE FROM delivery_hours WHERE subject = ?", [id]);
  await writer.run("DELETE FROM subscriptions WHERE id = ?", [id]);
}

/** Deliveries with their attempts and the events that they brought. */
const forgetDeliveries: Forget = async (writer, { environmentIds }, limit) => {
  let taken = 0;
  for (const environmentId of environmentIds) {
    const rows = await writer.all<{ id: Id<"dlv">; outbound_event_id: Id<"evt"> }>(
      "SELECT id, outbound_event_id FROM deliveries WHERE environment_id = ? ORDER BY id LIMIT ?",
      [environmentId, limit - taken],
    );
    for (const { id, outbound_event_id } of rows) {
      await writer.run("DELETE FROM attempts WHERE delivery_id = ?", [id]);
      await writer.run("DELETE FROM deliveries WHERE id = ?", [id]);
      await writer.run("DELETE FROM outbound_events WHERE id = ?", [outbound_event_id]);
    }
    taken += rows.length;
  }
  return taken;
};

const forgetSubscriptions: Forget = async (writer, { environmentIds, workspaceId }, limit) => {
  let taken = 0;
  for (const environmentId of environmentIds) {
    // Without the index of those in use: here all are deleted.
    const rows = await writer.all<{ id: Id<"sub"> }>(
      "SELECT id FROM subscriptions WHERE environment_id = ? AND deleted_at IS NOT NULL LIMIT ?",
      [environmentId, limit - taken],
    );
    for (const { id } of rows) await deleteSubscriptionRows(writer, id);
    taken += rows.length;
    if (taken < limit) {
      await writer.run("DELETE FROM delivery_hours WHERE subject = ?", [environmentId]);
      await writer.run("DELETE FROM fan_out_sets WHERE environment_id = ?", [environmentId]);
    }
  }
  if (taken < limit) await writer.run("DELETE FROM digests WHERE workspace_id = ?", [workspaceId]);
  return taken;
};

/** What a deleted workspace left. */
export const WEBHOOKS_FORGET: readonly Forget[] = [forgetDeliveries, forgetSubscriptions];
