import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Settled } from "../deliver.ts";
import type { AttemptVerdict, DeliveryStatus } from "../types.ts";

/** A subscription with something waiting, and when the first of it is due. */
export interface Head {
  readonly subscription_id: Id<"sub">;
  readonly due_at: UnixMs;
}

/**
 * The head of every queue, by stepping through the index from subscription to subscription: with a million rows behind
 * one endpoint this finds 1,001 heads in 2 ms, where the oldest 256 rows show one.
 */
export function findHeads(reader: Reader): Promise<Head[]> {
  return reader.all<Head>(
    `WITH RECURSIVE heads (subscription_id) AS (
       SELECT MIN(subscription_id) FROM deliveries WHERE status = 'pending'
       UNION ALL
       SELECT (SELECT MIN(d.subscription_id) FROM deliveries d WHERE d.status = 'pending' AND d.subscription_id > heads.subscription_id)
       FROM heads WHERE heads.subscription_id IS NOT NULL
     )
     SELECT heads.subscription_id AS subscription_id,
       (SELECT MIN(d.due_at) FROM deliveries d WHERE d.status = 'pending' AND d.subscription_id = heads.subscription_id) AS due_at
     FROM heads WHERE heads.subscription_id IS NOT NULL`,
  );
}

export interface DueRow {
  readonly id: Id<"dlv">;
  readonly outbound_event_id: Id<"evt">;
  readonly event: string;
  readonly due_at: UnixMs;
  readonly attempts: number;
  readonly prefers_newest: number;
  readonly epoch: number;
}

/** What is due for one subscription, the longest due first. */
export function listDue(writer: Writer, subscriptionId: Id<"sub">, limit: number): Promise<DueRow[]> {
  return writer.all<DueRow>(
    `SELECT id, outbound_event_id, event, due_at, attempts, prefers_newest, epoch FROM deliveries
     WHERE subscription_id = ? AND status = 'pending' AND due_at <= ? ORDER BY due_at LIMIT ?`,
    [subscriptionId, writer.now, limit],
  );
}

/** What waits for one subscription, whenever it is due, the longest due first. */
export function listWaiting(writer: Writer, subscriptionId: Id<"sub">, limit: number): Promise<DueRow[]> {
  return writer.all<DueRow>(
    `SELECT id, outbound_event_id, event, due_at, attempts, prefers_newest, epoch FROM deliveries
     WHERE subscription_id = ? AND status = 'pending' ORDER BY due_at LIMIT ?`,
    [subscriptionId, limit],
  );
}

export interface ClaimRow {
  readonly deliveryId: Id<"dlv">;
  readonly attempt: number;
  readonly epoch: number;
}

/** Takes deliveries, and writes down the attempts before any socket opens. */
export async function claimDeliveries(writer: Writer, claims: readonly ClaimRow[], claimant: string): Promise<void> {
  await writer.updateMany({
    table: "deliveries",
    columns: ["status", "waiting_for", "claimed_by", "epoch", "attempts"],
    keyColumns: ["id"],
    rows: claims.map(({ deliveryId, epoch, attempt }) => ["sending", null, claimant, epoch, attempt, deliveryId]),
  });
  await insertAttempts(writer, claims);
}

export function insertAttempts(writer: Writer, claims: readonly ClaimRow[]): Promise<void> {
  return writer.insertMany({
    table: "attempts",
    columns: ["delivery_id", "number", "started_at", "verdict"],
    rows: claims.map(({ deliveryId, attempt }) => [deliveryId, attempt, writer.now, "open"]),
  });
}

export interface SendingRow {
  readonly id: Id<"dlv">;
  readonly subscription_id: Id<"sub">;
  readonly status: DeliveryStatus;
  /** `cancel` where somebody canceled it while it was being sent. */
  readonly waiting_for: string | null;
  readonly due_at: UnixMs;
  readonly attempts: number;
  readonly failures: number;
  readonly interruptions: number;
  readonly prefers_newest: number;
  readonly replay_from: string | null;
  readonly epoch: number;
  readonly claimed_by: string | null;
}

const SENDING_COLUMNS = [
  "id",
  "subscription_id",
  "status",
  "waiting_for",
  "due_at",
  "attempts",
  "failures",
  "interruptions",
  "prefers_newest",
  "replay_from",
  "epoch",
  "claimed_by",
] as const;

