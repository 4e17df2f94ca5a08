import type { Writer } from "../../../database/database.ts";
import { findBodies } from "../../../journal/outbox.ts";
import { WrongKeyError } from "../../../kernel/crypto.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Directory } from "../directory.ts";
import { nextProbeAt } from "../subscriptions/pausing.ts";
import { moveProbe } from "../subscriptions/store.ts";
import type { Target } from "../types.ts";
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
  readonly prefersNewest: boolean;
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
}

export interface Taken {
  readonly target: Target;
  readonly row: DueRow;
  readonly isProbe: boolean;
}

/** Takes what is due for each subscription, up to its count: delivery and attempt are written before a socket opens. */
export async function claimDue(
  directory: Directory,
  writer: Writer,
  plan: readonly { readonly subscriptionId: Id<"sub">; readonly count: number }[],
  claimant: string,
): Promise<Claimed[]> {
  const taken: Taken[] = [];
  const found: (Omit<Claimed, "claims"> & { from: number; count: number; sendable: boolean })[] = [];
  for (const { subscriptionId, count } of plan) {
    const target = await openTarget(directory, writer, subscriptionId);
    const from = taken.length;
    if (target?.mode !== "push" || target.status !== "active") {
      const probe = target && (await takeProbe(directory, writer, target));
      if (probe?.row) taken.push({ target: probe.target, row: probe.row, isProbe: true });
      const claimed = taken.length - from;
      const probeAt = probe?.at;
      found.push({ subscriptionId, from, count: claimed, sendable: claimed > 0, exhausted: true, probeAt });
      continue;
    }
    const rows = await listDue(writer, subscriptionId, count);
    for (const row of rows) taken.push({ target, row, isProbe: false });
    const exhausted = rows.length < count;
    found.push({ subscriptionId, from, count: rows.length, sendable: true, exhausted, probeAt: undefined });
  }
  const claims = await withBodies(writer, taken);
  await claimDeliveries(
    writer,
    claims.map(({ id, attempt, epoch }) => ({ deliveryId: id, attempt, epoch })),
    claimant,
  );
  return found.map(({ subscriptionId, from, count, sendable, exhausted, probeAt }) => ({
    subscriptionId,
    claims: sendable ? claims.slice(from, from + count) : undefined,
    exhausted,
    probeAt,
  }));
}

interface Probe {
  /** When there is something to do about it next. */
  readonly at: UnixMs;
  readonly target: Target;
  /** Undefined where it is too early, or nothing waits. */
  readonly row: DueRow | undefined;
}

/** The oldest that waits, once the time of the probe has come. The time of the next one is written with the claim. */
async function takeProbe(directory: Directory, writer: Writer, target: Target): Promise<Probe | undefined> {
  const { subscriptionId, environmentId, mode, status, pause } = target;
  if (mode !== "push" || status !== "paused" || pause.until === undefined) return undefined;
  if (pause.until > writer.now) return { at: pause.until, target, row: undefined };
  const [row] = await listWaiting(writer, subscriptionId, 1);
  // The walk over all queues finds it again as soon as something waits.
  if (!row) return undefined;
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
      prefersNewest: row.prefers_newest === 1,
      body: event?.body ?? undefined,
      traceparent: event?.traceparent ?? undefined,
      isProbe,
    };
  });
}
