import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentKind, Scope } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Key, KeySecret } from "../types.ts";
import type { KeyKind } from "./key-text.ts";

const optional = <T>(value: T | null): T | undefined => value ?? undefined;
const textOf = (list: readonly string[] | undefined): string | null => (list ? JSON.stringify(list) : null);
const listOf = (text: string | null): string[] | undefined => (text === null ? undefined : JSON.parse(text));

interface KeyRow {
  readonly id: Id<"key">;
  readonly environment_id: Id<"env">;
  readonly name: string;
  readonly kind: KeyKind;
  readonly scopes: string;
  readonly origins: string | null;
  readonly event_types: string | null;
  readonly created_by: string;
  readonly owned_by: Id<"acc"> | null;
  readonly created_at: UnixMs;
  readonly expires_at: UnixMs | null;
  readonly revoked_at: UnixMs | null;
  readonly last_used_at: UnixMs | null;
}

interface SecretRow {
  readonly key_id: Id<"key">;
  readonly prefix: string;
  readonly created_at: UnixMs;
  readonly expires_at: UnixMs | null;
}

const KEY_COLUMNS = [
  "id",
  "environment_id",
  "name",
  "kind",
  "scopes",
  "origins",
  "event_types",
  "created_by",
  "owned_by",
  "created_at",
  "expires_at",
  "revoked_at",
  "last_used_at",
] as const;

const toKey = (row: KeyRow, secrets: readonly KeySecret[]): Key => ({
  id: row.id,
  environmentId: row.environment_id,
  name: row.name,
  kind: row.kind,
  scopes: JSON.parse(row.scopes) as Scope[],
  origins: listOf(row.origins),
  eventTypes: listOf(row.event_types),
  createdBy: row.created_by,
  ownedBy: optional(row.owned_by),
  createdAt: row.created_at,
  expiresAt: optional(row.expires_at),
  revokedAt: optional(row.revoked_at),
  lastUsedAt: optional(row.last_used_at),
  secrets,
});

const toSecret = (row: SecretRow): KeySecret => ({
  prefix: row.prefix,
  createdAt: row.created_at,
  expiresAt: optional(row.expires_at),
});

export const insertKey = (writer: Writer, key: Key): Promise<void> =>
  writer.insertMany({
    table: "api_keys",
    columns: KEY_COLUMNS,
    rows: [
      [
        key.id,
        key.environmentId,
        key.name,
        key.kind,
        JSON.stringify(key.scopes),
        textOf(key.origins),
        textOf(key.eventTypes),
        key.createdBy,
        key.ownedBy ?? null,
        key.createdAt,
        key.expiresAt ?? null,
        key.revokedAt ?? null,
        key.lastUsedAt ?? null,
      ],
    ],
  });

export const insertKeySecret = (
  writer: Writer,
  secret: { readonly keyId: Id<"key">; readonly hash: string; readonly prefix: string },
): Promise<void> =>
  writer.insertMany({
    table: "api_key_secrets",
    columns: ["hash", "key_id", "prefix", "created_at", "expires_at"],
    rows: [[secret.hash, secret.keyId, secret.prefix, writer.now, null]],
  });

const SECRETS = `SELECT s.key_id, s.prefix, s.created_at, s.expires_at
  FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id WHERE k.environment_id = ?`;
const WORKING = "(s.expires_at IS NULL OR s.expires_at > ?)";

export async function findKey(
  reader: Reader,
  environmentId: Id<"env">,
  id: Id<"key">,
  now: UnixMs,
): Promise<Key | undefined> {
  const row = await reader.get<KeyRow>(
    `SELECT ${KEY_COLUMNS.join(", ")} FROM api_keys WHERE environment_id = ? AND id = ?`,
    [environmentId, id],
  );
  if (!row) return undefined;
  const secrets = await reader.all<SecretRow>(`${SECRETS} AND k.id = ? AND ${WORKING} ORDER BY s.created_at DESC`, [
    environmentId,
    id,
    now,
  ]);
  return toKey(row, secrets.map(toSecret));
}

/** Newest first. */
export async function listKeys(
  reader: Reader,
  environmentId: Id<"env">,
  page: { readonly before: string | undefined; readonly limit: number; readonly now: UnixMs },
): Promise<Key[]> {
  const rows = await reader.all<KeyRow>(
    `SELECT ${KEY_COLUMNS.join(", ")} FROM api_keys WHERE environment_id = ?${page.before === undefined ? "" : " AND id < ?"}
     ORDER BY id DESC LIMIT ?`,
    [environmentId, ...(page.before === undefined ? [] : [page.before]), page.limit],
  );
  const newest = rows[0];
  const oldest = rows.at(-1);
  if (!newest || !oldest) return [];
  const secrets = await reader.all<SecretRow>(
    `${SECRETS} AND k.id BETWEEN ? AND ? AND ${WORKING} ORDER BY s.created_at DESC`,
    [environmentId, oldest.id, newest.id, page.now],
  );
  const byKey = Map.groupBy(secrets, (secret) => secret.key_id);
  return rows.map((row) => toKey(row, (byKey.get(row.id) ?? []).map(toSecret)));
}

export async function countUsableKeys(reader: Reader, environmentId: Id<"env">, now: UnixMs): Promise<number> {
  const row = await reader.get<{ count: number }>(
    `SELECT COUNT(*) AS count FROM api_keys
     WHERE environment_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)`,
    [environmentId, now],
  );
  return row?.count ?? 0;
}

