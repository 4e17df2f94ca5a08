import * as v from "valibot";
import { json, page, said, text, textOrNull, time, timeOrNull, whole } from "../../http/openapi-fields.ts";
import type { RoomReference } from "../../http/openapi-types.ts";
import { EFFECT_EXAMPLES, EffectView } from "../progression/index.ts";
import { CLOUD_EVENTS_SECTION } from "./cloud-events/reference.ts";
import { SEGMENT_OPERATIONS, SEGMENT_SECTION, SEGMENT_TAG } from "./segment/reference.ts";
import { SendEvent } from "./types.ts";

const STATUS =
  "`accepted`, or `duplicate`: this id came before with the same content, and these are its first effects.";

const fields = {
  id: text("The event's id: yours, else the `Idempotency-Key`, else one that was made. Of a CloudEvent: `source|id`."),
  type: text("The event's type."),
  userId: text("Your member."),
  occurredAt: time("When it happened."),
  receivedAt: time("When it was recorded."),
  programVersion: whole("The version of the program that decided it; 0 where none is published."),
};
const effects = said(v.array(EffectView), "What it did, in order. Empty where no rule fired.");
const effectsPurged = v.optional(said(v.literal(true), "Present where the effects are no longer kept."));

const SentEvent = v.object({
  ...fields,
  status: said(v.picklist(["accepted", "duplicate"]), STATUS),
  effects,
  effectsPurged,
});

const { programVersion: _programVersion, ...told } = fields;
/** What a page is told. */
const Acknowledged = v.object({
  ...told,
  status: said(
    v.picklist(["accepted", "duplicate"]),
    "`accepted`, or `duplicate`: this id came before with the same content.",
  ),
});

const Rejected = v.object({
  status: v.literal("rejected"),
  error: said(
    v.object({
      code: text("As in a refusal."),
      message: v.string(),
      details: v.optional(v.array(v.object({ path: v.string(), message: v.string() }))),
    }),
    "Why it was not accepted.",
  ),
});

const Batch = v.object({
  results: said(v.array(v.union([SentEvent, Acknowledged, Rejected])), "One for each event, in their order."),
});

const RefusedEvent = v.object({
  refusedAt: time("When it was refused."),
  requestId: text("The request that brought it."),
  source: said(
    v.picklist(["event", "batch", "cloudevents", "segment"]),
    "By which way it came: alone, in a batch, as a CloudEvent, or from a Segment library.",
  ),
  id: textOrNull("The event's id, as far as it could be read."),
  type: textOrNull("Its type; `identify` and the like for other messages of a Segment library."),
  userId: textOrNull("The member."),
  error: said(Rejected.entries.error, "Why it was not accepted."),
});

const LoggedEvent = v.object({
  ...fields,
  localDate: text("The member's own day on which it happened, stamped once."),
  requestId: said(v.nullable(v.string()), "The request that brought it."),
  backfill: v.optional(said(v.literal(true), "Present where it was sent as backfill.")),
  properties: v.optional(json("As they were sent. Absent, with `propertiesPurged`, once they are no longer kept.")),
  propertiesPurged: v.optional(v.literal(true)),
  effects,
  effectsPurged,
});

const EventDetail = v.object({
  ...LoggedEvent.entries,
  considered: v.optional(
    said(
      v.array(
        v.object({
          rule: text("The rule."),
          fired: said(v.boolean(), "Whether it did anything."),
          reason: text("Why, or why not."),
        }),
      ),
      "With `explain=true`: every rule that was looked at.",
    ),
  ),
  deliveries: said(
    v.array(
      v.object({
        id: text("`dlv_…`"),
        subscriptionId: text("`sub_…`"),
        outboundEventId: text("`evt_…`"),
        event: text("The outbound event's name."),
        status: text("As in `GET /v1/deliveries`."),
        reason: textOrNull("Why it ended, or how its last attempt did."),
        attemptCount: whole("How many requests were made."),
        createdAt: time("When it was written."),
        endedAt: timeOrNull("When it ended."),
      }),
    ),
    "The webhook deliveries that it caused.",
  ),
});

