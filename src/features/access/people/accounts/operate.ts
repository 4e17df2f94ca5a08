import type { Reader, Writer } from "../../../../database/database.ts";
import type { AuditDraft } from "../../../../journal/audit.ts";
import type { MailDraft } from "../../../../journal/mail.ts";
import { mutate } from "../../../../journal/mutate.ts";
import { assert } from "../../../../kernel/assert.ts";
import { sha256Hex } from "../../../../kernel/crypto.ts";
import { AppError, notFound } from "../../../../kernel/errors.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { JsonObject } from "../../../../kernel/json.ts";
import type { AccountPrincipal, OperatorPrincipal } from "../../../../kernel/principal.ts";
import { provePasswordAgain } from "../../passwords/passwords.ts";
import type { AccessRoom } from "../../room.ts";
import { moveEpoch } from "../../sessions/store.ts";
import { type AccountRow, findAccount, findAccountOfEmail } from "../../sign-in/store.ts";
import { lockWorkspaces } from "../../workspaces/store.ts";
import { revokeAllInvitationsBy } from "../invitations/store.ts";
import { listMemberships, listMembershipsBetween, listOtherOwners, type MembershipRow } from "../team/store.ts";
import { disabledNotice, operatorNotice } from "./letters.ts";
import {
  findListedAccount,
  type ListedAccountRow,
  listAccounts,
  lockOperators,
  putDisabled,
  putOperator,
} from "./store.ts";

/** Who operates the installation: by a session, or at the machine. */
export type Operating = AccountPrincipal | OperatorPrincipal;

/** The guard has asked it already; whoever calls by another way is a bug. */
export function assertOperates(principal: Operating): void {
  if (principal.kind === "operator") return;
  assert(principal.isOperator && !principal.impersonation, "this is for the operator, in their own name");
}

export interface ListedAccount {
  readonly account: ListedAccountRow;
  readonly memberships: readonly MembershipRow[];
}

export interface AccountPage {
  readonly after?: string | undefined;
  readonly email?: string | undefined;
  readonly limit: number;
}

export function listPeople({ context }: AccessRoom, { after, email, limit }: AccountPage): Promise<ListedAccount[]> {
  return context.database.read(async (reader) => {
    const accounts = await listAccounts(reader, { after, email, limit });
    const [first] = accounts;
    const last = accounts.at(-1);
    if (!first || !last) return [];
    const memberships = Map.groupBy(
      await listMembershipsBetween(reader, first.id, last.id),
      ({ account_id }) => account_id,
    );
    return accounts.map((account) => ({ account, memberships: memberships.get(account.id) ?? [] }));
  });
}

const show = async (reader: Reader, id: Id<"acc">): Promise<ListedAccount> => {
  const account = await findListedAccount(reader, id);
  if (!account) throw notFound("The account");
  return { account, memberships: await listMemberships(reader, id) };
};

/** @throws not_found */
export const findPersonListed = ({ context }: AccessRoom, id: Id<"acc">): Promise<ListedAccount> =>
  context.database.read((reader) => show(reader, id));

const entry = (action: string, target: Id<"acc">, details: JsonObject = {}): AuditDraft => ({
  workspaceId: "",
  action,
  target,
  details,
});

/** Holds all operators until the commit; whoever asks must still be one of them. @returns the others */
async function holdOperators(writer: Writer, principal: Operating, but: Id<"acc">): Promise<readonly Id<"acc">[]> {
  assertOperates(principal);
  const operators = await lockOperators(writer);
  if (principal.kind === "account" && !operators.includes(principal.accountId)) {
    throw new AppError("forbidden", "This is for the operator of the installation.");
  }
  return operators.filter((id) => id !== but);
}

async function findPerson(writer: Writer, id: Id<"acc">): Promise<AccountRow> {
  const account = await findAccount(writer, id);
  if (!account) throw notFound("The account");
  return account;
}

const lastOperator = (): AppError =>
  new AppError("conflict", "An installation keeps an operator who can sign in: name another one first.");

/** No workspace is left without an owner who can sign in. */
async function assertOwnsNothingAlone(writer: Writer, id: Id<"acc">): Promise<void> {
  const owned = (await listMemberships(writer, id)).filter(({ role }) => role === "owner");
  await lockWorkspaces(
    writer,
    owned.map(({ workspace_id }) => workspace_id),
  );
  const alone: string[] = [];
  for (const { workspace_id } of owned) {
    if ((await listOtherOwners(writer, workspace_id, id)).length === 0) alone.push(workspace_id);
  }
  if (alone.length === 0) return;
  throw new AppError(
    "conflict",
    `Nobody else owns ${alone.join(", ")}: make somebody an owner there, or delete it first.`,
  );
}

