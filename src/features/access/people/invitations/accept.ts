import { ConstraintError, type Reader, type Writer } from "../../../../database/database.ts";
import type { AuditDraft } from "../../../../journal/audit.ts";
import { mutate } from "../../../../journal/mutate.ts";
import { sha256Hex } from "../../../../kernel/crypto.ts";
import { AppError } from "../../../../kernel/errors.ts";
import { type Id, isId } from "../../../../kernel/ids.ts";
import type { AccountPrincipal } from "../../../../kernel/principal.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import { hashPassword } from "../../passwords/hashing.ts";
import { assertGoodPassword } from "../../passwords/policy.ts";
import type { AccessRoom } from "../../room.ts";
import { assertOneself } from "../../second-factor/second-factor.ts";
import type { MadeSession } from "../../sessions/session.ts";
import { assertSafeWay, type Origin, startSession } from "../../sign-in/sign-in.ts";
import { findAccount, findAccountOfEmail } from "../../sign-in/store.ts";
import { findWorkspace, lockWorkspace, type WorkspaceRow } from "../../workspaces/store.ts";
import { insertAccount } from "../accounts/store.ts";
import { rolesOf, showRoles } from "../team/grants.ts";
import { findTeammate, insertMembership } from "../team/store.ts";
import { findOpenInvitation, type InvitationRow, spendInvitation } from "./store.ts";

/** Nothing tells which of it. */
const deadInvitation = (): AppError =>
  new AppError("unauthenticated", "The invitation was accepted already, revoked, or is too old: ask for another one.");

async function findUsable(reader: Reader, token: string, now: UnixMs): Promise<InvitationRow> {
  const invitation = await findOpenInvitation(reader, sha256Hex(token), now);
  if (!invitation) throw deadInvitation();
  return invitation;
}

export interface OfferedInvitation {
  readonly invitation: InvitationRow;
  readonly workspace: WorkspaceRow;
  /** Who made it, by name or address; undefined where it was nobody with an account. */
  readonly by: string | undefined;
  /** Whether somebody has the address already, and has to sign in to accept. */
  readonly hasAccount: boolean;
}

/** What an invitation offers, for whoever holds its token. */
export function readInvitation({ context }: AccessRoom, token: string): Promise<OfferedInvitation> {
  return context.database.read(async (reader) => {
    const invitation = await findUsable(reader, token, context.clock.now());
    const workspace = await findWorkspace(reader, invitation.workspace_id);
    if (!workspace || workspace.deleted_at !== null) throw deadInvitation();
    const { invited_by: id } = invitation;
    const by = isId("acc", id) ? await findAccount(reader, id) : undefined;
    const hasAccount = (await findAccountOfEmail(reader, invitation.email)) !== undefined;
    return { invitation, workspace, by: by?.name ?? by?.email, hasAccount };
  });
}

/** Uses it up: of two who come at once, one. */
async function join(
  writer: Writer,
  token: string,
  findJoining: (invitation: InvitationRow) => Promise<Id<"acc">>,
): Promise<{ readonly invitation: InvitationRow; readonly accountId: Id<"acc">; readonly audit: AuditDraft }> {
  const invitation = await findUsable(writer, token, writer.now);
  const workspace = await lockWorkspace(writer, invitation.workspace_id);
  if (!workspace || workspace.deleted_at !== null) throw deadInvitation();
  if (workspace.suspended_at !== null) throw new AppError("forbidden", "The workspace is suspended.");
  if ((await spendInvitation(writer, invitation.id)) === 0) throw deadInvitation();
  const accountId = await findJoining(invitation);
  if (await findTeammate(writer, workspace.id, accountId)) {
    throw new AppError("conflict", "You belong to this workspace already.");
  }
  const { role, live_role } = invitation;
  await insertMembership(writer, { account_id: accountId, workspace_id: workspace.id, role, live_role });
  const entry = { workspaceId: workspace.id, action: "team.joined", target: accountId };
  const audit = { ...entry, after: showRoles(rolesOf(invitation)), details: { invitationId: invitation.id } };
  return { invitation, accountId, audit };
}

const takenAddress = (): AppError =>
  new AppError("conflict", "Somebody has an account with this address: sign in as it, then accept.");

/** Makes the account of whoever holds the token, and signs them in. */
export async function acceptAsNew(
  room: AccessRoom,
  origin: Origin,
  input: { readonly token: string; readonly password: string; readonly name?: string | undefined },
): Promise<{ readonly account: { readonly id: Id<"acc">; readonly email: string }; readonly session: MadeSession }> {
  const { context } = room;
  const { token, password, name = null } = input;
  assertSafeWay(room, origin);
  // Looked at before the password is hashed, that being the dear part; used up with the account's own row.
  const { invitation, hasAccount } = await readInvitation(room, token);
  if (hasAccount) throw takenAddress();
  assertGoodPassword(password, invitation);
  const passwordHash = await hashPassword(password);
  const id = context.ids.next("acc");
  const { address } = origin;
  const request = { id: origin.id, ...(address === undefined ? {} : { address }) };
  const { email } = await mutate(context, { kind: "system", name: "invitation", request }, async (writer) => {
    const joined = await join(writer, token, async ({ email }) => {
      try {
        await insertAccount(writer, { id, email, name, passwordHash });
      } catch (error) {
        throw error instanceof ConstraintError ? takenAddress() : error;
      }
      return id;
    });
    const created = { workspaceId: "" as const, action: "account.created", target: id };
    return { result: joined.invitation, audit: [created, joined.audit], announce: [], jobs: [] };
  });
  const session = await startSession(room, origin, { id, epoch: 0 }, { method: "password", factor: false });
  return { account: { id, email }, session };
}

/** The account that is signed in joins, where the invitation is for its address. @returns where it belongs now */
export function acceptAsMyself(room: AccessRoom, principal: AccountPrincipal, token: string): Promise<Id<"ws">> {
  assertOneself(principal);
  return mutate(room.context, principal, async (writer) => {
    const { invitation, audit } = await join(writer, token, async ({ email }) => {
      const account = await findAccount(writer, principal.accountId);
      if (account?.email === email) return principal.accountId;
      throw new AppError("forbidden", "The invitation is for another address: sign in as the account that has it.");
    });
    writer.afterCommit(() => room.sessions.forget());
    return { result: invitation.workspace_id, audit: [audit], announce: [], jobs: [] };
  });
}