const EventType = v.object({
  name: text("The name that events carry as `type`."),
  origin: said(
    v.picklist(["registered", "program", "guessed"]),
    "Who defines it: this API, the program, or nobody yet (guessed from what `test` received).",
  ),
  schema: v.optional(json("JSON Schema 2020-12 of `properties`.")),
  description: v.optional(v.string()),
  clientSafe: said(v.boolean(), "Whether browsers may send it."),
  forward: said(v.boolean(), "Whether the event itself goes out to webhooks."),
});

const EVENT = {
  id: "lesson-881-user_42",
  type: "lesson_completed",
  userId: "user_42",
  occurredAt: "2026-11-20T18:04:00Z",
  properties: { score: 94, lesson: "fractions-3" },
};
const ANSWER = {
  id: "lesson-881-user_42",
  type: "lesson_completed",
  userId: "user_42",
  occurredAt: "2026-11-20T18:04:00.000Z",
  receivedAt: "2026-11-20T18:04:00.412Z",
  programVersion: 1,
};
const LOGGED = {
  ...ANSWER,
  localDate: "2026-11-20",
  requestId: "req_01kag6w8yhf2ss0m8g3cnv5d7a",
  properties: EVENT.properties,
  effects: EFFECT_EXAMPLES,
};
const REFUSED = {
  refusedAt: "2026-11-20T18:04:00.412Z",
  requestId: "req_01kag6w8yhf2ss0m8g3cnv5d7a",
  source: "segment",
  id: "node-next-1763661840000-5b1c",
  type: "lesson_completed",
  userId: "user_42",
  error: {
    code: "validation_failed",
    message: "The properties do not fit the schema of the event type.",
    details: [{ path: "properties.score", message: "Must be number." }],
  },
};
const TYPE = {
  name: "lesson_completed",
  origin: "registered",
  schema: { type: "object", required: ["score"], properties: { score: { type: "number", minimum: 0, maximum: 100 } } },
  description: "A member finished a lesson.",
  clientSafe: false,
  forward: true,
};
const TYPE_PATH = {
  name: { description: "The event type's name, compared exactly.", example: "lesson_completed" },
};
const SEND_FIELDS = {
  id: "Your id of the event. The same one counts once, for ever. Without it `Idempotency-Key` stands in, else one is made.",
  type: "The event type. In `live` it must be registered; in `test` it need not be.",
  userId: "Your own stable id of the user. Not an e-mail address: ids stay in the ledger.",
  occurredAt:
    "When it happened, ISO 8601 with its offset; now, if absent. Up to 5 minutes ahead, and as far back as the late window (30 days).",
  properties: { type: "object", description: "What your rules look at. Checked against the type's JSON Schema." },
  backfill: "Allows an `occurredAt` before the late window: it counts for its own day.",
};

