import type { Context } from "../../../context.ts";
import type { Writer } from "../../../database/database.ts";
import { type Announcement, announce } from "../../../journal/outbox.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { DurationMs, UnixMs } from "../../../kernel/units.ts";
import type { OutboundResult } from "../../../outbound/outbound.ts";
import { isOfEndpoint, type Resting, type Settled, settle, type Verdict } from "../deliver.ts";
import type { Directory } from "../directory.ts";
import type { HourBook } from "../health/hours.ts";
import { toldEndpoint } from "../health/shown-endpoint.ts";
import { isOperational } from "../operations-events.ts";
import { isAbandoned, isPauseDue, isWorthAWord } from "../subscriptions/pausing.ts";
import {
  disableSubscription,
  pauseSubscription,
  recoverSubscription,
  type Standing,
  type Subject,
} from "../subscriptions/standing.ts";
import { findHealth, type HealthRow, lockStanding, updateHealth } from "../subscriptions/store.ts";
import type { AttemptVerdict, DeliveryProgress, ReplayOrigin, Target } from "../types.ts";
import { type Claim, openTarget } from "./claim.ts";
import { holdEndpoints } from "./holds/hold.ts";
import type { Outcome } from "./send.ts";
import {
  closeAttempts,
  type DeliveredRow,
  type EndedAttemptRow,
  endAttempts,
  endDelivered,
  listOrphans,
  listSending,
  lockDeliveries,
  type SendingRow,
  type SettledRow,
  settleDeliveries,
  unclaim,
} from "./store.ts";

const HEADER_CHARACTERS_MAX = 16 * 1024;

/** What the dispatcher goes on with once the rows are on the disk. */
export interface Report {
  readonly settled: readonly { readonly subscriptionId: Id<"sub">; readonly settled: Settled }[];
  /** Left alone by what was answered: what was claimed for them is given back. */
  readonly stopped: readonly Id<"sub">[];
  /** Answering again: what waited is due. */
  readonly recovered: readonly Id<"sub">[];
  /** They asked to be left alone for a while. */
  readonly held: readonly Id<"sub">[];
}

const NOTHING: Report = { settled: [], stopped: [], recovered: [], held: [] };

export interface Settling extends Standing, Pick<Context, "config" | "chance" | "clock"> {
  /** Where attempts are counted by the hour. */
  readonly hours: HourBook;
}

/** How a delivery stands, as the verdict on it needs it. */
export function progressOf(row: SendingRow): DeliveryProgress {
  return {
    attempts: row.attempts,
    failures: row.failures,
    interruptions: row.interruptions,
    refusals: row.prefers_newest,
    replayFrom: row.replay_from === null ? undefined : (JSON.parse(row.replay_from) as ReplayOrigin),
    cancelRequested: row.waiting_for === "cancel",
    dueAt: row.due_at,
  };
}

async function restingOf(writer: Writer, ids: readonly Id<"sub">[]): Promise<ReadonlyMap<Id<"sub">, Resting>> {
  const rows = await lockStanding(writer, [...new Set(ids)]);
  return new Map(
    rows.map(({ id, status, deleted_at }) => [
      id,
      deleted_at !== null ? "deleted" : status === "disabled" ? "disabled" : "waits",
    ]),
  );
}

/**
 * Everything that follows from a group of answers, in one transaction: the attempt, the delivery and when it is due
 * again, the health of the subscription, and a subscription that asked to be left alone. An outcome whose delivery was
 * claimed anew since, or rescued, changes nothing.
 */
export async function settleOutcomes(
  context: Settling,
  directory: Directory,
  writer: Writer,
  outcomes: readonly Outcome[],
  claimant: string,
): Promise<Report> {
  if (outcomes.length === 0) return NOTHING;
  const through = outcomes.filter(({ verdict }) => verdict.kind === "delivered");
  const failed = outcomes.filter(({ verdict }) => verdict.kind !== "delivered");
  const delivered = await settleDelivered(writer, through);
  const others = await settleOthers(context, writer, failed, claimant);
  const valid = [...delivered, ...others.valid];
  await endAttempts(writer, valid.map(endedAttempt));
  const health = await noteHealth(writer, valid);
  await context.hours.noteOutcomes(writer, valid, exhaustedOf(others));
  await tellExhausted(context, writer, others);
  const held = await holdEndpoints(directory, writer, valid);
  return { settled: others.settled, held, ...(await followAnswers(context, directory, writer, valid, health)) };
}

/** Those that have failed for good. */
const exhaustedOf = ({ valid, settled }: Awaited<ReturnType<typeof settleOthers>>): ReadonlySet<Id<"dlv">> =>
  new Set(valid.filter((_, index) => settled[index]?.settled.status === "failed").map(({ claim }) => claim.id));

