import type { Writer } from "../../../../database/database.ts";
import type { Id } from "../../../../kernel/ids.ts";
import { addMs, HOUR, type UnixMs } from "../../../../kernel/units.ts";
import type { Verdict } from "../../deliver.ts";
import type { Directory } from "../../directory.ts";
import { keepHeldUntil } from "./store.ts";

/** A longer wish holds the one delivery that it answered; everything else is tried again after this. */
const HELD_MAX_MS = HOUR;

interface Answered {
  readonly claim: { readonly target: { readonly subscriptionId: Id<"sub"> } };
  readonly verdict: Verdict;
}

/** Endpoints that asked to be left alone for a while (`Retry-After`) are, for all that waits for them. */
export async function holdEndpoints(
  directory: Directory,
  writer: Writer,
  outcomes: readonly Answered[],
): Promise<readonly Id<"sub">[]> {
  const untils = new Map<Id<"sub">, UnixMs>();
  const latest = addMs(writer.now, HELD_MAX_MS);
  for (const { claim, verdict } of outcomes) {
    if (verdict.kind !== "retry" || verdict.notBefore === undefined) continue;
    const { subscriptionId } = claim.target;
    const wished = Math.min(verdict.notBefore, latest);
    untils.set(subscriptionId, Math.max(untils.get(subscriptionId) ?? 0, wished) as UnixMs);
  }
  const rows = [...untils].map(([subscriptionId, until]) => ({ subscriptionId, until }));
  await keepHeldUntil(writer, rows);
  for (const { subscriptionId } of rows) directory.forgetTarget(subscriptionId);
  return [...untils.keys()];
}
