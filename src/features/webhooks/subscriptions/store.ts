import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { SubscriptionMode, SubscriptionStatus } from "../types.ts";

export interface SubscriptionRow {
  readonly id: Id<"sub">;
  readonly workspace_id: Id<"ws">;
  readonly environment_id: Id<"env">;
  readonly environment_kind: EnvironmentKind;
  /** The key that made it, or the person. */
  readonly owner_key_id: Id<"key"> | Id<"acc">;
  readonly mode: SubscriptionMode;
  /** Masked where `endpoint_sealed` has the whole of it. */
  readonly endpoint: string | null;
  readonly endpoint_sealed: string | null;
  /** JSON: names, families, `*`. */
  readonly events: string;
  readonly description: string | null;
  readonly headers_sealed: string | null;
  /** JSON; null is by Hatch's own headers. */
  readonly signature: string | null;
  readonly secret_prefix: string | null;
  readonly event_filter: string | null;
  readonly payload_sealed: string | null;
  readonly content_type: string | null;
  /** JSON. */
  readonly preset: string | null;
  /** What people may see of it, as JSON. */
  readonly tls: string | null;
  readonly tls_sealed: string | null;
  readonly tls_ends_at: UnixMs | null;
  readonly rate_limit: string | null;
  readonly retry_delays: string | null;
  readonly pause_after: number | null;
  readonly pause_for: number | null;
  readonly status: SubscriptionStatus;
  readonly reason: string | null;
  /** When a paused one is probed next; null waits for a person. */
  readonly paused_until: UnixMs | null;
  readonly paused_since: UnixMs | null;
  readonly probes: number;
  readonly created_at: UnixMs;
  readonly updated_at: UnixMs;
  readonly deleted_at: UnixMs | null;
}

const COLUMNS = [
  "id",
  "workspace_id",
  "environment_id",
  "environment_kind",
  "owner_key_id",
  "mode",
  "endpoint",
  "endpoint_sealed",
  "events",
  "description",
  "headers_sealed",
  "signature",
  "secret_prefix",
  "event_filter",
  "payload_sealed",
  "content_type",
  "preset",
  "tls",
  "tls_sealed",
  "tls_ends_at",
  "rate_limit",
  "retry_delays",
  "pause_after",
  "pause_for",
  "status",
  "reason",
  "paused_until",
  "paused_since",
  "probes",
  "created_at",
  "updated_at",
  "deleted_at",
] as const;

const SELECTED = COLUMNS.join(", ");

export async function insertSubscription(writer: Writer, row: SubscriptionRow): Promise<void> {
  await writer.insertMany({ table: "subscriptions", columns: COLUMNS, rows: [COLUMNS.map((column) => row[column])] });
  await writer.insertMany({
    table: "subscription_health",
    columns: ["subscription_id", "failures_in_row"],
    rows: [[row.id, 0]],
  });
}

/** Writes all that a change may touch. */
export async function replaceSubscription(writer: Writer, row: SubscriptionRow): Promise<void> {
  const changed = COLUMNS.filter((column) => column !== "id");
  await writer.updateMany({
    table: "subscriptions",
    columns: changed,
    keyColumns: ["id"],
    rows: [[...changed.map((column) => row[column]), row.id]],
  });
}

/** One that is not deleted. */
export function findSubscription(
  reader: Reader,
  environmentId: Id<"env">,
  id: Id<"sub">,
): Promise<SubscriptionRow | undefined> {
  return reader.get<SubscriptionRow>(
    `SELECT ${SELECTED} FROM subscriptions WHERE environment_id = ? AND id = ? AND deleted_at IS NULL`,
    [environmentId, id],
  );
}

