import { isoTime } from "../../../kernel/clock.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { EnvironmentKind, EnvironmentPrincipal, OperatorPrincipal } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { endOfSecret, identityOfKey, originsOfKey } from "../keys/identity.ts";
import { hashOfSecret, readKeyText } from "../keys/key-text.ts";
import { findKeyWithSecret, type PlacedKey } from "../keys/store.ts";
import type { AccessRoom } from "../room.ts";
import { isBrowsers, useOf } from "../tokens/find-token.ts";
import { readUnchecked } from "../tokens/signing.ts";
import { findSessionOfToken, type PlacedSession } from "../tokens/store.ts";
import { bareCredential, kindOf } from "./read-form.ts";
import { problemsOfRequest } from "./request.ts";
import type { CredentialKind, InspectCredential, Inspection, KnownFacts, Problem } from "./types.ts";

type Asker = EnvironmentPrincipal | OperatorPrincipal;

/** What was found out: whose it is, where the asker may know that, and what is wrong with the credential itself. */
interface Finding {
  readonly facts?: KnownFacts;
  readonly problems: readonly Problem[];
}

const SURROUNDED: Problem = {
  code: "surrounded",
  message: "Quotes, spaces or the word Bearer stand around it: they are no part of it.",
};

const NOT_FOR_REQUESTS: Readonly<Partial<Record<CredentialKind, string>>> = {
  session_token: "It is the session of a person who signed in: it works in its cookie and not as a Bearer.",
  webhook_secret: "It is the secret of a webhook: it checks signatures and calls nothing.",
  one_time_link: "It is the token of a mailed link: it works in that link, once.",
  setup_token: "It is the token that claims a fresh installation: it works on the set-up page, once.",
  unknown: "It is no credential of this product: it begins like none of them.",
};

/**
 * What a credential is, whose, and why it is refused. Nobody is told of what belongs to another environment: that is as
 * unknown as what was never made. The credential is looked at and neither kept nor shown again.
 */
export async function inspectCredential(
  room: AccessRoom,
  asker: Asker,
  { credential, ...request }: InspectCredential,
): Promise<Inspection> {
  const text = bareCredential(credential);
  const kind = kindOf(text);
  const elsewhere = NOT_FOR_REQUESTS[kind];
  const found: Finding =
    elsewhere !== undefined
      ? { problems: [{ code: kind === "unknown" ? "no_credential" : "wrong_use", message: elsewhere }] }
      : kind === "secret_key" || kind === "publishable_key"
        ? await inspectKey(room, asker, text)
        : await inspectToken(room, asker, text);
  const { facts, problems } = found;
  return {
    kind,
    inForce: facts !== undefined && problems.length === 0,
    facts,
    problems: [
      ...(text === credential ? [] : [SURROUNDED]),
      ...problems,
      ...(facts ? problemsOfRequest(room.routes(), facts, request) : []),
    ],
  };
}

/** Whether the asker may know of what is in this environment. */
const mayKnow = (asker: Asker, environmentId: Id<"env">): boolean =>
  asker.kind === "operator" || asker.environmentId === environmentId;

function unknownHere(asker: Asker, what: string, environment: EnvironmentKind | undefined): Finding {
  const isElse = asker.kind !== "operator" && environment !== undefined && environment !== asker.environmentKind;
  const other: Problem[] = isElse
    ? [
        {
          code: "other_environment",
          message: `It is for a ${environment} environment, and you ask in ${asker.environmentKind}.`,
        },
      ]
    : [];
  const place = asker.kind === "operator" ? "this installation" : "this environment";
  const message = `It is unknown to ${place}: well-formed, but there is no such ${what}.`;
  return { problems: [...other, { code: "unknown_here", message }] };
}

async function inspectKey({ context }: AccessRoom, asker: Asker, text: string): Promise<Finding> {
  const read = readKeyText(text);
  if (!read?.isIntact) {
    const message = "Its checksum is wrong: a character is missing, was added or was mistyped.";
    return { problems: [{ code: "cut_or_mistyped", message }] };
  }
  const placed = await context.database.read((reader) => findKeyWithSecret(reader, hashOfSecret(text)));
  if (!placed || !mayKnow(asker, placed.key.environmentId)) return unknownHere(asker, "key", read.environment);
  return { facts: factsOfKey(placed), problems: problemsOfKey(placed, context.clock.now()) };
}

