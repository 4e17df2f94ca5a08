import type { BrowserIdentity, KeyIdentity } from "../../../http/exchange.ts";
import type { Clock } from "../../../kernel/clock.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { KnownCredential } from "../credential-cache.ts";
import type { Key } from "../types.ts";
import type { PlacedKey } from "./store.ts";

/** Who acts by a key. */
export function identityOfKey({
  key,
  environmentKind,
  workspaceId,
}: Pick<PlacedKey, "key" | "environmentKind" | "workspaceId">): KeyIdentity | BrowserIdentity {
  const { id, name, kind, scopes, eventTypes, environmentId } = key;
  const place = { workspaceId, environmentId, environmentKind };
  if (kind === "secret") return { kind: "key", keyId: id, name, ...place, scopes: new Set(scopes) };
  return {
    kind: "publishable",
    credentialId: id,
    ...place,
    scopes: new Set(),
    ...(eventTypes === undefined ? {} : { eventTypes: new Set(eventTypes) }),
  };
}

/** Whose pages it works from; undefined for a key of servers. One for pages without a list of them is for none. */
export const originsOfKey = ({ kind, origins }: Key): readonly string[] | undefined =>
  kind === "publishable" ? (origins ?? []) : undefined;

/** When the secret that was found stops working, by itself or by a rotation. */
export function endOfSecret({ key, secretEndsAt }: PlacedKey): UnixMs | undefined {
  const ends = [key.expiresAt, secretEndsAt].filter((at) => at !== undefined);
  return ends.length === 0 ? undefined : (Math.min(...ends) as UnixMs);
}

/** What lets requests in by a key that was found; undefined for one that was revoked, or whose workspace is closed. */
export function credentialOfKey(placed: PlacedKey, clock: Clock): KnownCredential | undefined {
  const { key, isWorkspaceOpen } = placed;
  if (!isWorkspaceOpen || key.revokedAt !== undefined) return undefined;
  return new KnownCredential(identityOfKey(placed), { clock, expiresAt: endOfSecret(placed) }, originsOfKey(key));
}