/** Newest first. */
export function listSubscriptions(
  reader: Reader,
  environmentId: Id<"env">,
  page: { readonly owner: Id<"key"> | undefined; readonly after: string | undefined; readonly rows: number },
): Promise<SubscriptionRow[]> {
  const { owner, after, rows } = page;
  const own = owner === undefined ? "" : " AND owner_key_id = ?";
  const older = after === undefined ? "" : " AND id < ?";
  return reader.all<SubscriptionRow>(
    `SELECT ${SELECTED} FROM subscriptions WHERE environment_id = ? AND deleted_at IS NULL${own}${older} ORDER BY id DESC LIMIT ?`,
    [environmentId, ...(owner === undefined ? [] : [owner]), ...(after === undefined ? [] : [after]), rows],
  );
}

export async function countSubscriptions(reader: Reader, environmentId: Id<"env">): Promise<number> {
  const row = await reader.get<{ count: number }>(
    "SELECT COUNT(*) AS count FROM subscriptions WHERE environment_id = ? AND deleted_at IS NULL",
    [environmentId],
  );
  return row?.count ?? 0;
}

export interface MatchingRow {
  readonly id: Id<"sub">;
  readonly mode: SubscriptionMode;
  readonly status: SubscriptionStatus;
  readonly events: string;
  readonly event_filter: string | null;
}

/** What matching knows of an environment's subscriptions, in whatever state. */
export function listForMatching(reader: Reader, environmentId: Id<"env">): Promise<MatchingRow[]> {
  return reader.all<MatchingRow>(
    "SELECT id, mode, status, events, event_filter FROM subscriptions WHERE environment_id = ? AND deleted_at IS NULL ORDER BY id",
    [environmentId],
  );
}

/** For the dispatcher, which has the id from a delivery; deleted ones too. */
export function findForSending(reader: Reader, id: Id<"sub">): Promise<SubscriptionRow | undefined> {
  return reader.get<SubscriptionRow>(`SELECT ${SELECTED} FROM subscriptions WHERE id = ?`, [id]);
}

/** Paused ones whose next probe has a time: for the dispatcher, which walks by what it finds here. */
export function listProbes(reader: Reader): Promise<{ readonly id: Id<"sub">; readonly paused_until: UnixMs }[]> {
  return reader.all(
    "SELECT id, paused_until FROM subscriptions WHERE status = 'paused' AND paused_until IS NOT NULL AND deleted_at IS NULL",
  );
}

/** A probe is made: the next one comes later, whatever becomes of it. */
export function moveProbe(
  writer: Writer,
  id: Id<"sub">,
  { probes, pausedUntil }: { readonly probes: number; readonly pausedUntil: UnixMs },
): Promise<number> {
  return writer.run("UPDATE subscriptions SET probes = ?, paused_until = ? WHERE id = ? AND status = 'paused'", [
    probes,
    pausedUntil,
    id,
  ]);
}

export interface SecretRow {
  readonly id: string;
  readonly sealed: string;
  readonly created_at: UnixMs;
  readonly expires_at: UnixMs | null;
}

/** Oldest first; by the ids of subscriptions that were found before. */
export function listSecrets(reader: Reader, subscriptionId: Id<"sub">): Promise<SecretRow[]> {
  return reader.all<SecretRow>(
    "SELECT id, sealed, created_at, expires_at FROM subscription_secrets WHERE subscription_id = ? ORDER BY id",
    [subscriptionId],
  );
}

export async function insertSecret(
  writer: Writer,
  secret: { readonly id: string; readonly subscriptionId: Id<"sub">; readonly sealed: string },
): Promise<void> {
  await writer.insertMany({
    table: "subscription_secrets",
    columns: ["id", "subscription_id", "sealed", "created_at", "expires_at"],
    rows: [[secret.id, secret.subscriptionId, secret.sealed, writer.now, null]],
  });
}

/** Gives the secrets that have no end yet, or a later one, this end. */
export function expireSecrets(writer: Writer, subscriptionId: Id<"sub">, expiresAt: UnixMs): Promise<number> {
  return writer.run(
    "UPDATE subscription_secrets SET expires_at = ? WHERE subscription_id = ? AND (expires_at IS NULL OR expires_at > ?)",
    [expiresAt, subscriptionId, expiresAt],
  );
}

