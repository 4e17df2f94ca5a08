/*
 * How a subscription stands after what its endpoint answered: left alone, asked again, going on, or switched off.
 *
 *   active ──failures in a row──▶ paused ──probe succeeds──▶ active, all that waits goes on
 *      │                            │ └──probe fails──▶ paused, asked again later
 *      └──410, five days of failures only──▶ disabled; what waits is skipped, listed and recoverable
 *
 * Each change is written in the transaction of the answer that caused it, with its audit entry, its operational event and
 * the mails to the workspace's contacts.
 */

import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import type { JobDraft } from "../../../jobs/job.ts";
import { mutateWithin } from "../../../journal/mutate.ts";
import { isoTime } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { type DurationMs, SECOND } from "../../../kernel/units.ts";
import type { Directory } from "../directory.ts";
import { toldEndpoint } from "../health/shown-endpoint.ts";
import { endWaitingOf } from "./end-waiting.ts";
import { type FindContacts, type Notice, noticesOf } from "./notices.ts";
import { nextProbeAt } from "./pausing.ts";
import { findSubscription, replaceSubscription, type SubscriptionRow } from "./store.ts";

export interface Standing extends Pick<Context, "ids" | "keyring" | "log" | "fanOut"> {
  readonly findContacts: FindContacts;
}

export interface Subject {
  readonly environmentId: Id<"env">;
  readonly id: Id<"sub">;
}

interface Change {
  readonly action: string;
  readonly event: string;
  readonly data: JsonObject;
  readonly row: SubscriptionRow;
  readonly notice: Notice | undefined;
  readonly jobs: readonly JobDraft[];
}

/** Short troubles are told as events, not as mails: a pause that ended within this was one. */
const WORTH_A_MAIL_MS = 60 * SECOND;

/** @returns whether anything was changed: not where somebody changed it meanwhile */
async function change(
  context: Standing,
  directory: Directory,
  writer: Writer,
  { environmentId, id }: Subject,
  decide: (row: SubscriptionRow) => Promise<Change | undefined>,
): Promise<boolean> {
  const before = await findSubscription(writer, environmentId, id);
  const change = before && (await decide(before));
  if (!before || !change) return false;
  const { action, event, data, row, notice, jobs } = change;
  const principal = { kind: "system", name: "webhooks", request: { id: context.ids.next("req") } } as const;
  await mutateWithin(context, writer, principal, async () => {
    await replaceSubscription(writer, { ...row, updated_at: writer.now });
    directory.forget(environmentId, id);
    const details = row.reason === null ? {} : { details: { reason: row.reason } };
    const audit = {
      workspaceId: row.workspace_id,
      environmentId,
      action,
      target: id,
      before: { status: before.status },
      after: { status: row.status },
      ...details,
    };
    return {
      result: undefined,
      audit: [audit],
      announce: [
        {
          environmentId,
          type: event,
          data: { subscriptionId: id, endpoint: toldEndpoint(row.endpoint), ...data },
          about: id,
        },
      ],
      jobs,
      mail: notice ? await noticesOf(context.findContacts, writer, row, notice) : [],
    };
  });
  return true;
}

/** Too many failures in a row: what waits goes on waiting, until a probe succeeds. */
export const pauseSubscription = (
  context: Standing,
  directory: Directory,
  writer: Writer,
  subject: Subject,
  { failuresInRow, lastFailure }: { readonly failuresInRow: number; readonly lastFailure: string },
): Promise<boolean> =>
  change(context, directory, writer, subject, async (row) => {
    if (row.status !== "active") return undefined;
    const pauseFor = row.pause_for as DurationMs | null;
    const until = nextProbeAt(writer.now, 0, { pauseAfter: row.pause_after, pauseFor });
    const failures = failuresInRow === 1 ? "1 failure" : `${failuresInRow} failures in a row`;
    const reason = `${failures}, the last one: ${lastFailure}`;
    return {
      action: "webhook.paused",
      event: "subscription.paused",
      data: { failuresInRow, lastFailure, pausedUntil: isoTime(until) },
      row: { ...row, status: "paused", reason, paused_until: until, paused_since: writer.now, probes: 0 },
      notice: { kind: "paused", reason, until },
      jobs: [],
    };
  });

/** A probe came through: everything goes on. */
export const recoverSubscription = (
  context: Standing,
  directory: Directory,
  writer: Writer,
  subject: Subject,
): Promise<boolean> =>
  change(context, directory, writer, subject, async (row) => {
    // Where a person paused it, a person makes it go on.
    if (row.status !== "paused" || row.paused_until === null) return undefined;
    const pausedSince = row.paused_since ?? writer.now;
    return {
      action: "webhook.recovered",
      event: "subscription.recovered",
      data: { pausedSince: isoTime(pausedSince) },
      row: { ...row, status: "active", reason: null, paused_until: null, paused_since: null, probes: 0 },
      notice: writer.now - pausedSince > WORTH_A_MAIL_MS ? { kind: "recovered", pausedSince } : undefined,
      jobs: [],
    };
  });

/** Nobody is there any more. What waits is skipped, listed and recoverable. */
export const disableSubscription = (
  context: Standing,
  directory: Directory,
  writer: Writer,
  subject: Subject,
  reason: string,
): Promise<boolean> =>
  change(context, directory, writer, subject, async (row) => {
    if (row.status === "disabled") return undefined;
    return {
      action: "webhook.disabled",
      event: "subscription.disabled",
      data: { reason },
      row: { ...row, status: "disabled", reason, paused_until: null, paused_since: null, probes: 0 },
      notice: { kind: "disabled", reason },
      jobs: await endWaitingOf(writer, row.id, "disabled"),
    };
  });
