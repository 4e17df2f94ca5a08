import canonicalize from "canonicalize";
import { isoTime } from "../../kernel/clock.ts";
import { sha256 } from "../../kernel/crypto.ts";
import { AppError, validationFailed } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { actorOf } from "../../kernel/principal.ts";
import { isCallerId } from "../../kernel/text.ts";
import type { UnixMs } from "../../kernel/units.ts";
import type { Effect, InputDraft, InputName, InputOutcome, LoggedInput } from "../progression/index.ts";
import { checkEvent, checkTime, timeOf } from "./check-event.ts";
import type { EventsRoom } from "./room.ts";
import { isBrowser, type Sender } from "./sender.ts";
import type { SendEvent } from "./types.ts";

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
  readonly idempotencyKey?: string | undefined;
  /** When it happened by our clock, where the sender's is known to be wrong. What the event says stays its content. */
  readonly occurredAt?: UnixMs | undefined;
}

/** An event that may be recorded, or one that came before. */
export type Prepared =
  | { readonly kind: "new"; readonly draft: InputDraft; readonly learns: boolean }
  | { readonly kind: "known"; readonly outcome: InputOutcome };

/** What became of one of many. */
export type Received =
  | { readonly kind: "recorded"; readonly input: LoggedInput; readonly isRepeat: boolean }
  | { readonly kind: "refused"; readonly error: AppError };

/**
 * Records many, each by itself, in the order given: all are looked at before the first is handed on.
 * @throws what is no refusal: then nothing is known of any of them
 */
export async function receiveAll(
  room: EventsRoom,
  { environmentId }: Pick<Sender, "environmentId">,
  preparing: readonly (() => Promise<Prepared>)[],
): Promise<Received[]> {
  const prepared = await Promise.all(preparing.map((prepare) => orRefusal(prepare)));
  return Promise.all(prepared.map((one) => receivePrepared(room, environmentId, one)));
}

/** The same for one alone. */
export async function receiveOne(
  room: EventsRoom,
  { environmentId }: Pick<Sender, "environmentId">,
  prepare: () => Promise<Prepared>,
): Promise<Received> {
  return receivePrepared(room, environmentId, await orRefusal(prepare));
}

async function receivePrepared(
  room: EventsRoom,
  environmentId: Id<"env">,
  prepared: Prepared | AppError,
): Promise<Received> {
  const outcome =
    prepared instanceof AppError ? prepared : await orRefusal(() => record(room, environmentId, prepared));
  const received = outcome instanceof AppError ? refused(outcome) : receivedOf(outcome);
  const word = received.kind === "refused" ? "rejected" : received.isRepeat ? "duplicate" : "accepted";
  room.outcomes.add(1, { outcome: word });
  return received;
}

async function orRefusal<T>(work: () => Promise<T>): Promise<T | AppError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

async function record(room: EventsRoom, environmentId: Id<"env">, prepared: Prepared): Promise<InputOutcome> {
  if (prepared.kind === "known") return prepared.outcome;
  const { draft, learns } = prepared;
  const outcome = await room.ingest.submit(environmentId, draft);
  if (learns && outcome.kind === "accepted") await room.types.learn(environmentId, draft.type, draft.properties);
  return outcome;
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
export async function prepareEvent(
  room: EventsRoom,
  principal: Sender,
  event: SendEvent,
  options: SendOptions,
): Promise<Prepared> {
  const named = nameEvent(event, options);
  try {
    const occurredAt = options.occurredAt ?? timeOf(event);
    checkTime(room.context, event, occurredAt);
    const type = await checkEvent(room, principal, event, named.properties);
    const draft = draftOf(room, principal, event, { ...named, occurredAt, forward: type?.forward ?? false });
    return { kind: "new", draft, learns: type === undefined || type.origin === "guessed" };
  } catch (error) {
    const { id, contentHash } = named;
    if (!(error instanceof AppError) || error.code !== "validation_failed" || id === undefined) throw error;
    const earlier = await room.context.database.read((reader) =>
      room.recorder.recall(reader, principal.environmentId, { ...inputName(principal, event, id), contentHash }),
    );
    if (!earlier) throw error;
    return { kind: "known", outcome: earlier };
  }
}

function draftOf(
  { context }: EventsRoom,
  principal: Sender,
  event: SendEvent,
  known: Named & Pick<InputDraft, "occurredAt" | "forward">,
): InputDraft {
  const { id, properties, contentHash, occurredAt, forward } = known;
  return {
    kind: "event",
    // An id of our own making meets no other: it is found without knowing who sent it.
    ...(id === undefined
      ? ({ namespace: "server", id: context.ids.next("evi") } as const)
      : inputName(principal, event, id)),
    type: event.type,
    userId: event.userId,
    occurredAt,
    properties,
    backfill: event.backfill === true,
    contentHash,
    forward,
    actor: actorOf(principal),
    requestId: principal.request.id,
    traceparent: principal.request.traceparent,
  };
}

/** What a page calls its events is known of one member only: nobody uses up the ids of another, nor a server's. */
const inputName = (sender: Sender, { userId }: SendEvent, id: string): InputName =>
  isBrowser(sender) ? { namespace: "browser", id, userId } : { namespace: "server", id };

function idFromKey(idempotencyKey: string | undefined): string | undefined {
  if (idempotencyKey === undefined) return undefined;
  if (!isCallerId(idempotencyKey)) {
    throw validationFailed([{ path: "Idempotency-Key", message: "must be 1–255 printable characters" }]);
  }
  return idempotencyKey;
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

const refused = (error: AppError): Received => ({ kind: "refused", error });

function receivedOf(outcome: InputOutcome): Received {
  switch (outcome.kind) {
    case "accepted":
      return { kind: "recorded", input: outcome.input, isRepeat: false };
    case "duplicate":
      return { kind: "recorded", input: outcome.input, isRepeat: true };
    case "conflict":
      return refused(new AppError("event_conflict", "An event with this id and other content was accepted before."));
    case "refused":
      return refused(outcome.error);
  }
}

/** What a page is told: that it arrived, and nothing of what it did. */
export type Acknowledged = Omit<SentEvent, "effects" | "effectsPurged" | "programVersion">;

export const acknowledge = ({ id, type, userId, occurredAt, receivedAt, status }: SentEvent): Acknowledged => ({
  id,
  type,
  userId,
  occurredAt,
  receivedAt,
  status,
});

/** What the sender is told of an event that was recorded, now or before. */
export const sentEvent = ({ input, isRepeat }: Extract<Received, { kind: "recorded" }>): SentEvent => ({
  id: input.id,
  type: input.type,
  userId: input.userId,
  occurredAt: isoTime(input.occurredAt),
  receivedAt: isoTime(input.receivedAt),
  programVersion: input.programVersion,
  status: isRepeat ? "duplicate" : "accepted",
  effects: input.effects ?? [],
  ...(input.effects === undefined ? { effectsPurged: true } : {}),
});