export const markRevoked = (writer: Writer, environmentId: Id<"env">, id: Id<"key">): Promise<number> =>
  writer.run("UPDATE api_keys SET revoked_at = ? WHERE environment_id = ? AND id = ? AND revoked_at IS NULL", [
    writer.now,
    environmentId,
    id,
  ]);

/** The key's secrets so far work until `at`, if they would work longer. The key was found in its environment before. */
export const endSecrets = (writer: Writer, keyId: Id<"key">, at: UnixMs): Promise<number> =>
  writer.run("UPDATE api_key_secrets SET expires_at = ? WHERE key_id = ? AND (expires_at IS NULL OR expires_at > ?)", [
    at,
    keyId,
    at,
  ]);

export const updateLastUse = (writer: Writer, used: readonly (readonly [Id<"key">, UnixMs])[]): Promise<number> =>
  writer.updateMany({
    table: "api_keys",
    columns: ["last_used_at"],
    keyColumns: ["id"],
    rows: used.map(([keyId, at]) => [at, keyId]),
  });

export const updateKey = (
  writer: Writer,
  { environmentId, id, name, ownedBy, origins, eventTypes }: Key,
): Promise<number> =>
  writer.updateMany({
    table: "api_keys",
    columns: ["name", "owned_by", "origins", "event_types"],
    keyColumns: ["environment_id", "id"],
    rows: [[name, ownedBy ?? null, textOf(origins), textOf(eventTypes), environmentId, id]],
  });

/** Keys in force that a person answers for in a workspace. */
export const listOwnedKeys = (
  reader: Reader,
  workspaceId: Id<"ws">,
  ownedBy: Id<"acc">,
): Promise<{ readonly id: Id<"key"> }[]> =>
  reader.all(
    `SELECT id FROM api_keys WHERE owned_by = ? AND revoked_at IS NULL
     AND environment_id IN (SELECT id FROM environments WHERE workspace_id = ?) ORDER BY id`,
    [ownedBy, workspaceId],
  );

export const handOverKeys = (
  writer: Writer,
  workspaceId: Id<"ws">,
  { from, to }: { readonly from: Id<"acc">; readonly to: Id<"acc"> | null },
): Promise<number> =>
  writer.run(
    `UPDATE api_keys SET owned_by = ? WHERE owned_by = ?
     AND environment_id IN (SELECT id FROM environments WHERE workspace_id = ?)`,
    [to, from, workspaceId],
  );

/** Whether the account belongs to the workspace of the environment. */
export async function isOfTeam(reader: Reader, environmentId: Id<"env">, accountId: Id<"acc">): Promise<boolean> {
  const row = await reader.get(
    `SELECT m.account_id FROM memberships m JOIN environments e ON e.workspace_id = m.workspace_id
     WHERE e.id = ? AND m.account_id = ?`,
    [environmentId, accountId],
  );
  return row !== undefined;
}

export interface PlacedKey {
  readonly key: Key;
  /** Of the secret that was looked for, which a rotation may have ended. */
  readonly secretEndsAt: UnixMs | undefined;
  readonly environmentKind: EnvironmentKind;
  readonly workspaceId: Id<"ws">;
  readonly isWorkspaceOpen: boolean;
}

/** The key that has this secret, or had it; whatever became of it, and in whatever environment it is. */
export async function findKeyWithSecret(reader: Reader, hash: string): Promise<PlacedKey | undefined> {
  const row = await reader.get<
    KeyRow & {
      environment_kind: EnvironmentKind;
      workspace_id: Id<"ws">;
      secret_expires_at: UnixMs | null;
      closed_at: UnixMs | null;
    }
  >(
    `SELECT ${KEY_COLUMNS.map((column) => `k.${column}`).join(", ")}, e.kind AS environment_kind, e.workspace_id,
            s.expires_at AS secret_expires_at, COALESCE(w.deleted_at, w.suspended_at) AS closed_at
     FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id JOIN environments e ON e.id = k.environment_id
     JOIN workspaces w ON w.id = e.workspace_id WHERE s.hash = ?`,
    [hash],
  );
  if (!row) return undefined;
  return {
    key: toKey(row, []),
    secretEndsAt: optional(row.secret_expires_at),
    environmentKind: row.environment_kind,
    workspaceId: row.workspace_id,
    isWorkspaceOpen: row.closed_at === null,
  };
}

/** Keys that are in force but have no secret that could prove them. */
export const findSilentKeys = (reader: Reader, now: UnixMs): Promise<{ readonly id: Id<"key"> }[]> =>
  reader.all(
    `SELECT k.id FROM api_keys k
     LEFT JOIN api_key_secrets s ON s.key_id = k.id AND (s.expires_at IS NULL OR s.expires_at > ?)
     WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?) GROUP BY k.id HAVING COUNT(s.hash) = 0`,
    [now, now],
  );

/** Publishable keys that are in force and work from no page. */
export const findPagelessKeys = (reader: Reader, now: UnixMs): Promise<{ readonly id: Id<"key"> }[]> =>
  reader.all(
    `SELECT id FROM api_keys WHERE kind = 'publishable' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
     AND (origins IS NULL OR origins = '[]')`,
    [now],
  );
