import type { Reader, Writer } from "../../../../database/database.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { Role } from "../../../../kernel/roles.ts";
import type { UnixMs } from "../../../../kernel/units.ts";

export interface TeammateRow {
  readonly account_id: Id<"acc">;
  readonly email: string;
  readonly name: string | null;
  readonly role: Role;
  /** Null where it is the same. */
  readonly live_role: Role | null;
  readonly created_at: UnixMs;
  readonly disabled_at: UnixMs | null;
  readonly totp_confirmed_at: UnixMs | null;
}

const TEAMMATES = `SELECT m.account_id, m.role, m.live_role, m.created_at, a.email, a.name, a.disabled_at, a.totp_confirmed_at
  FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE m.workspace_id = ?`;

/** By the age of their accounts. */
export const listTeammates = (
  reader: Reader,
  workspaceId: Id<"ws">,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<TeammateRow[]> =>
  reader.all(`${TEAMMATES} AND m.account_id > ? ORDER BY m.account_id LIMIT ?`, [
    workspaceId,
    page.after ?? "",
    page.limit,
  ]);

export const findTeammate = (
  reader: Reader,
  workspaceId: Id<"ws">,
  accountId: Id<"acc">,
): Promise<TeammateRow | undefined> => reader.get(`${TEAMMATES} AND m.account_id = ?`, [workspaceId, accountId]);

/** Those who can sign in, but for one of them. */
export const listOtherOwners = (
  reader: Reader,
  workspaceId: Id<"ws">,
  accountId: Id<"acc"> | "",
): Promise<TeammateRow[]> =>
  reader.all(
    `${TEAMMATES} AND m.role = 'owner' AND a.disabled_at IS NULL AND m.account_id <> ? ORDER BY m.account_id`,
    [workspaceId, accountId],
  );

export const listOwners = (reader: Reader, workspaceId: Id<"ws">): Promise<TeammateRow[]> =>
  listOtherOwners(reader, workspaceId, "");

export const insertMembership = (
  writer: Writer,
  membership: Pick<TeammateRow, "account_id" | "role" | "live_role"> & { readonly workspace_id: Id<"ws"> },
): Promise<void> =>
  writer.insertMany({
    table: "memberships",
    columns: ["account_id", "workspace_id", "role", "live_role", "created_at"],
    rows: [[membership.account_id, membership.workspace_id, membership.role, membership.live_role, writer.now]],
  });

export const updateRoles = (
  writer: Writer,
  workspaceId: Id<"ws">,
  accountId: Id<"acc">,
  roles: Pick<TeammateRow, "role" | "live_role">,
): Promise<number> =>
  writer.run("UPDATE memberships SET role = ?, live_role = ? WHERE workspace_id = ? AND account_id = ?", [
    roles.role,
    roles.live_role,
    workspaceId,
    accountId,
  ]);

export const deleteMembership = (writer: Writer, workspaceId: Id<"ws">, accountId: Id<"acc">): Promise<number> =>
  writer.run("DELETE FROM memberships WHERE workspace_id = ? AND account_id = ?", [workspaceId, accountId]);

export interface MembershipRow {
  readonly account_id: Id<"acc">;
  readonly workspace_id: Id<"ws">;
  readonly role: Role;
  readonly live_role: Role | null;
}

/** In workspaces that were not deleted, suspended ones included. */
export const listMemberships = (reader: Reader, accountId: Id<"acc">): Promise<MembershipRow[]> =>
  listMembershipsBetween(reader, accountId, accountId);

/** Of the accounts from one id to another. */
export const listMembershipsBetween = (reader: Reader, first: Id<"acc">, last: Id<"acc">): Promise<MembershipRow[]> =>
  reader.all(
    `SELECT m.account_id, m.workspace_id, m.role, m.live_role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
     WHERE m.account_id BETWEEN ? AND ? AND w.deleted_at IS NULL ORDER BY m.account_id, m.workspace_id`,
    [first, last],
  );
