import type { Reader, Writer } from "../../../database/database.ts";
import type { MailDraft } from "../../../journal/mail.ts";
import { type Mutation, mutate } from "../../../journal/mutate.ts";
import { isId } from "../../../kernel/ids.ts";
import type { RequestInfo, SystemPrincipal } from "../../../kernel/principal.ts";
import { bareCredential } from "../inspector/read-form.ts";
import { listOwners } from "../people/team/store.ts";
import type { AccessRoom } from "../room.ts";
import { endSession } from "../sessions/store.ts";
import { findAccount } from "../sign-in/store.ts";
import { isBrowsers, useOf } from "../tokens/find-token.ts";
import { findSessionOfToken, revokeWidgetSession } from "../tokens/store.ts";
import { listNamedContacts } from "../workspaces/store.ts";
import { endOfSecret } from "./identity.ts";
import { hashOfSecret, isKeyText, readKeyText } from "./key-text.ts";
import { leakNotice } from "./letters.ts";
import { findKeyWithSecret, markRevoked, type PlacedKey } from "./store.ts";

const REASON = "reported as leaked";

/**
 * Whoever has all of a credential can end it: that harms less than what else they could do with it. It says nothing of
 * what it found. A publishable key stays, since every visitor of a page has it: there is nothing to leak, and anybody
 * could silence the page.
 */
export async function reportLeak(room: AccessRoom, request: RequestInfo, given: string): Promise<void> {
  const principal: SystemPrincipal = { kind: "system", name: "leak-report", request };
  const isRevoked = await endLeaked(room, principal, bareCredential(given));
  room.leaksReported.add(1, { outcome: isRevoked ? "revoked" : "nothing" });
}

function endLeaked(room: AccessRoom, principal: SystemPrincipal, text: string): boolean | Promise<boolean> {
  if (isKeyText(text)) {
    return readKeyText(text)?.kind === "secret" && revokeLeakedKey(room, principal, hashOfSecret(text));
  }
  const use = useOf(text);
  if (use === "session") return endLeakedSession(room, principal, text);
  return isBrowsers(use) && revokeLeakedToken(room, principal, { use, text });
}

const NOTHING: Mutation<boolean> = { result: false, audit: [], announce: [], jobs: [] };
const REVOKED: Mutation<boolean> = { ...NOTHING, result: true };

function revokeLeakedKey({ context, cache }: AccessRoom, principal: SystemPrincipal, hash: string): Promise<boolean> {
  return mutate(context, principal, async (writer) => {
    const placed = await findKeyWithSecret(writer, hash);
    if (!placed || !isInForce(placed, writer)) return NOTHING;
    const { key, workspaceId } = placed;
    const { id, environmentId, name } = key;
    await markRevoked(writer, environmentId, id);
    writer.afterCommit(() => cache.endNow(id));
    const details = { name, reason: REASON };
    return {
      ...REVOKED,
      audit: [{ workspaceId, environmentId, action: "key.revoked", target: id, details }],
      mail: await noticesOf(writer, placed),
    };
  });
}

/** A secret that is over anyhow proves nothing of the one after it. */
function isInForce(placed: PlacedKey, { now }: Writer): boolean {
  const end = endOfSecret(placed);
  return placed.key.revokedAt === undefined && (end === undefined || end > now);
}

async function noticesOf(writer: Writer, placed: PlacedKey): Promise<readonly MailDraft[]> {
  const told = await listConcerned(writer, placed);
  return told.map((to) => leakNotice(to, placed, writer.now));
}

/** The owners, the contacts for security, and who answers for the key: each once. */
async function listConcerned(reader: Reader, { workspaceId, key }: PlacedKey): Promise<readonly string[]> {
  const owners = await listOwners(reader, workspaceId);
  const contacts = (await listNamedContacts(reader, workspaceId)).filter(({ kind }) => kind === "security");
  const owner = key.ownedBy === undefined ? undefined : await findAccount(reader, key.ownedBy);
  return [...new Set([...owners, ...contacts, ...(owner ? [owner] : [])].map(({ email }) => email))];
}

async function revokeLeakedToken(
  { context, cache, signing, knownOrigins }: AccessRoom,
  principal: SystemPrincipal,
  { use, text }: { readonly use: "widget" | "embed"; readonly text: string },
): Promise<boolean> {
  const verdict = await signing.verify(use, text);
  if (verdict.kind === "bad" || !isId("wst", verdict.claims.sid)) return false;
  const { sid } = verdict.claims;
  return mutate(context, principal, async (writer) => {
    const placed = await findSessionOfToken(writer, sid);
    if (!placed) return NOTHING;
    const { environmentId } = placed.session;
    if ((await revokeWidgetSession(writer, environmentId, sid)) === 0) return NOTHING;
    writer.afterCommit(() => {
      cache.endNow(sid);
      knownOrigins.forget();
    });
    const entry = { workspaceId: placed.workspaceId, environmentId, action: "token.revoked", target: sid };
    return { ...REVOKED, audit: [{ ...entry, details: { reason: REASON } }] };
  });
}

async function endLeakedSession(
  { context, signing, sessions }: AccessRoom,
  principal: SystemPrincipal,
  text: string,
): Promise<boolean> {
  const verdict = await signing.verify("session", text);
  if (verdict.kind === "bad" || !isId("ses", verdict.claims.sid)) return false;
  const live = await sessions.find(verdict.claims.sid);
  if (!live) return false;
  const { id, signedInId } = live;
  return mutate(context, principal, async (writer) => {
    if ((await endSession(writer, signedInId, id, REASON)) === 0) return NOTHING;
    writer.afterCommit(() => sessions.forget());
    const details = { accountId: signedInId, reason: REASON };
    return { ...REVOKED, audit: [{ workspaceId: "", action: "session.ended", target: id, details }] };
  });
}
