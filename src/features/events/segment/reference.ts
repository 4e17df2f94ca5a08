import * as v from "valibot";
import { said, text } from "../../../http/openapi-fields.ts";
import type { OperationReference, ReferenceSection } from "../../../http/openapi-types.ts";
import { MESSAGE_TYPES, type MessageType } from "./message.ts";

const Answer = v.object({ success: said(v.literal(true), "Always. What was refused inside is listed.") });

const messageFields = {
  userId: v.optional(text("Your member.")),
  anonymousId: v.optional(text("Stands in, as `anon:…`, where there is no `userId`.")),
  messageId: v.optional(text("Counts once, for ever. Every library makes one.")),
  timestamp: v.optional(text("When it happened, ISO 8601 with its offset.")),
  sentAt: v.optional(
    text("When it was sent: where the sender's clock runs ahead, `timestamp` is set back by as much."),
  ),
  event: v.optional(text("The event type, of a `track`.")),
  properties: v.optional(said(v.looseObject({}), "The event's properties, of a `track`.")),
  traits: v.optional(said(v.looseObject({}), "Merged into the member's attributes, of an `identify`.")),
};
const writeKey = v.optional(text("The secret key, where the request has no `Authorization`."));

const Message = v.looseObject({ ...messageFields, writeKey });
const Batch = v.looseObject({
  batch: said(
    v.array(v.looseObject({ type: said(v.picklist(MESSAGE_TYPES), "What it says."), ...messageFields })),
    "At most 2,500, in 8 MiB.",
  ),
  sentAt: v.optional(text("For messages that have none of their own.")),
  writeKey,
});

const TRACK = {
  userId: "user_42",
  event: "lesson_completed",
  properties: { score: 94 },
  messageId: "node-next-1763661840000-5b1c",
  timestamp: "2026-11-20T18:04:00.000Z",
};
const IDENTIFY = { userId: "user_42", traits: { plan: "family" }, messageId: "node-next-1763661840001-77e0" };
const EXAMPLES: Readonly<Record<MessageType, { readonly userId: string }>> = {
  track: TRACK,
  identify: IDENTIFY,
  page: { userId: "user_42" },
  screen: { userId: "user_42" },
  group: { userId: "user_42" },
  alias: { userId: "user_42" },
};

const answers: OperationReference["answers"] = {
  200: {
    description: "Taken. What was refused inside stands under `GET /v1/events/refused`.",
    schema: Answer,
    example: { success: true },
  },
};

const batch: OperationReference = {
  description:
    "Each message is taken or refused by itself, in order. The answer is 503 where any of them could not be written: the library then sends all of them again, and each counts once.",
  body: {
    schema: Batch,
    example: {
      batch: [
        { type: "identify", ...IDENTIFY },
        { type: "track", ...TRACK },
      ],
      sentAt: "2026-11-20T18:04:01.000Z",
    },
  },
  answers,
};

/** The operations of Segment's paths, by their names. */
export const SEGMENT_OPERATIONS: Readonly<Record<string, OperationReference>> = {
  segmentBatch: batch,
  segmentImport: { ...batch, description: "The same as `POST /v1/batch`." },
  ...Object.fromEntries(
    MESSAGE_TYPES.map((type): [string, OperationReference] => [
      `segment${type.charAt(0).toUpperCase()}${type.slice(1)}`,
      { body: { schema: Message, example: EXAMPLES[type] }, answers },
    ]),
  ),
};

export const SEGMENT_TAG = {
  name: "Segment",
  description:
    "The paths of Segment's tracking API: its libraries for servers, and those that speak like them, work with only their host and write key changed.",
};

export const SEGMENT_SECTION: ReferenceSection = {
  id: "segment",
  title: "Segment's libraries",
  text: `Give the library this server as its host (Segment calls it \`host\` or \`endpoint\`, RudderStack \`dataPlaneUrl\`) and a secret key as its write key. Nothing else changes.

- \`track\` is an event: \`event\` is its type, \`messageId\` its id, \`timestamp\` when it happened. \`anonymousId\` stands in as \`anon:…\` where there is no \`userId\`.
- \`identify\` merges its traits into the member's attributes; the key needs \`members:write\` for it.
- \`page\`, \`screen\`, \`group\` and \`alias\` are taken, counted and ignored.

A well-formed request is answered 200 whatever stands in it, because a library can do nothing about a single message. What was refused inside is kept for a week: \`GET /v1/events/refused\` says which and why. Event types must be registered in \`live\`, as always.

On these paths alone the key may also be the user name of Basic (with an empty password) or \`writeKey\` in the body, and the body may be packed with gzip: at most 8 MiB, packed and unpacked.`,
};
