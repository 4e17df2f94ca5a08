import type { Context } from "../context.ts";
import type { Writer } from "../database/database.ts";
import type { JobDraft } from "../jobs/job.ts";
import { enqueueJobs } from "../jobs/store.ts";
import type { Principal } from "../kernel/principal.ts";
import { type AuditDraft, appendAudit } from "./audit.ts";
import { type Announcement, announce } from "./outbox.ts";

/** What a change leaves behind besides its own rows. All four are asked for, so that none is forgotten. */
export interface Mutation<T> {
  readonly result: T;
  readonly audit: readonly AuditDraft[];
  readonly announce: readonly Announcement[];
  readonly jobs: readonly JobDraft[];
}

/** Runs a change and writes its audit entries, announcements and jobs in the same transaction. */
export function mutate<T>(
  context: Pick<Context, "database" | "ids" | "keyring" | "log" | "fanOut">,
  principal: Principal,
  change: (writer: Writer) => Promise<Mutation<T>>,
): Promise<T> {
  return context.database.write((writer) => mutateWithin(context, writer, principal, change));
}

/** The same inside a transaction that is already open. */
export async function mutateWithin<T>(
  context: Pick<Context, "ids" | "keyring" | "log" | "fanOut">,
  writer: Writer,
  principal: Principal,
  change: (writer: Writer) => Promise<Mutation<T>>,
): Promise<T> {
  const mutation = await change(writer);
  await appendAudit(context, writer, principal, mutation.audit);
  await announce(context, writer, mutation.announce);
  await enqueueJobs(context, writer, mutation.jobs);
  return mutation.result;
}
