import type { Reader } from "../../../database/database.ts";
import { findOutboundEvent, type OutboundEventRow } from "../../../journal/outbox.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { notFound } from "../../../kernel/errors.ts";
import { deriveId, type Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { Hold } from "../../../outbound/outbound.ts";
import { findHeld } from "../dispatch/holds/held.ts";
import { findStanding } from "../subscriptions/store.ts";
import type { AttemptVerdict, DeliveryStatus, ReplayOrigin, WaitingFor } from "../types.ts";
import {
  type AttemptRow,
  type DeliveryOfEventRow,
  type DeliveryRow,
  findDelivery,
  listAttempts,
  listOfEvents,
} from "./store.ts";

/** Attempts shown of one delivery, the latest; a ladder has at most 21, restarts and replays can add to it. */
const ATTEMPTS_SHOWN_MAX = 100;
/** Deliveries shown of one event. */
const DELIVERIES_OF_EVENT_MAX = 200;

export interface DeliveryView {
  readonly id: Id<"dlv">;
  readonly subscriptionId: Id<"sub">;
  readonly outboundEventId: Id<"evt">;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly waitingFor: WaitingFor | null;
  readonly attemptCount: number;
  /** When the next attempt is due; null for what has ended or waits for a person. */
  readonly nextAttemptAt: string | null;
  /** Being sent once more on request; `status` is what it was. */
  readonly replaying: boolean;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

const originOf = (text: string | null): ReplayOrigin | undefined =>
  text === null ? undefined : (JSON.parse(text) as ReplayOrigin);

/** What was delivered is delivered, also while it is sent once more. */
const deliveredBefore = (origin: ReplayOrigin | undefined): ReplayOrigin | undefined =>
  origin?.status === "delivered" ? origin : undefined;

/** What keeps all that a subscription has waiting. */
interface Kept {
  readonly paused: boolean;
  /** By its rate limit, or by the endpoint's own wish. */
  readonly heldUntil: UnixMs | undefined;
  /** By the egress proxy, which does not lead to its endpoint. */
  readonly way?: Hold | undefined;
}

const FREE: Kept = { paused: false, heldUntil: undefined };

interface Wait {
  readonly waitingFor: WaitingFor;
  readonly reason: string | null;
  readonly nextAt: UnixMs | undefined;
}

function waitOf(row: DeliveryRow, { paused, heldUntil, way }: Kept): Wait {
  const { due_at, reason } = row;
  if (paused) return { waitingFor: "pause", reason, nextAt: undefined };
  if (way && due_at <= way.until) return { waitingFor: "proxy", reason: way.message, nextAt: way.until };
  if (heldUntil !== undefined && due_at < heldUntil) return { waitingFor: "rateLimit", reason, nextAt: heldUntil };
  return { waitingFor: row.waiting_for ?? "slot", reason, nextAt: due_at };
}

export function showDelivery(row: DeliveryRow, kept: Kept = FREE): DeliveryView {
  const origin = originOf(row.replay_from);
  const shown = deliveredBefore(origin);
  const wait = row.status === "pending" ? waitOf(row, kept) : undefined;
  const endedAt = shown ? shown.endedAt : row.ended_at;
  return {
    id: row.id,
    subscriptionId: row.subscription_id,
    outboundEventId: row.outbound_event_id,
    event: row.event,
    status: shown ? shown.status : row.status,
    reason: shown ? shown.reason : wait ? wait.reason : row.reason,
    waitingFor: wait?.waitingFor ?? null,
    attemptCount: row.attempts,
    nextAttemptAt: wait?.nextAt === undefined ? null : isoTime(wait.nextAt),
    replaying: origin !== undefined,
    createdAt: isoTime(row.created_at),
    endedAt: endedAt === null ? null : isoTime(endedAt),
  };
}

/** What the egress proxy says of the ways to subscriptions. */
export type FindWays = (reader: Reader, ids: readonly Id<"sub">[]) => Promise<ReadonlyMap<Id<"sub">, Hold>>;

/** Deliveries with what they wait for: that depends on the state of their subscriptions, and on the time. */
export async function showDeliveries(
  reader: Reader,
  rows: readonly DeliveryRow[],
  now: UnixMs,
  findWays: FindWays = async () => new Map(),
): Promise<DeliveryView[]> {
  const waiting = rows.filter(({ status }) => status === "pending").map(({ subscription_id }) => subscription_id);
  const ids = [...new Set(waiting)];
  const standing = await findStanding(reader, ids);
  const paused = new Set(standing.filter(({ status }) => status === "paused").map(({ id }) => id));
  const held = await findHeld(reader, ids, now);
  const ways = await findWays(reader, ids);
  return rows.map((row) => {
    const id = row.subscription_id;
    return showDelivery(row, { paused: paused.has(id), heldUntil: held.get(id), way: ways.get(id) });
  });
}

export interface AttemptView {
  readonly id: Id<"att">;
  readonly number: number;
  readonly verdict: AttemptVerdict;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: string | null;
  /** Custom headers are masked. */
  readonly request: {
    readonly headers: JsonObject;
    /** Of a body that the subscription's payload or preset made; absent where the event's own was sent. */
    readonly body?: JsonObject;
  } | null;
  readonly response: {
    readonly status: number;
    readonly headers: JsonObject;
    /** The first 16 KiB; `bodyBase64` where they are not text. */
    readonly body?: string;
    readonly bodyBase64?: string;
  } | null;
  /** Milliseconds. */
  readonly timings: JsonObject | null;
}

/** What was cut in the middle of a character is text all the same: `stream` waits for the rest of it. */
const textOf = (bytes: Uint8Array): string => new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });

