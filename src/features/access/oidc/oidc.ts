import * as v from "valibot";
import type { Writer } from "../../../database/database.ts";
import type { AuditDraft } from "../../../journal/audit.ts";
import { mutate } from "../../../journal/mutate.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";
import { AppError } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { RequestInfo } from "../../../kernel/principal.ts";
import { addMs, DAY, MINUTE } from "../../../kernel/units.ts";
import { reassignKeys } from "../keys/change-key.ts";
import type { AccessRoom } from "../room.ts";
import { removeTotp } from "../second-factor/store.ts";
import type { MadeSession } from "../sessions/session.ts";
import { endSession, moveEpoch } from "../sessions/store.ts";
import { assertSafeWay, type Origin, startSession } from "../sign-in/sign-in.ts";
import { type AccountRow, findAccount, findAccountOfEmail } from "../sign-in/store.ts";
import { Email } from "../types.ts";
import type { Attempt, Claims, Provider, Vouched } from "./provider.ts";
import {
  countOtherOwners,
  deleteMembership,
  findAccountOfIdentity,
  findOidcSession,
  findSubject,
  insertIdentity,
  insertOidcAccount,
  listMemberships,
  listWorkspaceIds,
  putMembership,
  putOidcSession,
  removePassword,
} from "./store.ts";
import { changesTo, wantedMemberships } from "./wanted-roles.ts";

/** A sign-in at the provider that takes longer is begun again. */
const ATTEMPT_LASTS_MS = 10 * MINUTE;
/** Where the provider can't be asked, a session goes on for so long after it last was. */
const UNCHECKED_MAX_MS = DAY;

const ATTEMPT = "cookie:hatch_oidc";
const tokenPlace = (row: string) => ({ table: "oidc_sessions", column: "refresh_token", row });

/** What the browser keeps while it is at the provider; sealed, so that nobody puts an attempt of theirs into it. */
export const sealAttempt = ({ context }: AccessRoom, attempt: Attempt): string =>
  context.keyring.sealAway(ATTEMPT, JSON.stringify({ ...attempt, until: context.clock.now() + ATTEMPT_LASTS_MS }));

export function openAttempt({ context }: AccessRoom, sealed: string | undefined): Attempt {
  const begin = (): AppError => new AppError("unauthenticated", "Begin the sign-in again: it took too long.");
  if (!sealed) throw begin();
  let attempt: Attempt & { readonly until: number };
  try {
    attempt = JSON.parse(context.keyring.openReturned(ATTEMPT, sealed));
  } catch {
    throw begin();
  }
  if (attempt.until <= context.clock.now()) throw begin();
  return attempt;
}

const refused = (message: string): AppError => new AppError("forbidden", message);

function emailOf({ email, emailVerified }: Claims): string {
  const parsed = v.safeParse(Email, email);
  if (!parsed.success) throw refused("The identity provider gave no e-mail address.");
  if (!emailVerified) throw refused("The identity provider has not verified your e-mail address.");
  return parsed.output;
}

/** Moves the person to where their groups say. The last owner of a workspace stays its owner. */
async function applyGroups(
  room: AccessRoom,
  writer: Writer,
  provider: Provider,
  accountId: Id<"acc">,
  { groups }: Claims,
): Promise<readonly AuditDraft[]> {
  const { roles } = provider.settings;
  if (roles.length === 0) return [];
  const workspaces = (await listWorkspaceIds(writer)).map(({ id }) => id);
  const current = await listMemberships(writer, accountId);
  const { put, remove } = changesTo(current, wantedMemberships(groups, roles, workspaces));
  const before = new Map(current.map((one) => [one.workspace_id, one.role]));
  const audit: AuditDraft[] = [];
  for (const workspaceId of [...remove, ...put.map(({ workspace_id }) => workspace_id)]) {
    const next = put.find(({ workspace_id }) => workspace_id === workspaceId);
    const was = before.get(workspaceId);
    const loses = was === "owner" && next?.role !== "owner";
    if (loses && (await countOtherOwners(writer, workspaceId, accountId)) === 0) continue;
    if (next) await putMembership(writer, accountId, next);
    else await deleteMembership(writer, accountId, workspaceId);
    // Servers go on with the keys of whoever left.
    const keysLeft = next ? [] : [...(await reassignKeys(writer, workspaceId, accountId, null))];
    const details = { by: "groups", before: was ?? null, after: next?.role ?? null, keysLeft };
    audit.push({ workspaceId, action: "member.role_changed", target: accountId, details });
  }
  if (audit.length > 0) writer.afterCommit(() => room.sessions.forget());
  return audit;
}