/** As they stand now; `ids` sorted, so that two writers never wait for each other in a ring. */
export function lockDeliveries(writer: Writer, ids: readonly Id<"dlv">[]): Promise<SendingRow[]> {
  return writer.lockMany<SendingRow>({
    table: "deliveries",
    columns: SENDING_COLUMNS,
    keyColumns: ["id"],
    keys: [...ids].sort().map((id) => [id]),
  });
}

export interface SettledRow extends Settled {
  readonly id: Id<"dlv">;
  readonly epoch: number;
}

export async function settleDeliveries(writer: Writer, rows: readonly SettledRow[]): Promise<void> {
  await writer.updateMany({
    table: "deliveries",
    columns: [
      "status",
      "reason",
      "waiting_for",
      "due_at",
      "failures",
      "interruptions",
      "prefers_newest",
      "replay_from",
      "claimed_by",
      "ended_at",
    ],
    keyColumns: ["id", "epoch"],
    rows: rows.map((row) => [
      row.status,
      row.reason,
      row.waitingFor,
      row.dueAt,
      row.failures,
      row.interruptions,
      // Named when two secrets at once were the most: 1 stands for the newest still, more for those between.
      row.refusals,
      row.replayFrom === undefined ? null : JSON.stringify(row.replayFrom),
      null,
      row.endedAt,
      row.id,
      row.epoch,
    ]),
  });
}

export interface DeliveredRow {
  readonly id: Id<"dlv">;
  readonly epoch: number;
  readonly reason: string;
  readonly endedAt: UnixMs;
}

/**
 * Ends deliveries that came through, the way that nearly all go: whatever else the row says, it is delivered. A claim
 * that is no longer the row's changes nothing. @returns those that were changed
 */
export async function endDelivered(writer: Writer, rows: readonly DeliveredRow[]): Promise<readonly DeliveredRow[]> {
  const changed = await writer.updateMany({
    table: "deliveries",
    columns: ["status", "reason", "waiting_for", "interruptions", "replay_from", "claimed_by", "ended_at"],
    keyColumns: ["id", "epoch", "status"],
    rows: rows.map(({ id, epoch, reason, endedAt }) => [
      "delivered",
      reason,
      null,
      0,
      null,
      null,
      endedAt,
      id,
      epoch,
      "sending",
    ]),
  });
  if (changed === rows.length) return rows;
  const found = await writer.findMany<{ id: Id<"dlv">; epoch: number; ended_at: UnixMs | null }>({
    table: "deliveries",
    columns: ["id", "epoch", "ended_at"],
    keyColumns: ["id"],
    keys: rows.map(({ id }) => [id]),
  });
  const now = new Map(found.map((row) => [row.id, row]));
  return rows.filter(({ id, epoch, endedAt }) => now.get(id)?.epoch === epoch && now.get(id)?.ended_at === endedAt);
}

export interface EndedAttemptRow {
  readonly deliveryId: Id<"dlv">;
  readonly number: number;
  readonly startedAt: UnixMs;
  readonly endedAt: UnixMs;
  readonly verdict: AttemptVerdict;
  readonly error: string | null;
  readonly requestHeaders: string | null;
  readonly requestBody: string | null;
  readonly responseStatus: number | null;
  readonly responseHeaders: string | null;
  readonly responseBody: Uint8Array | null;
  readonly timings: string | null;
}

/** Writes what came of attempts that are still open. */
export async function endAttempts(writer: Writer, rows: readonly EndedAttemptRow[]): Promise<void> {
  await writer.updateMany({
    table: "attempts",
    columns: [
      "started_at",
      "ended_at",
      "verdict",
      "error",
      "request_headers",
      "request_body",
      "response_status",
      "response_headers",
      "response_body",
      "timings",
    ],
    keyColumns: ["delivery_id", "number"],
    rows: rows.map((row) => [
      row.startedAt,
      row.endedAt,
      row.verdict,
      row.error,
      row.requestHeaders,
      row.requestBody,
      row.responseStatus,
      row.responseHeaders,
      row.responseBody,
      row.timings,
      row.deliveryId,
      row.number,
    ]),
  });
}

