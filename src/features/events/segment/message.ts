import * as v from "valibot";
import { parseInput } from "../../../http/validate.ts";
import { parseIsoTime } from "../../../kernel/clock.ts";
import { type AppError, validationFailed } from "../../../kernel/errors.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { addMs, MINUTE, type UnixMs } from "../../../kernel/units.ts";
import { joinedId } from "../joined-id.ts";
import type { EventNames } from "../refused/store.ts";
import { SendEvent, UserId } from "../types.ts";

/** Taken and counted: they say nothing about progress. */
const IGNORED = ["page", "screen", "group", "alias"] as const;
export const MESSAGE_TYPES = ["track", "identify", ...IGNORED] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** What one message of Segment's tracking API asks for. */
export type Message =
  | { readonly kind: "event"; readonly event: SendEvent; readonly occurredAt: UnixMs | undefined }
  | {
      readonly kind: "member";
      readonly userId: string;
      readonly attributes: JsonObject;
      readonly id: string | undefined;
    };

/** When a message was sent and received, by two clocks. */
export interface Sending {
  readonly sentAt: unknown;
  readonly receivedAt: UnixMs;
}

export type Fields = Readonly<Record<string, unknown>>;

const wrong = (path: string, message: string): AppError => validationFailed([{ path, message }]);

/** What our checks call a field, in the words of a message. */
export const wordingOf = ({ type }: Fields): Readonly<Record<string, string>> =>
  type === "track" ? { id: "messageId", type: "event", occurredAt: "timestamp" } : { attributes: "traits" };

export function fieldsOf(message: unknown): Fields {
  const isObject = typeof message === "object" && message !== null && !Array.isArray(message);
  return isObject ? (message as Fields) : {};
}

export const isIgnored = ({ fields }: { readonly fields: Fields }): boolean =>
  IGNORED.some((type) => type === fields.type);

/** @throws AppError `validation_failed` where it is no message, or one of a type that nobody knows */
export function readMessage(fields: Fields, sending: Sending): Message {
  switch (fields.type) {
    case "track":
      return trackOf(fields, sending);
    case "identify":
      return identifyOf(fields);
    default:
      throw wrong("type", `must be one of ${MESSAGE_TYPES.join(", ")}`);
  }
}

function trackOf(fields: Fields, sending: Sending): Message {
  const happened = given(fields.timestamp) ?? given(fields.originalTimestamp);
  const event = parseInput(SendEvent, {
    type: fields.event,
    userId: userIdOf(fields),
    properties: given(fields.properties),
    id: given(fields.messageId),
    occurredAt: happened,
  });
  return { kind: "event", event, occurredAt: byOurClock(happened, given(fields.sentAt) ?? sending.sentAt, sending) };
}

const Named = v.strictObject({ userId: UserId });

function identifyOf(fields: Fields): Message {
  const { messageId } = fields;
  // Libraries that speak like Segment's put them into the context.
  const traits = { ...traitsIn(fieldsOf(fields.context), "context.traits"), ...traitsIn(fields, "traits") };
  const { userId } = parseInput(Named, { userId: userIdOf(fields) });
  const id = typeof messageId === "string" && messageId !== "" ? joinedId("identify", messageId) : undefined;
  return { kind: "member", userId, attributes: traits, id };
}

function traitsIn({ traits }: Fields, path: string): JsonObject {
  const found = given(traits) ?? {};
  if (typeof found !== "object" || Array.isArray(found)) throw wrong(path, "must be an object");
  return found as JsonObject;
}

/** Libraries write null for what was not said. */
const given = (value: unknown): NonNullable<unknown> | undefined => value ?? undefined;

/** A number is an id too: some libraries let it pass as it is. */
const idText = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : Number.isSafeInteger(value) ? String(value) : undefined;

function userIdOf({ userId, anonymousId }: Fields): string {
  const known = idText(userId);
  if (known !== undefined) return known;
  const anonymous = idText(anonymousId);
  if (anonymous === undefined) throw wrong("userId", "is required, or an anonymousId");
  return `anon:${anonymous}`;
}

/** Less than this is the way through the network, not a wrong clock. */
const SKEW_MIN = MINUTE;

/**
 * Where the sender's clock runs ahead of ours, what it says is set back by as much: it can't have happened after it
 * arrived. A clock that seems slow is left alone: it can't be told from a message that was sent again much later.
 */
function byOurClock(happened: unknown, sentAt: unknown, { receivedAt }: Sending): UnixMs | undefined {
  const [at, sent] = [happened, sentAt].map((text) => (typeof text === "string" ? parseIsoTime(text) : undefined));
  if (at === undefined || sent === undefined) return undefined;
  const ahead = sent - receivedAt;
  if (ahead <= SKEW_MIN) return undefined;
  const corrected = addMs(at, -ahead);
  return corrected < receivedAt ? corrected : receivedAt;
}

/** What to call a message, whether or not it is a good one. */
export function namesOfMessage(fields: Fields): EventNames {
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  const anonymous = idText(fields.anonymousId);
  return {
    id: text(fields.messageId),
    type: fields.type === "track" ? text(fields.event) : text(fields.type),
    userId: idText(fields.userId) ?? (anonymous === undefined ? undefined : `anon:${anonymous}`),
  };
}