/** A delivery that has failed for good is told of; one that itself tells how deliveries fare is not. */
async function tellExhausted(
  context: Settling,
  writer: Writer,
  { valid, settled }: Pick<Awaited<ReturnType<typeof settleOthers>>, "valid" | "settled">,
): Promise<void> {
  const announcements = valid.flatMap(({ claim, verdict }, index): Announcement[] => {
    const next = settled[index]?.settled;
    // What no body could be made of is skipped, and told of all the same: nobody would look for it.
    const ended = next?.status === "failed" || (next?.status === "skipped" && verdict.kind === "unsendable");
    if (!ended || isOperational(claim.event)) return [];
    const { subscriptionId, environmentId, endpoint } = claim.target;
    const data = {
      subscriptionId,
      endpoint: toldEndpoint(endpoint),
      deliveryId: claim.id,
      outboundEventId: claim.outboundEventId,
      event: claim.event,
      attemptCount: claim.attempt,
      reason: next?.reason ?? "",
    };
    return [{ environmentId, type: "delivery.exhausted", data, about: subscriptionId }];
  });
  if (announcements.length > 0) await announce(context, writer, announcements);
}

interface HealthChange {
  readonly before: HealthRow;
  readonly after: HealthRow;
}

/** Pauses, recovers and switches off, as the answers of the group ask for. */
async function followAnswers(
  context: Settling,
  directory: Directory,
  writer: Writer,
  outcomes: readonly Outcome[],
  health: ReadonlyMap<Id<"sub">, HealthChange>,
): Promise<Pick<Report, "stopped" | "recovered">> {
  const stopped: Id<"sub">[] = [];
  const recovered: Id<"sub">[] = [];
  const byTarget = Map.groupBy(outcomes, ({ claim }) => claim.target.subscriptionId);
  for (const [id, own] of byTarget) {
    const target = own[0]?.claim.target;
    const change = health.get(id);
    if (!target || !change) continue;
    const subject = { environmentId: target.environmentId, id };
    const last = lastFailureOf(own);
    const gone = own.map(({ verdict }) => verdict).find((verdict) => verdict.kind === "gone");
    if (gone) {
      const reason = gone.reason === "answered 410" ? "the endpoint answered 410 Gone" : gone.reason;
      if (await disableSubscription(context, directory, writer, subject, reason)) stopped.push(id);
    } else if (own.some(({ claim, verdict }) => claim.isProbe && verdict.kind === "delivered")) {
      if (await recoverSubscription(context, directory, writer, subject)) recovered.push(id);
    } else if (last !== undefined) {
      if (await followFailure(context, directory, writer, { subject, target, change, last })) stopped.push(id);
    }
  }
  return { stopped, recovered };
}

/** @returns whether the endpoint is left alone from now on */
async function followFailure(
  context: Settling,
  directory: Directory,
  writer: Writer,
  {
    subject,
    target,
    change: { before, after },
    last,
  }: {
    readonly subject: Subject;
    readonly target: Target;
    readonly change: HealthChange;
    readonly last: string;
  },
): Promise<boolean> {
  if (isAbandoned(after, writer.now)) {
    const reason = `5 days of failures only, the last one: ${last}`;
    return disableSubscription(context, directory, writer, subject, reason);
  }
  const failuresInRow = after.failures_in_row;
  if (target.status === "active" && isPauseDue(after, target.pause, writer.now)) {
    return pauseSubscription(context, directory, writer, subject, { failuresInRow, lastFailure: last });
  }
  if (isWorthAWord(before.failures_in_row, failuresInRow)) {
    const data = {
      subscriptionId: subject.id,
      endpoint: toldEndpoint(target.endpoint),
      failuresInRow,
      lastFailure: last,
    };
    const { environmentId, id } = subject;
    await announce(context, writer, [{ environmentId, type: "subscription.failing", data, about: id }]);
  }
  return false;
}

/** In words, of the answer that came last; undefined where none of them was a failure of the endpoint. */
const lastFailureOf = (outcomes: readonly Outcome[]): string | undefined =>
  outcomes
    .toSorted((left, right) => left.endedAt - right.endedAt)
    .map(({ verdict }) => (verdict.kind === "retry" || verdict.kind === "refused" ? verdict.reason : undefined))
    .findLast((reason) => reason !== undefined);

async function settleDelivered(writer: Writer, outcomes: readonly Outcome[]): Promise<readonly Outcome[]> {
  if (outcomes.length === 0) return [];
  const rows = outcomes.map(
    (outcome): DeliveredRow => ({
      id: outcome.claim.id,
      epoch: outcome.claim.epoch,
      reason: outcome.verdict.kind === "delivered" ? outcome.verdict.reason : "",
      endedAt: outcome.endedAt,
    }),
  );
  const changed = await endDelivered(writer, rows);
  if (changed === rows) return outcomes;
  const ids = new Set(changed.map(({ id }) => id));
  return outcomes.filter(({ claim }) => ids.has(claim.id));
}

