import type { Authenticate } from "../../http/exchange.ts";
import type { Id } from "../../kernel/ids.ts";
import type { KnownCredential } from "./credential-cache.ts";
import { credentialOfKey } from "./keys/identity.ts";
import { hashOfSecret, isKeyText } from "./keys/key-text.ts";
import type { LastUse } from "./keys/last-use.ts";
import { findKeyWithSecret } from "./keys/store.ts";
import type { AccessRoom } from "./room.ts";
import { findLiveToken, looksLikeToken } from "./tokens/find-token.ts";

/** How the guard learns whose key or token it was given. */
export function createBearerAuthentication(room: AccessRoom, lastUse: LastUse): Authenticate["bearer"] {
  const { context, cache } = room;
  const use = (credential: KnownCredential | undefined): KnownCredential | undefined => {
    if (!credential?.isUsable()) return undefined;
    const { kind } = credential.identity;
    if (kind === "key" || kind === "publishable") lastUse.note(credential.id as Id<"key">);
    return credential;
  };

  const readKey = async (hash: string): Promise<KnownCredential | undefined> => {
    const found = await context.database.read((reader) => findKeyWithSecret(reader, hash));
    return found && credentialOfKey(found, context.clock);
  };

  return (secret) => {
    const hash = hashOfSecret(secret);
    const known = cache.get(hash);
    if (known) return use(known);
    if (isKeyText(secret)) return cache.find(hash, () => readKey(hash)).then(use);
    return looksLikeToken(secret) ? cache.find(hash, () => findLiveToken(room, secret)).then(use) : undefined;
  };
}
