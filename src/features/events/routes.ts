import { Elysia } from "elysia";
import * as v from "valibot";
import type { Reader } from "../../database/database.ts";
import type { Guard } from "../../http/guard.ts";
import { browserOf, callerOf } from "../../http/guard.ts";
import { listQuery, numberBefore, pageOf, parsePage } from "../../http/pages.ts";
import { isoTime, parseIsoTime } from "../../kernel/clock.ts";
import { AppError, notFound, validationFailed } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { looksPersonal } from "../../kernel/text.ts";
import { type InputName, type LoggedInput, listInputs, type Recorder } from "../progression/index.ts";
import { eventOf } from "./event-of.ts";
import { findEventTypeOr404, type KnownEventType } from "./event-types.ts";
import { cloudEvent, type IncomingBody, keyAt, readIncomingBody } from "./incoming.ts";
import type { EventsRoom } from "./room.ts";
import { acknowledge } from "./send-event.ts";
import { type BatchResult, sendEvents, sendOne } from "./send-events.ts";
import { isBrowser, type Sender } from "./sender.ts";
import { EventTypeName, PutEventType, SendEventBatch } from "./types.ts";

/** What an event caused to be sent; the room that sends is handed in by app.ts. */
export type FindDeliveries = (
  reader: Reader,
  environmentId: Id<"env">,
  inputSequence: number,
) => Promise<readonly JsonObject[]>;

export interface EventRoutesOptions {
  readonly recorder: Recorder;
  readonly findDeliveries: FindDeliveries;
}

const TAGS = ["Events"];
const FROM_ANYWHERE = { scope: "events:write", widget: "events:send", publishable: true } as const;
const WARNING = "userId looks like an e-mail address or a phone number; send your own stable id";

/** Looked at one by one where they are taken in: whatever is refused there is listed. */
const Incoming = v.custom<IncomingBody>(() => true);

const ListEvents = v.object({
  ...listQuery,
  userId: v.optional(v.string()),
  type: v.optional(v.string()),
  since: v.optional(v.string()),
});

