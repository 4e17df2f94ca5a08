import type { Reader } from "../../../database/database.ts";
import { isoTime } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { type DigestPlans, nextDueAt } from "./plan.ts";
import { findLatestDigest } from "./store.ts";

export interface DigestTimes {
  readonly last: { readonly date: string; readonly at: string } | null;
  /** Null where the workspace gets none. */
  readonly nextAt: string | null;
}

/** When the last digest of a workspace was made, and when the next one will be. */
export async function findDigestTimes(
  plans: DigestPlans,
  reader: Reader,
  workspaceId: Id<"ws">,
  now: UnixMs,
): Promise<DigestTimes> {
  const last = await findLatestDigest(reader, workspaceId, now);
  const plan = await plans.find(reader, workspaceId);
  return {
    last: last && last.headline !== null ? { date: last.covered, at: isoTime(last.made_at) } : null,
    nextAt: plan ? isoTime(nextDueAt(plan, now)) : null,
  };
}
