import type { Writer } from "../../../../database/database.ts";
import type { AuditDraft } from "../../../../journal/audit.ts";
import { type Mutation, mutate } from "../../../../journal/mutate.ts";
import { AppError, notFound } from "../../../../kernel/errors.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { PersonPrincipal } from "../../../../kernel/principal.ts";
import type { Role } from "../../../../kernel/roles.ts";
import { reassignKeys } from "../../keys/change-key.ts";
import { provePasswordAgain } from "../../passwords/passwords.ts";
import type { AccessRoom } from "../../room.ts";
import { moveEpoch } from "../../sessions/store.ts";
import { revokeInvitationsBy } from "../invitations/store.ts";
import {
  assertMayGive,
  assertMayTouch,
  assertOwnerStays,
  columnsOf,
  findOwnRoles,
  OWNER,
  type Roles,
  rolesFrom,
  rolesOf,
  showRoles,
} from "./grants.ts";
import { ownershipNotice } from "./letters.ts";
import { deleteMembership, findTeammate, type TeammateRow, updateRoles } from "./store.ts";

interface Change {
  readonly role?: Role | undefined;
  readonly liveRole?: Role | undefined;
}

async function findPerson(writer: Writer, { workspaceId }: PersonPrincipal, id: Id<"acc">): Promise<TeammateRow> {
  const found = await findTeammate(writer, workspaceId, id);
  if (!found) throw notFound("The person");
  return found;
}

const draft = (
  { workspaceId }: PersonPrincipal,
  action: string,
  target: string,
  more: Pick<AuditDraft, "before" | "after" | "details">,
): AuditDraft => ({
  workspaceId,
  action,
  target,
  ...more,
});

/** Sessions that began under another role are over; the one in which it was done goes on. */
async function endSessionsOf(room: AccessRoom, writer: Writer, principal: PersonPrincipal, id: Id<"acc">) {
  await moveEpoch(writer, id, id === principal.accountId ? principal.sessionId : undefined);
  writer.afterCommit(() => room.sessions.forget());
}

const nextRoles = (before: Roles, { role, liveRole }: Change): Roles =>
  role === undefined ? { ...before, live: liveRole ?? before.live } : rolesFrom(role, liveRole);

/** Nobody gives, takes or touches what holds more than their own role does; the last owner stays one. */
export function changeRoles(
  room: AccessRoom,
  principal: PersonPrincipal,
  { accountId, ...change }: Change & { readonly accountId: Id<"acc"> },
): Promise<TeammateRow> {
  return mutate(room.context, principal, async (writer) => {
    const own = await findOwnRoles(writer, principal, "team:write");
    const person = await findPerson(writer, principal, accountId);
    const before = rolesOf(person);
    const after = nextRoles(before, change);
    const columns = columnsOf(after);
    const nothing = { result: person, audit: [], announce: [], jobs: [] };
    if (after.test === before.test && after.live === before.live) return nothing;
    assertMayTouch(own, before);
    assertMayGive(own, after);
    await assertOwnerStays(writer, principal.workspaceId, person);
    await updateRoles(writer, principal.workspaceId, accountId, columns);
    // What was promised in the name of a role that is gone is not kept.
    const invitationsRevoked = await revokeInvitationsBy(writer, principal.workspaceId, accountId);
    await endSessionsOf(room, writer, principal, accountId);
    const changes = { before: showRoles(before), after: showRoles(after), details: { invitationsRevoked } };
    return {
      ...nothing,
      result: { ...person, ...columns },
      audit: [draft(principal, "team.roles_changed", accountId, changes)],
    };
  });
}

async function endMembership(
  room: AccessRoom,
  writer: Writer,
  principal: PersonPrincipal,
  { person, action }: { readonly person: TeammateRow; readonly action: string },
): Promise<Mutation<void>> {
  const { workspaceId } = principal;
  await assertOwnerStays(writer, workspaceId, person);
  await deleteMembership(writer, workspaceId, person.account_id);
  const invitationsRevoked = await revokeInvitationsBy(writer, workspaceId, person.account_id);
  // Servers go on with them: somebody who stays is to take them over.
  const keysLeft = await reassignKeys(writer, workspaceId, person.account_id, null);
  await endSessionsOf(room, writer, principal, person.account_id);
  const before = showRoles(rolesOf(person));
  const details = { invitationsRevoked, keysLeft: [...keysLeft] };
  return {
    result: undefined,
    audit: [draft(principal, action, person.account_id, { before, details })],
    announce: [],
    jobs: [],
  };
}

export function removeFromTeam(room: AccessRoom, principal: PersonPrincipal, accountId: Id<"acc">): Promise<void> {
  return mutate(room.context, principal, async (writer) => {
    const own = await findOwnRoles(writer, principal, "team:write");
    const person = await findPerson(writer, principal, accountId);
    assertMayTouch(own, rolesOf(person));
    return endMembership(room, writer, principal, { person, action: "team.removed" });
  });
}

/** Of one's own will: no right is asked for. */
export function leaveTeam(room: AccessRoom, principal: PersonPrincipal): Promise<void> {
  return mutate(room.context, principal, async (writer) => {
    await findOwnRoles(writer, principal, "team:read");
    const person = await findPerson(writer, principal, principal.accountId);
    return endMembership(room, writer, principal, { person, action: "team.left" });
  });
}

/** Makes somebody of the team an owner. Who hands over is an admin afterwards, unless they stay an owner beside. */
export async function handOver(
  room: AccessRoom,
  principal: PersonPrincipal,
  input: { readonly accountId: Id<"acc">; readonly password: string; readonly stay?: boolean | undefined },
): Promise<TeammateRow> {
  const { accountId, password, stay = false } = input;
  const { workspaceId } = principal;
  if (accountId === principal.accountId) throw new AppError("conflict", "You are an owner already.");
  const { email } = await provePasswordAgain(room, principal.accountId, password);
  return mutate(room.context, principal, async (writer) => {
    await findOwnRoles(writer, principal, "workspace:own");
    const person = await findPerson(writer, principal, accountId);
    if (person.disabled_at !== null) throw new AppError("conflict", "This person's account is disabled.");
    if (person.role !== "owner") {
      await updateRoles(writer, workspaceId, accountId, columnsOf(OWNER));
      await endSessionsOf(room, writer, principal, accountId);
    }
    if (!stay) {
      await updateRoles(writer, workspaceId, principal.accountId, columnsOf(rolesFrom("admin", undefined)));
      await endSessionsOf(room, writer, principal, principal.accountId);
    }
    const changes = { before: showRoles(rolesOf(person)), after: showRoles(OWNER), details: { stays: stay } };
    return {
      result: { ...person, ...columnsOf(OWNER) },
      audit: [draft(principal, "team.ownership_handed_over", accountId, changes)],
      announce: [],
      jobs: [],
      mail: await ownershipNotice(writer, { workspaceId, to: [person.email, email], by: email, owner: person.email }),
    };
  });
}
