import type { Writer } from "../../../database/database.ts";
import { countOpen, findJob } from "../../../jobs/control.ts";
import { type JobView, showJob } from "../../../jobs/show.ts";
import { enqueueJobs } from "../../../jobs/store.ts";
import { mutate } from "../../../journal/mutate.ts";
import { isoTime, startStopwatch } from "../../../kernel/clock.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { formatDuration, SECOND, type UnixMs } from "../../../kernel/units.ts";
import { REASON_DISABLED } from "../deliver.ts";
import type { Room } from "../room.ts";
import type { SubscriptionStatus } from "../types.ts";
import { SHOWN } from "./job.ts";
import { RECOVERED_BY_DEFAULT, type RecoverInput } from "./schema.ts";
import { insertParts, listReceivers, type ReceiverRow } from "./store.ts";
import { type Survey, survey, toSend } from "./survey.ts";
import { type LeftOut, RECOVER_JOB, type RecoverPayload, type Wanted } from "./types.ts";

/** Rows that a mere count looks at, and how long: somebody waits for the answer. A job looks at all. */
const COUNTED_ROWS_MAX = 1_000_000;
const COUNTED_MS_MAX = 15 * SECOND;
/** Counts of an environment that are under way: more would only share the same time. */
const COUNTS_MAX = 4;
const SUBSCRIPTIONS_SHOWN_MAX = 1_000;
/** Recoveries of an environment that have not ended. */
const OPEN_MAX = 100;

/** For which subscriptions: the one of the path, those that are named, or all. */
export type Whose = Id<"sub"> | "all";

/** What a recovery would do. */
export interface RecoveryCount {
  readonly dryRun: true;
  /** How many deliveries would be sent. */
  readonly total: number;
  readonly failed: number;
  readonly skipped: number;
  readonly canceled: number;
  /** Events that no delivery was made of. */
  readonly missed: number;
  /** Ended as asked for, but nothing is left to send. */
  readonly bodyPurged: number;
  /** Skipped before anything was sent, and the subscription's filter does not want them, or still fails. */
  readonly unwanted: number;
  /** False where there was more to look at than a count does. */
  readonly complete: boolean;
  readonly since: string;
  readonly until: string;
  readonly subscriptions: readonly SubscriptionCount[];
}

type Counts = Omit<RecoveryCount, "dryRun" | "complete" | "since" | "until" | "subscriptions">;

interface SubscriptionCount extends Counts {
  readonly subscriptionId: Id<"sub">;
  readonly status: SubscriptionStatus;
  /** Why it would not be recovered; it is not in the sums then. */
  readonly leftOut: string | null;
}

/** Counts, and changes nothing; under an `Idempotency-Key` a repeat is told the same numbers. */
export async function countRecovery(
  room: Room,
  principal: EnvironmentPrincipal,
  whose: Whose,
  input: RecoverInput,
): Promise<RecoveryCount> {
  const result = await oneOfFew(principal.environmentId, () => count(room, principal, whose, input));
  if (!principal.request.idempotency) return result;
  return mutate(room, principal, async () => ({ result, audit: [], announce: [], jobs: [] }));
}

const counting = new Map<Id<"env">, number>();

async function oneOfFew<T>(environmentId: Id<"env">, work: () => Promise<T>): Promise<T> {
  const others = counting.get(environmentId) ?? 0;
  if (others >= COUNTS_MAX) {
    const retryAfterSeconds = COUNTED_MS_MAX / SECOND;
    throw new AppError("rate_limited", `${others} counts are under way: wait for their answers.`, {
      retryAfterSeconds,
    });
  }
  counting.set(environmentId, others + 1);
  try {
    return await work();
  } finally {
    const left = (counting.get(environmentId) ?? 1) - 1;
    if (left === 0) counting.delete(environmentId);
    else counting.set(environmentId, left);
  }
}

async function count(
  room: Room,
  { environmentId }: EnvironmentPrincipal,
  whose: Whose,
  input: RecoverInput,
): Promise<RecoveryCount> {
  const wanted = wantedOf(input, room.clock.now());
  const chosen = choose(await room.database.read((reader) => listReceivers(reader, environmentId)), whose, input);
  const elapsedMs = startStopwatch();
  const { bySubscription, complete } = await survey(room, environmentId, chosen, wanted, {
    rowsMax: COUNTED_ROWS_MAX,
    mayGoOn: () => elapsedMs() < COUNTED_MS_MAX,
  });
  const counts = chosen.flatMap((row) => {
    const own = bySubscription.get(row.id);
    return own ? [countOf(row, own)] : [];
  });
  const sumOf = (key: keyof Counts): number =>
    counts.reduce((sum, count) => (count.leftOut === null ? sum + count[key] : sum), 0);
  return {
    dryRun: true,
    total: sumOf("total"),
    failed: sumOf("failed"),
    skipped: sumOf("skipped"),
    canceled: sumOf("canceled"),
    missed: sumOf("missed"),
    bodyPurged: sumOf("bodyPurged"),
    unwanted: sumOf("unwanted"),
    complete,
    since: isoTime(wanted.since),
    until: isoTime(wanted.until),
    subscriptions: counts
      .filter(({ total, bodyPurged, unwanted }) => whose !== "all" || total + bodyPurged + unwanted > 0)
      .slice(0, SUBSCRIPTIONS_SHOWN_MAX),
  };
}

