import type { Writer } from "../../../database/database.ts";
import type { JobDraft } from "../../../jobs/job.ts";
import type { Id } from "../../../kernel/ids.ts";
import { REASON_DELETED, REASON_DISABLED } from "../deliver.ts";
import { endWaiting } from "../deliveries/store.ts";

/** So many waiting deliveries are ended with the change itself; the rest by a job, so that the lane stays free. */
export const ENDED_AT_ONCE_MAX = 1_000;
export const END_WAITING_JOB = "webhooks.end_waiting";

/** What becomes of deliveries that wait for a subscription that takes no more. */
export const WAITING_ENDS = {
  disabled: { status: "skipped", reason: REASON_DISABLED },
  deleted: { status: "canceled", reason: REASON_DELETED },
} as const;

/** Ends what waits; where that is very much, the rest by a job. */
export async function endWaitingOf(writer: Writer, id: Id<"sub">, why: keyof typeof WAITING_ENDS): Promise<JobDraft[]> {
  const ended = await endWaiting(writer, id, WAITING_ENDS[why], ENDED_AT_ONCE_MAX);
  if (ended < ENDED_AT_ONCE_MAX) return [];
  return [{ kind: END_WAITING_JOB, payload: { subscriptionId: id, why }, uniqueKey: `${id}:${why}` }];
}