function problemsOfKey({ key, secretEndsAt, isWorkspaceOpen }: PlacedKey, now: UnixMs): Problem[] {
  const problems: Problem[] = [];
  if (key.revokedAt !== undefined) problems.push(revoked(key.revokedAt));
  if (key.expiresAt !== undefined && key.expiresAt <= now) problems.push(expired(key.expiresAt));
  if (secretEndsAt !== undefined && secretEndsAt <= now) {
    const message = `The key was rotated, and this secret of it ended at ${isoTime(secretEndsAt)}.`;
    problems.push({ code: "rotated_out", message });
  }
  if (!isWorkspaceOpen) problems.push(CLOSED);
  return problems;
}

const revoked = (at: UnixMs): Problem => ({ code: "revoked", message: `It was revoked at ${isoTime(at)}.` });
const expired = (at: UnixMs): Problem => ({ code: "expired", message: `It ended by itself at ${isoTime(at)}.` });
const CLOSED: Problem = { code: "workspace_closed", message: "Its workspace is suspended or deleted." };

const factsOfKey = (placed: PlacedKey): KnownFacts => ({
  id: placed.key.id,
  name: placed.key.name,
  identity: identityOfKey(placed),
  origins: originsOfKey(placed.key),
  createdBy: placed.key.createdBy,
  ownedBy: placed.key.ownedBy,
  createdAt: placed.key.createdAt,
  lastUsedAt: placed.key.lastUsedAt,
  expiresAt: endOfSecret(placed),
  revokedAt: placed.key.revokedAt,
});

const TOKEN_PROBLEMS = {
  malformed: { code: "malformed_token", message: "It is no whole token: a part of it is missing or was changed." },
  unknown_key: {
    code: "unknown_signing_key",
    message: "It was signed with a key that this installation does not have: elsewhere, or very long ago.",
  },
  wrong_signature: { code: "wrong_signature", message: "Its signature is wrong: it was changed, or forged." },
  wrong_use: { code: "wrong_use", message: "It was made for something else." },
} as const satisfies Readonly<Record<string, Problem>>;

/** Only what is signed by us is believed; the row behind it is looked up even where the token is over. */
async function inspectToken({ context, signing }: AccessRoom, asker: Asker, text: string): Promise<Finding> {
  const use = useOf(text);
  if (!isBrowsers(use)) return { problems: [TOKEN_PROBLEMS.malformed] };
  const verdict = await signing.verify(use, text);
  if (verdict.kind === "bad" && verdict.reason !== "expired") return { problems: [TOKEN_PROBLEMS[verdict.reason]] };
  const sid = readUnchecked(text)?.claims.sid;
  const placed =
    typeof sid === "string" && isId("wst", sid)
      ? await context.database.read((reader) => findSessionOfToken(reader, sid))
      : undefined;
  if (!placed || !mayKnow(asker, placed.session.environmentId)) return unknownHere(asker, "token", undefined);
  return { facts: factsOfToken(placed), problems: problemsOfToken(placed, context.clock.now()) };
}

function problemsOfToken({ session, isWorkspaceOpen }: PlacedSession, now: UnixMs): Problem[] {
  const problems: Problem[] = [];
  if (session.revokedAt !== undefined) problems.push(revoked(session.revokedAt));
  if (session.expiresAt <= now) problems.push(expired(session.expiresAt));
  if (!isWorkspaceOpen) problems.push(CLOSED);
  return problems;
}

const factsOfToken = ({ session, environmentKind, workspaceId }: PlacedSession): KnownFacts => ({
  id: session.id,
  name: undefined,
  identity: {
    kind: session.kind,
    credentialId: session.id,
    workspaceId,
    environmentId: session.environmentId,
    environmentKind,
    userId: session.userId,
    scopes: new Set(session.scopes),
  },
  origins: session.origin === undefined ? undefined : [session.origin],
  createdBy: session.createdBy,
  ownedBy: undefined,
  createdAt: session.createdAt,
  lastUsedAt: undefined,
  expiresAt: session.expiresAt,
  revokedAt: session.revokedAt,
});