async function change(
  room: AccessRoom,
  principal: Operating,
  id: Id<"acc">,
  work: (
    writer: Writer,
    account: AccountRow,
    otherOperators: readonly Id<"acc">[],
  ) => Promise<{ readonly audit: readonly AuditDraft[]; readonly mail?: readonly MailDraft[] }>,
): Promise<ListedAccount> {
  return mutate(room.context, principal, async (writer) => {
    const others = await holdOperators(writer, principal, id);
    const { audit, mail = [] } = await work(writer, await findPerson(writer, id), others);
    return { result: await show(writer, id), audit, announce: [], jobs: [], mail };
  });
}

async function endEverySession(room: AccessRoom, writer: Writer, id: Id<"acc">): Promise<void> {
  await moveEpoch(writer, id, undefined);
  writer.afterCommit(() => room.sessions.forget());
}

const isOneself = (principal: Operating, id: Id<"acc">): boolean =>
  principal.kind === "account" && principal.accountId === id;

/** Ends all sessions, and what was promised in this person's name. Disabling twice is fine. */
export const disableAccount = (
  room: AccessRoom,
  principal: Operating,
  { accountId, reason }: { readonly accountId: Id<"acc">; readonly reason: string },
): Promise<ListedAccount> =>
  change(room, principal, accountId, async (writer, account, otherOperators) => {
    if (account.disabled_at !== null) return { audit: [] };
    if (isOneself(principal, accountId)) throw new AppError("conflict", "Nobody disables their own account.");
    if (account.operator === 1 && otherOperators.length === 0) throw lastOperator();
    await assertOwnsNothingAlone(writer, accountId);
    await putDisabled(writer, accountId, writer.now);
    const invitationsRevoked = await revokeAllInvitationsBy(writer, accountId);
    await endEverySession(room, writer, accountId);
    return {
      audit: [entry("account.disabled", accountId, { reason, invitationsRevoked })],
      mail: [disabledNotice(account.email, reason)],
    };
  });

export const enableAccount = (room: AccessRoom, principal: Operating, accountId: Id<"acc">): Promise<ListedAccount> =>
  change(room, principal, accountId, async (writer, account) => {
    if (account.disabled_at === null) return { audit: [] };
    await putDisabled(writer, accountId, null);
    return { audit: [entry("account.enabled", accountId)] };
  });

/** The mightiest right there is: whoever gives or takes it gives their password again. */
export async function nameOperator(
  room: AccessRoom,
  principal: AccountPrincipal,
  wanted: { readonly accountId: Id<"acc">; readonly isOperator: boolean; readonly password: string },
): Promise<ListedAccount> {
  const { accountId, isOperator, password } = wanted;
  await provePasswordAgain(room, principal.accountId, password);
  return change(room, principal, accountId, async (writer, account, otherOperators) => {
    if ((account.operator === 1) === isOperator) return { audit: [] };
    if (isOperator && account.disabled_at !== null) throw new AppError("conflict", "The account is disabled.");
    if (!isOperator && otherOperators.length === 0) throw lastOperator();
    await putOperator(writer, accountId, isOperator);
    await endEverySession(room, writer, accountId);
    return {
      audit: [entry(isOperator ? "account.operator_named" : "account.operator_removed", accountId)],
      mail: [operatorNotice(account.email, isOperator)],
    };
  });
}

/** Forgets the tries that failed, so that nobody waits for a turn at this account. A disabled account stays disabled. */
export async function unlockAccount(room: AccessRoom, principal: Operating, email: string): Promise<ListedAccount> {
  assertOperates(principal);
  return mutate(room.context, principal, async (writer) => {
    const account = await findAccountOfEmail(writer, email);
    if (!account) throw notFound("The account");
    const hash = sha256Hex(account.email);
    const { id } = account;
    const keys = [hash, `reset:${hash}`, `password:${id}`, `factor:${id}`, `email:${id}`];
    writer.afterCommit(() => {
      for (const key of keys) room.turns.account.forget(key);
    });
    return { result: await show(writer, id), audit: [entry("account.unlocked", id)], announce: [], jobs: [] };
  });
}
