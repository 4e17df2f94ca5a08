import * as v from "valibot";
import { parseJson } from "../../../http/body.ts";
import { parseInput } from "../../../http/validate.ts";
import { AppError, validationFailed } from "../../../kernel/errors.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { joinedId } from "../joined-id.ts";
import { namesIn } from "../refused/keep.ts";
import type { EventNames } from "../refused/store.ts";
import { EventTypeName, type SendEvent, UserId } from "../types.ts";

/** Without control characters, line ends and lone surrogates: they would come back in ids. */
const Text = v.pipe(v.string(), v.regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u, "must be text without control characters"));

/** What is asked of a CloudEvent 1.0; what else it has, extensions of others among it, is passed over. */
const CloudEvent = v.looseObject({
  specversion: v.literal("1.0", 'must be "1.0"'),
  id: Text,
  source: Text,
  type: EventTypeName,
  subject: v.optional(UserId),
  userid: v.optional(UserId),
  time: v.optional(v.string()),
  datacontenttype: v.optional(v.string()),
  data: v.optional(v.unknown()),
  data_base64: v.optional(v.string()),
});
type CloudEvent = v.InferOutput<typeof CloudEvent>;

const JSON_DATA = /^[a-z]+\/(?:[\w.!#$&^-]+\+)?json[ \t]*(?:;|$)/i;
/** Whether `datacontenttype` says that data is JSON; where it says nothing, it is. */
export const isJsonData = (type: unknown): boolean => typeof type !== "string" || JSON_DATA.test(type);
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const wrong = (path: string, message: string): AppError =>
  validationFailed([{ path, message }], "The CloudEvent can't be taken as an event.");

/** The event that a CloudEvent is here. @throws AppError `validation_failed` by the names that the CloudEvent has */
export function eventOfCloudEvent(value: unknown): SendEvent {
  const event = parseInput(CloudEvent, withoutNulls(value), "Send a CloudEvent.");
  const userId = event.subject ?? event.userid;
  if (userId === undefined) {
    throw wrong("subject", "is required: it names the user (the extension `userid` stands in for it)");
  }
  return {
    id: joinedId(event.source, event.id),
    type: event.type,
    userId,
    properties: propertiesOf(event),
    ...(event.time === undefined ? {} : { occurredAt: event.time.toUpperCase() }),
  };
}

/** The JSON format says that an attribute which is null is one that is absent. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, attribute]) => attribute !== null));
}

function propertiesOf(event: CloudEvent): JsonObject {
  const { datacontenttype: type, data, data_base64: encoded } = event;
  if (data !== undefined && encoded !== undefined) throw wrong("data_base64", "can't stand beside data");
  if (data === undefined && encoded === undefined) return {};
  const name = encoded === undefined ? "data" : "data_base64";
  if (!isJsonData(type)) throw wrong(name, "must be JSON: datacontenttype names another type");
  const properties = encoded === undefined ? data : decodeData(encoded);
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) {
    throw wrong(name, "must be a JSON object: it becomes the event's properties");
  }
  return properties as JsonObject;
}

function decodeData(encoded: string): unknown {
  if (!BASE64.test(encoded)) throw wrong("data_base64", "is not base64");
  try {
    return parseJson(Buffer.from(encoded, "base64"));
  } catch (error) {
    if (error instanceof AppError) throw wrong("data_base64", error.message);
    throw error;
  }
}

/** What to call a CloudEvent, whether or not it is a good one. */
export function namesOfCloudEvent(value: unknown): EventNames {
  const { id, ...names } = namesIn(value, { id: "id", type: "type", userId: "subject" });
  const { id: source, userId } = namesIn(value, { id: "source", type: "type", userId: "userid" });
  return {
    ...names,
    userId: names.userId ?? userId,
    id: id === undefined || source === undefined ? id : joinedId(source, id),
  };
}
