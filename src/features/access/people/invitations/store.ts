import type { Reader, Writer } from "../../../../database/database.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { Role } from "../../../../kernel/roles.ts";
import type { UnixMs } from "../../../../kernel/units.ts";

export interface InvitationRow {
  readonly id: Id<"inv">;
  readonly workspace_id: Id<"ws">;
  readonly email: string;
  readonly role: Role;
  readonly live_role: Role | null;
  /** As the audit log names them. */
  readonly invited_by: string;
  readonly sends: number;
  readonly created_at: UnixMs;
  readonly expires_at: UnixMs;
  readonly accepted_at: UnixMs | null;
  readonly revoked_at: UnixMs | null;
}

const COLUMNS = [
  "id",
  "workspace_id",
  "email",
  "role",
  "live_role",
  "invited_by",
  "sends",
  "created_at",
  "expires_at",
  "accepted_at",
  "revoked_at",
] as const;
const INVITATIONS = `SELECT ${COLUMNS.join(", ")} FROM invitations`;
const OPEN = "accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ?";

export const insertInvitation = (
  writer: Writer,
  invitation: InvitationRow & { readonly token_hash: string },
): Promise<void> =>
  writer.insertMany({
    table: "invitations",
    columns: [...COLUMNS, "token_hash"],
    rows: [[...COLUMNS.map((column) => invitation[column]), invitation.token_hash]],
  });

export const findInvitation = (
  reader: Reader,
  workspaceId: Id<"ws">,
  id: Id<"inv">,
): Promise<InvitationRow | undefined> =>
  reader.get(`${INVITATIONS} WHERE workspace_id = ? AND id = ?`, [workspaceId, id]);

/** Newest first. */
export const listInvitations = (
  reader: Reader,
  workspaceId: Id<"ws">,
  page: { readonly before: string | undefined; readonly limit: number },
): Promise<InvitationRow[]> =>
  reader.all(
    `${INVITATIONS} WHERE workspace_id = ?${page.before === undefined ? "" : " AND id < ?"} ORDER BY id DESC LIMIT ?`,
    [workspaceId, ...(page.before === undefined ? [] : [page.before]), page.limit],
  );

export const findOpenInvitation = (
  reader: Reader,
  tokenHash: string,
  now: UnixMs,
): Promise<InvitationRow | undefined> =>
  reader.get(`${INVITATIONS} WHERE token_hash = ? AND ${OPEN}`, [tokenHash, now]);

export const findOpenInvitationOf = (
  reader: Reader,
  workspaceId: Id<"ws">,
  email: string,
  now: UnixMs,
): Promise<InvitationRow | undefined> =>
  reader.get(`${INVITATIONS} WHERE workspace_id = ? AND email = ? AND ${OPEN}`, [workspaceId, email, now]);

/** Of a workspace since then, whatever became of them; and those to one address among them. */
export async function countInvitations(
  reader: Reader,
  workspaceId: Id<"ws">,
  { email, since }: { readonly email: string; readonly since: UnixMs },
): Promise<{ readonly all: number; readonly toThem: number }> {
  const row = await reader.get<{ everyone: number; them: number | null }>(
    `SELECT COUNT(*) AS everyone, SUM(CASE WHEN email = ? THEN 1 ELSE 0 END) AS them
     FROM invitations WHERE workspace_id = ? AND created_at > ?`,
    [email, workspaceId, since],
  );
  return { all: row?.everyone ?? 0, toThem: row?.them ?? 0 };
}

/** @returns 0 where somebody else was faster, or it is no good any more */
export const spendInvitation = (writer: Writer, id: Id<"inv">): Promise<number> =>
  writer.run(`UPDATE invitations SET accepted_at = ? WHERE id = ? AND ${OPEN}`, [writer.now, id, writer.now]);

export const revokeInvitation = (writer: Writer, workspaceId: Id<"ws">, id: Id<"inv">): Promise<number> =>
  writer.run(
    "UPDATE invitations SET revoked_at = ? WHERE workspace_id = ? AND id = ? AND accepted_at IS NULL AND revoked_at IS NULL",
    [writer.now, workspaceId, id],
  );

/** The link that went out before is no good any more. */
export const renewInvitation = (
  writer: Writer,
  { id, tokenHash, expiresAt }: { readonly id: Id<"inv">; readonly tokenHash: string; readonly expiresAt: UnixMs },
): Promise<number> =>
  writer.run("UPDATE invitations SET token_hash = ?, expires_at = ?, sends = sends + 1 WHERE id = ?", [
    tokenHash,
    expiresAt,
    id,
  ]);

/** Those that wait, made by one person. @returns how many */
export const revokeInvitationsBy = (writer: Writer, workspaceId: Id<"ws">, accountId: Id<"acc">): Promise<number> =>
  writer.run(`UPDATE invitations SET revoked_at = ? WHERE workspace_id = ? AND invited_by = ? AND ${OPEN}`, [
    writer.now,
    workspaceId,
    accountId,
    writer.now,
  ]);

export const revokeInvitationsOf = (writer: Writer, workspaceId: Id<"ws">): Promise<number> =>
  writer.run(`UPDATE invitations SET revoked_at = ? WHERE workspace_id = ? AND ${OPEN}`, [
    writer.now,
    workspaceId,
    writer.now,
  ]);

/** In every workspace. */
export const revokeAllInvitationsBy = (writer: Writer, accountId: Id<"acc">): Promise<number> =>
  writer.run(`UPDATE invitations SET revoked_at = ? WHERE invited_by = ? AND ${OPEN}`, [
    writer.now,
    accountId,
    writer.now,
  ]);
