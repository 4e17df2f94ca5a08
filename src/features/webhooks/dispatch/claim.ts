import type { Writer } from "../../../database/database.ts";
import { findBodies } from "../../../journal/outbox.ts";
import { WrongKeyError } from "../../../kernel/crypto.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Hold } from "../../../outbound/outbound.ts";
import type { Directory } from "../directory.ts";
import { nextProbeAt } from "../subscriptions/pausing.ts";
import { moveProbe } from "../subscriptions/store.ts";
import type { Target } from "../types.ts";
import { allowance, type RateLimit, type Taken as SentBefore, sentLater, take } from "./holds/rate.ts";
import { findHolds, keepTaken } from "./holds/store.ts";
import { type Ways, watchWays } from "./holds/ways.ts";
import { claimDeliveries, type DueRow, listDue, listWaiting } from "./store.ts";

/** A delivery taken for sending, with all that its request needs. */
export interface Claim {
  readonly id: Id<"dlv">;
  readonly event: string;
  readonly outboundEventId: Id<"evt">;
  readonly target: Target;
  readonly attempt: number;
  readonly epoch: number;
  readonly dueAt: UnixMs;
  readonly refusals: number;
  /** Undefined once it was purged: there is nothing left to send. */
  readonly body: string | undefined;
  readonly traceparent: string | undefined;
  /** Asks a paused endpoint whether it answers again: a failure uses up no retry. */
  readonly isProbe: boolean;
}

export interface Claimed {
  readonly subscriptionId: Id<"sub">;
  /** Undefined where nothing may be sent to it. */
  readonly claims: readonly Claim[] | undefined;
  /** Fewer were due than asked for. */
  readonly exhausted: boolean;
  /** When a paused one may be asked again; undefined where it is not paused, or waits for a person. */
  readonly probeAt: UnixMs | undefined;
  /** It has a rate limit. */
  readonly limited: boolean;
  /** The rest of what is due may not go out before. */
  readonly heldUntil: UnixMs | undefined;
  /** Only retries are due, more than there is room for. */
  readonly awaitsRetrySlot: boolean;
}

export interface Taken {
  readonly target: Target;
  readonly row: DueRow;
  readonly isProbe: boolean;
}

/** What is to be claimed. */
export interface Wanted {
  readonly turns: readonly {
    readonly subscriptionId: Id<"sub">;
    readonly count: number;
    /** When the latest request to it began. */
    readonly sentAt: number;
  }[];
  /** How many of all that is claimed may be retries. */
  readonly retries: number;
  /** What is known against the way to an endpoint. */
  readonly holdOf?: ((url: string) => Hold | undefined) | undefined;
}

/** What was found for one subscription, its claims as a part of all that were taken. */
interface Found extends Omit<Claimed, "claims"> {
  readonly from: number;
  readonly to: number;
  readonly sendable: boolean;
}

/** Looked at beyond what is wanted, for first attempts that stand behind retries that there is no room for. */
const LOOK_PAST_RETRIES = 64;

/** Takes what is due for each subscription, up to its count: delivery and attempt are written before a socket opens. */
export async function claimDue(
  directory: Directory,
  writer: Writer,
  { turns, retries, holdOf }: Wanted,
  claimant: string,
): Promise<Claimed[]> {
  const taken: Taken[] = [];
  const found: Found[] = [];
  const targets = await openTargets(directory, writer, turns);
  const rates = await openRates(writer, turns, targets);
  const room = { retries, ...watchWays(writer.now, holdOf) };
  for (const { subscriptionId, count } of turns) {
    const target = targets.get(subscriptionId);
    const from = taken.length;
    const common = { subscriptionId, limited: false, heldUntil: undefined, awaitsRetrySlot: false };
    if (target?.mode !== "push" || target.status !== "active") {
      const probe = target && (await takeProbe(directory, writer, target, room));
      if (probe?.row) taken.push({ target: probe.target, row: probe.row, isProbe: true });
      const sendable = taken.length > from;
      found.push({ ...common, from, to: taken.length, sendable, exhausted: true, probeAt: probe?.at });
      continue;
    }
    const due = await takeDue(writer, target, { count, room, rate: rates.get(subscriptionId) });
    for (const row of due.rows) taken.push({ target, row, isProbe: false });
    found.push({ ...common, ...due, from, to: taken.length, sendable: true, probeAt: undefined });
  }
  const claims = await withBodies(writer, taken);
  await claimDeliveries(
    writer,
    claims.map(({ id, attempt, epoch }) => ({ deliveryId: id, attempt, epoch })),
    claimant,
  );
  await keepTaken(
    writer,
    [...rates.values()].filter(({ changed }) => changed),
  );
  return found.map(({ from, to, sendable, ...rest }) => ({
    ...rest,
    claims: sendable ? claims.slice(from, to) : undefined,
  }));
}

async function openTargets(
  directory: Directory,
  writer: Writer,
  turns: Wanted["turns"],
): Promise<ReadonlyMap<Id<"sub">, Target>> {
  const targets = new Map<Id<"sub">, Target>();
  for (const { subscriptionId } of turns) {
    const target = await openTarget(directory, writer, subscriptionId);
    if (target) targets.set(subscriptionId, target);
  }
  return targets;
}

interface Rate {
  readonly subscriptionId: Id<"sub">;
  readonly limit: RateLimit;
  taken: SentBefore;
  changed: boolean;
}

