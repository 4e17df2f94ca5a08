import type { Reader } from "../../../../database/database.ts";
import { AppError, notFound } from "../../../../kernel/errors.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { PersonPrincipal } from "../../../../kernel/principal.ts";
import { ROLE_PERMISSIONS } from "../../../../kernel/roles.ts";
import { hasPassword } from "../../passwords/hashing.ts";
import { setOneTimePassword } from "../../passwords/passwords.ts";
import type { AccessRoom } from "../../room.ts";
import { assertOneself } from "../../second-factor/second-factor.ts";
import type { AccountRow } from "../../sign-in/store.ts";
import { mayTouch, rolesOf } from "../team/grants.ts";
import { listMemberships } from "../team/store.ts";
import { assertOperates, type Operating } from "./operate.ts";

interface Wanted {
  readonly accountId: Id<"acc">;
  readonly reason: string;
}

/** Whoever has got hold of a session must not get hold of the account by it. */
const oneself = (): AppError => new AppError("conflict", "Change your own password with the current one.");

/** By the operator, for anybody else. */
export async function setPasswordAsOperator(
  room: AccessRoom,
  principal: Operating,
  wanted: Wanted & { readonly removeFactor?: boolean },
): Promise<string> {
  assertOperates(principal);
  if (principal.kind === "account" && principal.accountId === wanted.accountId) throw oneself();
  return setOneTimePassword(room, principal, wanted);
}

/**
 * Whoever sets a password can sign in with it: so an admin does it only for somebody who can do nothing, anywhere, that
 * the admin could not have been given by themselves.
 */
async function assertMayStandIn(reader: Reader, principal: PersonPrincipal, account: AccountRow): Promise<void> {
  const theirs = await listMemberships(reader, account.id);
  if (!theirs.some(({ workspace_id }) => workspace_id === principal.workspaceId)) throw notFound("The person");
  const forOperators = "Only the operator of the installation sets a password for this person.";
  if (account.operator === 1 || account.break_glass === 1) throw new AppError("forbidden", forOperators);
  if (!hasPassword(account.password_hash)) {
    throw new AppError("forbidden", "This person signs in by an identity provider and has no password here.");
  }
  const own = new Map((await listMemberships(reader, principal.accountId)).map((row) => [row.workspace_id, row]));
  const isWithin = theirs.every((their) => {
    const mine = own.get(their.workspace_id);
    if (!mine) return false;
    const roles = rolesOf(mine);
    const mayWrite = ROLE_PERMISSIONS[roles.test].has("team:write") || ROLE_PERMISSIONS[roles.live].has("team:write");
    return mayWrite && mayTouch(roles, rolesOf(their));
  });
  if (!isWithin) throw new AppError("forbidden", `${forOperators} They may do what you may not.`);
}

/** By an admin, for somebody of their team. */
export async function setPasswordAsAdmin(
  room: AccessRoom,
  principal: PersonPrincipal,
  wanted: Wanted,
): Promise<string> {
  assertOneself(principal);
  if (principal.accountId === wanted.accountId) throw oneself();
  const { workspaceId } = principal;
  return setOneTimePassword(room, principal, { ...wanted, workspaceId }, (reader, account) =>
    assertMayStandIn(reader, principal, account),
  );
}
