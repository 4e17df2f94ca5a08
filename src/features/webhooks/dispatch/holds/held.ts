import type { Reader } from "../../../../database/database.ts";
import type { Id } from "../../../../kernel/ids.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import { allowance, type RateLimit } from "./rate.ts";
import { findHolds, findRateLimits, type Hold } from "./store.ts";

/** Until when nothing goes out, by its rate limit or its own wish; undefined where something may. */
function heldUntilOf(hold: Hold | undefined, limit: RateLimit | undefined, now: UnixMs): UnixMs | undefined {
  if (!hold) return undefined;
  const wished = hold.heldUntil !== undefined && hold.heldUntil > now ? hold.heldUntil : undefined;
  const rate = limit && allowance(hold.taken, limit, now);
  const limited = rate?.free === 0 ? rate.freeAt : undefined;
  if (wished === undefined || limited === undefined) return wished ?? limited;
  return Math.max(wished, limited) as UnixMs;
}

/** Which of these are held back now, and until when. */
export async function findHeld(
  reader: Reader,
  ids: readonly Id<"sub">[],
  now: UnixMs,
): Promise<ReadonlyMap<Id<"sub">, UnixMs>> {
  const holds = await findHolds(reader, ids);
  const limits = await findRateLimits(reader, [...holds.keys()]);
  const held = new Map<Id<"sub">, UnixMs>();
  for (const [id, hold] of holds) {
    const until = heldUntilOf(hold, limits.get(id), now);
    if (until !== undefined) held.set(id, until);
  }
  return held;
}