function bodyOf(bytes: Uint8Array | null): { readonly body: string } | { readonly bodyBase64: string } {
  try {
    return { body: bytes === null ? "" : textOf(bytes) };
  } catch {
    return { bodyBase64: Buffer.from(bytes ?? []).toString("base64") };
  }
}

const parsed = (text: string | null): JsonObject | null => (text === null ? null : (JSON.parse(text) as JsonObject));

/** Follows from the delivery and the number, so that the hot path neither makes nor keeps it. */
const attemptIdOf = (delivery: DeliveryRow, number: number): Id<"att"> =>
  deriveId("att", delivery.created_at, `${delivery.id}:${number}`);

function showAttempt(delivery: DeliveryRow, row: AttemptRow): AttemptView {
  const headers = parsed(row.request_headers);
  const made = parsed(row.request_body);
  return {
    id: attemptIdOf(delivery, row.number),
    number: row.number,
    verdict: row.verdict,
    startedAt: isoTime(row.started_at),
    endedAt: row.ended_at === null ? null : isoTime(row.ended_at),
    error: row.error,
    request: headers === null ? null : { headers, ...(made === null ? {} : { body: made }) },
    response:
      row.response_status === null
        ? null
        : { status: row.response_status, headers: parsed(row.response_headers) ?? {}, ...bodyOf(row.response_body) },
    timings: parsed(row.timings),
  };
}

export interface DeliveryDetail extends DeliveryView {
  /** How many failures count on the retry ladder. */
  readonly failures: number;
  /** Latest first; kept for 24 hours after the delivery's end. */
  readonly attempts: readonly AttemptView[];
}

export async function findDeliveryDetail(
  reader: Reader,
  environmentId: Id<"env">,
  id: Id<"dlv">,
  now: UnixMs,
  findWays?: FindWays,
): Promise<DeliveryDetail> {
  const row = await findDelivery(reader, environmentId, id);
  if (!row) throw notFound("The delivery");
  const [view] = await showDeliveries(reader, [row], now, findWays);
  if (!view) throw notFound("The delivery");
  const attempts = await listAttempts(reader, id, ATTEMPTS_SHOWN_MAX);
  return { ...view, failures: row.failures, attempts: attempts.map((attempt) => showAttempt(row, attempt)) };
}

/** A delivery as the page of an event shows it. */
export interface DeliveryOfEvent {
  readonly id: Id<"dlv">;
  readonly subscriptionId: Id<"sub">;
  readonly outboundEventId: Id<"evt">;
  readonly event: string;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly attemptCount: number;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

function showOfEvent(row: DeliveryOfEventRow): DeliveryOfEvent {
  const shown = deliveredBefore(originOf(row.replay_from));
  const endedAt = shown ? shown.endedAt : row.ended_at;
  return {
    id: row.id,
    subscriptionId: row.subscription_id,
    outboundEventId: row.outbound_event_id,
    event: row.event,
    status: shown ? shown.status : row.status,
    reason: shown ? shown.reason : row.reason,
    attemptCount: row.attempts,
    createdAt: isoTime(row.created_at),
    endedAt: endedAt === null ? null : isoTime(endedAt),
  };
}

/** The deliveries that some outbound events caused, oldest first, 200 at most. */
export async function listDeliveriesOfEvents(
  reader: Reader,
  environmentId: Id<"env">,
  outboundEventIds: readonly Id<"evt">[],
): Promise<readonly DeliveryOfEvent[]> {
  if (outboundEventIds.length === 0) return [];
  const rows = await listOfEvents(reader, environmentId, outboundEventIds, DELIVERIES_OF_EVENT_MAX);
  return rows.map(showOfEvent);
}

export interface OutboundEventView {
  readonly id: Id<"evt">;
  readonly event: string;
  readonly userId: string | null;
  readonly createdAt: string;
  /** The bytes that are delivered; null once they are no longer kept. */
  readonly body: string | null;
  readonly deliveries: readonly DeliveryOfEvent[];
}

export async function findOutboundEventView(
  reader: Reader,
  environmentId: Id<"env">,
  id: Id<"evt">,
): Promise<OutboundEventView> {
  const row: OutboundEventRow | undefined = await findOutboundEvent(reader, environmentId, id);
  if (!row) throw notFound("The outbound event");
  return {
    id: row.id,
    event: row.type,
    userId: row.user_id,
    createdAt: isoTime(row.created_at),
    body: row.body,
    deliveries: await listDeliveriesOfEvents(reader, environmentId, [id]),
  };
}
