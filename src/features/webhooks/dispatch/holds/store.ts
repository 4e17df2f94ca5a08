import type { Reader, Writer } from "../../../../database/database.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import type { RateLimit, Taken } from "./rate.ts";

export interface Hold {
  readonly taken: Taken;
  /** The endpoint asked to be left alone until then. */
  readonly heldUntil: UnixMs | undefined;
}

/** What holds subscriptions back, of those that anything is known of; by ids that were found before. */
export async function findHolds(reader: Reader, ids: readonly Id<"sub">[]): Promise<ReadonlyMap<Id<"sub">, Hold>> {
  if (ids.length === 0) return new Map();
  const rows = await reader.findMany<{ subscription_id: Id<"sub">; taken: string; held_until: UnixMs | null }>({
    table: "subscription_holds",
    columns: ["subscription_id", "taken", "held_until"],
    keyColumns: ["subscription_id"],
    keys: ids.map((id) => [id]),
  });
  return new Map(
    rows.map(({ subscription_id, taken, held_until }) => [
      subscription_id,
      { taken: JSON.parse(taken) as Taken, heldUntil: held_until ?? undefined },
    ]),
  );
}

export async function findRateLimits(
  reader: Reader,
  ids: readonly Id<"sub">[],
): Promise<ReadonlyMap<Id<"sub">, RateLimit>> {
  if (ids.length === 0) return new Map();
  const rows = await reader.findMany<{ id: Id<"sub">; rate_limit: string | null }>({
    table: "subscriptions",
    columns: ["id", "rate_limit"],
    keyColumns: ["id"],
    keys: ids.map((id) => [id]),
  });
  return new Map(
    rows.flatMap(({ id, rate_limit }) => (rate_limit === null ? [] : [[id, JSON.parse(rate_limit) as RateLimit]])),
  );
}

/** Written with the claims, before any of them has a socket. */
export async function keepTaken(
  writer: Writer,
  rows: readonly { readonly subscriptionId: Id<"sub">; readonly taken: Taken }[],
): Promise<void> {
  if (rows.length === 0) return;
  await writer.upsertMany({
    table: "subscription_holds",
    columns: ["subscription_id", "taken"],
    keyColumns: ["subscription_id"],
    rows: rows.map(({ subscriptionId, taken }) => [subscriptionId, JSON.stringify(taken)]),
  });
}

export async function keepHeldUntil(
  writer: Writer,
  rows: readonly { readonly subscriptionId: Id<"sub">; readonly until: UnixMs }[],
): Promise<void> {
  if (rows.length === 0) return;
  await writer.upsertMany({
    table: "subscription_holds",
    columns: ["subscription_id", "held_until"],
    keyColumns: ["subscription_id"],
    rows: rows.map(({ subscriptionId, until }) => [subscriptionId, until]),
  });
}

/** Its wish to be left alone holds no longer. */
export const liftHold = (writer: Writer, subscriptionId: Id<"sub">): Promise<number> =>
  writer.run("UPDATE subscription_holds SET held_until = NULL WHERE subscription_id = ?", [subscriptionId]);
