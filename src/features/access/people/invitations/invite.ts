import { publicLink } from "../../../../config/public-link.ts";
import type { Writer } from "../../../../database/database.ts";
import type { MailDraft } from "../../../../journal/mail.ts";
import { type Mutation, mutate } from "../../../../journal/mutate.ts";
import { encodeBase62, sha256Hex } from "../../../../kernel/crypto.ts";
import { AppError, notFound } from "../../../../kernel/errors.ts";
import type { Id } from "../../../../kernel/ids.ts";
import { actorOf, type PersonPrincipal, type Principal } from "../../../../kernel/principal.ts";
import type { Role } from "../../../../kernel/roles.ts";
import { addMs, DAY, type UnixMs } from "../../../../kernel/units.ts";
import type { AccessRoom } from "../../room.ts";
import { findAccount, findAccountOfEmail } from "../../sign-in/store.ts";
import { findWorkspace } from "../../workspaces/store.ts";
import {
  assertMayGive,
  assertMayTouch,
  columnsOf,
  findOwnRoles,
  type Roles,
  rolesFrom,
  rolesOf,
  showRoles,
} from "../team/grants.ts";
import { findTeammate } from "../team/store.ts";
import { invitationLetter } from "./letters.ts";
import {
  countInvitations,
  findInvitation,
  findOpenInvitationOf,
  type InvitationRow,
  insertInvitation,
  renewInvitation,
  revokeInvitation,
} from "./store.ts";

const TOKEN_BYTES = 32;
const TOKEN_WIDTH = 43;
const LASTS_MS = 7 * DAY;
/** Mails go to whomever an admin names: what one workspace may send is bounded. */
const A_DAY_MAX = 200;
const A_DAY_TO_ONE_MAX = 3;
const SENDS_MAX = 5;

/** An invitation that has just been made, or sent again. */
export interface SentInvitation {
  readonly invitation: InvitationRow;
  /** To be handed over, where no mail server is set; it is shown here and never again. */
  readonly link: string | undefined;
}

interface Invited {
  readonly workspaceId: Id<"ws">;
  readonly email: string;
  readonly roles: Roles;
}

interface Sealed {
  readonly hash: string;
  readonly link: string;
  readonly expiresAt: UnixMs;
}

/** Refused where no link could be made for anybody. */
function makeLink({ context }: AccessRoom, writer: Writer): Sealed {
  const token = `hit_${encodeBase62(context.chance.bytes(TOKEN_BYTES), TOKEN_WIDTH)}`;
  return {
    hash: sha256Hex(token),
    link: publicLink(context.config, `/invitation#${token}`),
    expiresAt: addMs(writer.now, LASTS_MS),
  };
}

async function nameOf(writer: Writer, principal: Principal): Promise<string> {
  const account = "accountId" in principal ? await findAccount(writer, principal.accountId) : undefined;
  return account?.name ?? account?.email ?? "The operator of this installation";
}

/** By mail where there is a server for it; else by hand. */
async function send(
  { context }: AccessRoom,
  writer: Writer,
  principal: Principal,
  { invitation, link, expiresAt }: { readonly invitation: InvitationRow } & Omit<Sealed, "hash">,
): Promise<{ readonly result: SentInvitation; readonly mail: readonly MailDraft[] }> {
  if (!context.config.mail) return { result: { invitation, link }, mail: [] };
  const workspace = await findWorkspace(writer, invitation.workspace_id);
  const by = await nameOf(writer, principal);
  const letter = invitationLetter({ invitation, workspace: workspace?.name ?? "", by, link, expiresAt });
  return { result: { invitation, link: undefined }, mail: [letter] };
}

async function assertMayBeInvited(writer: Writer, { workspaceId, email }: Invited): Promise<void> {
  const known = await findAccountOfEmail(writer, email);
  if (known && (await findTeammate(writer, workspaceId, known.id))) {
    throw new AppError("conflict", "Whoever has this address belongs to the team already.");
  }
  if (await findOpenInvitationOf(writer, workspaceId, email, writer.now)) {
    throw new AppError("conflict", "An invitation to this address waits already: send it again, or revoke it.");
  }
  const since = addMs(writer.now, -DAY);
  const { all, toThem } = await countInvitations(writer, workspaceId, { email, since });
  if (all < A_DAY_MAX && toThem < A_DAY_TO_ONE_MAX) return;
  throw new AppError("rate_limited", "Too many invitations of this workspace within a day.", {
    retryAfterSeconds: DAY / 1_000,
  });
}

