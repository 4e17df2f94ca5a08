import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import type { JobDraft } from "../../../jobs/job.ts";
import { mutateWithin } from "../../../journal/mutate.ts";
import type { Id } from "../../../kernel/ids.ts";
import { REASON_DELETED, REASON_DISABLED } from "../deliver.ts";
import { endWaiting } from "../deliveries/store.ts";
import type { Directory } from "../directory.ts";
import { findSubscription, replaceSubscription } from "./store.ts";

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

/** Switches a subscription off because of what its endpoint answered. What waits is skipped, listed and recoverable. */
export async function disableSubscription(
  context: Pick<Context, "ids" | "keyring" | "log" | "fanOut">,
  directory: Directory,
  writer: Writer,
  subscription: { readonly environmentId: Id<"env">; readonly id: Id<"sub">; readonly reason: string },
): Promise<void> {
  const { environmentId, id, reason } = subscription;
  const row = await findSubscription(writer, environmentId, id);
  if (!row || row.status === "disabled") return;
  const principal = { kind: "system", name: "webhooks", request: { id: context.ids.next("req") } } as const;
  await mutateWithin(context, writer, principal, async () => {
    await replaceSubscription(writer, {
      ...row,
      status: "disabled",
      reason,
      paused_until: null,
      updated_at: writer.now,
    });
    directory.forget(environmentId, id);
    return {
      result: undefined,
      audit: [
        {
          workspaceId: row.workspace_id,
          environmentId,
          action: "webhook.disabled",
          target: id,
          details: { before: row.status, after: "disabled", reason },
        },
      ],
      announce: [],
      jobs: await endWaitingOf(writer, id, "disabled"),
    };
  });
}
