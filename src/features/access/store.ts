import type { Reader, Writer } from "../../database/database.ts";
import type { KeyIdentity } from "../../http/exchange.ts";
import type { Id } from "../../kernel/ids.ts";
import type { EnvironmentKind, Scope } from "../../kernel/principal.ts";
import type { UnixMs } from "../../kernel/units.ts";
import type { Environment, Key, KeySecret } from "./types.ts";

const optional = <T>(value: T | null): T | undefined => value ?? undefined;

// Facts of the installation.

export async function findFact(reader: Reader, name: string): Promise<string | undefined> {
  const row = await reader.get<{ value: string }>("SELECT value FROM instance WHERE name = ?", [name]);
  return row?.value;
}

export const putFact = (writer: Writer, name: string, value: string): Promise<void> =>
  writer.upsertMany({ table: "instance", columns: ["name", "value"], keyColumns: ["name"], rows: [[name, value]] });

/** Fails with a ConstraintError where the fact is there already: of two who race, one. */
export const insertFact = (writer: Writer, name: string, value: string): Promise<void> =>
  writer.insertMany({ table: "instance", columns: ["name", "value"], rows: [[name, value]] });

export const removeFact = (writer: Writer, name: string): Promise<number> =>
  writer.run("DELETE FROM instance WHERE name = ?", [name]);

// Workspaces and people.

export async function hasWorkspace(reader: Reader): Promise<boolean> {
  return (await reader.get("SELECT id FROM workspaces LIMIT 1")) !== undefined;
}

export async function insertWorkspace(
  writer: Writer,
  workspace: { readonly id: Id<"ws">; readonly name: string; readonly live: Id<"env">; readonly test: Id<"env"> },
): Promise<void> {
  await writer.insertMany({
    table: "workspaces",
    columns: ["id", "name", "created_at"],
    rows: [[workspace.id, workspace.name, writer.now]],
  });
  await writer.insertMany({
    table: "environments",
    columns: ["id", "workspace_id", "kind", "created_at"],
    rows: [
      [workspace.live, workspace.id, "live", writer.now],
      [workspace.test, workspace.id, "test", writer.now],
    ],
  });
}

export async function insertOwner(
  writer: Writer,
  owner: {
    readonly id: Id<"acc">;
    readonly email: string;
    readonly passwordHash: string;
    readonly isOperator: boolean;
    readonly workspaceId: Id<"ws">;
  },
): Promise<void> {
  await writer.insertMany({
    table: "accounts",
    columns: ["id", "email", "password_hash", "operator", "created_at"],
    rows: [[owner.id, owner.email, owner.passwordHash, owner.isOperator ? 1 : 0, writer.now]],
  });
  await writer.insertMany({
    table: "memberships",
    columns: ["account_id", "workspace_id", "role", "created_at"],
    rows: [[owner.id, owner.workspaceId, "owner", writer.now]],
  });
}

const ENVIRONMENT = `SELECT e.id, e.kind, e.workspace_id AS "workspaceId", w.name AS "workspaceName"
  FROM environments e JOIN workspaces w ON w.id = e.workspace_id`;

export const findEnvironment = (reader: Reader, id: Id<"env">): Promise<Environment | undefined> =>
  reader.get<Environment>(`${ENVIRONMENT} WHERE e.id = ?`, [id]);

export const listEnvironments = (reader: Reader): Promise<Environment[]> =>
  reader.all<Environment>(`${ENVIRONMENT} ORDER BY e.workspace_id, e.kind`);

// Keys.

interface KeyRow {
  readonly id: Id<"key">;
  readonly environment_id: Id<"env">;
  readonly name: string;
  readonly scopes: string;
  readonly created_by: string;
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
  "scopes",
  "created_by",
  "created_at",
  "expires_at",
  "revoked_at",
  "last_used_at",
] as const;

const toKey = (row: KeyRow, secrets: readonly KeySecret[]): Key => ({
  id: row.id,
  environmentId: row.environment_id,
  name: row.name,
  scopes: JSON.parse(row.scopes) as Scope[],
  createdBy: row.created_by,
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
        JSON.stringify(key.scopes),
        key.createdBy,
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

interface OwnerRow {
  readonly id: Id<"key">;
  readonly name: string;
  readonly scopes: string;
  readonly environment_id: Id<"env">;
  readonly kind: EnvironmentKind;
  readonly workspace_id: Id<"ws">;
  readonly key_expires_at: UnixMs | null;
  readonly secret_expires_at: UnixMs | null;
}

/** Whose secret this is, and until when it works; undefined for one that was revoked. */
export async function findKeyOfSecret(
  reader: Reader,
  hash: string,
): Promise<{ readonly identity: KeyIdentity; readonly expiresAt: UnixMs | undefined } | undefined> {
  const row = await reader.get<OwnerRow>(
    `SELECT k.id, k.name, k.scopes, k.environment_id, e.kind, e.workspace_id,
            k.expires_at AS key_expires_at, s.expires_at AS secret_expires_at
     FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id JOIN environments e ON e.id = k.environment_id
     WHERE s.hash = ? AND k.revoked_at IS NULL`,
    [hash],
  );
  if (!row) return undefined;
  const ends = [row.key_expires_at, row.secret_expires_at].filter((at) => at !== null);
  return {
    identity: {
      keyId: row.id,
      name: row.name,
      workspaceId: row.workspace_id,
      environmentId: row.environment_id,
      environmentKind: row.kind,
      scopes: new Set(JSON.parse(row.scopes) as Scope[]),
    },
    expiresAt: ends.length === 0 ? undefined : (Math.min(...ends) as UnixMs),
  };
}

/** Workspaces that lack one of their two environments. */
export const findBrokenWorkspaces = (reader: Reader): Promise<{ readonly id: Id<"ws"> }[]> =>
  reader.all(
    `SELECT w.id FROM workspaces w LEFT JOIN environments e ON e.workspace_id = w.id
     GROUP BY w.id HAVING COUNT(e.id) <> 2`,
  );

/** Keys that are in force but have no secret that could prove them. */
export const findSilentKeys = (reader: Reader, now: UnixMs): Promise<{ readonly id: Id<"key"> }[]> =>
  reader.all(
    `SELECT k.id FROM api_keys k
     LEFT JOIN api_key_secrets s ON s.key_id = k.id AND (s.expires_at IS NULL OR s.expires_at > ?)
     WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?) GROUP BY k.id HAVING COUNT(s.hash) = 0`,
    [now, now],
  );
