import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import type { JobDefinition } from "../../../jobs/job.ts";
import type { AuditDraft } from "../../../journal/audit.ts";
import { type Mutation, mutate } from "../../../journal/mutate.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { AccountPrincipal } from "../../../kernel/principal.ts";
import { addMs, MINUTE } from "../../../kernel/units.ts";
import { listMemberships } from "../people/team/store.ts";
import type { AccessRoom } from "../room.ts";
import { endSession, findImpersonation, findLiveSession } from "../sessions/store.ts";
import { type AccountRow, findAccount } from "../sign-in/store.ts";
import { endedNotice, startedNotice } from "./letters.ts";
import { findImpersonationRow, type ImpersonationRow, insertImpersonation, markEnded } from "./store.ts";

/*
 * An operator acts as another person, on their own session: what the session may do is what that person may, within the
 * bounds that the guard keeps. It ends by their own hand or by time, whichever is first. Who looks at it later finds it in
 * the chain of every workspace that the person belongs to, and the person has it in their mailbox.
 */

const MINUTES = 15;
const END_JOB = "access.end_impersonation";

export interface Impersonate {
  readonly accountId: Id<"acc">;
  readonly reason: string;
  /** Whether more than looking is allowed. */
  readonly changes?: boolean | undefined;
  readonly minutes?: number | undefined;
}

/** In the installation's chain, and in those of the person's workspaces. */
async function entries(
  writer: Writer,
  action: string,
  { id, account_id }: ImpersonationRow,
  details: JsonObject,
): Promise<readonly AuditDraft[]> {
  const memberships = await listMemberships(writer, account_id);
  const chains = ["" as const, ...memberships.map(({ workspace_id }) => workspace_id)];
  return chains.map((workspaceId) => ({ workspaceId, action, target: account_id, details: { id, ...details } }));
}

/** Operators see all that there is by themselves: behind another of them only their name could be hidden. */
function assertMayBeActedFor(account: AccountRow | undefined, operatorId: Id<"acc">): asserts account is AccountRow {
  if (!account) throw notFound("The account");
  if (account.id === operatorId) throw new AppError("conflict", "You are this person already.");
  if (account.operator === 1) throw new AppError("forbidden", "Nobody acts as another operator.");
  if (account.disabled_at !== null) throw new AppError("conflict", "The account is disabled.");
}

export function impersonate(
  room: AccessRoom,
  principal: AccountPrincipal,
  { accountId, reason, changes = false, minutes = MINUTES }: Impersonate,
): Promise<ImpersonationRow> {
  const { context, sessions } = room;
  const { accountId: operatorId, sessionId } = principal;
  return mutate(context, principal, async (writer) => {
    const session = await findLiveSession(writer, sessionId, writer.now);
    if (session?.operator !== 1) throw new AppError("forbidden", "This is for the operator of the installation.");
    if (await findImpersonation(writer, sessionId, writer.now)) {
      throw new AppError("conflict", "You act as another person already: end that first.");
    }
    const account = await findAccount(writer, accountId);
    assertMayBeActedFor(account, operatorId);
    const endsAt = addMs(writer.now, minutes * MINUTE);
    const row: ImpersonationRow = {
      id: context.ids.next("imp"),
      operator_id: operatorId,
      account_id: accountId,
      session_id: sessionId,
      reason,
      read_only: changes ? 0 : 1,
      started_at: writer.now,
      ends_at: endsAt,
      ended_at: null,
    };
    await insertImpersonation(writer, row);
    writer.afterCommit(() => sessions.forget());
    return {
      result: row,
      audit: await entries(writer, "impersonation.started", row, { reason, changes, endsAt: isoTime(endsAt) }),
      announce: [],
      jobs: [{ kind: END_JOB, payload: { id: row.id }, runAt: endsAt }],
      mail: [startedNotice(account.email, session.email, row)],
    };
  });
}

/** Once, whoever comes first. */
async function end(writer: Writer, id: string, how: "by hand" | "by time"): Promise<Mutation<void>> {
  const nothing = { result: undefined, audit: [], announce: [], jobs: [] };
  const row = await findImpersonationRow(writer, id);
  if (!row || (await markEnded(writer, id)) === 0) return nothing;
  const account = await findAccount(writer, row.account_id);
  return {
    ...nothing,
    audit: await entries(writer, "impersonation.ended", row, { how }),
    mail: account ? [endedNotice(account.email, isoTime(writer.now))] : [],
  };
}

/** The operator is themselves again. Ending twice is fine. */
export function stopImpersonating(room: AccessRoom, principal: AccountPrincipal): Promise<void> {
  const { impersonation } = principal;
  if (!impersonation) throw new AppError("conflict", "You act as nobody but yourself.");
  return mutate(room.context, principal, async (writer) => {
    writer.afterCommit(() => room.sessions.forget());
    return end(writer, impersonation.id, "by hand");
  });
}

/** Signing out ends both: the acting, and the operator's own session. */
export async function signOutOfBoth(room: AccessRoom, principal: AccountPrincipal): Promise<void> {
  const { impersonation, sessionId } = principal;
  if (!impersonation) throw new Error("signOutOfBoth() of somebody who acts as nobody else");
  await mutate(room.context, principal, async (writer) => {
    await endSession(writer, impersonation.operatorId, sessionId, "ended by the person");
    writer.afterCommit(() => room.sessions.forget());
    const ended = await end(writer, impersonation.id, "by hand");
    const details = { accountId: impersonation.operatorId };
    return {
      ...ended,
      audit: [...ended.audit, { workspaceId: "", action: "session.ended", target: sessionId, details }],
    };
  });
}

/** What nobody ended. The session found out by itself that its time was over; here it is written down and told. */
export const endImpersonationJob: JobDefinition = {
  kind: END_JOB,
  async run(context: Context, job) {
    const { id } = job.payload as { readonly id: string };
    const request = { id: job.id };
    await mutate(context, { kind: "system", name: "impersonation", request }, (writer) => end(writer, id, "by time"));
    return { kind: "done" };
  },
};
