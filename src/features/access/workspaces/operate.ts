import type { Writer } from "../../../database/database.ts";
import type { AuditDraft } from "../../../journal/audit.ts";
import type { MailDraft } from "../../../journal/mail.ts";
import { type Mutation, mutate } from "../../../journal/mutate.ts";
import { notFound, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { PersonPrincipal } from "../../../kernel/principal.ts";
import { assertOperates, type Operating } from "../people/accounts/operate.ts";
import { type SentInvitation, writeInvitation } from "../people/invitations/invite.ts";
import { revokeInvitationsOf } from "../people/invitations/store.ts";
import { columnsOf, OWNER, showRoles } from "../people/team/grants.ts";
import { insertMembership, listOwners } from "../people/team/store.ts";
import type { AccessRoom } from "../room.ts";
import { findAccount } from "../sign-in/store.ts";
import { insertWorkspace } from "../store.ts";
import { deletedNotice, ownerInvitedNotice, resumedNotice, suspendedNotice } from "./letters.ts";
import { describeWorkspace, type ListedWorkspace } from "./list.ts";
import {
  lockWorkspace,
  markDeleted,
  putSuspension,
  renameWorkspace,
  revokeKeysOf,
  revokeTokensOf,
  type WorkspaceRow,
} from "./store.ts";

const entry = (
  workspaceId: Id<"ws">,
  action: string,
  more: Pick<AuditDraft, "before" | "after" | "details"> = {},
): AuditDraft => ({ workspaceId, action, target: workspaceId, ...more });

/** Held until the commit; one that was deleted is not there. */
async function hold(writer: Writer, id: Id<"ws">): Promise<WorkspaceRow> {
  const workspace = await lockWorkspace(writer, id);
  if (!workspace || workspace.deleted_at !== null) throw notFound("The workspace");
  return workspace;
}

/** Whatever let somebody in is looked at anew; what let them in and waits is refused. */
function endEverything(room: AccessRoom, writer: Writer, id: Id<"ws">): void {
  writer.afterCommit(() => {
    room.sessions.forget();
    room.cache.endWorkspace(id);
    room.knownOrigins.forget();
  });
}

const toOwners = async (
  writer: Writer,
  { id }: WorkspaceRow,
  letter: (to: string) => MailDraft,
): Promise<readonly MailDraft[]> => (await listOwners(writer, id)).map(({ email }) => letter(email));

export interface OpenedWorkspace {
  readonly workspace: ListedWorkspace;
  /** To its owner, where that is somebody else. */
  readonly invitation: SentInvitation | undefined;
}

/**
 * A workspace for a customer, whose owner is invited, or for the operator who makes it. It has no keys yet: they are the
 * owner's to make.
 */
export function openWorkspace(
  room: AccessRoom,
  principal: Operating,
  { name, ownerEmail }: { readonly name: string; readonly ownerEmail?: string | undefined },
): Promise<OpenedWorkspace> {
  assertOperates(principal);
  const { context } = room;
  return mutate<OpenedWorkspace>(context, principal, async (writer) => {
    const id = context.ids.next("ws");
    await insertWorkspace(writer, { id, name, live: context.ids.next("env"), test: context.ids.next("env") });
    const created = entry(id, "workspace.created", { after: { name } });
    const self = principal.kind === "account" ? await findAccount(writer, principal.accountId) : undefined;
    if (self && (ownerEmail === undefined || ownerEmail === self.email)) {
      await insertMembership(writer, { account_id: self.id, workspace_id: id, ...columnsOf(OWNER) });
      writer.afterCommit(() => room.sessions.forget());
      const joined = { workspaceId: id, action: "team.joined", target: self.id, after: showRoles(OWNER) };
      const result = { workspace: await describeWorkspace(writer, id), invitation: undefined };
      return { result, audit: [created, joined], announce: [], jobs: [] };
    }
    if (ownerEmail === undefined) throw validationFailed([{ path: "ownerEmail", message: "Name who is to own it." }]);
    const invited = await writeInvitation(room, writer, principal, {
      workspaceId: id,
      email: ownerEmail,
      roles: OWNER,
    });
    const result = { workspace: await describeWorkspace(writer, id), invitation: invited.result };
    return { ...invited, result, audit: [created, ...invited.audit] };
  });
}

/** Where nobody is left who could, the operator names an owner; those there are hear of it. */
export function inviteOwner(
  room: AccessRoom,
  principal: Operating,
  { id, email }: { readonly id: Id<"ws">; readonly email: string },
): Promise<SentInvitation> {
  assertOperates(principal);
  return mutate(room.context, principal, async (writer) => {
    const workspace = await hold(writer, id);
    const invited = await writeInvitation(room, writer, principal, { workspaceId: id, email, roles: OWNER });
    const told = await toOwners(writer, workspace, (to) => ownerInvitedNotice(to, workspace, email));
    return { ...invited, mail: [...(invited.mail ?? []), ...told] };
  });
}

/** What all the rest have in common. */
function change(
  room: AccessRoom,
  principal: Operating | PersonPrincipal,
  id: Id<"ws">,
  work: (
    writer: Writer,
    workspace: WorkspaceRow,
  ) => Promise<Pick<Mutation<void>, "audit" | "mail"> & Partial<Pick<Mutation<void>, "jobs">>>,
): Promise<ListedWorkspace> {
  if (principal.kind !== "person") assertOperates(principal);
  return mutate(room.context, principal, async (writer) => {
    const { audit, mail = [], jobs = [] } = await work(writer, await hold(writer, id));
    return { result: await describeWorkspace(writer, id), audit, mail, announce: [], jobs };
  });
}

export const rename = (
  room: AccessRoom,
  principal: Operating,
  { id, name }: { readonly id: Id<"ws">; readonly name: string },
): Promise<ListedWorkspace> =>
  change(room, principal, id, async (writer, before) => {
    await renameWorkspace(writer, id, name);
    writer.afterCommit(() => room.sessions.forget());
    return { audit: [entry(id, "workspace.renamed", { before: { name: before.name }, after: { name } })] };
  });

/**
 * Nobody and nothing gets in until it is resumed: people, keys and tokens; and nothing goes out. What is kept stays, and
 * what waits to be sent goes on waiting.
 */
export const suspend = (
  room: AccessRoom,
  principal: Operating,
  { id, reason }: { readonly id: Id<"ws">; readonly reason: string },
): Promise<ListedWorkspace> =>
  change(room, principal, id, async (writer, workspace) => {
    await putSuspension(writer, id, reason);
    endEverything(room, writer, id);
    const mail = await toOwners(writer, workspace, (to) => suspendedNotice(to, workspace, reason));
    return { audit: [entry(id, "workspace.suspended", { details: { reason } })], mail, jobs: room.afterChange(id) };
  });

export const resume = (room: AccessRoom, principal: Operating, id: Id<"ws">): Promise<ListedWorkspace> =>
  change(room, principal, id, async (writer, workspace) => {
    if (workspace.suspended_at === null) return { audit: [] };
    await putSuspension(writer, id, null);
    endEverything(room, writer, id);
    const mail = await toOwners(writer, workspace, (to) => resumedNotice(to, workspace));
    return { audit: [entry(id, "workspace.resumed")], mail, jobs: room.afterChange(id) };
  });

/**
 * By the operator, or by an owner of it, which `assertMay` asks about.
 *
 * For good: keys and tokens are revoked, invitations too, nobody gets in, and what waited to be sent is canceled. What it
 * held is in the database until the time of grace is over (`retention.deletedWorkspaces`).
 * @param confirmation its name, letter by letter
 */
export const deleteWorkspace = (
  room: AccessRoom,
  principal: Operating | PersonPrincipal,
  { id, confirmation }: { readonly id: Id<"ws">; readonly confirmation: string },
  assertMay: (writer: Writer) => Promise<unknown> = async () => {},
): Promise<ListedWorkspace> =>
  change(room, principal, id, async (writer, workspace) => {
    await assertMay(writer);
    if (confirmation !== workspace.name) {
      throw validationFailed([{ path: "name", message: "Must be the name of the workspace, letter by letter." }]);
    }
    await markDeleted(writer, id);
    const details = {
      keysRevoked: await revokeKeysOf(writer, id),
      tokensRevoked: await revokeTokensOf(writer, id),
      invitationsRevoked: await revokeInvitationsOf(writer, id),
    };
    endEverything(room, writer, id);
    const mail = await toOwners(writer, workspace, (to) => deletedNotice(to, workspace));
    return {
      audit: [entry(id, "workspace.deleted", { before: { name: workspace.name }, details })],
      mail,
      jobs: room.afterChange(id),
    };
  });