/** Writes an invitation, for whoever has the right to: the workspace is held, and what is given was looked at. */
export async function writeInvitation(
  room: AccessRoom,
  writer: Writer,
  principal: Principal,
  invited: Invited,
): Promise<Mutation<SentInvitation>> {
  const { workspaceId, email, roles } = invited;
  await assertMayBeInvited(writer, invited);
  const { hash, link, expiresAt } = makeLink(room, writer);
  const invitation: InvitationRow = {
    id: room.context.ids.next("inv"),
    workspace_id: workspaceId,
    email,
    ...columnsOf(roles),
    invited_by: actorOf(principal),
    sends: 1,
    created_at: writer.now,
    expires_at: expiresAt,
    accepted_at: null,
    revoked_at: null,
  };
  await insertInvitation(writer, { ...invitation, token_hash: hash });
  return {
    ...(await send(room, writer, principal, { invitation, link, expiresAt })),
    audit: [{ workspaceId, action: "invitation.created", target: invitation.id, after: showRoles(roles) }],
    announce: [],
    jobs: [],
  };
}

export function invite(
  room: AccessRoom,
  principal: PersonPrincipal,
  { email, role, liveRole }: { readonly email: string; readonly role: Role; readonly liveRole?: Role | undefined },
): Promise<SentInvitation> {
  const roles = rolesFrom(role, liveRole);
  return mutate(room.context, principal, async (writer) => {
    assertMayGive(await findOwnRoles(writer, principal, "team:write"), roles);
    const { workspaceId } = principal;
    return writeInvitation(room, writer, principal, { workspaceId, email, roles });
  });
}

async function findTouchable(writer: Writer, principal: PersonPrincipal, id: Id<"inv">): Promise<InvitationRow> {
  const own = await findOwnRoles(writer, principal, "team:write");
  const invitation = await findInvitation(writer, principal.workspaceId, id);
  if (!invitation) throw notFound("The invitation");
  assertMayTouch(own, rolesOf(invitation));
  return invitation;
}

/** A new link for seven days more; the one before is no good any more. */
export function sendAgain(room: AccessRoom, principal: PersonPrincipal, id: Id<"inv">): Promise<SentInvitation> {
  return mutate(room.context, principal, async (writer) => {
    const before = await findTouchable(writer, principal, id);
    if (before.accepted_at !== null) throw new AppError("conflict", "The invitation was accepted already.");
    if (before.revoked_at !== null) throw new AppError("conflict", "The invitation was revoked: make another one.");
    if (before.sends >= SENDS_MAX) {
      throw new AppError("conflict", `The invitation was sent ${SENDS_MAX} times: revoke it and make another one.`);
    }
    const { hash, link, expiresAt } = makeLink(room, writer);
    await renewInvitation(writer, { id, tokenHash: hash, expiresAt });
    const invitation = { ...before, expires_at: expiresAt, sends: before.sends + 1 };
    return {
      ...(await send(room, writer, principal, { invitation, link, expiresAt })),
      audit: [{ workspaceId: principal.workspaceId, action: "invitation.sent_again", target: id }],
      announce: [],
      jobs: [],
    };
  });
}

/** Revoking twice is fine. */
export function takeBack(room: AccessRoom, principal: PersonPrincipal, id: Id<"inv">): Promise<void> {
  return mutate(room.context, principal, async (writer) => {
    const { workspaceId } = principal;
    const invitation = await findTouchable(writer, principal, id);
    if (invitation.accepted_at !== null) throw new AppError("conflict", "The invitation was accepted already.");
    const revoked = await revokeInvitation(writer, workspaceId, id);
    const audit = revoked === 0 ? [] : [{ workspaceId, action: "invitation.revoked", target: id }];
    return { result: undefined, audit, announce: [], jobs: [] };
  });
}
