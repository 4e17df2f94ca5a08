import type { Writer } from "../../../database/database.ts";
import type { JobRun } from "../../../jobs/job.ts";
import { letOthersRun } from "../../../kernel/clock.ts";
import { firstIdAt, type Id, timeOfId } from "../../../kernel/ids.ts";
import { addMs, SECOND, type UnixMs } from "../../../kernel/units.ts";
import { REASON_DELETED, REASON_DISABLED } from "../deliver.ts";
import { type DeliveryDraft, findTaken, insertDeliveries } from "../deliveries/store.ts";
import { standingAfter } from "../fan-out.ts";
import type { Room } from "../room.ts";
import { ASKED_AT_ONCE, askAgain } from "./ask-again.ts";
import { Audience, findMissing, listenerOf, type Missing } from "./missing.ts";
import { paceOf, TURN_MS, type Turn, turnAt } from "./pace.ts";
import {
  bringBack,
  countDue,
  type EndedRow,
  findReceivers,
  isTaken,
  listEnded,
  listLogged,
  lockEnded,
  type PartRow,
  type ReceiverRow,
  setReasons,
  updateParts,
} from "./store.ts";
import { isWanted, logBounds } from "./survey.ts";
import type { Pace, RecoverPayload, RecoverProgress } from "./types.ts";

/** Deliveries of one subscription in one transaction. */
const CHUNK = 500;
/** Rows looked at for one chunk, so that a long stretch of others costs no long transaction. */
const LOOKED_AT = 1_000;
/** So many due and not yet taken at one subscription: it does not keep up, and more would only stand in the way. */
const BACKLOG_MAX = 1_000;
/** Further ahead than a turn is taken early: whoever is held has no turn again at once. */
const HOLD_MS = TURN_MS + SECOND;
/** A paused one has something to be asked with already; it is looked at again later. */
const HOLD_PAUSED_MS = TURN_MS + 5 * SECOND;
const ENDED_EARLY_SHOWN = 20;
const FAR_AWAY = Number.MAX_SAFE_INTEGER as UnixMs;

export interface Recovering {
  readonly room: Room;
  readonly job: JobRun;
  readonly environmentId: Id<"env">;
  readonly payload: RecoverPayload;
  /** Told of what was brought back, once it is on the disk. */
  readonly count: (amount: number) => void;
}

/** What a chunk came to, as the numbers of its part and of the whole job know it. */
interface Came {
  readonly recovered: number;
  readonly added: number;
  readonly bodyPurged: number;
  readonly unwanted: number;
}
const NOTHING: Came = { recovered: 0, added: 0, bodyPurged: 0, unwanted: 0 };

const sumOf = ({ recovered, added, bodyPurged, unwanted }: Came): number => recovered + added + bodyPurged + unwanted;

/** The turns of some subscriptions. Those that are held are put off together: there may be ten thousand of them. */
export async function takeTurns(
  recovering: Recovering,
  parts: readonly PartRow[],
  before: RecoverProgress,
): Promise<RecoverProgress> {
  const { database } = recovering.room;
  const held: PartRow[] = [];
  let progress = before;
  for (const part of parts) {
    if (recovering.job.signal.aborted) break;
    const [receiver] = await database.read((reader) => findReceivers(reader, [part.subscription_id]));
    const until = receiver && overOf(receiver) === undefined ? await heldUntil(recovering, part, receiver) : undefined;
    if (until === undefined) progress = await takeTurn(recovering, part, receiver, progress);
    else held.push({ ...part, next_at: until });
  }
  if (held.length > 0) {
    await database.write(async (writer) => {
      await updateParts(writer, held);
      await recovering.job.checkpoint(writer, progress);
    });
  }
  return progress;
}

/**
 * One turn of one subscription: looks for what is to come back, and makes as much of it due as its rate allows. Part,
 * progress and deliveries are written together, so wherever this is cut off, it goes on at the same place.
 */
async function takeTurn(
  recovering: Recovering,
  part: PartRow,
  receiver: ReceiverRow | undefined,
  progress: RecoverProgress,
): Promise<RecoverProgress> {
  const { room, payload } = recovering;
  const over = overOf(receiver);
  if (!receiver || over !== undefined) return endPart(recovering, part, progress, over ?? REASON_DELETED);
  const own = receiver.rate_limit === null ? undefined : (JSON.parse(receiver.rate_limit) as Pace);
  const turn = turnAt(room.clock.now(), part.next_at, paceOf(payload.rate, own), CHUNK);
  return part.phase === "deliveries"
    ? bringBackEnded(recovering, part, progress, { turn, receiver })
    : addMissed(recovering, part, progress, { turn, receiver });
}

