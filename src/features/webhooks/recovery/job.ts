import type { JobDefinition, JobOutcome, ShownKind } from "../../../jobs/job.ts";
import { isoTime } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import { addMs, formatDuration, SECOND } from "../../../kernel/units.ts";
import type { Room } from "../room.ts";
import { TURN_MS } from "./pace.ts";
import { type Recovering, takeTurns } from "./slice.ts";
import { findReceivers, listNextParts, listParts, updateParts } from "./store.ts";
import { type Surveyed, survey, toDo } from "./survey.ts";
import { RECOVER_JOB, type RecoverPayload, type RecoverProgress } from "./types.ts";

/** Turns of one run: after them others of its lane may have theirs. */
const TURNS_PER_RUN_MAX = 200;
const PARTS_PER_LOOK = 50;
const SURVEY_AGAIN_MS = 5 * SECOND;
/** So many throws without a step forward: it is a bug of ours, and whoever waits for it shall know. */
const THROWS_MAX = 10;

export const SHOWN: ShownKind = {
  read: "webhooks:read",
  write: "webhooks:write",
  show({ payload, progress }) {
    const { since, until, statuses, rate, subscriptions, leftOut } = payload as unknown as RecoverPayload;
    const { total = null, done = 0, endedEarly = [], ...numbers } = (progress ?? {}) as Partial<RecoverProgress>;
    return {
      progress: {
        total,
        done,
        recovered: numbers.recovered ?? 0,
        added: numbers.added ?? 0,
        skipped: (numbers.bodyPurged ?? 0) + (numbers.unwanted ?? 0) + (numbers.leftAlone ?? 0),
        bodyPurged: numbers.bodyPurged ?? 0,
        unwanted: numbers.unwanted ?? 0,
        leftAlone: numbers.leftAlone ?? 0,
        subscriptions: numbers.subscriptions ?? null,
        subscriptionsDone: numbers.subscriptionsDone ?? 0,
      },
      details: {
        since: isoTime(since),
        until: isoTime(until),
        statuses,
        rate: rate && { count: rate.count, per: formatDuration(rate.per) },
        subscriptions,
        leftOut: [...leftOut, ...endedEarly],
      },
    };
  },
};

/** Brings back what did not arrive: counts it, then makes it due again, each subscription at its own rate. */
export function createRecoverJob(room: Room): JobDefinition {
  const recovered = room.metrics.counter(
    "webhook_recovered_total",
    "Deliveries that a recovery made due again, and those it made for events that were missed.",
  );
  return {
    kind: RECOVER_JOB,
    lane: "long",
    throwsMax: THROWS_MAX,
    shown: SHOWN,
    async run(_context, job) {
      const { environmentId } = job;
      if (environmentId === undefined) return { kind: "fail", reason: "no environment" };
      const payload = job.payload as unknown as RecoverPayload;
      const count = (amount: number): void => recovered.add(amount);
      return recover({ room, job, environmentId, payload, count });
    },
  };
}

/** The environments of which something is being counted for a recovery. */
const surveying = new Set<Id<"env">>();

async function recover(recovering: Recovering): Promise<JobOutcome> {
  const { room, job } = recovering;
  let progress = job.progress as RecoverProgress | undefined;
  if (progress === undefined) {
    const { environmentId } = recovering;
    // Counting may take minutes, and there are few places for what is long: one of them for each environment.
    if (surveying.has(environmentId)) return { kind: "snooze", until: addMs(room.clock.now(), SURVEY_AGAIN_MS) };
    surveying.add(environmentId);
    progress = await begin(recovering).finally(() => surveying.delete(environmentId));
  }
  for (let turns = 0; progress !== undefined && turns < TURNS_PER_RUN_MAX; ) {
    const parts = await room.database.read((reader) => listNextParts(reader, job.id, PARTS_PER_LOOK));
    const [next] = parts;
    if (!next) return finish(recovering, progress);
    const turnBy = addMs(room.clock.now(), TURN_MS);
    if (next.next_at > turnBy) return { kind: "snooze", until: addMs(next.next_at, -TURN_MS) };
    const due = parts.filter(({ next_at }) => next_at <= turnBy);
    progress = await takeTurns(recovering, due, progress);
    if (job.signal.aborted) return goOn(recovering);
    turns += due.length;
  }
  return goOn(recovering);
}

const goOn = ({ room }: Recovering): JobOutcome => ({ kind: "snooze", until: room.clock.now() });

/** Counts what there is to do, once: from then on the numbers of the parts say how far it is. */
async function begin({ room, job, environmentId, payload }: Recovering): Promise<RecoverProgress | undefined> {
  const parts = await room.database.read((reader) => listParts(reader, job.id));
  const ids = parts.map(({ subscription_id }) => subscription_id);
  const receivers = await room.database.read((reader) => findReceivers(reader, ids));
  const bounds = { rowsMax: Number.POSITIVE_INFINITY, mayGoOn: () => !job.signal.aborted };
  const surveyed = await survey(room, environmentId, receivers, payload, bounds);
  if (job.signal.aborted) return undefined;
  const progress = firstNumbers(surveyed, ids);
  await room.database.write(async (writer) => {
    const counted = parts.map((part) => {
      const own = surveyed.bySubscription.get(part.subscription_id);
      if (!own) return part;
      const { eventsFrom: events_from, eventsTo: events_to } = own;
      return { ...part, total: toDo(own), events_from, events_to };
    });
    await updateParts(writer, counted);
    await job.checkpoint(writer, progress);
  });
  return progress;
}

function firstNumbers({ bySubscription }: Surveyed, ids: readonly Id<"sub">[]): RecoverProgress {
  const total = [...bySubscription.values()].reduce((sum, own) => sum + toDo(own), 0);
  return {
    total,
    done: 0,
    recovered: 0,
    added: 0,
    bodyPurged: 0,
    unwanted: 0,
    leftAlone: 0,
    subscriptions: ids.length,
    subscriptionsDone: 0,
    endedEarly: [],
    endedEarlyCount: 0,
  };
}

function finish({ room, job }: Recovering, progress: RecoverProgress): JobOutcome {
  const { recovered, added, bodyPurged, unwanted, leftAlone, subscriptions, endedEarly, endedEarlyCount } = progress;
  const numbers = { recovered, added, bodyPurged, unwanted, leftAlone, subscriptions };
  room.log.info("a recovery has ended", { job: job.id, ...numbers });
  const [first] = endedEarly;
  // Where each of them ended before its time, nothing was finished.
  if (first && endedEarlyCount === subscriptions) return { kind: "fail", reason: first.reason, progress };
  return { kind: "done", progress };
}
