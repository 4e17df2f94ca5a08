import { isLocal, limitKeyOf } from "../../../http/addresses.ts";
import { mutate } from "../../../journal/mutate.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";
import { AppError } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { RequestInfo } from "../../../kernel/principal.ts";
import { addMs, MINUTE } from "../../../kernel/units.ts";
import { hasPassword, NOBODYS_HASH, verifyPassword } from "../passwords/hashing.ts";
import type { AccessRoom } from "../room.ts";
import { beginSession, type MadeSession, signSession } from "../sessions/session.ts";
import type { SessionRow } from "../sessions/store.ts";
import { type AccountRow, findAccountOfEmail, listAddressesOf } from "./store.ts";
import type { Turn } from "./turns.ts";

/** How long a password that was right is good for without its second factor. */
const CHALLENGE_LASTS_MS = 5 * MINUTE;
/** Of the sessions that a person had last. */
const USUAL_ADDRESSES_MAX = 20;

export type SignedIn =
  | { readonly kind: "signedIn"; readonly account: AccountRow; readonly session: MadeSession }
  /** The password was right; a code is asked for. */
  | { readonly kind: "factor"; readonly challenge: string };

/** Where a sign-in comes from. */
export interface Origin extends RequestInfo {
  readonly headers: Headers;
}

const wrong = (): AppError => new AppError("unauthenticated", "The e-mail address or the password is wrong.");

/** Over plain http a cookie can be read on its way: beyond this machine only where the operator says so. */
export function isSafeWay({ context }: AccessRoom, { address, headers }: Origin): boolean {
  const { server, http } = context.config;
  return server.publicUrl?.startsWith("https:") || http.allowInsecureCookies || isLocal(address, headers);
}

export function assertSafeWay(room: AccessRoom, origin: Origin): void {
  if (isSafeWay(room, origin)) return;
  throw new AppError(
    "forbidden",
    "Signing in over plain http is refused: put TLS in front and set server.publicUrl, or set http.allowInsecureCookies.",
  );
}

/** Whether the person was signed in from there lately: whoever guesses comes from elsewhere. */
async function isUsualAddress({ context }: AccessRoom, email: string, asker: string): Promise<boolean> {
  const addresses = await context.database.read((reader) => listAddressesOf(reader, email, USUAL_ADDRESSES_MAX));
  return addresses.some((address) => limitKeyOf(address) === asker);
}

/**
 * Waits for a turn from the address, then for one at the account: whoever has used up what their own address may do takes
 * nothing of what others have at the account.
 */
async function takeTurns(room: AccessRoom, email: string, address: string | undefined): Promise<readonly Turn[]> {
  const { turns } = room;
  const asker = address === undefined ? "" : limitKeyOf(address);
  const account = sha256Hex(email);
  const isUsual = turns.account.isSlow(account) && (await isUsualAddress(room, email, asker));
  const taken: Turn[] = [];
  for (const [kind, key, by] of [
    ["address", asker, account],
    ["account", account, asker],
  ] as const) {
    const turn = await turns[kind].take(key, by, isUsual);
    if (typeof turn === "number") {
      for (const earlier of taken) earlier.withdrawn();
      throw new AppError("rate_limited", `Too many tries. Try again in ${turn} s.`, { retryAfterSeconds: turn });
    }
    taken.push(turn);
  }
  return taken;
}

/** Checks a password where tries are counted. Unknown names, closed accounts and wrong passwords answer alike and as slowly. */
async function provePassword(
  room: AccessRoom,
  origin: Origin,
  { email, password }: { readonly email: string; readonly password: string },
): Promise<AccountRow> {
  const taken = await takeTurns(room, email, origin.address);
  let proven: AccountRow | undefined;
  let isChecked = false;
  try {
    const account = await room.context.database.read((reader) => findAccountOfEmail(reader, email));
    room.passwordChecks.add();
    const isRight = await verifyPassword(password, account?.password_hash || NOBODYS_HASH);
    isChecked = true;
    if (isRight && account && hasPassword(account.password_hash) && account.disabled_at === null) proven = account;
  } finally {
    // Where too many are being checked nothing was tried.
    for (const turn of taken) proven ? turn.succeeded() : isChecked ? turn.failed() : turn.withdrawn();
  }
  if (proven) return proven;
  room.context.log.info("sign-in refused", { requestId: origin.id });
  throw wrong();
}

export async function signIn(
  room: AccessRoom,
  origin: Origin,
  input: { readonly email: string; readonly password: string },
): Promise<SignedIn> {
  assertSafeWay(room, origin);
  const account = await provePassword(room, origin, input);
  const { oidc } = room.context.config;
  if (oidc?.required && account.operator === 0 && account.break_glass === 0) {
    throw new AppError("forbidden", `Sign in through ${oidc.name}: passwords are for emergencies here.`);
  }
  if (account.totp_confirmed_at !== null) {
    const sid = room.context.ids.next("ses");
    const end = addMs(room.context.clock.now(), CHALLENGE_LASTS_MS);
    return { kind: "factor", challenge: await room.signing.sign("factor", { sid, sub: account.id }, end) };
  }
  return {
    kind: "signedIn",
    account,
    session: await startSession(room, origin, account, { method: "password", factor: false }),
  };
}

/** Writes the session, its audit entry with it, and signs what the browser keeps. */
export async function startSession(
  room: AccessRoom,
  origin: Origin,
  account: { readonly id: Id<"acc">; readonly epoch: number },
  how: { readonly method: SessionRow["method"]; readonly factor: boolean },
): Promise<MadeSession> {
  const { context, signing } = room;
  const { id, address, headers } = origin;
  const request = { id, ...(address === undefined ? {} : { address }) };
  const begun = await mutate(context, { kind: "system", name: "sign-in", request }, async (writer) => {
    const session = await beginSession(context, writer, account, {
      ...how,
      device: headers.get("user-agent"),
      address: address ?? null,
    });
    const details = { sessionId: session.id, method: how.method, factor: how.factor };
    return {
      result: session,
      audit: [{ workspaceId: "", action: "account.signed_in", target: account.id, details }],
      announce: [],
      jobs: [],
    };
  });
  return signSession(signing, context, begun);
}
