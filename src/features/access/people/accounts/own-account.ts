import { publicLink } from "../../../../config/public-link.ts";
import { ConstraintError, type Reader } from "../../../../database/database.ts";
import { changesBetween } from "../../../../journal/audit-changes.ts";
import type { MailDraft } from "../../../../journal/mail.ts";
import { mutate } from "../../../../journal/mutate.ts";
import { sha256Hex } from "../../../../kernel/crypto.ts";
import { AppError, notFound, validationFailed } from "../../../../kernel/errors.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { AccountPrincipal, RequestInfo } from "../../../../kernel/principal.ts";
import { addMs, DAY, type UnixMs } from "../../../../kernel/units.ts";
import { hasPassword } from "../../passwords/hashing.ts";
import { type LinkKind, makeLink, useLink } from "../../passwords/links.ts";
import { provePasswordAgain } from "../../passwords/passwords.ts";
import { deleteLinks, findLink, findLinkOf } from "../../passwords/store.ts";
import type { AccessRoom } from "../../room.ts";
import { assertOneself } from "../../second-factor/second-factor.ts";
import { findAccount, findAccountOfEmail } from "../../sign-in/store.ts";
import { changedNotice, confirmLetter, takenNotice } from "./email-letters.ts";
import { putEmail, putName } from "./store.ts";

const LASTS_MS = DAY;
const SIDES = ["email_old", "email_new"] as const;

export function changeName(room: AccessRoom, principal: AccountPrincipal, name: string | null): Promise<void> {
  assertOneself(principal);
  const { accountId } = principal;
  return mutate(room.context, principal, async (writer) => {
    const account = await findAccount(writer, accountId);
    await putName(writer, accountId, name);
    const entry = { workspaceId: "" as const, action: "account.renamed", target: accountId };
    const audit = [{ ...entry, ...changesBetween(account, { name }, ["name"]) }];
    return { result: undefined, audit, announce: [], jobs: [] };
  });
}

/** A change of address that waits for its two links. */
export interface PendingEmail {
  readonly email: string;
  readonly confirmed: { readonly old: boolean; readonly new: boolean };
  readonly expiresAt: UnixMs;
}

async function findPending(reader: Reader, accountId: Id<"acc">, now: UnixMs): Promise<PendingEmail | undefined> {
  const [old, fresh] = [
    await findLinkOf(reader, accountId, "email_old"),
    await findLinkOf(reader, accountId, "email_new"),
  ];
  if (!old?.email || old.expires_at <= now) return undefined;
  // Where the new address belongs to somebody else no second link was made; it looks like one that was not used.
  const confirmed = { old: old.used_at !== null, new: fresh?.email === old.email && fresh.used_at !== null };
  return { email: old.email, confirmed, expiresAt: old.expires_at };
}

export function readOwnEmail(
  { context }: AccessRoom,
  { accountId }: AccountPrincipal,
): Promise<{ readonly email: string; readonly pending: PendingEmail | undefined }> {
  return context.database.read(async (reader) => {
    const account = await findAccount(reader, accountId);
    if (!account) throw notFound("The account");
    return { email: account.email, pending: await findPending(reader, accountId, context.clock.now()) };
  });
}

/** Mails are sent with it: not by the dozen. */
async function takeTurn({ turns }: AccessRoom, accountId: Id<"acc">): Promise<void> {
  const turn = await turns.account.take(`email:${accountId}`, "");
  if (typeof turn === "number") {
    throw new AppError("rate_limited", `Too many tries. Try again in ${turn} s.`, { retryAfterSeconds: turn });
  }
  turn.failed();
}

/**
 * Asks at both addresses, the old one and the new one. Whether somebody else has the new one is not told here: they are
 * told that somebody tried.
 */