const overOf = (receiver: Pick<ReceiverRow, "deleted_at" | "status"> | undefined): string | undefined => {
  if (!receiver || receiver.deleted_at !== null) return REASON_DELETED;
  return receiver.status === "disabled" ? REASON_DISABLED : undefined;
};

/** Until when nothing more is made due; undefined where it may go on. */
async function heldUntil(
  { room }: Recovering,
  part: PartRow,
  { id, mode, status }: ReceiverRow,
): Promise<UnixMs | undefined> {
  const now = room.clock.now();
  return room.database.read(async (reader) => {
    if (await isTaken(reader, part)) return addMs(now, HOLD_MS);
    // Whoever pulls sets their own pace.
    if (mode === "pull") return undefined;
    // A paused endpoint is asked by what waits: without anything it never would be.
    const limit = status === "paused" ? 1 : BACKLOG_MAX;
    const dueBy = status === "paused" ? FAR_AWAY : now;
    const isFull = (await countDue(reader, id, { dueBy, limit })) >= limit;
    return isFull ? addMs(now, status === "paused" ? HOLD_PAUSED_MS : HOLD_MS) : undefined;
  });
}

async function bringBackEnded(
  recovering: Recovering,
  part: PartRow,
  progress: RecoverProgress,
  { turn, receiver }: { readonly turn: Turn; readonly receiver: ReceiverRow },
): Promise<RecoverProgress> {
  const { room, payload } = recovering;
  const rows = await room.database.read((reader) => listEnded(reader, part.subscription_id, part.walked, LOOKED_AT));
  const { taken, staying, looked, purged } = await choose(recovering, receiver, rows, turn.count);
  const isLast = looked === rows.length && rows.length < LOOKED_AT;
  const walked = rows[looked - 1]?.id ?? part.walked;
  return write(recovering, part, progress, async (writer) => {
    const ids = [...taken.map(({ id }) => id), ...staying.keys()];
    // Whatever became of them since they were looked at: only what is still over comes back.
    const over = (await lockEnded(writer, ids)).filter((row) => isWanted(payload, row)).sort(byId);
    const chosen = over.filter(({ id }) => !staying.has(id));
    const unwanted = over.flatMap(({ id }) => {
      const reason = staying.get(id);
      return reason === undefined ? [] : [{ id, reason }];
    });
    await bringBack(
      writer,
      chosen.map(({ id }, place) => ({ id, dueAt: turn.dueAt(place) })),
    );
    await setReasons(writer, unwanted);
    const came = { ...NOTHING, recovered: chosen.length, bodyPurged: purged, unwanted: unwanted.length };
    const moved = { ...part, walked, next_at: turn.nextAt(chosen.length) };
    return { came, part: isLast ? afterDeliveries(moved) : moved };
  });
}

interface Choice {
  readonly taken: readonly EndedRow[];
  /** What stays as it is, and why. */
  readonly staying: ReadonlyMap<Id<"dlv">, string>;
  /** How far that leads. */
  readonly looked: number;
  readonly purged: number;
}

/** As many as there is room for. */
async function choose(
  { room, payload }: Recovering,
  receiver: ReceiverRow,
  rows: readonly EndedRow[],
  max: number,
): Promise<Choice> {
  const taken: EndedRow[] = [];
  const staying = new Map<Id<"dlv">, string>();
  let purged = 0;
  let looked = 0;
  const atOnce = receiver.event_filter === null ? LOOKED_AT : ASKED_AT_ONCE;
  for (let at = 0; at < rows.length; at += atOnce) {
    const some = rows.slice(at, at + atOnce);
    const said = await askAgain(
      room,
      receiver,
      some.filter((row) => isWanted(payload, row)),
    );
    for (const row of some) {
      const reason = said.get(row.id);
      const isToSend = isWanted(payload, row) && row.has_body === 1 && reason === undefined;
      if (isToSend && taken.length === max) return { taken, staying, looked, purged };
      looked += 1;
      if (isToSend) taken.push(row);
      else if (reason !== undefined) staying.set(row.id, reason);
      else if (isWanted(payload, row)) purged += 1;
    }
    if (said.size > 0) await letOthersRun();
  }
  return { taken, staying, looked, purged };
}

const byId = (left: { readonly id: string }, right: { readonly id: string }): number => (left.id < right.id ? -1 : 1);

const afterDeliveries = (part: PartRow): PartRow =>
  part.events_from === null
    ? { ...part, phase: "ended" }
    : // Just before the first that was missed.
      { ...part, phase: "events", walked: firstIdAt("evt", timeOfId(part.events_from)) };