async function settleOthers(
  context: Settling,
  writer: Writer,
  outcomes: readonly Outcome[],
  claimant: string,
): Promise<{ readonly valid: readonly Outcome[]; readonly settled: Report["settled"] }> {
  if (outcomes.length === 0) return { valid: [], settled: [] };
  const { webhooks } = context.config;
  const claims = outcomes.map(({ claim }) => claim);
  const rows = new Map(
    (
      await lockDeliveries(
        writer,
        claims.map(({ id }) => id),
      )
    ).map((row) => [row.id, row]),
  );
  const resting = await restingOf(
    writer,
    claims.map(({ target }) => target.subscriptionId),
  );
  const valid: Outcome[] = [];
  const settled: { subscriptionId: Id<"sub">; settled: Settled }[] = [];
  const settledRows: SettledRow[] = [];
  for (const outcome of outcomes) {
    const { claim, endedAt, validSecrets, verdict } = outcome;
    const { subscriptionId, retryDelays } = claim.target;
    const row = rows.get(claim.id);
    if (!row || !isOurs(row, claim, claimant)) continue;
    const next = settle(progressOf(row), claim.isProbe ? ofProbe(verdict) : verdict, {
      endedAt,
      retryDelays: retryDelays ?? webhooks.retryDelays,
      retryJitter: webhooks.retryJitter,
      chance: context.chance,
      resting: verdict.kind === "gone" ? "disabled" : (resting.get(subscriptionId) ?? "deleted"),
      validSecrets,
    });
    valid.push(outcome);
    settled.push({ subscriptionId, settled: next });
    settledRows.push({ ...next, id: claim.id, epoch: claim.epoch });
  }
  await settleDeliveries(writer, settledRows);
  return { valid, settled };
}

/** A probe asks for the endpoint's sake: its failure leaves the delivery as it was. */
const ofProbe = (verdict: Verdict): Verdict =>
  verdict.kind === "retry" ? { kind: "interrupted", counted: false } : verdict;

/** Gives back claims that never had a socket: as if they had not been taken. */
export async function returnClaims(
  context: Settling,
  writer: Writer,
  claims: readonly Claim[],
  claimant: string,
): Promise<Report> {
  if (claims.length === 0) return NOTHING;
  const rows = new Map(
    (
      await lockDeliveries(
        writer,
        claims.map(({ id }) => id),
      )
    ).map((row) => [row.id, row]),
  );
  const resting = await restingOf(
    writer,
    claims.map(({ target }) => target.subscriptionId),
  );
  const ours = claims.filter((claim) => {
    const row = rows.get(claim.id);
    return row !== undefined && isOurs(row, claim, claimant);
  });
  const settled = ours.map((claim) => ({
    subscriptionId: claim.target.subscriptionId,
    claim,
    settled: putBack(context, rows.get(claim.id) as SendingRow, {
      now: writer.now,
      counted: false,
      resting: resting.get(claim.target.subscriptionId) ?? "deleted",
      retryDelays: context.config.webhooks.retryDelays,
    }),
  }));
  await settleDeliveries(
    writer,
    settled.map(({ claim, settled: next }) => ({ ...next, id: claim.id, epoch: claim.epoch })),
  );
  await unclaim(writer, ours);
  return {
    ...NOTHING,
    settled: settled.map(({ subscriptionId, settled: next }) => ({ subscriptionId, settled: next })),
  };
}

const RESCUED_AT_ONCE = 500;

/**
 * What another life of this process left `sending` is due at once; its open attempts were cut off.
 * @returns how many: call again while it is not 0
 */
export async function rescueOrphans(
  context: Settling,
  directory: Directory,
  writer: Writer,
  claimant: string,
): Promise<number> {
  const rows = await listOrphans(writer, claimant, RESCUED_AT_ONCE);
  await rescue(context, directory, writer, rows);
  return rows.length;
}

/**
 * What the rows say is ours and nobody holds: a commit whose answer never came was kept all the same. No socket was ever
 * opened for it. @returns how many
 */
export async function rescueUnheld(
  context: Settling,
  directory: Directory,
  writer: Writer,
  options: { readonly claimant: string; readonly isHeld: (row: Pick<SendingRow, "id" | "epoch">) => boolean },
): Promise<number> {
  const rows = (await listSending(writer, options.claimant)).filter((row) => !options.isHeld(row));
  await rescue(context, directory, writer, rows);
  return rows.length;
}