async function findOrMakeAccount(
  room: AccessRoom,
  writer: Writer,
  provider: Provider,
  claims: Claims,
): Promise<{ readonly account: AccountRow; readonly audit: readonly AuditDraft[] }> {
  const { issuer, roles } = provider.settings;
  const { subject } = claims;
  const known = await findAccountOfIdentity(writer, { issuer, subject });
  const found = known && (await findAccount(writer, known.account_id));
  if (found) return { account: found, audit: [] };
  const email = emailOf(claims);
  const byEmail = await findAccountOfEmail(writer, email);
  if (!byEmail) {
    const workspaces = (await listWorkspaceIds(writer)).map(({ id }) => id);
    if (wantedMemberships(claims.groups, roles, workspaces).length === 0) {
      throw refused("None of your groups may enter here: ask whoever runs this installation.");
    }
  }
  const id = byEmail?.id ?? room.context.ids.next("acc");
  if (!byEmail) await insertOidcAccount(writer, { id, email, name: claims.name?.slice(0, 100) ?? null });
  await insertIdentity(writer, { issuer, subject, accountId: id });
  if (byEmail) await dropEarlierProofs(room, writer, byEmail);
  const account = await findAccount(writer, id);
  if (!account) throw new Error("the account that was just made is not there");
  const action = byEmail ? "account.identity_linked" : "account.created";
  return { account, audit: [{ workspaceId: "", action, target: id, details: { issuer } }] };
}

/**
 * Whoever made an account for an address before its owner came by the provider must not stay in it: the password, the
 * factor and the sessions from before are gone. Those who sign in locally by design keep theirs.
 */
async function dropEarlierProofs(
  room: AccessRoom,
  writer: Writer,
  { id, operator, break_glass }: AccountRow,
): Promise<void> {
  if (operator === 1 || break_glass === 1) return;
  await removePassword(writer, id);
  await removeTotp(writer, id);
  await moveEpoch(writer, id, undefined);
  writer.afterCommit(() => room.sessions.forget());
}

const sealToken = ({ context }: AccessRoom, sessionId: string, token: string | undefined): string | null =>
  token === undefined ? null : context.keyring.seal(tokenPlace(sessionId), token);

/** By what the provider says of a person: finds or makes the account, follows the groups, begins a session. */
export async function signInByProvider(
  room: AccessRoom,
  provider: Provider,
  origin: Origin,
  { claims, refreshToken }: Vouched,
): Promise<MadeSession> {
  assertSafeWay(room, origin);
  const { context } = room;
  const { id, address } = origin;
  const request: RequestInfo = { id, ...(address === undefined ? {} : { address }) };
  const account = await mutate(context, { kind: "system", name: "oidc", request }, async (writer) => {
    const made = await findOrMakeAccount(room, writer, provider, claims);
    if (made.account.disabled_at !== null) throw refused("This account is closed.");
    const groups = await applyGroups(room, writer, provider, made.account.id, claims);
    return { result: made.account, audit: [...made.audit, ...groups], announce: [], jobs: [] };
  });
  // Whoever must give a second factor gives it at the provider: a session of theirs counts as having one.
  const session = await startSession(room, origin, account, { method: "oidc", factor: true });
  const sealed = sealToken(room, session.id, refreshToken);
  await context.database.write((writer) => putOidcSession(writer, { session_id: session.id, refresh_token: sealed }));
  return session;
}

/**
 * Before a session is renewed: whoever the provider does not vouch for any more is out, and changed groups are followed.
 * Where it can't be asked, the session goes on for a day.
 */
export async function recheck(
  room: AccessRoom,
  provider: Provider,
  refresh: string,
  request: RequestInfo,
): Promise<void> {
  const { context } = room;
  const found = await context.database.read((reader) => findOidcSession(reader, sha256Hex(refresh)));
  if (!found || found.refresh_token === null) return;
  const { session_id: sessionId, account_id: accountId } = found;
  const token = context.keyring.open(tokenPlace(sessionId), found.refresh_token);
  const { issuer } = provider.settings;
  const subject = (await context.database.read((reader) => findSubject(reader, issuer, accountId)))?.subject;
  let vouched: Vouched | undefined;
  try {
    vouched = subject === undefined ? undefined : await provider.check(token, subject);
  } catch (error) {
    context.log.warn("the identity provider could not be asked", { requestId: request.id, error: String(error) });
    if (addMs(found.checked_at, UNCHECKED_MAX_MS) > context.clock.now()) return;
  }
  const principal = { kind: "system", name: "oidc", request } as const;
  await mutate(context, principal, async (writer) => {
    if (!vouched) {
      await endSession(writer, accountId, sessionId, "the identity provider does not vouch for the person any more");
      writer.afterCommit(() => room.sessions.forget());
      const audit = [{ workspaceId: "" as const, action: "session.ended", target: sessionId, details: { accountId } }];
      return { result: undefined, audit, announce: [], jobs: [] };
    }
    await putOidcSession(writer, {
      session_id: sessionId,
      refresh_token: sealToken(room, sessionId, vouched.refreshToken),
    });
    const audit = await applyGroups(room, writer, provider, accountId, vouched.claims);
    if (audit.length > 0) await moveEpoch(writer, accountId, sessionId);
    return { result: undefined, audit, announce: [], jobs: [] };
  });
}
