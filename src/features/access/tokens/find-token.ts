import { isId } from "../../../kernel/ids.ts";
import { KnownCredential } from "../credential-cache.ts";
import type { AccessRoom } from "../room.ts";
import { readUnchecked, type TokenUse } from "./signing.ts";
import { findSessionOfToken } from "./store.ts";
import type { TokenKind } from "./types.ts";

/** `{"` in base64url: how every token begins. Longer than any of ours is none of ours. */
const LOOKS_LIKE_TOKEN = /^eyJ[\w-]{1,1000}\.[\w-]{1,2000}\.[\w-]{1,200}$/;

export const looksLikeToken = (text: string): boolean => LOOKS_LIKE_TOKEN.test(text);

/** What a token says that it is for; nothing of it is checked. */
export function useOf(token: string): TokenUse | undefined {
  const use = readUnchecked(token)?.claims.use;
  return use === "widget" || use === "embed" || use === "session" || use === "factor" ? use : undefined;
}

export const isBrowsers = (use: TokenUse | undefined): use is TokenKind => use === "widget" || use === "embed";

/** Who a token of a member's browser is; undefined for one that is forged, over, revoked or made for something else. */
export async function findLiveToken(
  { context, signing }: Pick<AccessRoom, "context" | "signing">,
  token: string,
): Promise<KnownCredential | undefined> {
  const use = useOf(token);
  if (!isBrowsers(use)) return undefined;
  const verdict = await signing.verify(use, token);
  if (verdict.kind === "bad" || !isId("wst", verdict.claims.sid)) return undefined;
  const { sid, sub } = verdict.claims;
  const found = await context.database.read((reader) => findSessionOfToken(reader, sid));
  if (!found?.isWorkspaceOpen) return undefined;
  const { session, environmentKind, workspaceId } = found;
  if (session.kind !== use || session.userId !== sub || session.revokedAt !== undefined) return undefined;
  const { id, environmentId, userId, scopes, origin, expiresAt } = session;
  return new KnownCredential(
    { kind: use, credentialId: id, workspaceId, environmentId, environmentKind, userId, scopes: new Set(scopes) },
    { clock: context.clock, expiresAt },
    origin === undefined ? undefined : [origin],
  );
}