/** Closes open attempts of which nothing else is known. */
export async function closeAttempts(
  writer: Writer,
  rows: readonly { readonly deliveryId: Id<"dlv">; readonly number: number }[],
  verdict: AttemptVerdict,
): Promise<void> {
  await writer.updateMany({
    table: "attempts",
    columns: ["verdict", "ended_at"],
    keyColumns: ["delivery_id", "number", "verdict"],
    rows: rows.map(({ deliveryId, number }) => [verdict, writer.now, deliveryId, number, "open"]),
  });
}

/** Takes back claims whose sockets were never opened, attempts and all. */
export async function unclaim(
  writer: Writer,
  claims: readonly { readonly id: Id<"dlv">; readonly epoch: number; readonly attempt: number }[],
): Promise<void> {
  for (const { id, attempt } of claims) {
    await writer.run("DELETE FROM attempts WHERE delivery_id = ? AND number = ? AND verdict = 'open'", [id, attempt]);
  }
  await writer.updateMany({
    table: "deliveries",
    columns: ["attempts"],
    keyColumns: ["id", "epoch"],
    rows: claims.map(({ id, epoch, attempt }) => [attempt - 1, id, epoch]),
  });
}

/**
 * What another life of this process was sending when it ended. In the order of the small index of what is being sent:
 * by id alone, SQLite walks all deliveries there are.
 */
export function listOrphans(writer: Writer, claimant: string, limit: number): Promise<SendingRow[]> {
  return writer.all<SendingRow>(
    `SELECT ${SENDING_COLUMNS.join(", ")} FROM deliveries WHERE status = 'sending' AND claimed_by <> ? ORDER BY claimed_by, id LIMIT ?`,
    [claimant, limit],
  );
}

/** All that this life has taken and not settled, as the rows say. */
export function listSending(writer: Writer, claimant: string): Promise<SendingRow[]> {
  return writer.all<SendingRow>(
    `SELECT ${SENDING_COLUMNS.join(", ")} FROM deliveries WHERE status = 'sending' AND claimed_by = ?`,
    [claimant],
  );
}

/** The latest time that the newest rows tell of: if it lies ahead, the wall clock was set back. */
export async function findLatestTime(reader: Reader): Promise<UnixMs | undefined> {
  const created = await reader.get<{ at: UnixMs }>("SELECT created_at AS at FROM deliveries ORDER BY id DESC LIMIT 1");
  const started = await reader.get<{ at: UnixMs }>(
    "SELECT started_at AS at FROM attempts ORDER BY delivery_id DESC, number DESC LIMIT 1",
  );
  const latest = Math.max(created?.at ?? 0, started?.at ?? 0);
  return latest === 0 ? undefined : (latest as UnixMs);
}

/** Moves what one subscription has waiting in the future by as much as the wall clock was set back. */
export function moveForward(writer: Writer, subscriptionId: Id<"sub">, byMs: number): Promise<number> {
  return writer.run(
    "UPDATE deliveries SET due_at = due_at - ? WHERE subscription_id = ? AND status = 'pending' AND due_at > ?",
    [byMs, subscriptionId, writer.now],
  );
}

/** Since when the longest due of those under way was due. */
export async function findOldestSending(reader: Reader): Promise<UnixMs | undefined> {
  const row = await reader.get<{ due_at: UnixMs | null }>(
    "SELECT MIN(due_at) AS due_at FROM deliveries WHERE status = 'sending'",
  );
  return row?.due_at ?? undefined;
}

/** What the first that waits for a subscription waits for by itself: it may be a retry. */
export async function findWaitingFor(reader: Reader, subscriptionId: Id<"sub">): Promise<string | null> {
  const row = await reader.get<{ waiting_for: string | null }>(
    "SELECT waiting_for FROM deliveries WHERE subscription_id = ? AND status = 'pending' ORDER BY due_at LIMIT 1",
    [subscriptionId],
  );
  return row?.waiting_for ?? null;
}

export async function countPending(reader: Reader): Promise<number> {
  const row = await reader.get<{ count: number }>("SELECT COUNT(*) AS count FROM deliveries WHERE status = 'pending'");
  return row?.count ?? 0;
}