export const EVENTS_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Events",
      description:
        "What your users did. An event is accepted once, decided by one version of the program, and answered with its effects after everything is on the disk.",
    },
    SEGMENT_TAG,
  ],
  sections: [CLOUD_EVENTS_SECTION, SEGMENT_SECTION],
  operations: {
    sendEvent: {
      description:
        "Answers once the event is on the disk, with what it did. The same id with the same content answers 200 and the first effects, with other content 409. Takes CloudEvents 1.0 as well.\n\nA browser, with a publishable key or a member's token, sends types that are `clientSafe` and no others, without `backfill`, as plain JSON; a token speaks for its own member, whom it need not name.",
      headers: {
        "Idempotency-Key": { description: "Stands in for `id` where the event has none." },
      },
      body: { schema: SendEvent, example: EVENT, fields: SEND_FIELDS },
      answers: {
        201: {
          description: "Accepted and durable. A browser is answered without what it did.",
          schema: v.union([SentEvent, Acknowledged]),
          example: { ...ANSWER, status: "accepted", effects: EFFECT_EXAMPLES },
        },
        200: {
          description: "A repeat: nothing happened again. Also the answer to a batch of CloudEvents.",
          schema: v.union([SentEvent, Acknowledged, Batch]),
          example: { ...ANSWER, status: "duplicate", effects: EFFECT_EXAMPLES },
        },
      },
      errors: ["event_conflict", "conflict"],
    },
    sendEvents: {
      description:
        "Up to 1,000 events in 8 MiB. Each is accepted or rejected by itself, and the results stand in the order of the events: look at every `status`, because the answer is 200 also where some were rejected. Those are listed under `GET /v1/events/refused`, too.",
      headers: {
        "Idempotency-Key": { description: "Stands in, with the place in the batch, for each `id` that is not given." },
      },
      body: {
        schema: v.strictObject({ events: v.pipe(v.array(SendEvent), v.minLength(1), v.maxLength(1_000)) }),
        example: {
          events: [EVENT, { id: "lesson-882-user_17", type: "lesson_completed", userId: "user_17" }],
        },
        fields: Object.fromEntries(Object.entries(SEND_FIELDS).map(([field, note]) => [`events.*.${field}`, note])),
      },
      answers: {
        200: {
          description: "One result for each event.",
          schema: Batch,
          example: {
            results: [
              { ...ANSWER, status: "accepted", effects: EFFECT_EXAMPLES },
              {
                status: "rejected",
                error: {
                  code: "validation_failed",
                  message: "The properties do not fit the schema of lesson_completed.",
                  details: [{ path: "properties.score", message: "is required" }],
                },
              },
            ],
          },
        },
      },
    },
    listEvents: {
      query: {
        userId: { description: "Only this member's." },
        type: { description: "Only of this type." },
        since: { description: "Only those received since then, ISO 8601 with its offset." },
      },
      answers: {
        200: { description: "The events.", schema: page(LoggedEvent), example: { data: [LOGGED], next: null } },
      },
    },
    listRefusedEvents: {
      query: {
        userId: { description: "Only this member's." },
        type: { description: "Only of this type." },
      },
      answers: {
        200: {
          description: "Those of the last seven days.",
          schema: page(RefusedEvent),
          example: { data: [REFUSED], next: null },
        },
      },
    },
    getEvent: {
      path: { id: { description: "The event's id.", example: EVENT.id } },
      query: {
        explain: {
          description: "`true` adds every rule that was considered.",
          schema: { enum: ["true", "false"] },
          example: "true",
        },
        browserOf: {
          description: "Of an event that a page sent under an id of its own: the member.",
          example: "user_42",
        },
      },
      answers: {
        200: {
          description: "The event, what it did, and what was sent because of it.",
          schema: EventDetail,
          example: {
            ...LOGGED,
            considered: [
              { rule: "lesson_xp", fired: true, reason: "event.properties.score >= 60 is true" },
              { rule: "weekend_bonus", fired: false, reason: "event.localDate in [] is false" },
            ],
            deliveries: [
              {
                id: "dlv_01kag6w91xe0jbq4zt8n5r2mvc",
                subscriptionId: "sub_01kag6w8zr5s1v4y7b0e3h6k9m",
                outboundEventId: "evt_01kag6w8zq4d6c2x9mhs7ykt3e",
                event: "level.changed",
                status: "delivered",
                reason: null,
                attemptCount: 1,
                createdAt: "2026-11-20T18:04:00.412Z",
                endedAt: "2026-11-20T18:04:00.498Z",
              },
            ],
          },
        },
      },
    },
    putEventType: {
      path: TYPE_PATH,
      body: {
        example: { schema: TYPE.schema, description: TYPE.description, forward: true },
        fields: {
          schema: {
            type: "object",
            description: "JSON Schema 2020-12 of `properties`. Without one anything is accepted.",
          },
          description: "A sentence for whoever reads the list.",
          clientSafe: "Whether browsers may send it with a publishable key. False, if absent.",
          forward: "Whether the event itself goes out to webhooks, under its own name. False, if absent.",
        },
      },
      answers: { 200: { description: "The event type as it is now.", schema: EventType, example: TYPE } },
      errors: ["conflict"],
    },
    listEventTypes: {
      answers: {
        200: { description: "All of them.", schema: page(EventType), example: { data: [TYPE], next: null } },
      },
    },
    getEventType: {
      path: TYPE_PATH,
      answers: { 200: { description: "The event type.", schema: EventType, example: TYPE } },
    },
    ...SEGMENT_OPERATIONS,
  },
};
