import type { Reader, SqlValue, Writer } from "../../../database/database.ts";
import { firstIdAt, type Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { AttemptVerdict, DeliveryStatus, WaitingFor } from "../types.ts";

export interface DeliveryRow {
  readonly id: Id<"dlv">;
  readonly environment_id: Id<"env">;
  readonly subscription_id: Id<"sub">;
  readonly outbound_event_id: Id<"evt">;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly waiting_for: WaitingFor | null;
  readonly due_at: UnixMs;
  readonly attempts: number;
  readonly failures: number;
  readonly interruptions: number;
  readonly prefers_newest: number;
  readonly replay_from: string | null;
  readonly epoch: number;
  readonly claimed_by: string | null;
  readonly created_at: UnixMs;
  readonly ended_at: UnixMs | null;
}

const COLUMNS =
  "id, environment_id, subscription_id, outbound_event_id, event, status, reason, waiting_for, due_at, attempts, failures, interruptions, prefers_newest, replay_from, epoch, claimed_by, created_at, ended_at";

export interface DeliveryDraft {
  readonly id: Id<"dlv">;
  readonly environmentId: Id<"env">;
  readonly subscriptionId: Id<"sub">;
  readonly outboundEventId: Id<"evt">;
  readonly event: string;
  /** What it is from the start: it waits, unless the subscription is disabled or deleted. */
  readonly standing:
    | { readonly status: "pending" /** Now, if absent. */; readonly dueAt?: UnixMs }
    | { readonly status: "skipped" | "canceled"; readonly reason: string };
}

const INSERTED = [
  "id",
  "environment_id",
  "subscription_id",
  "outbound_event_id",
  "event",
  "status",
  "reason",
  "due_at",
  "attempts",
  "failures",
  "interruptions",
  "prefers_newest",
  "epoch",
  "created_at",
  "ended_at",
] as const;

/** Writes deliveries in one statement's rows: the ingest path. */
export function insertDeliveries(writer: Writer, drafts: readonly DeliveryDraft[]): Promise<void> {
  const { now } = writer;
  return writer.insertMany({
    table: "deliveries",
    columns: INSERTED,
    rows: drafts.map(({ id, environmentId, subscriptionId, outboundEventId, event, standing }) => [
      id,
      environmentId,
      subscriptionId,
      outboundEventId,
      event,
      standing.status,
      standing.status === "pending" ? null : standing.reason,
      standing.status === "pending" ? (standing.dueAt ?? now) : now,
      0,
      0,
      0,
      0,
      0,
      now,
      standing.status === "pending" ? null : now,
    ]),
  });
}

/** Which of these ids are taken: a repeated chunk of a fan-out writes none of its deliveries twice. */
export async function findTaken(reader: Reader, ids: readonly Id<"dlv">[]): Promise<ReadonlySet<string>> {
  const rows = await reader.findMany<{ id: string }>({
    table: "deliveries",
    columns: ["id"],
    keyColumns: ["id"],
    keys: ids.map((id) => [id]),
  });
  return new Set(rows.map(({ id }) => id));
}

export function findDelivery(
  reader: Reader,
  environmentId: Id<"env">,
  id: Id<"dlv">,
): Promise<DeliveryRow | undefined> {
  return reader.get<DeliveryRow>(`SELECT ${COLUMNS} FROM deliveries WHERE environment_id = ? AND id = ?`, [
    environmentId,
    id,
  ]);
}

export interface DeliveryFilter {
  readonly subscriptionId: Id<"sub"> | undefined;
  readonly status: DeliveryStatus | undefined;
  readonly event: string | undefined;
  readonly since: UnixMs | undefined;
  readonly after: string | undefined;
  readonly rows: number;
}

/** Newest first. The status stands in the text, so that the small index of the failed ones is used for them. */
export function listDeliveries(
  reader: Reader,
  environmentId: Id<"env">,
  { subscriptionId, status, event, since, after, rows }: DeliveryFilter,
): Promise<DeliveryRow[]> {
  const conditions = ["environment_id = ?"];
  const parameters: SqlValue[] = [environmentId];
  const add = (condition: string, value: SqlValue): void => {
    conditions.push(condition);
    parameters.push(value);
  };
  if (subscriptionId !== undefined) add("subscription_id = ?", subscriptionId);
  if (event !== undefined) add("event = ?", event);
  // As it is, a bound on the id has SQLite take the index of all deliveries, a million of them perhaps.
  const id = status === "failed" ? "id || ''" : "id";
  if (since !== undefined) add(`${id} >= ?`, firstIdAt("dlv", since));
  if (after !== undefined) add(`${id} < ?`, after);
  if (status !== undefined) conditions.push(`status = '${status}'`);
  return reader.all<DeliveryRow>(
    `SELECT ${COLUMNS} FROM deliveries WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ?`,
    [...parameters, rows],
  );
}

export interface DeliveryOfEventRow {
  readonly id: Id<"dlv">;
  readonly subscription_id: Id<"sub">;
  readonly outbound_event_id: Id<"evt">;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly attempts: number;
  readonly replay_from: string | null;
  readonly created_at: UnixMs;
  readonly ended_at: UnixMs | null;
}

/** The deliveries of some outbound events, oldest first, at most `limit`. */
export function listOfEvents(
  reader: Reader,
  environmentId: Id<"env">,
  eventIds: readonly Id<"evt">[],
  limit: number,
): Promise<DeliveryOfEventRow[]> {
  const marks = eventIds.map(() => "?").join(", ");
  return reader.all<DeliveryOfEventRow>(
    `SELECT id, subscription_id, outbound_event_id, event, status, reason, attempts, replay_from, created_at, ended_at
     FROM deliveries WHERE environment_id = ? AND outbound_event_id IN (${marks}) ORDER BY id LIMIT ?`,
    [environmentId, ...eventIds, limit],
  );
}

export interface AttemptRow {
  readonly number: number;
  readonly started_at: UnixMs;
  readonly ended_at: UnixMs | null;
  readonly verdict: AttemptVerdict;
  readonly error: string | null;
  readonly request_headers: string | null;
  readonly request_body: string | null;
  readonly response_status: number | null;
  readonly response_headers: string | null;
  readonly response_body: Uint8Array | null;
  readonly timings: string | null;
}

/** Of a delivery that was found in its environment before. */
export function listAttempts(reader: Reader, deliveryId: Id<"dlv">, limit: number): Promise<AttemptRow[]> {
  return reader.all<AttemptRow>(
    `SELECT number, started_at, ended_at, verdict, error, request_headers, request_body, response_status, response_headers, response_body, timings
     FROM attempts WHERE delivery_id = ? ORDER BY number DESC LIMIT ?`,
    [deliveryId, limit],
  );
}

/** Sends it again: due now, remembering what it was. The epoch tells that nobody claimed it meanwhile. */
export function reviveDelivery(
  writer: Writer,
  row: Pick<DeliveryRow, "id" | "epoch">,
  replayFrom: string,
): Promise<number> {
  return writer.run(
    `UPDATE deliveries SET status = 'pending', reason = NULL, waiting_for = NULL, due_at = ?, replay_from = ?, ended_at = NULL
     WHERE id = ? AND epoch = ? AND status <> 'sending'`,
    [writer.now, replayFrom, row.id, row.epoch],
  );
}

/** Ends one that waits, or takes its replay back. */
export function endDelivery(
  writer: Writer,
  row: Pick<DeliveryRow, "id">,
  end: { readonly status: DeliveryStatus; readonly reason: string | null; readonly endedAt: UnixMs | null },
): Promise<number> {
  return writer.run(
    "UPDATE deliveries SET status = ?, reason = ?, waiting_for = NULL, replay_from = NULL, ended_at = ? WHERE id = ? AND status = 'pending'",
    [end.status, end.reason, end.endedAt, row.id],
  );
}

/** The outcome of the request that is under way decides; if it has to wait again, it ends instead. */
export function requestCancel(writer: Writer, id: Id<"dlv">): Promise<number> {
  return writer.run("UPDATE deliveries SET waiting_for = 'cancel' WHERE id = ? AND status = 'sending'", [id]);
}

/**
 * Ends what waits for a subscription that no longer takes anything; what had been delivered before a replay is
 * delivered again. @returns how many were looked at: fewer than `limit` when none is left
 */
export async function endWaiting(
  writer: Writer,
  subscriptionId: Id<"sub">,
  end: { readonly status: "skipped" | "canceled"; readonly reason: string },
  limit: number,
): Promise<number> {
  const rows = await writer.all<Pick<DeliveryRow, "id" | "replay_from">>(
    "SELECT id, replay_from FROM deliveries WHERE subscription_id = ? AND status = 'pending' ORDER BY due_at LIMIT ?",
    [subscriptionId, limit],
  );
  await writer.updateMany({
    table: "deliveries",
    columns: ["status", "reason", "waiting_for", "replay_from", "ended_at"],
    keyColumns: ["id"],
    rows: rows.map(({ id, replay_from }) => {
      const origin =
        replay_from === null
          ? undefined
          : (JSON.parse(replay_from) as { status: string; reason: string; endedAt: number });
      return origin?.status === "delivered"
        ? ["delivered", origin.reason, null, null, origin.endedAt, id]
        : [end.status, end.reason, null, null, writer.now, id];
    }),
  });
  return rows.length;
}

/** How its last deliveries stand: those since a time, the latest `limit` of them at most. */
export function countRecent(
  reader: Reader,
  subscriptionId: Id<"sub">,
  since: UnixMs,
  limit: number,
): Promise<{ readonly status: DeliveryStatus; readonly count: number }[]> {
  return reader.all(
    `SELECT recent.status AS status, COUNT(*) AS count FROM (
       SELECT status FROM deliveries WHERE subscription_id = ? AND id >= ? ORDER BY id DESC LIMIT ?
     ) AS recent GROUP BY recent.status`,
    [subscriptionId, firstIdAt("dlv", since), limit],
  );
}
