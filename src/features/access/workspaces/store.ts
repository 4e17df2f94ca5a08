import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

export interface WorkspaceRow {
  readonly id: Id<"ws">;
  readonly name: string;
  readonly created_at: UnixMs;
  readonly suspended_at: UnixMs | null;
  readonly suspended_reason: string | null;
  readonly deleted_at: UnixMs | null;
  /** The roles that must have a second factor, parted by commas. */
  readonly factor_roles: string;
  /** Of the daily digest; null is as the installation has it. */
  readonly digest_at: string | null;
  readonly digest_zone: string | null;
  readonly digest_mail: DigestMail | null;
}

export const DIGEST_MAILS = ["always", "traffic", "trouble", "never"] as const;
export type DigestMail = (typeof DIGEST_MAILS)[number];

const COLUMNS = [
  "id",
  "name",
  "created_at",
  "suspended_at",
  "suspended_reason",
  "deleted_at",
  "factor_roles",
  "digest_at",
  "digest_zone",
  "digest_mail",
] as const;

export const findWorkspace = (reader: Reader, id: Id<"ws">): Promise<WorkspaceRow | undefined> =>
  reader.get(`SELECT ${COLUMNS.join(", ")} FROM workspaces WHERE id = ?`, [id]);

/** Whether anything may leave for it. */
export async function findWorkspaceState(
  reader: Reader,
  workspaceId: Id<"ws">,
): Promise<"open" | "suspended" | "deleted"> {
  const row = await reader.get<{ suspended_at: UnixMs | null; deleted_at: UnixMs | null }>(
    "SELECT suspended_at, deleted_at FROM workspaces WHERE id = ?",
    [workspaceId],
  );
  if (!row || row.deleted_at !== null) return "deleted";
  return row.suspended_at === null ? "open" : "suspended";
}

/** Nobody else changes the workspace or its team until the commit. */
export async function lockWorkspaces(writer: Writer, ids: readonly Id<"ws">[]): Promise<WorkspaceRow[]> {
  return writer.lockMany<WorkspaceRow>({
    table: "workspaces",
    columns: COLUMNS,
    keyColumns: ["id"],
    keys: [...ids].sort().map((id) => [id]),
  });
}

export async function lockWorkspace(writer: Writer, id: Id<"ws">): Promise<WorkspaceRow | undefined> {
  return (await lockWorkspaces(writer, [id]))[0];
}

