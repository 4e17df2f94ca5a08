import { mutate } from "../../../journal/mutate.ts";
import { notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { Principal } from "../../../kernel/principal.ts";
import { assertMayActIn } from "../permissions.ts";
import type { AccessRoom } from "../room.ts";
import { findEnvironment } from "../store.ts";
import type { Key } from "../types.ts";
import { findKey, markRevoked } from "./store.ts";

/** Ends a key with all its secrets, at once and for ever. Revoking twice is fine. */
export async function revokeKey(
  { context, cache, knownOrigins }: AccessRoom,
  principal: Principal,
  { environmentId, keyId }: { readonly environmentId: Id<"env">; readonly keyId: Id<"key"> },
): Promise<Key> {
  assertMayActIn(principal, environmentId);
  return mutate(context, principal, async (writer) => {
    const environment = await findEnvironment(writer, environmentId);
    const key = await findKey(writer, environmentId, keyId, writer.now);
    if (!environment || !key) throw notFound("The key");
    if (key.revokedAt !== undefined) return { result: key, audit: [], announce: [], jobs: [] };
    await markRevoked(writer, environmentId, keyId);
    writer.afterCommit(() => {
      cache.endNow(keyId);
      if (key.kind === "publishable") knownOrigins.forget();
    });
    return {
      result: { ...key, revokedAt: writer.now },
      audit: [
        {
          workspaceId: environment.workspaceId,
          environmentId,
          action: "key.revoked",
          target: keyId,
          details: { name: key.name },
        },
      ],
      announce: [],
      jobs: [],
    };
  });
}
