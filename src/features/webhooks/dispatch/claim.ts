import type { Writer } from "../../../database/database.ts";
import { findBodies } from "../../../journal/outbox.ts";
import { WrongKeyError } from "../../../kernel/crypto.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Directory } from "../directory.ts";
import type { Target } from "../types.ts";
import { claimDeliveries, type DueRow, listDue } from "./store.ts";

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
}

export interface Claimed {
  readonly subscriptionId: Id<"sub">;
  /** Undefined where nothing may be sent to it. */
  readonly claims: readonly Claim[] | undefined;
  /** Fewer were due than asked for. */
  readonly exhausted: boolean;
}

export interface Taken {
  readonly target: Target;
  readonly row: DueRow;
}

/** Takes what is due for each subscription, up to its count: delivery and attempt are written before a socket opens. */
export async function claimDue(
  directory: Directory,
  writer: Writer,
  plan: readonly { readonly subscriptionId: Id<"sub">; readonly count: number }[],
  claimant: string,
): Promise<Claimed[]> {
  const taken: Taken[] = [];
  const found: { subscriptionId: Id<"sub">; from: number; count: number; sendable: boolean; exhausted: boolean }[] = [];
  for (const { subscriptionId, count } of plan) {
    const target = await openTarget(directory, writer, subscriptionId);
    const from = taken.length;
    if (target?.mode !== "push" || target.status !== "active") {
      found.push({ subscriptionId, from, count: 0, sendable: false, exhausted: true });
      continue;
    }
    const rows = await listDue(writer, subscriptionId, count);
    for (const row of rows) taken.push({ target, row });
    found.push({ subscriptionId, from, count: rows.length, sendable: true, exhausted: rows.length < count });
  }
  const claims = await withBodies(writer, taken);
  await claimDeliveries(
    writer,
    claims.map(({ id, attempt, epoch }) => ({ deliveryId: id, attempt, epoch })),
    claimant,
  );
  return found.map(({ subscriptionId, from, count, sendable, exhausted }) => ({
    subscriptionId,
    claims: sendable ? claims.slice(from, from + count) : undefined,
    exhausted,
  }));
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
  return taken.map(({ target, row }) => {
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
    };
  });
}
