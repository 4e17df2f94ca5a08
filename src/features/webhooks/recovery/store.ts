import type { Reader, Writer } from "../../../database/database.ts";
import { firstIdAt, type Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { DeliveryStatus, SubscriptionMode, SubscriptionStatus } from "../types.ts";

/** A subscription as a recovery needs it; deleted ones too. */
export interface ReceiverRow {
  readonly id: Id<"sub">;
  readonly mode: SubscriptionMode;
  readonly status: SubscriptionStatus;
  readonly events: string;
  /** An expression that an event has to fulfill besides. */
  readonly event_filter: string | null;
  readonly rate_limit: string | null;
  readonly created_at: UnixMs;
  readonly deleted_at: UnixMs | null;
}

const RECEIVER = ["id", "mode", "status", "events", "event_filter", "rate_limit", "created_at", "deleted_at"] as const;

/** All of an environment that are not deleted, oldest first. */
export function listReceivers(reader: Reader, environmentId: Id<"env">): Promise<ReceiverRow[]> {
  return reader.all<ReceiverRow>(
    `SELECT ${RECEIVER.join(", ")} FROM subscriptions WHERE environment_id = ? AND deleted_at IS NULL ORDER BY id`,
    [environmentId],
  );
}

/** By ids that were found in their environment before. */
export function findReceivers(reader: Reader, ids: readonly Id<"sub">[]): Promise<ReceiverRow[]> {
  return reader.findMany<ReceiverRow>({
    table: "subscriptions",
    columns: RECEIVER,
    keyColumns: ["id"],
    keys: ids.map((id) => [id]),
  });
}

export interface EndedRow {
  readonly id: Id<"dlv">;
  readonly outbound_event_id: Id<"evt">;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly ended_at: UnixMs;
  /** Whether there is still something to send. */
  readonly has_body: number;
}

/** What has ended at one subscription without having arrived, oldest first, whenever and however: a page of bounded work. */
export function listEnded(
  reader: Reader,
  subscriptionId: Id<"sub">,
  after: string,
  limit: number,
): Promise<EndedRow[]> {
  return reader.all<EndedRow>(
    `SELECT d.id AS id, d.outbound_event_id AS outbound_event_id, d.status AS status, d.attempts AS attempts,
       d.ended_at AS ended_at, CASE WHEN e.body IS NULL THEN 0 ELSE 1 END AS has_body
     FROM deliveries d LEFT JOIN outbound_events e ON e.id = d.outbound_event_id
     WHERE d.subscription_id = ? AND d.ended_at IS NOT NULL AND d.status <> 'delivered' AND d.id > ?
     ORDER BY d.id LIMIT ?`,
    [subscriptionId, after, limit],
  );
}

export interface LockedRow {
  readonly id: Id<"dlv">;
  readonly status: DeliveryStatus;
  readonly ended_at: UnixMs | null;
}

/** As they stand in this transaction. */
export function lockEnded(writer: Writer, ids: readonly Id<"dlv">[]): Promise<LockedRow[]> {
  return writer.lockMany<LockedRow>({
    table: "deliveries",
    columns: ["id", "status", "ended_at"],
    keyColumns: ["id"],
    keys: [...ids].sort().map((id) => [id]),
  });
}

/** They wait as if they were made now: the same ids, the whole ladder before them. */
export async function bringBack(
  writer: Writer,
  rows: readonly { readonly id: Id<"dlv">; readonly dueAt: UnixMs }[],
): Promise<void> {
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
      "ended_at",
    ],
    keyColumns: ["id"],
    rows: rows.map(({ id, dueAt }) => ["pending", null, null, dueAt, 0, 0, 0, null, null, id]),
  });
}

/** Why what stays as it is does so. */
export async function setReasons(
  writer: Writer,
  rows: readonly { readonly id: Id<"dlv">; readonly reason: string }[],
): Promise<void> {
  await writer.updateMany({
    table: "deliveries",
    columns: ["reason"],
    keyColumns: ["id"],
    rows: rows.map(({ id, reason }) => [reason, id]),
  });
}

export interface LoggedEvent {
  readonly id: Id<"evt">;
  readonly type: string;
  readonly created_at: UnixMs;
  readonly has_body: number;
  readonly about_subscription_id: Id<"sub"> | null;
  readonly sole_subscription_id: Id<"sub"> | null;
}

/**
 * A page of the log of outbound events, oldest first. The log is walked by its own key, a bounded stretch at a time, and
 * of each stretch only the environment's are given: an index by environment would cost every event of the hot path a row.
 * @returns `walked` is the end of the stretch; undefined where the log is at its end
 */
