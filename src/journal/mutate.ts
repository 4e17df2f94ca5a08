import type { Context } from "../context.ts";
import type { Writer } from "../database/database.ts";
import type { JobDraft } from "../jobs/job.ts";
import { enqueueJobs } from "../jobs/store.ts";
import type { Principal } from "../kernel/principal.ts";
import { type AuditDraft, appendAudit } from "./audit.ts";
import { claimed, recall } from "./idempotency.ts";
import { enqueueMail, type MailDraft } from "./mail.ts";
import { type Announcement, announce } from "./outbox.ts";

/** What a change leaves behind besides its own rows. All but mails are asked for, so that none is forgotten. */
export interface Mutation<T> {
  /** JSON, with whatever of the answer can't be made twice: a repeat under an `Idempotency-Key` may be given it. */
  readonly result: T;
  readonly audit: readonly AuditDraft[];
  readonly announce: readonly Announcement[];
  readonly jobs: readonly JobDraft[];
  /** For people, one for each recipient. */
  readonly mail?: readonly MailDraft[];
}

/**
 * Runs a change and writes its audit entries, announcements, jobs and mails in the same transaction, and the claim of the
 * request that asks for it under an `Idempotency-Key`. A change that was made under that key before is not made again:
 * what it came to is given.
 */
export function mutate<T>(
  context: Pick<Context, "database" | "ids" | "keyring" | "log" | "fanOut">,
  principal: Principal,
  change: (writer: Writer) => Promise<Mutation<T>>,
): Promise<T> {
  const recalled = recall(principal.request.idempotency);
  if (recalled) return Promise.resolve(recalled.result as T);
  return context.database.write((writer) => mutateWithin(context, writer, principal, change));
}

/** The same inside a transaction that is already open. */
export function mutateWithin<T>(
  context: Pick<Context, "ids" | "keyring" | "log" | "fanOut">,
  writer: Writer,
  principal: Principal,
  change: (writer: Writer) => Promise<Mutation<T>>,
): Promise<T> {
  return claimed(context, writer, principal.request.idempotency, async () => {
    const mutation = await change(writer);
    await appendAudit(context, writer, principal, mutation.audit);
    await announce(context, writer, mutation.announce);
    await enqueueJobs(context, writer, mutation.jobs);
    if (mutation.mail) await enqueueMail(context, writer, mutation.mail);
    return mutation.result;
  });
}
