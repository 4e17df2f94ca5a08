import type { Context } from "../../../context.ts";
import type { Finding } from "../../../feature.ts";
import { addMs, HOUR } from "../../../kernel/units.ts";
import { type DigestPlans, latestDay } from "./plan.ts";
import { findLastRun, findLatestDigest } from "./store.ts";

const PAGE = 500;
/** It is looked for every five minutes. */
const LATE_AFTER = HOUR;

/**
 * Whether every workspace has the digest that is due. One is missed where a run has come and gone without it: a server that
 * has just been started, or a machine that slept, gets to it within minutes.
 */
export async function examineDigests(
  { database, clock }: Pick<Context, "database" | "clock">,
  plans: DigestPlans,
): Promise<readonly Finding[]> {
  const now = clock.now();
  const late = await database.read(async (reader) => {
    let count = 0;
    const ran = await findLastRun(reader);
    for (let after = ""; ; ) {
      const page = await plans.list(reader, { after, rows: PAGE });
      for (const plan of page) {
        const day = latestDay(plan, now);
        if (ran === undefined || ran < day.dueAt || addMs(day.dueAt, LATE_AFTER) >= now) continue;
        const latest = await findLatestDigest(reader, plan.workspaceId, now);
        if (latest && latest.until_at < day.until) count += 1;
      }
      const last = page.at(-1);
      if (page.length < PAGE || !last) return count;
      after = last.workspaceId;
    }
  });
  const message =
    late === 0
      ? "Every workspace has had its daily digest."
      : `${late} workspaces lack the digest of the last day: it is made while the server runs; if it does, its log says why not.`;
  return [{ check: "webhooks.digests", ok: late === 0, message }];
}
