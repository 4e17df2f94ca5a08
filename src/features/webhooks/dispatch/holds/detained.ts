import type { Context } from "../../../../context.ts";
import type { Reader } from "../../../../database/database.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { Hold } from "../../../../outbound/outbound.ts";
import { openEndpoint } from "../../format/stored.ts";
import { findSubscription } from "../../subscriptions/store.ts";

/** Subscriptions whose endpoints the egress proxy does not lead to at present. */
export async function findDetained(
  { outbound, keyring }: Pick<Context, "outbound" | "keyring">,
  reader: Reader,
  environmentId: Id<"env">,
  ids: readonly Id<"sub">[],
): Promise<ReadonlyMap<Id<"sub">, Hold>> {
  const detained = new Map<Id<"sub">, Hold>();
  // Nothing to look for in nearly all installations.
  if (outbound.proxy === undefined) return detained;
  for (const id of ids) {
    const row = await findSubscription(reader, environmentId, id);
    const endpoint = row && openEndpoint(keyring, row);
    const hold = endpoint === undefined ? undefined : outbound.holdOf?.(endpoint);
    if (hold) detained.set(id, hold);
  }
  return detained;
}
