import type { Reader, Writer } from "../../../database/database.ts";
import { firstIdAt, type Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { SubscriptionMode, SubscriptionStatus, WaitingFor } from "../types.ts";

/** A subscription, or an environment as a whole. */
export type Subject = Id<"sub"> | Id<"env">;

export interface HourRow {
  readonly subject: Subject;
  readonly hour_at: UnixMs;
  readonly environment_id: Id<"env">;
  readonly delivered: number;
  readonly failed: number;
  readonly exhausted: number;
  readonly quarters: string;
  readonly notable: string;
}

const COLUMNS = [
  "subject",
  "hour_at",
  "environment_id",
  "delivered",
  "failed",
  "exhausted",
  "quarters",
  "notable",
] as const;

/** By subjects that the dispatcher has claimed; sorted, so that two writers never wait for each other in a ring. */
export function lockHours(
  writer: Writer,
  keys: readonly { readonly subject: Subject; readonly hourAt: UnixMs }[],
): Promise<HourRow[]> {
  return writer.lockMany<HourRow>({
    table: "delivery_hours",
    columns: COLUMNS,
    keyColumns: ["subject", "hour_at"],
    keys: keys.map(({ subject, hourAt }) => [subject, hourAt]),
  });
}

export function putHours(writer: Writer, rows: readonly HourRow[]): Promise<void> {
  return writer.upsertMany({
    table: "delivery_hours",
    columns: COLUMNS,
    keyColumns: ["subject", "hour_at"],
    rows: rows.map((row) => COLUMNS.map((column) => row[column])),
  });
}

/** Of some subjects, in the order of time. */
export function listHours(
  reader: Reader,
  environmentId: Id<"env">,
  subjects: readonly Subject[],
  since: UnixMs,
): Promise<HourRow[]> {
  if (subjects.length === 0) return Promise.resolve([]);
  return reader.all<HourRow>(
    `SELECT ${COLUMNS.join(", ")} FROM delivery_hours
     WHERE environment_id = ? AND subject IN (${subjects.map(() => "?").join(", ")}) AND hour_at >= ? ORDER BY hour_at`,
    [environmentId, ...subjects, since],
  );
}

export function purgeHours(writer: Writer, before: UnixMs, limit: number): Promise<number> {
  return writer.run(
    `DELETE FROM delivery_hours WHERE (subject, hour_at) IN (
       SELECT subject, hour_at FROM delivery_hours WHERE hour_at < ? ORDER BY hour_at LIMIT ?
     )`,
    [before, limit],
  );
}

/** A subscription with how its endpoint does. */
export interface EndpointRow {
  readonly id: Id<"sub">;
  readonly environment_id: Id<"env">;
  readonly mode: SubscriptionMode;
  readonly endpoint: string | null;
  readonly description: string | null;
  readonly status: SubscriptionStatus;
  readonly reason: string | null;
  readonly paused_until: UnixMs | null;
  readonly paused_since: UnixMs | null;
  readonly created_at: UnixMs;
  readonly updated_at: UnixMs;
  readonly failures_in_row: number;
  readonly failing_since: UnixMs | null;
  readonly last_success_at: UnixMs | null;
  readonly last_failure_at: UnixMs | null;
}

const ENDPOINTS = `SELECT s.id, s.environment_id, s.mode, s.endpoint, s.description, s.status, s.reason, s.paused_until,
    s.paused_since, s.created_at, s.updated_at, h.failures_in_row, h.failing_since, h.last_success_at, h.last_failure_at
  FROM subscriptions s JOIN subscription_health h ON h.subscription_id = s.id
  WHERE s.environment_id = ? AND s.deleted_at IS NULL`;

/** Newest first. */
export const listEndpoints = (
  reader: Reader,
  environmentId: Id<"env">,
  page: { readonly after: string | undefined; readonly rows: number },
): Promise<EndpointRow[]> =>
  page.after === undefined
    ? reader.all(`${ENDPOINTS} ORDER BY s.id DESC LIMIT ?`, [environmentId, page.rows])
    : reader.all(`${ENDPOINTS} AND s.id < ? ORDER BY s.id DESC LIMIT ?`, [environmentId, page.after, page.rows]);

/** Those of some ids that belong to the environment and were not deleted. */
export const findEndpoints = async (
  reader: Reader,
  environmentId: Id<"env">,
  ids: readonly string[],
): Promise<EndpointRow[]> =>
  ids.length === 0
    ? []
    : reader.all(`${ENDPOINTS} AND s.id IN (${ids.map(() => "?").join(", ")})`, [environmentId, ...ids]);

/** Switched off, paused by their failures, or failing; not what a person paused, however it did before. */
const TROUBLED = `(s.status = 'disabled' OR (s.status = 'paused' AND s.paused_until IS NOT NULL)
  OR (s.status = 'active' AND h.failures_in_row >= ?))`;

/** The ones whose trouble is the oldest first. */
export const listTroubled = (
  reader: Reader,
  environmentId: Id<"env">,
  limits: { readonly failuresFrom: number; readonly rows: number },
): Promise<EndpointRow[]> =>
  reader.all(`${ENDPOINTS} AND ${TROUBLED} ORDER BY h.failing_since, s.id LIMIT ?`, [
    environmentId,
    limits.failuresFrom,
    limits.rows,
  ]);

export interface StatusCount {
  readonly mode: SubscriptionMode;
  readonly status: SubscriptionStatus;
  readonly count: number;
  /** Those of them that wait for a person. */
  readonly held: number;
  /** Those of them whose last attempts failed. */
  readonly failing: number;
}

export const countEndpoints = (
  reader: Reader,
  environmentId: Id<"env">,
  failuresFrom: number,
): Promise<StatusCount[]> =>
  reader.all(
    `SELECT s.mode, s.status, COUNT(*) AS count,
       SUM(CASE WHEN s.status = 'paused' AND s.paused_until IS NULL THEN 1 ELSE 0 END) AS held,
       SUM(CASE WHEN s.status = 'active' AND h.failures_in_row >= ? THEN 1 ELSE 0 END) AS failing
     FROM subscriptions s JOIN subscription_health h ON h.subscription_id = s.id
     WHERE s.environment_id = ? AND s.deleted_at IS NULL GROUP BY s.mode, s.status`,
    [failuresFrom, environmentId],
  );

/** What waits, as the index of what is due finds it: looked at up to a bound. */
export interface WaitingRow {
  readonly subscription_id: Id<"sub">;
  readonly waiting_for: WaitingFor | null;
  /** 1 where its subscription is paused. */
  readonly paused: number;
  readonly count: number;
  readonly oldest: UnixMs;
}

const WAITING = `SELECT w.subscription_id, w.waiting_for, w.paused, COUNT(*) AS count, MIN(w.created_at) AS oldest FROM (
    SELECT d.subscription_id, d.waiting_for, CASE WHEN s.status = 'paused' THEN 1 ELSE 0 END AS paused, d.created_at
    FROM subscriptions s CROSS JOIN deliveries d
    WHERE d.subscription_id = s.id AND d.status = 'pending' AND s.deleted_at IS NULL AND`;

export const countWaitingOf = (
  reader: Reader,
  environmentId: Id<"env">,
  id: Id<"sub">,
  limit: number,
): Promise<WaitingRow[]> =>
  reader.all(
    `${WAITING} s.environment_id = ? AND s.id = ? LIMIT ?) AS w GROUP BY w.subscription_id, w.waiting_for, w.paused`,
    [environmentId, id, limit],
  );

export const countWaitingIn = (reader: Reader, environmentId: Id<"env">, limit: number): Promise<WaitingRow[]> =>
  reader.all(`${WAITING} s.environment_id = ? LIMIT ?) AS w GROUP BY w.subscription_id, w.waiting_for, w.paused`, [
    environmentId,
    limit,
  ]);

/** When the next of what waits is due, over subscriptions that are sent to. */
export async function findNextDue(
  reader: Reader,
  environmentId: Id<"env">,
  id?: Id<"sub">,
): Promise<UnixMs | undefined> {
  const own = id === undefined ? "" : " AND s.id = ?";
  const row = await reader.get<{ due_at: UnixMs | null }>(
    `SELECT MIN(heads.due_at) AS due_at FROM (
       SELECT (SELECT MIN(d.due_at) FROM deliveries d WHERE d.subscription_id = s.id AND d.status = 'pending') AS due_at
       FROM subscriptions s WHERE s.environment_id = ? AND s.status = 'active' AND s.deleted_at IS NULL${own}
     ) AS heads`,
    [environmentId, ...(id === undefined ? [] : [id])],
  );
  return row?.due_at ?? undefined;
}

/**
 * By subscription, what has failed for good and was not recovered since; the newest `limit` are looked at. The bound on
 * the id stands outside: inside, SQLite takes the index of all deliveries instead of the small one of the failed.
 */
export const countLost = (
  reader: Reader,
  environmentId: Id<"env">,
  since: UnixMs,
  limit: number,
): Promise<{ readonly subscription_id: Id<"sub">; readonly count: number }[]> =>
  reader.all(
    `SELECT lost.subscription_id, COUNT(*) AS count FROM (
       SELECT subscription_id, id FROM deliveries WHERE environment_id = ? AND status = 'failed' ORDER BY id DESC LIMIT ?
     ) AS lost WHERE lost.id >= ? GROUP BY lost.subscription_id ORDER BY COUNT(*) DESC`,
    [environmentId, limit, firstIdAt("dlv", since)],
  );

/** Over all environments, for who operates the installation. */

export interface StatusOfEnvironment {
  readonly environment_id: Id<"env">;
  readonly status: SubscriptionStatus;
  readonly count: number;
}

export const countEveryEndpoint = (reader: Reader): Promise<StatusOfEnvironment[]> =>
  reader.all(
    "SELECT environment_id, status, COUNT(*) AS count FROM subscriptions WHERE deleted_at IS NULL GROUP BY environment_id, status",
  );

export interface SpanSums {
  readonly environment_id: Id<"env">;
  readonly hour_delivered: number;
  readonly hour_failed: number;
  readonly day_delivered: number;
  readonly day_failed: number;
  readonly day_exhausted: number;
  readonly week_delivered: number;
  readonly week_failed: number;
}

/** What the hours of environments as a whole add up to, since the begin of three spans. */
export const sumEnvironments = (
  reader: Reader,
  ids: readonly Id<"env">[],
  since: { readonly hour: UnixMs; readonly day: UnixMs; readonly week: UnixMs },
): Promise<SpanSums[]> =>
  reader.all(
    `SELECT environment_id,
       SUM(CASE WHEN hour_at >= ? THEN delivered ELSE 0 END) AS hour_delivered,
       SUM(CASE WHEN hour_at >= ? THEN failed ELSE 0 END) AS hour_failed,
       SUM(CASE WHEN hour_at >= ? THEN delivered ELSE 0 END) AS day_delivered,
       SUM(CASE WHEN hour_at >= ? THEN failed ELSE 0 END) AS day_failed,
       SUM(CASE WHEN hour_at >= ? THEN exhausted ELSE 0 END) AS day_exhausted,
       SUM(delivered) AS week_delivered, SUM(failed) AS week_failed
     FROM delivery_hours WHERE subject IN (${ids.map(() => "?").join(", ")}) AND hour_at >= ? GROUP BY environment_id`,
    [since.hour, since.hour, since.day, since.day, since.day, ...ids, since.week],
  );

const ANYWHERE = ENDPOINTS.replace("s.environment_id = ? AND ", "");

/** As `listTroubled`, over all environments. */
export const listEveryTroubled = (
  reader: Reader,
  limits: { readonly failuresFrom: number; readonly rows: number },
): Promise<EndpointRow[]> =>
  reader.all(`${ANYWHERE} AND ${TROUBLED} ORDER BY h.failing_since, s.id LIMIT ?`, [limits.failuresFrom, limits.rows]);

export async function countEveryTroubled(reader: Reader, failuresFrom: number): Promise<number> {
  const row = await reader.get<{ count: number }>(
    `SELECT COUNT(*) AS count FROM subscriptions s JOIN subscription_health h ON h.subscription_id = s.id
     WHERE s.deleted_at IS NULL AND ${TROUBLED}`,
    [failuresFrom],
  );
  return row?.count ?? 0;
}

/** Page by page, by their ids: whoever looks for a host has to look at each. */
export const walkEndpoints = (reader: Reader, after: string, rows: number): Promise<EndpointRow[]> =>
  reader.all(`${ANYWHERE} AND s.id > ? ORDER BY s.id LIMIT ?`, [after, rows]);

export const findEndpointAnywhere = (reader: Reader, id: string): Promise<EndpointRow | undefined> =>
  reader.get(`${ANYWHERE} AND s.id = ?`, [id]);