export async function askForEmail(
  room: AccessRoom,
  principal: AccountPrincipal,
  { email, password = "" }: { readonly email: string; readonly password?: string | undefined },
): Promise<void> {
  assertOneself(principal);
  const { context } = room;
  const { accountId } = principal;
  const account = await context.database.read((reader) => findAccount(reader, accountId));
  if (!account) throw notFound("The account");
  if (account.email === email) throw validationFailed([{ path: "email", message: "Is your address already." }]);
  await takeTurn(room, accountId);
  if (hasPassword(account.password_hash)) await provePasswordAgain(room, accountId, password);
  await mutate(context, principal, async (writer) => {
    const expiresAt = addMs(writer.now, LASTS_MS);
    const linkFor = async (kind: LinkKind): Promise<string> => {
      const token = await makeLink(context, writer, { kind, accountId, email, lastsMs: LASTS_MS });
      return publicLink(context.config, `/email#${token}`);
    };
    const old = confirmLetter({
      to: account.email,
      side: "old",
      newEmail: email,
      expiresAt,
      url: await linkFor("email_old"),
    });
    await deleteLinks(writer, accountId, "email_new");
    const isTaken = (await findAccountOfEmail(writer, email)) !== undefined;
    const fresh = isTaken
      ? takenNotice(email)
      : confirmLetter({ to: email, side: "new", newEmail: email, expiresAt, url: await linkFor("email_new") });
    return {
      result: undefined,
      audit: [{ workspaceId: "", action: "account.email_change_asked", target: accountId }],
      announce: [],
      jobs: [],
      mail: [old, fresh],
    };
  });
}

export function dropEmailChange(room: AccessRoom, principal: AccountPrincipal): Promise<void> {
  assertOneself(principal);
  const { accountId } = principal;
  return mutate(room.context, principal, async (writer) => {
    let dropped = 0;
    for (const kind of SIDES) dropped += await deleteLinks(writer, accountId, kind);
    const audit = [{ workspaceId: "" as const, action: "account.email_change_dropped", target: accountId }];
    return { result: undefined, audit: dropped === 0 ? [] : audit, announce: [], jobs: [] };
  });
}

/** What became of a change when one of its two links was used. */
export type Confirmation = { readonly status: "changed" } | { readonly status: "waiting"; readonly for: "old" | "new" };

/** Either link may come first. With the second one the address changes; sessions go on. */
export function confirmEmail(room: AccessRoom, request: RequestInfo, token: string): Promise<Confirmation> {
  return mutate<Confirmation>(room.context, { kind: "system", name: "email-change", request }, async (writer) => {
    const known = await findLink(writer, sha256Hex(token));
    const kind = known?.kind === "email_new" ? "email_new" : "email_old";
    const { account_id: accountId, email } = await useLink(writer, kind, token);
    const nothing = { audit: [], announce: [], jobs: [] };
    const other = kind === "email_old" ? "email_new" : "email_old";
    const twin = await findLinkOf(writer, accountId, other);
    const isConfirmed = twin !== undefined && twin.used_at !== null && twin.email === email;
    if (!isConfirmed || twin.expires_at <= writer.now) {
      const [confirmed, waiting] = other === "email_old" ? (["new", "old"] as const) : (["old", "new"] as const);
      const entry = { workspaceId: "" as const, action: "account.email_confirmed", target: accountId };
      const audit = [{ ...entry, details: { address: confirmed } }];
      return { ...nothing, result: { status: "waiting", for: waiting }, audit };
    }
    const account = await findAccount(writer, accountId);
    if (!account || account.disabled_at !== null || email === null) throw notFound("The account");
    try {
      await putEmail(writer, accountId, email);
    } catch (error) {
      throw error instanceof ConstraintError ? new AppError("conflict", "Somebody else has the address now.") : error;
    }
    // A link to set a password lies in the old mailbox, which may be somebody else's by now.
    for (const spent of [...SIDES, "reset"]) await deleteLinks(writer, accountId, spent);
    writer.afterCommit(() => room.sessions.forget());
    const changes = { before: { email: account.email }, after: { email } };
    const mail: readonly MailDraft[] = [changedNotice(account.email, email)];
    return {
      ...nothing,
      result: { status: "changed" },
      audit: [{ workspaceId: "", action: "account.email_changed", target: accountId, ...changes }],
      mail,
    };
  });
}