async function addMissed(
  recovering: Recovering,
  part: PartRow,
  progress: RecoverProgress,
  { turn, receiver }: { readonly turn: Turn; readonly receiver: ReceiverRow },
): Promise<RecoverProgress> {
  const { room, environmentId, payload } = recovering;
  const { from } = logBounds(payload, room.clock.now(), receiver);
  const to = part.events_to ?? "";
  const isUnderWay = part.walked > from;
  const after = isUnderWay ? part.walked : from;
  const page = await room.database.read((reader) =>
    listLogged(reader, environmentId, { after, to, stretch: LOOKED_AT }),
  );
  const events = page.events.filter(({ has_body }) => has_body === 1);
  const audience = new Audience(room.catalogue, [listenerOf(receiver, from)]);
  const found = await findMissing(room, events, audience);
  const missed = found.slice(0, turn.count);
  const isWhole = missed.length === found.length;
  const walked = isWhole ? (page.walked ?? to) : (missed.at(-1)?.event.id ?? after);
  const isLast = isWhole && page.walked === undefined;
  return write(recovering, part, progress, async (writer) => {
    const added = await insertMissed(writer, environmentId, missed, turn);
    const moved: PartRow = { ...part, walked, next_at: turn.nextAt(added) };
    return { came: { ...NOTHING, added }, part: isLast ? { ...moved, phase: "ended" } : moved };
  });
}

/** @returns how many: a fan-out that is still under way may have been quicker */
async function insertMissed(
  writer: Writer,
  environmentId: Id<"env">,
  missed: readonly Missing[],
  turn: Turn,
): Promise<number> {
  const taken = await findTaken(
    writer,
    missed.map(({ deliveryId }) => deliveryId),
  );
  const drafts = missed
    .filter(({ deliveryId }) => !taken.has(deliveryId))
    .map(({ event, subscriptionId, deliveryId, sifted }, place) => {
      const standing = standingAfter({ status: "pending", dueAt: turn.dueAt(place) }, sifted);
      return { id: deliveryId, environmentId, subscriptionId, outboundEventId: event.id, event: event.type, standing };
    })
    .filter((draft): draft is DeliveryDraft => draft.standing !== undefined);
  if (drafts.length > 0) await insertDeliveries(writer, drafts);
  return drafts.length;
}

const endPart = (recovering: Recovering, part: PartRow, progress: RecoverProgress, reason: string) =>
  write(recovering, part, progress, async () => ({ came: NOTHING, part: { ...part, phase: "ended", reason } }));

/** The one transaction of a turn. It writes nothing where the job was paused, canceled or taken up by another life. */
async function write(
  { room, job, count }: Recovering,
  part: PartRow,
  progress: RecoverProgress,
  change: (writer: Writer) => Promise<{ readonly came: Came; readonly part: PartRow }>,
): Promise<RecoverProgress> {
  return room.database.write(async (writer) => {
    const [receiver] = await findReceivers(writer, [part.subscription_id]);
    const over = overOf(receiver);
    const { came, part: moved } =
      over === undefined
        ? await change(writer)
        : { came: NOTHING, part: { ...part, phase: "ended", reason: over } as const };
    const done = part.done + sumOf(came);
    const next: PartRow = { ...moved, done, total: Math.max(part.total, done) };
    const after = numbersAfter(progress, part, next, came);
    await updateParts(writer, [next]);
    await job.checkpoint(writer, after);
    const { mode, status } = receiver ?? { mode: "push", status: "disabled" };
    const due = came.recovered + came.added;
    writer.afterCommit(() => {
      if (due === 0) return;
      count(due);
      if (status !== "active") return;
      if (mode === "push") room.dispatcher.wake([part.subscription_id]);
      else room.waiters.wake([part.subscription_id]);
    });
    return after;
  });
}

/** What the job has to say after a turn: numbers that only rise, and that come to `total` in the end. */
function numbersAfter(progress: RecoverProgress, before: PartRow, after: PartRow, came: Came): RecoverProgress {
  const hasEnded = after.phase === "ended";
  // Found when it was counted, and gone since.
  const leftAlone = hasEnded ? after.total - after.done : 0;
  const early =
    hasEnded && after.reason !== null ? [{ subscriptionId: after.subscription_id, reason: after.reason }] : [];
  return {
    ...progress,
    total: progress.total + (after.total - before.total),
    done: progress.done + sumOf(came) + leftAlone,
    recovered: progress.recovered + came.recovered,
    added: progress.added + came.added,
    bodyPurged: progress.bodyPurged + came.bodyPurged,
    unwanted: progress.unwanted + came.unwanted,
    leftAlone: progress.leftAlone + leftAlone,
    subscriptionsDone: progress.subscriptionsDone + (hasEnded ? 1 : 0),
    endedEarly: [...progress.endedEarly, ...early].slice(0, ENDED_EARLY_SHOWN),
    endedEarlyCount: progress.endedEarlyCount + early.length,
  };
}