/** Those with a limit, and what went out of late. */
async function openRates(
  writer: Writer,
  turns: Wanted["turns"],
  targets: ReadonlyMap<Id<"sub">, Target>,
): Promise<ReadonlyMap<Id<"sub">, Rate>> {
  const rates = new Map<Id<"sub">, Rate>();
  for (const { subscriptionId } of turns) {
    const limit = targets.get(subscriptionId)?.rateLimit;
    if (limit) rates.set(subscriptionId, { subscriptionId, limit, taken: [], changed: false });
  }
  const holds = await findHolds(writer, [...rates.keys()]);
  for (const { subscriptionId, sentAt } of turns) {
    const rate = rates.get(subscriptionId);
    if (rate) rate.taken = sentLater(holds.get(subscriptionId)?.taken ?? [], sentAt as UnixMs);
  }
  return rates;
}

/** What of it may go out now: as many as its rate and its own wish allow, and retries while there is room for them. */
async function takeDue(
  writer: Writer,
  target: Target,
  {
    count,
    room,
    rate,
  }: { readonly count: number; readonly room: Ways & { retries: number }; readonly rate: Rate | undefined },
): Promise<
  Pick<Claimed, "exhausted" | "heldUntil" | "limited" | "awaitsRetrySlot"> & { readonly rows: readonly DueRow[] }
> {
  const { now } = writer;
  const limited = rate !== undefined;
  const nothing = { rows: [], exhausted: false, limited, awaitsRetrySlot: false };
  if (target.heldUntil !== undefined && target.heldUntil > now) return { ...nothing, heldUntil: target.heldUntil };
  const { free, freeAt } = rate ? allowance(rate.taken, rate.limit, now) : { free: count, freeAt: now };
  if (free === 0) {
    if (rate?.taken.some(([at]) => at > now)) {
      // Written before the clock was set back: kept as of now, or it would count for ever.
      rate.taken = take(rate.taken, rate.limit, now, 0);
      rate.changed = true;
    }
    return { ...nothing, heldUntil: freeAt };
  }
  const way = room.wayTo(target);
  if (way.most === 0) return { ...nothing, heldUntil: way.heldUntil };
  const most = Math.min(count, free, way.most);
  const due = await listDue(writer, target.subscriptionId, most);
  const fits = (row: DueRow): boolean => row.attempts === 0 || room.retries-- > 0;
  let rows = due.filter(fits);
  const skipped = rows.length < due.length;
  if (skipped) {
    room.retries = 0;
    const further = await listDue(writer, target.subscriptionId, most + LOOK_PAST_RETRIES);
    rows = [...rows, ...further.slice(due.length).filter(({ attempts }) => attempts === 0)].slice(0, most);
  }
  const awaitsRetrySlot = skipped && rows.length === 0;
  const exhausted = due.length < most && !skipped;
  if (!rate || rows.length === 0) return { ...nothing, rows, exhausted, awaitsRetrySlot, heldUntil: undefined };
  rate.taken = take(rate.taken, rate.limit, now, rows.length);
  rate.changed = true;
  const after = allowance(rate.taken, rate.limit, now);
  return {
    ...nothing,
    rows,
    exhausted,
    awaitsRetrySlot,
    heldUntil: exhausted || after.free > 0 ? undefined : after.freeAt,
  };
}

interface Probe {
  /** When there is something to do about it next. */
  readonly at: UnixMs;
  readonly target: Target;
  /** Undefined where it is too early, or nothing waits. */
  readonly row: DueRow | undefined;
}

/** The oldest that waits, once the time of the probe has come. The time of the next one is written with the claim. */
async function takeProbe(
  directory: Directory,
  writer: Writer,
  target: Target,
  { wayTo }: Ways,
): Promise<Probe | undefined> {
  const { subscriptionId, environmentId, mode, status, pause } = target;
  if (mode !== "push" || status !== "paused" || pause.until === undefined) return undefined;
  if (pause.until > writer.now) return { at: pause.until, target, row: undefined };
  const [row] = await listWaiting(writer, subscriptionId, 1);
  // The walk over all queues finds it again as soon as something waits.
  if (!row) return undefined;
  const way = wayTo(target);
  if (way.most === 0) return { at: way.heldUntil, target, row: undefined };
  const probes = pause.probes + 1;
  const pausedUntil = nextProbeAt(writer.now, probes, pause);
  await moveProbe(writer, subscriptionId, { probes, pausedUntil });
  directory.forget(environmentId, subscriptionId);
  return { at: pausedUntil, target, row };
}

/** One that does not open with our key holds up nothing but itself; `hatch doctor` tells of it. */
export async function openTarget(directory: Directory, writer: Writer, id: Id<"sub">): Promise<Target | undefined> {
  try {
    return await directory.target(writer, id);
  } catch (error) {
    if (error instanceof WrongKeyError) return undefined;
    throw error;
  }
}

/** The deliveries with the bodies of their events, each body read once. */
export async function withBodies(writer: Writer, taken: readonly Taken[]): Promise<Claim[]> {
  if (taken.length === 0) return [];
  const ids = [...new Set(taken.map(({ row }) => row.outbound_event_id))];
  const events = new Map((await findBodies(writer, ids)).map((event) => [event.id, event]));
  return taken.map(({ target, row, isProbe }) => {
    const event = events.get(row.outbound_event_id);
    return {
      id: row.id,
      event: row.event,
      outboundEventId: row.outbound_event_id,
      target,
      attempt: row.attempts + 1,
      epoch: row.epoch + 1,
      dueAt: row.due_at,
      refusals: row.prefers_newest,
      body: event?.body ?? undefined,
      traceparent: event?.traceparent ?? undefined,
      isProbe,
    };
  });
}
