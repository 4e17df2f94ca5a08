import type { Context } from "../../context.ts";
import type { Writer } from "../../database/database.ts";
import type { JobDefinition, JobOutcome, JobRun } from "../../jobs/job.ts";
import { deriveId, type Id } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { addMs, DAY, type UnixMs } from "../../kernel/units.ts";
import { type DeliveryDraft, endWaiting, findTaken, insertDeliveries } from "./deliveries/store.ts";
import type { Directory, Wake } from "./directory.ts";
import { FAN_OUT_JOB, standingOf } from "./fan-out.ts";
import {
  deleteFanOutSets,
  endUnpulled,
  findFanOutSet,
  purgeAttempts,
  purgeBodies,
  purgeDeliveries,
  purgeOutboundEvents,
} from "./store.ts";
import { END_WAITING_JOB, ENDED_AT_ONCE_MAX, WAITING_ENDS } from "./subscriptions/end-waiting.ts";
import { deleteExpiredSecrets, findStanding, type StandingRow } from "./subscriptions/store.ts";

const CHUNK = 500;

/** Kept after the end of the delivery: what was sent and what came back. */
const ATTEMPTS_KEPT = DAY;
const BODIES_KEPT = 30 * DAY;
const DELIVERIES_KEPT = 400 * DAY;
const UNPULLED_KEPT = 30 * DAY;
const SETS_KEPT = 30 * DAY;
/** Batches of one kind in one run; what is over waits for the next, so that a run ends. */
const BATCHES_PER_RUN_MAX = 2_000;

interface FanOutPayload {
  readonly outboundEventId: Id<"evt">;
  readonly type: string;
  readonly createdAt: UnixMs;
  readonly set: string;
  readonly about?: Id<"sub">;
}

/** Writes the deliveries of an event with very many subscriptions, chunk by chunk; a repeated chunk writes none twice. */
const createFanOutJob = (directory: Directory, wake: Wake): JobDefinition => ({
  kind: FAN_OUT_JOB,
  async run(context, job) {
    const { environmentId } = job;
    if (environmentId === undefined) return { kind: "cancel", reason: "no environment" };
    const event = job.payload as unknown as FanOutPayload;
    const ids =
      (await context.database.read((reader) => findFanOutSet(reader, environmentId, event.set))) ??
      (await matchAgain(context, directory, environmentId, event.type));
    let done = Number(job.progress?.done ?? 0);
    while (done < ids.length) {
      if (job.signal.aborted) return snooze(context, { done });
      const next = ids.slice(done, done + CHUNK);
      const chunk = next.filter((id) => id !== event.about);
      await context.database.write((writer) => expandChunk(writer, { environmentId, event, chunk, wake }));
      done += next.length;
    }
    return { kind: "done", progress: { done } };
  },
});

const snooze = (context: Context, progress: JsonObject): JobOutcome => ({
  kind: "snooze",
  until: context.clock.now(),
  progress,
});

async function matchAgain(context: Context, directory: Directory, environmentId: Id<"env">, type: string) {
  const set = await context.database.write((writer) => directory.matching(writer, environmentId, type));
  return set.matches.map(({ id }) => id);
}

async function expandChunk(
  writer: Writer,
  input: {
    readonly environmentId: Id<"env">;
    readonly event: FanOutPayload;
    readonly chunk: readonly Id<"sub">[];
    readonly wake: Wake;
  },
): Promise<void> {
  const { environmentId, event, chunk, wake } = input;
  const standing = await findStanding(writer, chunk);
  const named = standing.map((row) => ({
    row,
    id: deriveId("dlv", event.createdAt, `${event.outboundEventId}:${row.id}`),
  }));
  const taken = await findTaken(
    writer,
    named.map(({ id }) => id),
  );
  const missing = named.filter(({ id }) => !taken.has(id));
  await insertDeliveries(
    writer,
    missing.map(({ id, row }) => ({
      id,
      environmentId,
      subscriptionId: row.id,
      outboundEventId: event.outboundEventId,
      event: event.type,
      standing: standingNow(row),
    })),
  );
  writer.afterCommit(() => wake(missing.filter(({ row }) => row.status === "active").map(({ row }) => row)));
}

const standingNow = (row: StandingRow): DeliveryDraft["standing"] =>
  row.deleted_at === null ? standingOf(row.status) : WAITING_ENDS.deleted;

/** Goes on ending what waits for a subscription that was deleted or disabled; stops where it was resumed meanwhile. */
const END_WAITING: JobDefinition = {
  kind: END_WAITING_JOB,
  async run(context, job) {
    const { subscriptionId, why } = job.payload as { subscriptionId: Id<"sub">; why: keyof typeof WAITING_ENDS };
    for (;;) {
      if (job.signal.aborted) return snooze(context, {});
      const ended = await context.database.write(async (writer) => {
        const [row] = await findStanding(writer, [subscriptionId]);
        const holds = why === "deleted" ? row?.deleted_at != null : row?.status === "disabled";
        return holds ? endWaiting(writer, subscriptionId, WAITING_ENDS[why], ENDED_AT_ONCE_MAX) : 0;
      });
      if (ended < ENDED_AT_ONCE_MAX) return { kind: "done" };
    }
  },
};

type Purge = (writer: Writer) => Promise<number>;

/** Takes away what has had its time, in small batches between which others write; never what has not ended. */
const RETENTION: JobDefinition = {
  kind: "webhooks.retention",
  schedule: { cron: "*/10 * * * *", timezone: "UTC" },
  async run(context, job) {
    const before = (kept: number): UnixMs => addMs(context.clock.now(), -kept);
    const purges: readonly (readonly [string, Purge])[] = [
      ["attempts", (writer) => purgeAttempts(writer, before(ATTEMPTS_KEPT), CHUNK)],
      ["unpulled", (writer) => endUnpulled(writer, before(UNPULLED_KEPT), "not pulled within 30 days", CHUNK)],
      ["bodies", (writer) => purgeBodies(writer, before(BODIES_KEPT), CHUNK)],
      ["deliveries", (writer) => purgeDeliveries(writer, before(DELIVERIES_KEPT), CHUNK)],
      ["outboundEvents", (writer) => purgeOutboundEvents(writer, before(DELIVERIES_KEPT), CHUNK)],
      ["secrets", (writer) => deleteExpiredSecrets(writer, CHUNK)],
      ["fanOutSets", (writer) => deleteFanOutSets(writer, before(SETS_KEPT), CHUNK)],
    ];
    const purged: Record<string, number> = {};
    for (const [name, purge] of purges) {
      purged[name] = await purgeAll(context, job, purge);
      if (job.signal.aborted) return snooze(context, purged);
    }
    return { kind: "done", progress: purged };
  },
};

async function purgeAll(context: Context, job: JobRun, purge: Purge): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < BATCHES_PER_RUN_MAX && !job.signal.aborted; batch++) {
    const count = await context.database.write(purge);
    total += count;
    if (count < CHUNK) break;
  }
  return total;
}

export const createJobs = (directory: Directory, wake: Wake): readonly JobDefinition[] => [
  createFanOutJob(directory, wake),
  END_WAITING,
  RETENTION,
];