export function deleteSecret(writer: Writer, id: string): Promise<number> {
  return writer.run("DELETE FROM subscription_secrets WHERE id = ?", [id]);
}

/** Their overlap is long over: nothing is signed with them any more. */
export function deleteExpiredSecrets(writer: Writer, expiredBefore: UnixMs, limit: number): Promise<number> {
  return writer.run(
    `DELETE FROM subscription_secrets WHERE id IN (
       SELECT id FROM subscription_secrets WHERE expires_at IS NOT NULL AND expires_at < ? ORDER BY expires_at LIMIT ?
     )`,
    [expiredBefore, limit],
  );
}

export interface HealthRow {
  readonly subscription_id: Id<"sub">;
  readonly failures_in_row: number;
  readonly failing_since: UnixMs | null;
  readonly last_success_at: UnixMs | null;
  readonly last_failure_at: UnixMs | null;
}

const HEALTH_COLUMNS = ["failures_in_row", "failing_since", "last_success_at", "last_failure_at"] as const;

export function findHealth(reader: Reader, ids: readonly Id<"sub">[]): Promise<HealthRow[]> {
  return reader.findMany<HealthRow>({
    table: "subscription_health",
    columns: ["subscription_id", ...HEALTH_COLUMNS],
    keyColumns: ["subscription_id"],
    keys: ids.map((id) => [id]),
  });
}

export async function updateHealth(writer: Writer, rows: readonly HealthRow[]): Promise<void> {
  await writer.updateMany({
    table: "subscription_health",
    columns: HEALTH_COLUMNS,
    keyColumns: ["subscription_id"],
    rows: rows.map((row) => [...HEALTH_COLUMNS.map((column) => row[column]), row.subscription_id]),
  });
}

/** The count begins anew. */
export const forgetFailures = (writer: Writer, id: Id<"sub">): Promise<number> =>
  writer.run("UPDATE subscription_health SET failures_in_row = 0, failing_since = NULL WHERE subscription_id = ?", [
    id,
  ]);

export interface StandingRow {
  readonly id: Id<"sub">;
  readonly mode: SubscriptionMode;
  readonly status: SubscriptionStatus;
  readonly event_filter: string | null;
  readonly deleted_at: UnixMs | null;
}

const STANDING = {
  table: "subscriptions",
  columns: ["id", "mode", "status", "event_filter", "deleted_at"],
  keyColumns: ["id"],
} as const;

/** How they stand, deleted ones too; by ids that were found in their environment before. */
export function findStanding(reader: Reader, ids: readonly Id<"sub">[]): Promise<StandingRow[]> {
  return reader.findMany<StandingRow>({ ...STANDING, keys: ids.map((id) => [id]) });
}

/** Whether what waits for them may go on waiting. */
export function lockStanding(writer: Writer, ids: readonly Id<"sub">[]): Promise<StandingRow[]> {
  return writer.lockMany<StandingRow>({ ...STANDING, keys: [...ids].sort().map((id) => [id]) });
}

/** Client certificates in use that end before, of all environments, the first to end first: for the operator. */
export function listEndingCertificates(
  reader: Reader,
  before: UnixMs,
  limit: number,
): Promise<{ readonly id: Id<"sub">; readonly tls_ends_at: UnixMs }[]> {
  return reader.all(
    `SELECT id, tls_ends_at FROM subscriptions
     WHERE tls_ends_at IS NOT NULL AND tls_ends_at < ? AND deleted_at IS NULL AND status <> 'disabled'
     ORDER BY tls_ends_at LIMIT ?`,
    [before, limit],
  );
}

export async function countEndingCertificates(reader: Reader, before: UnixMs): Promise<number> {
  const row = await reader.get<{ count: number }>(
    `SELECT COUNT(*) AS count FROM subscriptions
     WHERE tls_ends_at IS NOT NULL AND tls_ends_at < ? AND deleted_at IS NULL AND status <> 'disabled'`,
    [before],
  );
  return row?.count ?? 0;
}
