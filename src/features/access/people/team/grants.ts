import type { Writer } from "../../../../database/database.ts";
import { AppError, notFound, validationFailed } from "../../../../kernel/errors.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { JsonObject } from "../../../../kernel/json.ts";
import type { PersonPrincipal } from "../../../../kernel/principal.ts";
import { mayGrant, type Permission, ROLE_PERMISSIONS, type Role, usualLiveRole } from "../../../../kernel/roles.ts";
import { assertOneself } from "../../second-factor/second-factor.ts";
import { lockWorkspace } from "../../workspaces/store.ts";
import { findTeammate, listOtherOwners, type TeammateRow } from "./store.ts";

/** What somebody is in the two halves of a workspace. */
export interface Roles {
  readonly test: Role;
  readonly live: Role;
}

export const OWNER: Roles = { test: "owner", live: "owner" };

type RoleColumns = Pick<TeammateRow, "role" | "live_role">;

export const rolesOf = ({ role, live_role }: RoleColumns): Roles => ({ test: role, live: live_role ?? role });

export const columnsOf = ({ test, live }: Roles): RoleColumns => ({
  role: test,
  live_role: live === test ? null : live,
});

export const showRoles = ({ test, live }: Roles): JsonObject => ({ role: test, liveRole: live });

/** Where nothing is said of `live`, the usual follows from the role. */
export const rolesFrom = (role: Role, liveRole: Role | undefined): Roles => ({
  test: role,
  live: liveRole ?? usualLiveRole(role),
});

const holdsAll = (own: Roles, other: Roles): boolean =>
  mayGrant(own.test, other.test) && mayGrant(own.live, other.live);

/** Nobody changes, or acts for, somebody who holds more than themselves, in either half. */
export const mayTouch = holdsAll;

export function assertMayTouch(own: Roles, theirs: Roles): void {
  if (holdsAll(own, theirs)) return;
  throw new AppError("forbidden", "This person's role holds more than yours: somebody with as much has to do it.");
}

/** Ownership goes by its own way, from hand to hand; nobody is an owner in one half only. */
export function assertMayGive(own: Roles, given: Roles): void {
  for (const [path, role] of [
    ["role", given.test],
    ["liveRole", given.live],
  ] as const) {
    if (role !== "owner") continue;
    const message = "Ownership is handed over: `POST /v1/team/ownership`, to somebody who is in the team.";
    throw validationFailed([{ path, message }]);
  }
  if (holdsAll(own, given)) return;
  throw new AppError("forbidden", "Nobody gives a role that holds more than their own, in `test` or in `live`.");
}

/**
 * For those who change what is their own team's: nobody does in another person's name, whatever way they come by.
 *
 * Holds the workspace until the commit, so that changes to its team come one after another, and tells what the caller is
 * there now: the role that let the request in may have been taken meanwhile.
 */
export async function findOwnRoles(writer: Writer, principal: PersonPrincipal, needed: Permission): Promise<Roles> {
  assertOneself(principal);
  const { accountId, workspaceId, environmentKind } = principal;
  await lockWorkspace(writer, workspaceId);
  const own = await findTeammate(writer, workspaceId, accountId);
  if (!own) throw notFound("The environment");
  const roles = rolesOf(own);
  const role = roles[environmentKind];
  if (ROLE_PERMISSIONS[role].has(needed)) return roles;
  throw new AppError("forbidden", `The role ${role} in ${environmentKind} lacks ${needed}.`);
}

/** Asked with the workspace held. */
export async function assertOwnerStays(writer: Writer, workspaceId: Id<"ws">, leaving: TeammateRow): Promise<void> {
  if (leaving.role !== "owner") return;
  if ((await listOtherOwners(writer, workspaceId, leaving.account_id)).length > 0) return;
  throw new AppError("conflict", "A workspace keeps an owner: hand it over first.");
}