/** Newest first; those that were deleted too. */
export const listWorkspaces = (
  reader: Reader,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<WorkspaceRow[]> =>
  reader.all(
    `SELECT ${COLUMNS.join(", ")} FROM workspaces${page.before === undefined ? "" : " WHERE id < ?"} ORDER BY id DESC LIMIT ?`,
    [...(page.before === undefined ? [] : [page.before]), page.limit],
  );

/** Of the workspaces from one id to another: how many belong to each, and how many of them own it and can sign in. */
export const countTeams = (
  reader: Reader,
  first: Id<"ws">,
  last: Id<"ws">,
): Promise<{ readonly workspace_id: Id<"ws">; readonly people: number; readonly owners: number }[]> =>
  reader.all(
    `SELECT m.workspace_id, COUNT(*) AS people,
            SUM(CASE WHEN m.role = 'owner' AND a.disabled_at IS NULL THEN 1 ELSE 0 END) AS owners
     FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE m.workspace_id BETWEEN ? AND ? GROUP BY m.workspace_id`,
    [first, last],
  );

export const listEnvironmentsBetween = (
  reader: Reader,
  first: Id<"ws">,
  last: Id<"ws">,
): Promise<{ readonly id: Id<"env">; readonly workspace_id: Id<"ws">; readonly kind: "live" | "test" }[]> =>
  reader.all("SELECT id, workspace_id, kind FROM environments WHERE workspace_id BETWEEN ? AND ?", [first, last]);

export const renameWorkspace = (writer: Writer, id: Id<"ws">, name: string): Promise<number> =>
  writer.run("UPDATE workspaces SET name = ? WHERE id = ?", [name, id]);

export const putFactorRoles = (writer: Writer, id: Id<"ws">, roles: string): Promise<number> =>
  writer.run("UPDATE workspaces SET factor_roles = ? WHERE id = ?", [roles, id]);

export const putDigest = (
  writer: Writer,
  id: Id<"ws">,
  { at, zone, mail }: { readonly at: string | null; readonly zone: string | null; readonly mail: DigestMail | null },
): Promise<number> =>
  writer.run("UPDATE workspaces SET digest_at = ?, digest_zone = ?, digest_mail = ? WHERE id = ?", [
    at,
    zone,
    mail,
    id,
  ]);

/** Those in use, by their ids. */
export const listWorkspacesInUse = (
  reader: Reader,
  page: { readonly after: string; readonly rows: number },
): Promise<WorkspaceRow[]> =>
  reader.all(
    `SELECT ${COLUMNS.join(", ")} FROM workspaces WHERE id > ? AND deleted_at IS NULL AND suspended_at IS NULL ORDER BY id LIMIT ?`,
    [page.after, page.rows],
  );

/** A reason suspends, none resumes. */
export const putSuspension = (writer: Writer, id: Id<"ws">, reason: string | null): Promise<number> =>
  writer.run("UPDATE workspaces SET suspended_at = ?, suspended_reason = ? WHERE id = ?", [
    reason === null ? null : writer.now,
    reason,
    id,
  ]);

export const markDeleted = (writer: Writer, id: Id<"ws">): Promise<number> =>
  writer.run("UPDATE workspaces SET deleted_at = ? WHERE id = ?", [writer.now, id]);

/** @returns how many there were */
export const revokeKeysOf = (writer: Writer, id: Id<"ws">): Promise<number> =>
  writer.run(
    `UPDATE api_keys SET revoked_at = ? WHERE revoked_at IS NULL
     AND environment_id IN (SELECT id FROM environments WHERE workspace_id = ?)`,
    [writer.now, id],
  );

export const revokeTokensOf = (writer: Writer, id: Id<"ws">): Promise<number> =>
  writer.run(
    `UPDATE widget_sessions SET revoked_at = ? WHERE revoked_at IS NULL
     AND environment_id IN (SELECT id FROM environments WHERE workspace_id = ?)`,
    [writer.now, id],
  );

/** Workspaces with a team of which nobody owns it and can sign in. */
export const findOwnerless = (reader: Reader): Promise<{ readonly id: Id<"ws"> }[]> =>
  reader.all(
    `SELECT w.id FROM workspaces w JOIN memberships m ON m.workspace_id = w.id JOIN accounts a ON a.id = m.account_id
     WHERE w.deleted_at IS NULL GROUP BY w.id
     HAVING SUM(CASE WHEN m.role = 'owner' AND a.disabled_at IS NULL THEN 1 ELSE 0 END) = 0`,
  );

/** Whether somebody who can sign in operates the installation; where there are no accounts at all, nobody misses one. */
export async function hasOperator(reader: Reader): Promise<boolean> {
  const row = await reader.get<{ accounts: number; operators: number | null }>(
    `SELECT COUNT(*) AS accounts, SUM(CASE WHEN operator = 1 AND disabled_at IS NULL THEN 1 ELSE 0 END) AS operators
     FROM accounts`,
  );
  return !row || row.accounts === 0 || (row.operators ?? 0) > 0;
}

export const CONTACT_KINDS = ["technical", "security", "billing", "on_call"] as const;
export type ContactKind = (typeof CONTACT_KINDS)[number];

export interface ContactRow {
  readonly kind: ContactKind;
  readonly email: string;
  readonly name: string | null;
}

/** In the order in which they were named. */
export const listNamedContacts = (reader: Reader, workspaceId: Id<"ws">): Promise<ContactRow[]> =>
  reader.all("SELECT kind, email, name FROM contacts WHERE workspace_id = ? ORDER BY created_at", [workspaceId]);

/** All of one kind, in place of those before. */
export async function replaceContacts(
  writer: Writer,
  workspaceId: Id<"ws">,
  kind: ContactKind,
  contacts: readonly Omit<ContactRow, "kind">[],
): Promise<void> {
  await writer.run("DELETE FROM contacts WHERE workspace_id = ? AND kind = ?", [workspaceId, kind]);
  await writer.insertMany({
    table: "contacts",
    columns: ["workspace_id", "kind", "email", "name", "created_at"],
    rows: contacts.map(({ email, name }) => [workspaceId, kind, email, name, writer.now]),
  });
}
