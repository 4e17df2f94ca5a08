import type { Writer } from "../../../database/database.ts";
import type { AuditDraft } from "../../../journal/audit.ts";
import { mutate } from "../../../journal/mutate.ts";
import { hmacSha256 } from "../../../kernel/crypto.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { AccountPrincipal } from "../../../kernel/principal.ts";
import { hasPassword, verifyPassword } from "../passwords/hashing.ts";
import type { AccessRoom } from "../room.ts";
import type { MadeSession } from "../sessions/session.ts";
import { moveEpoch } from "../sessions/store.ts";
import { type Origin, startSession } from "../sign-in/sign-in.ts";
import { type AccountRow, findAccount } from "../sign-in/store.ts";
import {
  confirmTotp,
  putPendingTotp,
  removeTotp,
  replaceRecoveryCodes,
  spendRecoveryCode,
  spendTotpStep,
} from "./store.ts";
import { encodeBase32, findStep, keyUri, TOTP_SECRET_BYTES } from "./totp.ts";

const RECOVERY_CODES = 10;
const RECOVERY_BYTES = 10;

const place = (row: string) => ({ table: "accounts", column: "totp_secret", row });
const wrongCode = (): AppError => new AppError("unauthenticated", "The code is wrong, too old, or was used already.");

/** Whoever acts as another person leaves what that person signs in with alone. */
export function assertOneself({ impersonation }: Pick<AccountPrincipal, "impersonation">): void {
  if (impersonation) {
    throw new AppError("forbidden", "Sign-in and security are not touched while acting as another person.");
  }
}

const audit = (action: string, target: Id<"acc">): AuditDraft => ({ workspaceId: "", action, target });

async function findOwn(writer: Writer, { accountId }: AccountPrincipal): Promise<AccountRow> {
  const account = await findAccount(writer, accountId);
  if (!account) throw notFound("The account");
  return account;
}

const secretOf = ({ context }: AccessRoom, account: AccountRow): Uint8Array | undefined =>
  account.totp_secret === null
    ? undefined
    : new Uint8Array(Buffer.from(context.keyring.open(place(account.id), account.totp_secret), "base64url"));

/** A secret for an authenticator app. It counts from the first right code on. */
export async function offerFactor(
  room: AccessRoom,
  principal: AccountPrincipal,
): Promise<{ readonly secret: string; readonly uri: string }> {
  assertOneself(principal);
  const { context } = room;
  const bytes = context.chance.bytes(TOTP_SECRET_BYTES);
  const sealed = context.keyring.seal(place(principal.accountId), Buffer.from(bytes).toString("base64url"));
  return mutate(context, principal, async (writer) => {
    const account = await findOwn(writer, principal);
    if ((await putPendingTotp(writer, account.id, sealed)) === 0) {
      throw new AppError("conflict", "A second factor is set up already: remove it first.");
    }
    const secret = encodeBase32(bytes);
    return {
      result: { secret, uri: keyUri(secret, account.email, issuerOf(room)) },
      audit: [audit("account.factor_offered", account.id)],
      announce: [],
      jobs: [],
    };
  });
}

/** The secret that waits for its first code, if one does. */
export async function findOfferedFactor(
  room: AccessRoom,
  principal: AccountPrincipal,
): Promise<{ readonly secret: string; readonly uri: string } | undefined> {
  assertOneself(principal);
  const account = await room.context.database.read((reader) => findAccount(reader, principal.accountId));
  const bytes = account && account.totp_confirmed_at === null ? secretOf(room, account) : undefined;
  if (!account || !bytes) return undefined;
  const secret = encodeBase32(bytes);
  return { secret, uri: keyUri(secret, account.email, issuerOf(room)) };
}

const issuerOf = ({ context }: AccessRoom): string => {
  const { publicUrl } = context.config.server;
  return publicUrl === undefined ? "Hatch" : `Hatch ${new URL(publicUrl).host}`;
};

/** Counts a try before the code is looked at, so that codes can't be guessed through. */
async function inTurn<T>(room: AccessRoom, accountId: Id<"acc">, work: () => Promise<T>): Promise<T> {
  const turn = await room.turns.account.take(`factor:${accountId}`, "");
  if (typeof turn === "number") {
    throw new AppError("rate_limited", `Too many tries. Try again in ${turn} s.`, { retryAfterSeconds: turn });
  }
  try {
    const result = await work();
    turn.succeeded();
    return result;
  } catch (error) {
    turn.failed();
    throw error;
  }
}

