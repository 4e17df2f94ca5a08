import canonicalize from "canonicalize";
import * as v from "valibot";
import type { Context } from "../../context.ts";
import { detailsOf } from "../../http/validate.ts";
import { isoTime, parseIsoTime } from "../../kernel/clock.ts";
import { sha256 } from "../../kernel/crypto.ts";
import { AppError, type ErrorDetail, validationFailed } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { Counter } from "../../kernel/metrics.ts";
import { actorOf, type KeyPrincipal } from "../../kernel/principal.ts";
import { isCallerId, looksPersonal } from "../../kernel/text.ts";
import { MINUTE } from "../../kernel/units.ts";
import type { Effect, InputDraft, InputOutcome, LoggedInput, Recorder } from "../progression/index.ts";
import type { EventTypes, KnownEventType } from "./event-types.ts";
import type { Ingest } from "./ingest.ts";
import { SendEvent } from "./types.ts";

/** How far a sender's clock may run ahead of ours. */
const AHEAD_MAX = 5 * MINUTE;

export interface EventsRoom {
  readonly context: Context;
  readonly types: EventTypes;
  readonly ingest: Ingest;
  readonly recorder: Pick<Recorder, "recall">;
  readonly outcomes: Counter;
  readonly personalUserIds: Counter;
}

/** What the sender is told of an event, once it is on the disk. */
export interface SentEvent {
  readonly id: string;
  readonly type: string;
  readonly userId: string;
  readonly occurredAt: string;
  readonly receivedAt: string;
  readonly programVersion: number;
  readonly status: "accepted" | "duplicate";
  readonly effects: readonly Effect[];
  readonly effectsPurged?: true;
}

export interface SendOptions {
  /** Stands in where the event has no id of its own. */
  readonly idempotencyKey?: string;
}

/** Records one event. @throws AppError with the reason, where it is not accepted */
export async function sendEvent(
  room: EventsRoom,
  principal: KeyPrincipal,
  event: SendEvent,
  options: SendOptions = {},
): Promise<SentEvent> {
  try {
    const named = nameEvent(event, options);
    const outcome = await submit(room, principal, event, named);
    const sent = answerOf(outcome);
    room.outcomes.add(1, { outcome: sent.status });
    return sent;
  } catch (error) {
    room.outcomes.add(1, { outcome: "rejected" });
    throw error;
  }
}

export type BatchResult =
  | SentEvent
  | {
      readonly status: "rejected";
      readonly error: { readonly code: string; readonly message: string; readonly details?: readonly ErrorDetail[] };
    };

/**
 * Records many; each is accepted or rejected by itself, in the order given.
 * @throws AppError `unavailable` where none was kept because none could be: whoever sends it again loses nothing
 */
export async function sendEvents(
  room: EventsRoom,
  principal: KeyPrincipal,
  events: readonly unknown[],
): Promise<BatchResult[]> {
  const results = await Promise.all(
    events.map(async (event): Promise<BatchResult> => {
      try {
        const parsed = v.safeParse(SendEvent, event);
        if (!parsed.success) throw validationFailed(detailsOf(parsed.issues), "The event is not valid.");
        return await sendEvent(room, principal, parsed.output);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { code, message, details } = error;
        return { status: "rejected", error: { code, message, ...(details.length > 0 ? { details } : {}) } };
      }
    }),
  );
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.error] : []));
  const away = errors.find(({ code }) => code === "unavailable");
  if (away && errors.length === results.length) {
    throw new AppError("unavailable", away.message, { retryAfterSeconds: 1 });
  }
  return results;
}

/** What an event is called, and what it says: enough to know it again. */
interface Named {
  /** Absent where the caller gave none: then it can't have come before. */
  readonly id: string | undefined;
  readonly properties: JsonObject;
  readonly contentHash: Uint8Array;
}

function nameEvent(event: SendEvent, { idempotencyKey }: SendOptions): Named {
  const properties = event.properties ?? {};
  return { id: event.id ?? idFromKey(idempotencyKey), properties, contentHash: contentHashOf(event, properties) };
}

/**
 * What was accepted once is known for ever: a schema that was tightened since, a window that has closed or a type that is
 * gone refuses new events, not the repeat of an old one. So a refusal looks the id up before it stands.
 */
