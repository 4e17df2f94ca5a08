import * as v from "valibot";
import { json, page, said, text, textOrNull, time, timeOrNull, whole } from "../../http/openapi-fields.ts";
import type { RoomReference } from "../../http/openapi-types.ts";
import { EFFECT_EXAMPLES, EffectView } from "../progression/index.ts";
import { SendEvent } from "./types.ts";

const STATUS =
  "`accepted`, or `duplicate`: this id came before with the same content, and these are its first effects.";

const fields = {
  id: text("The event's id: yours, else the `Idempotency-Key`, else one that was made."),
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
  ],
  operations: {
    sendEvent: {
      headers: {
        "Idempotency-Key": { description: "Stands in for `id` where the event has none." },
      },
      body: { example: EVENT, fields: SEND_FIELDS },
      answers: {
        201: {
          description: "Accepted and durable.",
          schema: SentEvent,
          example: { ...ANSWER, status: "accepted", effects: EFFECT_EXAMPLES },
        },
        200: {
          description: "A repeat: nothing happened again.",
          schema: SentEvent,
          example: { ...ANSWER, status: "duplicate", effects: EFFECT_EXAMPLES },
        },
      },
      errors: ["event_conflict", "conflict"],
    },
    sendEvents: {
      description:
        "Up to 1,000 events in 8 MiB. Each is accepted or rejected by itself, and the results stand in the order of the events: look at every `status`, because the answer is 200 also where some were rejected.",
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
          schema: v.object({ results: v.array(v.union([SentEvent, Rejected])) }),
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
    getEvent: {
      path: { id: { description: "The event's id.", example: EVENT.id } },
      query: {
        explain: {
          description: "`true` adds every rule that was considered.",
          schema: { enum: ["true", "false"] },
          example: "true",
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
  },
};
