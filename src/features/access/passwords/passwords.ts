import { publicLink } from "../../../config/public-link.ts";
import type { Reader, Writer } from "../../../database/database.ts";
import type { JobDefinition } from "../../../jobs/job.ts";
import { enqueueJobs } from "../../../jobs/store.ts";
import { enqueueMail, type MailDraft } from "../../../journal/mail.ts";
import { mutate } from "../../../journal/mutate.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { AccountPrincipal, Principal, RequestInfo } from "../../../kernel/principal.ts";
import { addMs, MINUTE } from "../../../kernel/units.ts";
import { writeLetter } from "../../../outbound/mail/letter.ts";
import { reasonInLetter } from "../letters.ts";
import type { AccessRoom } from "../room.ts";
import { assertOneself } from "../second-factor/second-factor.ts";
import { removeTotp } from "../second-factor/store.ts";
import { moveEpoch } from "../sessions/store.ts";
import { type AccountRow, findAccount, findAccountOfEmail } from "../sign-in/store.ts";
import { hashPassword, hasPassword, verifyPassword } from "./hashing.ts";
import { findUsableLink, makeLink, useLink } from "./links.ts";
import { assertGoodPassword } from "./policy.ts";
import { deleteLinks, updatePassword } from "./store.ts";

const RESET_LASTS_MS = 30 * MINUTE;
const RESET_JOB = "access.password_reset";
const ONE_TIME_BYTES = 15;

const FOOTER = "You get this because an account of this Hatch installation has your address.";

/** What a person is told whenever their password was changed, by whomever. */
function changedNotice(email: string, how: string, at: string): MailDraft {
  const letter = writeLetter({
    title: "Your password was changed",
    paragraphs: [how, "All your other sessions were ended."],
    facts: [{ name: "When", value: at }],
    remarks: ["If it was not you, ask for a new password at once and tell whoever runs this installation."],
    footer: FOOTER,
  });
  return { kind: "password_changed", to: email, subject: "Your password was changed", ...letter };
}

/** Writes the new password and ends every session that began under the old one; one may go on. */
async function replacePassword(
  room: AccessRoom,
  writer: Writer,
  accountId: Id<"acc">,
  {
    hash,
    mustChange = false,
    keep,
  }: { readonly hash: string; readonly mustChange?: boolean; readonly keep?: Id<"ses"> },
): Promise<void> {
  await updatePassword(writer, accountId, { hash, mustChange });
  await moveEpoch(writer, accountId, keep);
  await deleteLinks(writer, accountId, "reset");
  writer.afterCommit(() => room.sessions.forget());
}

/** Asks for the password again, before something that a session alone is too little for. Tries are counted. */
export async function provePasswordAgain(
  room: AccessRoom,
  accountId: Id<"acc">,
  password: string,
): Promise<AccountRow> {
  const account = await room.context.database.read((reader) => findAccount(reader, accountId));
  if (!account) throw notFound("The account");
  const turn = await room.turns.account.take(`password:${accountId}`, "");
  if (typeof turn === "number") {
    throw new AppError("rate_limited", `Too many tries. Try again in ${turn} s.`, { retryAfterSeconds: turn });
  }
  let isRight = false;
  try {
    room.passwordChecks.add();
    isRight = hasPassword(account.password_hash) && (await verifyPassword(password, account.password_hash));
  } finally {
    isRight ? turn.succeeded() : turn.failed();
  }
  if (!isRight) throw new AppError("unauthenticated", "The current password is wrong.");
  return account;
}

/** A person changes their own password: the current one is asked for again. */
export async function changePassword(
  room: AccessRoom,
  principal: AccountPrincipal,
  { current, password }: { readonly current: string; readonly password: string },
): Promise<void> {
  assertOneself(principal);
  const { accountId, sessionId } = principal;
  const account = await provePasswordAgain(room, accountId, current);
  assertGoodPassword(password, account);
  const hash = await hashPassword(password);
  await mutate(room.context, principal, async (writer) => {
    await replacePassword(room, writer, accountId, { hash, keep: sessionId });
    return {
      result: undefined,
      audit: [{ workspaceId: "", action: "account.password_changed", target: accountId }],
      announce: [],
      jobs: [],
      mail: [changedNotice(account.email, "You changed your password.", isoTime(writer.now))],
    };
  });
}

/**
 * Asks for a mailed link. Known and unknown addresses are answered alike: the same row is written for both, and who it is
 * for is looked up afterwards.
 */
export async function askForReset({ context, turns }: AccessRoom, request: RequestInfo, email: string): Promise<void> {
  for (const key of [`reset:${sha256Hex(email)}`, `reset:${request.address ?? ""}`]) {
    const turn = await turns.account.take(key, "");
    if (typeof turn === "number") {
      throw new AppError("rate_limited", `Too many tries. Try again in ${turn} s.`, { retryAfterSeconds: turn });
    }
    // Each counts: links are not to be had by the dozen.
    turn.failed();
  }
  // Refused here where no link could be made, for whomever.
  publicLink(context.config, "/reset");
  const requestId = request.id;
  await context.database.write(async (writer) => {
    await enqueueJobs(context, writer, [
      { kind: RESET_JOB, payload: { email, requestId, address: request.address ?? null } },
    ]);
  });
}