export const createEventRoutes = (room: EventsRoom, { recorder, findDeliveries }: EventRoutesOptions, guard: Guard) =>
  new Elysia({ name: "events" })
    .use(guard)
    .post(
      "/v1/events",
      async ({ request, body, set }) => {
        const sender = senderOf(request);
        if (body.kind !== "event" && isBrowser(sender)) {
          throw new AppError("unsupported_media_type", "CloudEvents are for servers: send an event as plain JSON.");
        }
        if (body.kind === "cloudevents")
          return { results: await sendEvents(room, sender, body.events.map(cloudEvent)) };
        const incoming =
          body.kind === "event"
            ? eventOf(sender, body.event, "event", idempotencyKeyOf(request))
            : cloudEvent(body.event);
        const sent = await sendOne(room, sender, incoming);
        set.status = sent.status === "accepted" ? 201 : 200;
        if (looksPersonal(sent.userId)) set.headers["hatch-warning"] = WARNING;
        return isBrowser(sender) ? acknowledge(sent) : sent;
      },
      {
        access: FROM_ANYWHERE,
        bodyReader: readIncomingBody,
        ownIds: true,
        body: Incoming,
        detail: {
          operationId: "sendEvent",
          summary: "Send an event",
          description:
            "Answers once the event is on the disk, with what it did. The same id with the same content answers 200 and the first effects, with other content 409. Takes CloudEvents 1.0 as well.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/events/batch",
      async ({ request, body }) => {
        const sender = senderOf(request);
        const key = idempotencyKeyOf(request);
        const events = body.events.map((event, place) => eventOf(sender, event, "batch", keyAt(key, place)));
        const results = await sendEvents(room, sender, events);
        return { results: isBrowser(sender) ? results.map(acknowledgeResult) : results };
      },
      {
        access: FROM_ANYWHERE,
        bodyLimit: "batch",
        ownIds: true,
        body: SendEventBatch,
        detail: {
          operationId: "sendEvents",
          summary: "Send up to 1,000 events",
          description: "Each is accepted or rejected by itself; the results stand in the order of the events.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/events",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const since = sinceOf(query.since);
        const rows = await room.context.database.read((reader) =>
          listInputs(
            reader,
            callerOf(request).environmentId,
            {
              eventsOnly: true,
              ...(query.userId === undefined ? {} : { userId: query.userId }),
              ...(query.type === undefined ? {} : { type: query.type }),
              ...(since === undefined ? {} : { since }),
            },
            { before: numberBefore(after), limit: limit + 1 },
          ),
        );
        return pageOf(rows, limit, (input) => String(input.sequence), eventView);
      },
      {
        access: { scope: "events:read" },
        query: ListEvents,
        detail: { operationId: "listEvents", summary: "List events, newest first", tags: TAGS },
      },
    )
    .get(
      "/v1/events/:id",
      async ({ request, params, query }) => {
        const { environmentId } = callerOf(request);
        return room.context.database.read(async (reader) => {
          const input = await recorder.find(reader, environmentId, nameOf(params.id, query.browserOf));
          if (!input) throw notFound("The event");
          return {
            ...eventView(input),
            ...(query.explain === "true" ? { considered: input.considered ?? [] } : {}),
            deliveries: await findDeliveries(reader, environmentId, input.sequence),
          };
        });
      },
      {
        access: { scope: "events:read" },
        params: v.object({ id: v.string() }),
        query: v.object({ explain: v.optional(v.picklist(["true", "false"])), browserOf: v.optional(v.string()) }),
        detail: {
          operationId: "getEvent",
          summary: "One event with its effects and deliveries",
          description:
            "With `explain=true` also every rule that was considered, and why it did or did not fire. Ids that a page gave count for one member only: name that one as `browserOf`.",
          tags: TAGS,
        },
      },
    )
    .put(
      "/v1/event-types/:name",
      async ({ request, params, body }) => eventTypeView(await room.types.put(callerOf(request), params.name, body)),
      {
        access: { scope: "program:write" },
        params: v.object({ name: EventTypeName }),
        body: PutEventType,
        detail: {
          operationId: "putEventType",
          summary: "Register or change an event type",
          description: "`schema` is a JSON Schema 2020-12 of the event's `properties`.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/event-types",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const all = await room.types.list(callerOf(request).environmentId);
        const from = after === undefined ? 0 : all.findIndex(({ name }) => name === after) + 1;
        return pageOf(all.slice(from, from + limit + 1), limit, ({ name }) => name, eventTypeView);
      },
      {
        access: { scope: "program:read" },
        query: v.object(listQuery),
        detail: {
          operationId: "listEventTypes",
          summary: "List event types, newest first",
          description:
            "Those of the program come before. `origin` is `registered`, `program`, or `guessed` from what the test environment received.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/event-types/:name",
      async ({ request, params }) =>
        eventTypeView(await findEventTypeOr404(room.types, callerOf(request).environmentId, params.name)),
      {
        access: { scope: "program:read" },
        params: v.object({ name: v.string() }),
        detail: { operationId: "getEventType", summary: "One event type", tags: TAGS },
      },
    );

const senderOf = (request: Request): Sender => browserOf(request) ?? callerOf(request);

const acknowledgeResult = (result: BatchResult) => (result.status === "rejected" ? result : acknowledge(result));

const nameOf = (id: string, browserOf: string | undefined): InputName =>
  browserOf === undefined ? { namespace: "server", id } : { namespace: "browser", id, userId: browserOf };

const idempotencyKeyOf = ({ headers }: Request): string | undefined => headers.get("idempotency-key") ?? undefined;

const eventView = (input: LoggedInput) => ({
  id: input.id,
  type: input.type,
  userId: input.userId,
  occurredAt: isoTime(input.occurredAt),
  receivedAt: isoTime(input.receivedAt),
  localDate: input.localDate,
  requestId: input.requestId,
  programVersion: input.programVersion,
  ...(input.backfill ? { backfill: true } : {}),
  ...(input.properties === undefined ? { propertiesPurged: true } : { properties: input.properties }),
  ...(input.effects === undefined ? { effects: [], effectsPurged: true } : { effects: input.effects }),
});

const eventTypeView = (type: KnownEventType) => ({
  name: type.name,
  origin: type.origin,
  ...(type.schema === undefined ? {} : { schema: type.schema }),
  ...(type.description === undefined ? {} : { description: type.description }),
  clientSafe: type.clientSafe,
  forward: type.forward,
});

function sinceOf(text: string | undefined) {
  if (text === undefined) return undefined;
  const at = parseIsoTime(text);
  if (at === undefined)
    throw validationFailed([{ path: "since", message: "must be an ISO 8601 time with its offset" }]);
  return at;
}