export async function listLogged(
  reader: Reader,
  environmentId: Id<"env">,
  { after, to, stretch }: { readonly after: string; readonly to: string; readonly stretch: number },
): Promise<{ readonly events: readonly LoggedEvent[]; readonly walked: string | undefined }> {
  const last = await reader.get<{ id: string }>(
    "SELECT id FROM outbound_events WHERE id > ? AND id <= ? ORDER BY id LIMIT 1 OFFSET ?",
    [after, to, stretch - 1],
  );
  const walked = last?.id;
  const events = await reader.all<LoggedEvent>(
    `SELECT id, type, created_at, CASE WHEN body IS NULL THEN 0 ELSE 1 END AS has_body, about_subscription_id, sole_subscription_id
     FROM outbound_events WHERE environment_id = ? AND id > ? AND id <= ? ORDER BY id`,
    [environmentId, after, walked ?? to],
  );
  return { events, walked };
}

/**
 * Which subscriptions have deliveries of these events, up to `limit` rows. By the ids of an environment's events alone:
 * with the environment in it, the planner walks all of its deliveries in place of those of the events.
 */
export function listTakers(
  reader: Reader,
  eventIds: readonly Id<"evt">[],
  limit: number,
): Promise<{ readonly outbound_event_id: Id<"evt">; readonly subscription_id: Id<"sub"> }[]> {
  return reader.all(
    `SELECT outbound_event_id, subscription_id FROM deliveries
     WHERE outbound_event_id IN (${eventIds.map(() => "?").join(", ")}) LIMIT ?`,
    [...eventIds, limit],
  );
}

/** What is due at one subscription and not yet taken, counted up to `limit`. */
export async function countDue(
  reader: Reader,
  subscriptionId: Id<"sub">,
  { dueBy, limit }: { readonly dueBy: UnixMs; readonly limit: number },
): Promise<number> {
  const row = await reader.get<{ count: number }>(
    `SELECT COUNT(*) AS count FROM (
       SELECT id FROM deliveries WHERE subscription_id = ? AND status = 'pending' AND due_at <= ? LIMIT ?
     ) AS due`,
    [subscriptionId, dueBy, limit],
  );
  return row?.count ?? 0;
}

export interface PartRow {
  readonly job_id: Id<"job">;
  readonly subscription_id: Id<"sub">;
  readonly phase: "deliveries" | "events" | "ended";
  /** The last delivery or outbound event that was looked at. */
  readonly walked: string;
  readonly events_from: string | null;
  readonly events_to: string | null;
  readonly next_at: UnixMs;
  readonly total: number;
  readonly done: number;
  readonly reason: string | null;
}

const PART = [
  "job_id",
  "subscription_id",
  "phase",
  "walked",
  "events_from",
  "events_to",
  "next_at",
  "total",
  "done",
  "reason",
] as const;

export function insertParts(writer: Writer, jobId: Id<"job">, subscriptionIds: readonly Id<"sub">[]): Promise<void> {
  const nothing = firstIdAt("dlv", 0 as UnixMs);
  return writer.insertMany({
    table: "recovery_parts",
    columns: PART,
    rows: subscriptionIds.map((id) => [jobId, id, "deliveries", nothing, null, null, writer.now, 0, 0, null]),
  });
}

const MOVED = PART.filter((column) => column !== "job_id" && column !== "subscription_id");

export async function updateParts(writer: Writer, parts: readonly PartRow[]): Promise<void> {
  await writer.updateMany({
    table: "recovery_parts",
    columns: MOVED,
    keyColumns: ["job_id", "subscription_id"],
    rows: parts.map((part) => [...MOVED.map((column) => part[column]), part.job_id, part.subscription_id]),
  });
}

export function listParts(reader: Reader, jobId: Id<"job">): Promise<PartRow[]> {
  return reader.all<PartRow>(
    `SELECT ${PART.join(", ")} FROM recovery_parts WHERE job_id = ? ORDER BY subscription_id`,
    [jobId],
  );
}

/** Those that have not ended, by when their next delivery may be due. */
export function listNextParts(reader: Reader, jobId: Id<"job">, limit: number): Promise<PartRow[]> {
  return reader.all<PartRow>(
    `SELECT ${PART.join(", ")} FROM recovery_parts WHERE job_id = ? AND phase <> 'ended' ORDER BY next_at LIMIT ?`,
    [jobId, limit],
  );
}

/** Whether an earlier recovery that goes on is still at this subscription: the later one waits for it. */
export async function isTaken(
  reader: Reader,
  { subscription_id, job_id }: Pick<PartRow, "subscription_id" | "job_id">,
): Promise<boolean> {
  const row = await reader.get(
    `SELECT p.job_id FROM recovery_parts p JOIN jobs j ON j.id = p.job_id
     WHERE p.subscription_id = ? AND p.job_id < ? AND p.phase <> 'ended' AND j.status IN ('waiting', 'running') LIMIT 1`,
    [subscription_id, job_id],
  );
  return row !== undefined;
}