/** Mails the link, where there is somebody to mail it to. */
export const resetJob: JobDefinition = {
  kind: RESET_JOB,
  async run(context, job) {
    const { email, requestId, address } = job.payload as { email: string; requestId: string; address: string | null };
    const request = { id: requestId, ...(address === null ? {} : { address }) };
    await mutate(context, { kind: "system", name: "password-reset", request }, async (writer) => {
      const account = await findAccountOfEmail(writer, email);
      const nothing = { result: undefined, audit: [], announce: [], jobs: [] };
      if (!account || account.disabled_at !== null) return nothing;
      const token = await makeLink(context, writer, { kind: "reset", accountId: account.id, lastsMs: RESET_LASTS_MS });
      const letter = writeLetter({
        title: "Set a new password",
        paragraphs: ["Somebody asked for a new password for your account, most likely you."],
        action: { label: "Set a new password", url: publicLink(context.config, `/reset#${token}`) },
        remarks: [
          "The link works once, for 30 minutes. Your second factor stays as it is.",
          "If it was not you, do nothing: your password stays as it is.",
        ],
        footer: FOOTER,
      });
      const expiresAt = addMs(writer.now, RESET_LASTS_MS);
      await enqueueMail(context, writer, [
        { kind: "password_reset", to: account.email, subject: "Set a new password", expiresAt, ...letter },
      ]);
      const audit = [{ workspaceId: "" as const, action: "account.reset_asked", target: account.id }];
      return { ...nothing, audit };
    });
    return { kind: "done" };
  },
};

/** By the token of a mailed link: a new password, and every session is over. */
export async function resetPassword(
  room: AccessRoom,
  request: RequestInfo,
  { token, password }: { readonly token: string; readonly password: string },
): Promise<void> {
  const { context } = room;
  // Looked at before the password is hashed, that being the dear part; used up with the change itself.
  const whose = await context.database.read(async (reader) => {
    const link = await findUsableLink(reader, "reset", { token, now: context.clock.now() });
    return findAccount(reader, link.account_id);
  });
  if (!whose) throw notFound("The account");
  assertGoodPassword(password, whose);
  const hash = await hashPassword(password);
  await mutate(context, { kind: "system", name: "password-reset", request }, async (writer) => {
    const { account_id: accountId } = await useLink(writer, "reset", token);
    const account = await findAccount(writer, accountId);
    if (!account || account.disabled_at !== null) throw notFound("The account");
    await replacePassword(room, writer, accountId, { hash });
    return {
      result: undefined,
      audit: [{ workspaceId: "", action: "account.password_reset", target: accountId }],
      announce: [],
      jobs: [],
      mail: [changedNotice(account.email, "It was set by a link that was mailed to you.", isoTime(writer.now))],
    };
  });
}

export interface OneTimePassword {
  readonly accountId: Id<"acc">;
  readonly reason: string;
  /** The workspace whose admin does it, to be told of it in its own chain. */
  readonly workspaceId?: Id<"ws">;
  /** For a person who has lost it, and every recovery code. */
  readonly removeFactor?: boolean;
}

/**
 * Somebody with the right to it, which `assertMay` asks about, sets a password for a person: a one-time one, which that
 * person has to replace before anything else. @returns it, to be handed over; it is shown here and never again
 */
export async function setOneTimePassword(
  room: AccessRoom,
  principal: Principal,
  { accountId, reason, workspaceId, removeFactor = false }: OneTimePassword,
  assertMay: (reader: Reader, account: AccountRow) => Promise<void> = async () => {},
): Promise<string> {
  const { context } = room;
  const find = async (reader: Reader): Promise<AccountRow> => {
    const account = await findAccount(reader, accountId);
    if (!account) throw notFound("The account");
    await assertMay(reader, account);
    return account;
  };
  // Before the password is hashed, that being the dear part, and again with the change itself.
  await context.database.read(find);
  const password = Buffer.from(context.chance.bytes(ONE_TIME_BYTES)).toString("base64url");
  const hash = await hashPassword(password);
  return mutate(context, principal, async (writer) => {
    const account = await find(writer);
    await replacePassword(room, writer, accountId, { hash, mustChange: true });
    if (removeFactor) await removeTotp(writer, accountId);
    const entry = {
      action: "account.password_set",
      target: accountId,
      details: { reason, factorRemoved: removeFactor },
    };
    const how = `An administrator set a one-time password for you (${reasonInLetter(reason)}). You set one of your own when you sign in next.`;
    return {
      result: password,
      audit: [{ workspaceId: "", ...entry }, ...(workspaceId === undefined ? [] : [{ workspaceId, ...entry }])],
      announce: [],
      jobs: [],
      mail: [changedNotice(account.email, how, isoTime(writer.now))],
    };
  });
}