async function rescue(
  context: Settling,
  directory: Directory,
  writer: Writer,
  rows: readonly SendingRow[],
): Promise<void> {
  const ladders = new Map<Id<"sub">, readonly DurationMs[] | undefined>();
  for (const id of new Set(rows.map((row) => row.subscription_id))) {
    ladders.set(id, (await openTarget(directory, writer, id))?.retryDelays);
  }
  const resting = await restingOf(
    writer,
    rows.map((row) => row.subscription_id),
  );
  await settleDeliveries(
    writer,
    rows.map((row) => ({
      ...putBack(context, row, {
        now: writer.now,
        counted: true,
        resting: resting.get(row.subscription_id) ?? "deleted",
        retryDelays: ladders.get(row.subscription_id) ?? context.config.webhooks.retryDelays,
      }),
      id: row.id,
      epoch: row.epoch,
    })),
  );
  await closeAttempts(
    writer,
    rows.map(({ id, attempts }) => ({ deliveryId: id, number: attempts })),
    "interrupted",
  );
}

const isOurs = (row: SendingRow, claim: Claim, claimant: string): boolean =>
  row.status === "sending" && row.epoch === claim.epoch && row.claimed_by === claimant;

function putBack(
  context: Settling,
  row: SendingRow,
  options: {
    readonly now: UnixMs;
    readonly counted: boolean;
    readonly resting: Resting;
    readonly retryDelays: readonly DurationMs[];
  },
): Settled {
  return settle(
    progressOf(row),
    { kind: "interrupted", counted: options.counted },
    {
      endedAt: options.now,
      retryDelays: options.retryDelays,
      retryJitter: context.config.webhooks.retryJitter,
      chance: context.chance,
      resting: options.resting,
      validSecrets: 0,
    },
  );
}

function endedAttempt(outcome: Outcome): EndedAttemptRow {
  const { claim, startedAt, endedAt, requestHeaders, result, verdict } = outcome;
  const answered = result.kind === "answered" ? result : undefined;
  return {
    deliveryId: claim.id,
    number: claim.attempt,
    startedAt,
    endedAt,
    verdict: attemptVerdict(verdict),
    error: result.kind === "failed" ? result.message : null,
    requestHeaders: JSON.stringify(requestHeaders),
    requestBody: outcome.requestBody,
    responseStatus: answered?.status ?? null,
    responseHeaders: answered ? boundedHeaders(answered.headers) : null,
    responseBody: answered && answered.body.length > 0 ? answered.body : null,
    timings: timingsText(result.timings),
  };
}

function attemptVerdict({ kind }: Verdict): AttemptVerdict {
  if (kind === "purged" || kind === "unsendable") return "refused";
  return kind === "waits" ? "interrupted" : kind;
}

const timingsText = ({ dns, firstByte, body }: OutboundResult["timings"]): string =>
  `{"dns":${Math.round(dns)},"firstByte":${Math.round(firstByte)},"body":${Math.round(body)}}`;

/** Whole headers, as many as fit: they are diagnostics, and a receiver may send anything. */
function boundedHeaders(headers: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(headers);
  if (text.length <= HEADER_CHARACTERS_MAX) return text;
  const kept: Record<string, string> = {};
  let used = 0;
  for (const [name, value] of Object.entries(headers)) {
    used += name.length + value.length + 8;
    if (used <= HEADER_CHARACTERS_MAX) kept[name] = value;
  }
  return JSON.stringify(kept satisfies JsonObject);
}

/** Counts failures in a row, in the order in which the endpoint answered. */
async function noteHealth(writer: Writer, outcomes: readonly Outcome[]): Promise<ReadonlyMap<Id<"sub">, HealthChange>> {
  const told = outcomes.filter(({ verdict }) => isOfEndpoint(verdict)).sort((a, b) => a.endedAt - b.endedAt);
  const ids = new Set(told.map(({ claim }) => claim.target.subscriptionId));
  const before = await findHealth(writer, [...ids].sort());
  const rows = new Map(before.map((row) => [row.subscription_id, row]));
  for (const { claim, endedAt, verdict } of told) {
    const row = rows.get(claim.target.subscriptionId);
    if (row) rows.set(row.subscription_id, afterAnswer(row, endedAt, verdict.kind === "delivered"));
  }
  await updateHealth(writer, [...rows.values()]);
  return new Map(
    before.map((row) => [row.subscription_id, { before: row, after: rows.get(row.subscription_id) ?? row }]),
  );
}

const afterAnswer = (row: HealthRow, at: UnixMs, success: boolean): HealthRow =>
  success
    ? { ...row, failures_in_row: 0, failing_since: null, last_success_at: at }
    : {
        ...row,
        failures_in_row: row.failures_in_row + 1,
        failing_since: row.failing_since ?? at,
        last_failure_at: at,
      };
