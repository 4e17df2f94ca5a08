import type { Writer } from "../../../database/database.ts";
import type { JobDraft } from "../../../jobs/job.ts";
import { mutate } from "../../../journal/mutate.ts";
import { notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import type { Room } from "../room.ts";
import { changesOf } from "./create.ts";
import { endWaitingOf } from "./end-waiting.ts";
import { deleteSecret, findSubscription, listSecrets, replaceSubscription, type SubscriptionRow } from "./store.ts";

/** Deletes a subscription with its secrets, and cancels what waits. What it received can still be read. */
export async function deleteSubscription(room: Room, principal: EnvironmentPrincipal, id: Id<"sub">): Promise<void> {
  const { environmentId, workspaceId } = principal;
  await mutate(room, principal, async (writer) => {
    const row = await findSubscription(writer, environmentId, id);
    if (!row) throw notFound("The subscription");
    const jobs = await closeSubscription(room, writer, row);
    return {
      result: undefined,
      audit: [{ workspaceId, environmentId, action: "webhook.deleted", target: id, ...changesOf(row, undefined) }],
      announce: [],
      jobs,
    };
  });
}

/** Takes nothing more from here on. @returns the jobs that end the rest of what waits */
export async function closeSubscription(room: Room, writer: Writer, row: SubscriptionRow): Promise<JobDraft[]> {
  await replaceSubscription(writer, {
    ...row,
    headers_sealed: null,
    payload_sealed: null,
    tls_sealed: null,
    updated_at: writer.now,
    deleted_at: writer.now,
  });
  for (const secret of await listSecrets(writer, row.id)) await deleteSecret(writer, secret.id);
  room.directory.forget(row.environment_id, row.id);
  writer.afterCommit(() => {
    room.dispatcher.reconsider(row.id);
    room.waiters.wake([row.id]);
  });
  return endWaitingOf(writer, row.id, "deleted");
}
