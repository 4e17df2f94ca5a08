import type { Authenticate } from "../../http/exchange.ts";
import { CachedKey } from "./key-cache.ts";
import type { LastUse } from "./last-use.ts";
import type { AccessRoom } from "./room.ts";
import { hashOfSecret, isSecretKey } from "./secret-key.ts";
import { findKeyOfSecret } from "./store.ts";

/** How the guard learns whose secret it was given. */
export function createAuthenticate({ context, cache }: AccessRoom, lastUse: LastUse): Authenticate {
  const use = (key: CachedKey): CachedKey | undefined => {
    if (!key.isUsable()) return undefined;
    lastUse.note(key.identity.keyId);
    return key;
  };

  const lookUp = async (hash: string): Promise<CachedKey | undefined> => {
    for (;;) {
      const { epoch } = cache;
      const found = await context.database.read((reader) => findKeyOfSecret(reader, hash));
      // Something was revoked or rotated meanwhile: what was read may be what was true before.
      if (cache.epoch !== epoch) continue;
      if (!found) return undefined;
      // Two requests may look up the same secret at once; both must hold the one that a revocation will reach.
      const twin = cache.get(hash);
      if (twin) return use(twin);
      const key = new CachedKey(found.identity, found.expiresAt, context.clock);
      cache.put(hash, key);
      return use(key);
    }
  };

  return (secret) => {
    const hash = hashOfSecret(secret);
    const known = cache.get(hash);
    if (known) return use(known);
    return isSecretKey(secret) ? lookUp(hash) : undefined;
  };
}
