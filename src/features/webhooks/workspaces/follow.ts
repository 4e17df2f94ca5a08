import type { Reader, Writer } from "../../../database/database.ts";
import type { JobDefinition, JobDraft } from "../../../jobs/job.ts";
import { enqueueJobs } from "../../../jobs/store.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Room } from "../room.ts";
import { closeSubscription } from "../subscriptions/delete.ts";
import { findSubscription, forgetFailures, replaceSubscription, type SubscriptionRow } from "../subscriptions/store.ts";
import { listOfWorkspace } from "./store.ts";

/** Whether anything may leave for a workspace. One that is gone counts as deleted. */
export type WorkspaceState = "open" | "suspended" | "deleted";
export type FindWorkspaceState = (reader: Reader, workspaceId: Id<"ws">) => Promise<WorkspaceState>;

const FOLLOW_JOB = "webhooks.follow_workspace";
/** Subscriptions of one transaction; each may end what waits for it. */
const CHUNK = 20;
const REASON_SUSPENDED = "the workspace is suspended";

/** What is to be done after a workspace was suspended, resumed or deleted, in the transaction that did it. */
export const followWorkspace = (workspaceId: Id<"ws">): JobDraft => ({ kind: FOLLOW_JOB, payload: { workspaceId } });

/**
 * Makes a workspace's subscriptions be as the workspace is. Deleted: they are deleted too, and what waits is canceled.
 * Suspended: they are paused, and what waits is kept. Open again: what was paused by that goes on. The state is asked anew in
 * every transaction, so that of several such jobs at once each comes to the same end.
 */
export const createFollowJob = (room: Room, findState: FindWorkspaceState): JobDefinition => ({
  kind: FOLLOW_JOB,
  async run(context, job) {
    const { workspaceId } = job.payload as { workspaceId: Id<"ws"> };
    let after = "";
    for (;;) {
      if (job.signal.aborted) return { kind: "snooze", until: context.clock.now() };
      const last = await room.database.write((writer) => followChunk(room, writer, { workspaceId, after, findState }));
      if (last === undefined) return { kind: "done" };
      after = last;
    }
  },
});

async function followChunk(
  room: Room,
  writer: Writer,
  {
    workspaceId,
    after,
    findState,
  }: { readonly workspaceId: Id<"ws">; readonly after: string; readonly findState: FindWorkspaceState },
): Promise<string | undefined> {
  const state = await findState(writer, workspaceId);
  const rows = await listOfWorkspace(writer, workspaceId, { after, rows: CHUNK });
  for (const { id, environment_id } of rows) {
    const row = await findSubscription(writer, environment_id, id);
    if (row) await followOne(room, writer, row, state);
  }
  return rows.at(-1)?.id;
}

async function followOne(room: Room, writer: Writer, row: SubscriptionRow, state: WorkspaceState): Promise<void> {
  if (state === "deleted") {
    await enqueueJobs(room, writer, await closeSubscription(room, writer, row));
    return;
  }
  const next = standingIn(state, row, writer.now);
  if (!next) return;
  await replaceSubscription(writer, { ...row, ...next, updated_at: writer.now });
  if (next.status === "active") await forgetFailures(writer, row.id);
  room.directory.forget(row.environment_id, row.id);
  writer.afterCommit(() => {
    room.dispatcher.reconsider(row.id);
    room.waiters.wake([row.id]);
  });
}

/** Undefined where it stays as it is: what a person paused stays paused, what is disabled stays disabled. */
function standingIn(
  state: "open" | "suspended",
  { status, reason, paused_until }: SubscriptionRow,
  now: UnixMs,
): Pick<SubscriptionRow, "status" | "reason" | "paused_until" | "paused_since" | "probes"> | undefined {
  const isOurs = reason === REASON_SUSPENDED;
  if (state === "open") {
    return isOurs ? { status: "active", reason: null, paused_until: null, paused_since: null, probes: 0 } : undefined;
  }
  const goesOut = status === "active" || (status === "paused" && paused_until !== null);
  if (!goesOut || isOurs) return undefined;
  return { status: "paused", reason: REASON_SUSPENDED, paused_until: null, paused_since: now, probes: 0 };
}
