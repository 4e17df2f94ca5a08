import type { Context } from "../../context.ts";
import type { Writer } from "../../database/database.ts";
import type { JobDefinition, JobOutcome } from "../../jobs/job.ts";
import { findBodies } from "../../journal/outbox.ts";
import { deriveId, type Id } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { UnixMs } from "../../kernel/units.ts";
import { type DeliveryDraft, endWaiting, findTaken, insertDeliveries } from "./deliveries/store.ts";
import type { Directory, Wake } from "./directory.ts";
import { FAN_OUT_JOB, standingAfter, standingOf } from "./fan-out.ts";
import type { Sifted } from "./format/sieve.ts";
import type { Sifter } from "./format/sifter.ts";
import { findFanOutSet } from "./store.ts";
import { END_WAITING_JOB, ENDED_AT_ONCE_MAX, WAITING_ENDS } from "./subscriptions/end-waiting.ts";
import { findStanding, type StandingRow } from "./subscriptions/store.ts";

/** Deliveries written at once: some ten milliseconds, and then others have their turn. */
const CHUNK = 250;

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
      const said = await askFilters(context, directory, event, chunk);
      const { sifter } = directory;
      done += next.length;
      await context.database.write(async (writer) => {
        await job.checkpoint(writer, { done });
        await expandChunk(writer, { environmentId, event, chunk, wake, said, sifter });
      });
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

/** What the filters of a chunk say, as they are now; asked outside the write lane, for there may be very many. */
async function askFilters(
  context: Context,
  { sifter }: Directory,
  event: FanOutPayload,
  chunk: readonly Id<"sub">[],
): Promise<ReadonlyMap<Id<"sub">, Sifted>> {
  const { rows, body } = await context.database.read(async (reader) => {
    const rows = await findStanding(reader, chunk);
    const filtered = rows.some(({ event_filter }) => event_filter !== null);
    const [found] = filtered ? await findBodies(reader, [event.outboundEventId]) : [];
    return { rows, body: found?.body ?? undefined };
  });
  return sifter.inTurns(
    rows.map(({ id, event_filter }) => ({ id, filter: event_filter ?? undefined })),
    body,
  );
}

async function expandChunk(
  writer: Writer,
  input: {
    readonly environmentId: Id<"env">;
    readonly event: FanOutPayload;
    readonly chunk: readonly Id<"sub">[];
    readonly wake: Wake;
    readonly said: ReadonlyMap<Id<"sub">, Sifted>;
    readonly sifter: Sifter;
  },
): Promise<void> {
  const { environmentId, event, chunk, wake, said, sifter } = input;
  const standing = await findStanding(writer, chunk);
  const named = standing.map((row) => ({
    row,
    id: deriveId("dlv", event.createdAt, `${event.outboundEventId}:${row.id}`),
  }));
  const taken = await findTaken(
    writer,
    named.map(({ id }) => id),
  );
  const missing = named.flatMap(({ id, row }) => {
    const standing = standingAfter(standingNow(row), said.get(row.id));
    return taken.has(id) || !standing ? [] : [{ id, row, standing }];
  });
  const unwanted = named.filter(({ row }) => said.get(row.id) === "unwanted").length;
  await insertDeliveries(
    writer,
    missing.map(({ id, row, standing }) => ({
      id,
      environmentId,
      subscriptionId: row.id,
      outboundEventId: event.outboundEventId,
      event: event.type,
      standing,
    })),
  );
  writer.afterCommit(() => sifter.countUnwanted(unwanted));
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

export const createJobs = (directory: Directory, wake: Wake): readonly JobDefinition[] => [
  createFanOutJob(directory, wake),
  END_WAITING,
];