function makeRecoveryCodes({ context }: AccessRoom): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const text = encodeBase32(context.chance.bytes(RECOVERY_BYTES)).toLowerCase();
    return `${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8, 12)}-${text.slice(12)}`;
  });
}

/** Keyed: a copy of the database alone does not let them be tried. */
const hashOfCode = ({ context }: AccessRoom, accountId: Id<"acc">, code: string): string => {
  const plain = code.toLowerCase().replaceAll(/[^a-z2-7]/g, "");
  return Buffer.from(hmacSha256(context.keyring.keyFor("tokens"), `recovery:${accountId}:${plain}`)).toString("hex");
};

/** The first right code turns the factor on; every other session of the account is over. @returns the recovery codes */
export const confirmFactor = (
  room: AccessRoom,
  principal: AccountPrincipal,
  code: string,
): Promise<readonly string[]> => {
  assertOneself(principal);
  return inTurn(room, principal.accountId, () =>
    mutate(room.context, principal, async (writer) => {
      const account = await findOwn(writer, principal);
      const secret = secretOf(room, account);
      if (!secret || account.totp_confirmed_at !== null) {
        throw new AppError("conflict", "There is no second factor that waits for its first code.");
      }
      const step = findStep(secret, code, { now: writer.now, lastStep: account.totp_last_step });
      if (step === undefined) throw wrongCode();
      await confirmTotp(writer, account.id, step);
      const codes = makeRecoveryCodes(room);
      await replaceRecoveryCodes(
        writer,
        account.id,
        codes.map((one) => hashOfCode(room, account.id, one)),
      );
      await moveEpoch(writer, account.id, principal.sessionId, { factor: true });
      writer.afterCommit(() => room.sessions.forget());
      return { result: codes, audit: [audit("account.factor_added", account.id)], announce: [], jobs: [] };
    }),
  );
};

/** Asks for the password again, or where there is none for a code. Every other session is over. */
export const removeFactor = (
  room: AccessRoom,
  principal: AccountPrincipal,
  proof: { readonly password?: string | undefined; readonly code?: string | undefined },
): Promise<void> => {
  assertOneself(principal);
  return inTurn(room, principal.accountId, async () => {
    const account = await room.context.database.read((reader) => findAccount(reader, principal.accountId));
    if (!account) throw notFound("The account");
    if (hasPassword(account.password_hash) && !(await verifyPassword(proof.password ?? "", account.password_hash))) {
      throw new AppError("unauthenticated", "The password is wrong.");
    }
    await mutate(room.context, principal, async (writer) => {
      if (!hasPassword(account.password_hash)) await spendCode(room, writer, account, proof.code ?? "");
      await removeTotp(writer, account.id);
      await moveEpoch(writer, account.id, principal.sessionId, { factor: false });
      writer.afterCommit(() => room.sessions.forget());
      return { result: undefined, audit: [audit("account.factor_removed", account.id)], announce: [], jobs: [] };
    });
  });
};

/** Uses up a code of the app, or a recovery code. */
async function spendCode(
  room: AccessRoom,
  writer: Writer,
  account: AccountRow,
  code: string,
): Promise<"password" | "recovery"> {
  const secret = secretOf(room, account);
  const step = secret && findStep(secret, code, { now: writer.now, lastStep: account.totp_last_step });
  if (step !== undefined && (await spendTotpStep(writer, account.id, step)) === 1) return "password";
  if ((await spendRecoveryCode(writer, account.id, hashOfCode(room, account.id, code))) === 1) return "recovery";
  throw wrongCode();
}

/** The second half of a sign-in. */
export async function signInWithCode(
  room: AccessRoom,
  origin: Origin,
  { challenge, code }: { readonly challenge: string; readonly code: string },
): Promise<{ readonly account: AccountRow; readonly session: MadeSession }> {
  const verdict = await room.signing.verify("factor", challenge);
  if (verdict.kind === "bad" || !isId("acc", verdict.claims.sub)) {
    throw new AppError("unauthenticated", "Begin again with the password: it was too long ago.");
  }
  const accountId = verdict.claims.sub;
  return inTurn(room, accountId, async () => {
    const { account, method } = await room.context.database.write(async (writer) => {
      const found = await findAccount(writer, accountId);
      if (!found || found.disabled_at !== null || found.totp_confirmed_at === null) throw wrongCode();
      return { account: found, method: await spendCode(room, writer, found, code) };
    });
    return { account, session: await startSession(room, origin, account, { method, factor: true }) };
  });
}
