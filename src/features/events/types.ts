import * as v from "valibot";
import type { JsonObject } from "../../kernel/json.ts";
import { isCallerId, isEventTypeName } from "../../kernel/text.ts";

const EventId = v.pipe(
  v.string(),
  v.check(isCallerId, "must be 1–255 printable characters"),
  v.metadata({ minLength: 1, maxLength: 255 }),
);

export const UserId = v.pipe(
  v.string(),
  v.check(isCallerId, "must be 1–255 printable characters, the stable id that your application gives its user"),
  v.metadata({ minLength: 1, maxLength: 255 }),
);

export const EventTypeName = v.pipe(
  v.string(),
  v.check((name) => name.length > 0 && isEventTypeName(name), "must be 1–128 printable characters"),
  v.metadata({ minLength: 1, maxLength: 128 }),
);

/** A JSON object, kept as it came. */
const Json = v.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
);

export const SendEvent = v.strictObject({
  id: v.optional(EventId),
  type: EventTypeName,
  userId: UserId,
  occurredAt: v.optional(v.string()),
  properties: v.optional(Json),
  backfill: v.optional(v.boolean()),
});
export type SendEvent = v.InferOutput<typeof SendEvent>;

/** Of events that come together, by whichever way. */
export const BATCH_MAX = 1_000;

/** The entries are parsed one by one, so that a bad one does not fail its neighbours. */
export const SendEventBatch = v.strictObject({
  events: v.pipe(
    v.array(v.unknown()),
    v.minLength(1, "must hold at least one event"),
    v.maxLength(BATCH_MAX, `must hold at most ${BATCH_MAX} events`),
  ),
});

export const PutEventType = v.strictObject({
  schema: v.optional(Json),
  description: v.optional(v.pipe(v.string(), v.maxLength(500))),
  clientSafe: v.optional(v.boolean()),
  forward: v.optional(v.boolean()),
});
export type PutEventType = v.InferOutput<typeof PutEventType>;