async function submit(
  room: EventsRoom,
  principal: KeyPrincipal,
  event: SendEvent,
  named: Named,
): Promise<InputOutcome> {
  const { environmentId } = principal;
  try {
    const type = await checkEvent(room, principal, event, named.properties);
    const draft = draftOf(room, principal, event, named, type);
    const outcome = await room.ingest.submit(environmentId, draft);
    const isOpen = type === undefined || type.origin === "guessed";
    if (isOpen && outcome.kind === "accepted") await room.types.learn(environmentId, event.type, named.properties);
    return outcome;
  } catch (error) {
    const { id, contentHash } = named;
    if (!(error instanceof AppError) || error.code !== "validation_failed" || id === undefined) throw error;
    const earlier = await room.context.database.read((reader) =>
      room.recorder.recall(reader, environmentId, { namespace: "server", id, contentHash }),
    );
    if (!earlier) throw error;
    return earlier;
  }
}

/** Everything that may be wrong with a new event and needs no transaction. @returns its type, if it is known */
async function checkEvent(
  room: EventsRoom,
  principal: KeyPrincipal,
  event: SendEvent,
  properties: JsonObject,
): Promise<KnownEventType | undefined> {
  checkTime(room.context, event);
  if (looksPersonal(event.userId)) {
    room.personalUserIds.add();
    if (room.context.config.events.personalUserIds === "refuse") {
      throw validationFailed([
        { path: "userId", message: "looks like an e-mail address or a phone number; send your own stable id" },
      ]);
    }
  }
  const type = await room.types.find(principal.environmentId, event.type);
  if ((type === undefined || type.origin === "guessed") && principal.environmentKind === "live") {
    throw validationFailed([
      { path: "type", message: "is not a registered event type; PUT /v1/event-types/{name} registers it" },
    ]);
  }
  const problems = type?.check?.(properties) ?? [];
  if (problems.length > 0) throw validationFailed(problems, "The properties do not fit the schema of the event type.");
  return type;
}

function draftOf(
  { context }: EventsRoom,
  principal: KeyPrincipal,
  event: SendEvent,
  { id, properties, contentHash }: Named,
  type: KnownEventType | undefined,
): InputDraft {
  return {
    kind: "event",
    id: id ?? context.ids.next("evi"),
    namespace: "server",
    type: event.type,
    userId: event.userId,
    occurredAt: event.occurredAt === undefined ? undefined : parseIsoTime(event.occurredAt),
    properties,
    backfill: event.backfill === true,
    contentHash,
    forward: type?.forward ?? false,
    actor: actorOf(principal),
    requestId: principal.request.id,
    traceparent: principal.request.traceparent,
  };
}

function idFromKey(idempotencyKey: string | undefined): string | undefined {
  if (idempotencyKey === undefined) return undefined;
  if (!isCallerId(idempotencyKey)) {
    throw validationFailed([{ path: "Idempotency-Key", message: "must be 1–255 printable characters" }]);
  }
  return idempotencyKey;
}

function checkTime(context: Context, event: SendEvent): void {
  if (event.occurredAt === undefined) return;
  const at = parseIsoTime(event.occurredAt);
  const refuse = (message: string) => validationFailed([{ path: "occurredAt", message }]);
  if (at === undefined) throw refuse("must be an ISO 8601 time with its offset, such as 2026-11-20T18:04:00Z");
  const now = context.clock.now();
  if (at > now + AHEAD_MAX) throw refuse("lies more than 5 minutes in the future");
  if (at < 0) throw refuse("lies before 1970");
  if (event.backfill !== true && at < now - context.config.events.lateWindow) {
    throw refuse("is older than the late window; send `backfill: true` to count it for its own day");
  }
}

/** What makes two events the same: RFC 8785 of what the caller said happened. Defaults and `backfill` do not count. */
function contentHashOf(event: SendEvent, properties: JsonObject): Uint8Array {
  const { type, userId, occurredAt } = event;
  try {
    return sha256(
      canonicalize({ type, userId, properties, ...(occurredAt === undefined ? {} : { occurredAt }) }) ?? "",
    );
  } catch {
    throw validationFailed([
      { path: "properties", message: "holds text that is not valid Unicode, or a number too large for JSON" },
    ]);
  }
}

function answerOf(outcome: InputOutcome): SentEvent {
  switch (outcome.kind) {
    case "accepted":
      return sentEvent(outcome.input, "accepted");
    case "duplicate":
      return sentEvent(outcome.input, "duplicate");
    case "conflict":
      throw new AppError("event_conflict", "An event with this id and other content was accepted before.");
    case "refused":
      throw outcome.error;
  }
}

const sentEvent = (input: LoggedInput, status: SentEvent["status"]): SentEvent => ({
  id: input.id,
  type: input.type,
  userId: input.userId,
  occurredAt: isoTime(input.occurredAt),
  receivedAt: isoTime(input.receivedAt),
  programVersion: input.programVersion,
  status,
  effects: input.effects ?? [],
  ...(input.effects === undefined ? { effectsPurged: true } : {}),
});
