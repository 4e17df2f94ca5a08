import { BODY_BYTES_MAX, readJsonBody } from "../../http/body.ts";
import { parseInput } from "../../http/validate.ts";
import { AppError, type ErrorDetail } from "../../kernel/errors.ts";
import { eventOfCloudEvent, namesOfCloudEvent } from "./cloud-events/event-of.ts";
import { type CloudEventsBody, readCloudEvents } from "./cloud-events/read.ts";
import { joinedId } from "./joined-id.ts";
import { namesIn } from "./refused/keep.ts";
import type { EventNames, EventSource } from "./refused/store.ts";
import { SendEvent } from "./types.ts";

/** Something that was sent to become an event. */
export interface Incoming {
  readonly source: EventSource;
  /** For whoever looks where it went, if it is refused. */
  readonly names: () => EventNames;
  /** @throws AppError where it is no event */
  readonly read: () => SendEvent;
  /** Stands in where the event has no id. */
  readonly idempotencyKey?: string | undefined;
  /** What the sender calls our fields, where the names differ: refusals speak of those. */
  readonly wording?: Readonly<Record<string, string>>;
}

/** What `POST /v1/events` takes: an event of ours, or CloudEvents. */
export type IncomingBody = { readonly kind: "event"; readonly event: unknown } | CloudEventsBody;

export const readIncomingBody = (request: Request): Promise<IncomingBody> =>
  readCloudEvents(request) ?? readPlainEvent(request);

async function readPlainEvent(request: Request): Promise<IncomingBody> {
  return { kind: "event", event: await readJsonBody(request, BODY_BYTES_MAX) };
}

const OWN_NAMES = { id: "id", type: "type", userId: "userId" } as const;
const CLOUD_EVENTS_WORDING = { userId: "subject", occurredAt: "time", properties: "data" } as const;

export const plainEvent = (value: unknown, source: EventSource, idempotencyKey: string | undefined): Incoming => ({
  source,
  names: () => namesIn(value, OWN_NAMES),
  read: () => parseInput(SendEvent, value, "Send a JSON body."),
  idempotencyKey,
});

export const cloudEvent = (value: unknown): Incoming => ({
  source: "cloudevents",
  names: () => namesOfCloudEvent(value),
  read: () => eventOfCloudEvent(value),
  wording: CLOUD_EVENTS_WORDING,
});

/** A batch's name and an event's place in it are the event's name. */
export const keyAt = (idempotencyKey: string | undefined, place: number): string | undefined =>
  idempotencyKey === undefined ? undefined : joinedId(idempotencyKey, String(place));

/** The same refusal in the sender's words. */
export function reworded(error: AppError, { wording }: Pick<Incoming, "wording">): AppError {
  if (!wording || error.details.length === 0) return error;
  const details = error.details.map(({ path, message }): ErrorDetail => {
    const [field = "", ...rest] = path.split(".");
    return { path: [wording[field] ?? field, ...rest].join("."), message };
  });
  return new AppError(error.code, error.message, { details });
}