function countOf(row: ReceiverRow, own: Survey): SubscriptionCount {
  const { failed, skipped, canceled } = own.ended;
  const leftOut = row.status === "disabled" ? REASON_DISABLED : null;
  const { missed, bodyPurged, unwanted } = own;
  const counts: Counts = { total: toSend(own), failed, skipped, canceled, missed, bodyPurged, unwanted };
  return { subscriptionId: row.id, status: row.status, ...counts, leftOut };
}

/** Begins a recovery as a job. What is over by now is in it; what ends later is for the next one. */
export async function startRecovery(
  room: Room,
  principal: EnvironmentPrincipal,
  whose: Whose,
  input: RecoverInput,
): Promise<JobView> {
  const { environmentId, workspaceId } = principal;
  return mutate(room, principal, async (writer) => {
    const chosen = choose(await listReceivers(writer, environmentId), whose, input);
    const enabled = chosen.filter(({ status }) => status !== "disabled");
    const leftOut = chosen.filter(({ status }) => status === "disabled").map(disabled);
    if (enabled.length === 0 && leftOut.length > 0) throw allDisabled(leftOut.length);
    const open = await countOpen(writer, environmentId, RECOVER_JOB);
    if (open >= OPEN_MAX)
      throw new AppError("conflict", `${open} recoveries have not ended yet: cancel some, or wait.`);
    const payload: RecoverPayload = {
      ...wantedOf(input, writer.now),
      rate: input.rate ?? null,
      subscriptions: whose === "all" ? ((input.subscriptions as Id<"sub">[] | undefined) ?? null) : [whose],
      leftOut: leftOut.slice(0, SUBSCRIPTIONS_SHOWN_MAX),
    };
    const job = await insertJob(room, writer, environmentId, payload, enabled);
    return {
      result: job,
      audit: [
        {
          workspaceId,
          environmentId,
          action: "webhook.recovery_started",
          target: whose === "all" ? environmentId : whose,
          details: { jobId: job.id, ...auditDetails(payload), subscriptions: enabled.length },
        },
      ],
      announce: [],
      jobs: [],
    };
  });
}

/** The job first: its parts hang on it. */
async function insertJob(
  room: Room,
  writer: Writer,
  environmentId: Id<"env">,
  payload: RecoverPayload,
  receivers: readonly ReceiverRow[],
): Promise<JobView> {
  const id = room.ids.next("job");
  await enqueueJobs(room, writer, [{ id, kind: RECOVER_JOB, environmentId, payload: payload as JsonObject }]);
  writer.afterCommit(room.wakeJobs);
  await insertParts(
    writer,
    id,
    receivers.map((row) => row.id),
  );
  const row = await findJob(writer, environmentId, { id, kinds: [RECOVER_JOB] });
  if (!row) throw new Error("a job that was written is not there");
  return showJob(row, SHOWN);
}

function wantedOf({ since, until, statuses }: RecoverInput, now: UnixMs): Wanted {
  if (until !== undefined && until < since) {
    throw validationFailed([{ path: "until", message: "Lies before `since`." }]);
  }
  return {
    since,
    until: until === undefined || until > now ? now : until,
    statuses: [...new Set(statuses ?? RECOVERED_BY_DEFAULT)],
  };
}

function choose(all: readonly ReceiverRow[], whose: Whose, { subscriptions }: RecoverInput): readonly ReceiverRow[] {
  if (whose !== "all") {
    const own = all.filter(({ id }) => id === whose);
    if (own.length === 0) throw notFound("The subscription");
    return own;
  }
  if (subscriptions === undefined) return all;
  const known = new Set<string>(all.map(({ id }) => id));
  const unknown = subscriptions.flatMap((id, place) =>
    isId("sub", id) && known.has(id) ? [] : [{ path: `subscriptions.${place}`, message: "Was not found." }],
  );
  if (unknown.length > 0) throw validationFailed(unknown);
  const named = new Set(subscriptions);
  return all.filter(({ id }) => named.has(id));
}

const disabled = ({ id }: ReceiverRow): LeftOut => ({ subscriptionId: id, reason: REASON_DISABLED });

const allDisabled = (count: number): AppError =>
  new AppError(
    "conflict",
    count === 1
      ? "The subscription is disabled: resume it first, then recover."
      : "The subscriptions are disabled: resume them first, then recover.",
  );

const auditDetails = ({ since, until, statuses, rate }: RecoverPayload): JsonObject => ({
  since: isoTime(since),
  until: isoTime(until),
  statuses,
  ...(rate ? { rate: `${rate.count} per ${formatDuration(rate.per)}` } : {}),
});
