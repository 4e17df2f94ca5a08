import type { Reader, Writer } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Role } from "../../../kernel/roles.ts";
import type { UnixMs } from "../../../kernel/units.ts";

export const findAccountOfIdentity = (
  reader: Reader,
  identity: { readonly issuer: string; readonly subject: string },
): Promise<{ readonly account_id: Id<"acc"> } | undefined> =>
  reader.get("SELECT account_id FROM identities WHERE issuer = ? AND subject = ?", [identity.issuer, identity.subject]);

export const findSubject = (
  reader: Reader,
  issuer: string,
  accountId: Id<"acc">,
): Promise<{ readonly subject: string } | undefined> =>
  reader.get("SELECT subject FROM identities WHERE issuer = ? AND account_id = ?", [issuer, accountId]);

export const insertIdentity = (
  writer: Writer,
  identity: { readonly issuer: string; readonly subject: string; readonly accountId: Id<"acc"> },
): Promise<void> =>
  writer.insertMany({
    table: "identities",
    columns: ["issuer", "subject", "account_id", "created_at"],
    rows: [[identity.issuer, identity.subject, identity.accountId, writer.now]],
  });

/** An account without a password: its person comes by the identity provider. */
export const insertOidcAccount = (
  writer: Writer,
  account: { readonly id: Id<"acc">; readonly email: string; readonly name: string | null },
): Promise<void> =>
  writer.insertMany({
    table: "accounts",
    columns: ["id", "email", "name", "password_hash", "operator", "created_at"],
    rows: [[account.id, account.email, account.name, "", 0, writer.now]],
  });

export const removePassword = (writer: Writer, accountId: Id<"acc">): Promise<number> =>
  writer.run("UPDATE accounts SET password_hash = '', must_change_password = 0 WHERE id = ?", [accountId]);

export interface OwnMembership {
  readonly workspace_id: Id<"ws">;
  readonly role: Role;
  readonly live_role: Role | null;
}

export const listMemberships = (reader: Reader, accountId: Id<"acc">): Promise<OwnMembership[]> =>
  reader.all("SELECT workspace_id, role, live_role FROM memberships WHERE account_id = ?", [accountId]);

export const listWorkspaceIds = (reader: Reader): Promise<{ readonly id: Id<"ws"> }[]> =>
  reader.all("SELECT id FROM workspaces WHERE deleted_at IS NULL ORDER BY id LIMIT 1000");

export const putMembership = (
  writer: Writer,
  accountId: Id<"acc">,
  { workspace_id, role, live_role }: OwnMembership,
): Promise<void> =>
  writer.upsertMany({
    table: "memberships",
    columns: ["account_id", "workspace_id", "role", "live_role", "created_at"],
    keyColumns: ["account_id", "workspace_id"],
    rows: [[accountId, workspace_id, role, live_role, writer.now]],
  });

export const deleteMembership = (writer: Writer, accountId: Id<"acc">, workspaceId: Id<"ws">): Promise<number> =>
  writer.run("DELETE FROM memberships WHERE account_id = ? AND workspace_id = ?", [accountId, workspaceId]);

/** How many others own the workspace. */
export async function countOtherOwners(reader: Reader, workspaceId: Id<"ws">, accountId: Id<"acc">): Promise<number> {
  const row = await reader.get<{ count: number }>(
    "SELECT COUNT(*) AS count FROM memberships WHERE workspace_id = ? AND role = 'owner' AND account_id <> ?",
    [workspaceId, accountId],
  );
  return row?.count ?? 0;
}

interface OidcSessionRow {
  readonly session_id: Id<"ses">;
  readonly refresh_token: string | null;
  readonly checked_at: UnixMs;
}

export const putOidcSession = (
  writer: Writer,
  { session_id, refresh_token }: Omit<OidcSessionRow, "checked_at">,
): Promise<void> =>
  writer.upsertMany({
    table: "oidc_sessions",
    columns: ["session_id", "refresh_token", "checked_at"],
    keyColumns: ["session_id"],
    rows: [[session_id, refresh_token, writer.now]],
  });

/** The session of a refresh cookie, as far as a provider vouches for it. */
export const findOidcSession = (
  reader: Reader,
  refreshHash: string,
): Promise<(OidcSessionRow & { readonly account_id: Id<"acc"> }) | undefined> =>
  reader.get(
    `SELECT o.session_id, o.refresh_token, o.checked_at, s.account_id
     FROM sessions s JOIN oidc_sessions o ON o.session_id = s.id
     WHERE s.refresh_hash = ? AND s.ended_at IS NULL`,
    [refreshHash],
  );
