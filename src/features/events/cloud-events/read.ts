import {
  BATCH_BODY_BYTES_MAX,
  BODY_BYTES_MAX,
  mediaTypeOf,
  parseJson,
  readJsonBody,
  readPlainBody,
} from "../../../http/body.ts";
import { AppError, validationFailed } from "../../../kernel/errors.ts";
import { BATCH_MAX } from "../types.ts";
import { isBinary, readAttributes } from "./attributes.ts";
import { isJsonData } from "./event-of.ts";

const STRUCTURED = "application/cloudevents+json";
const BATCHED = "application/cloudevents-batch+json";

/** CloudEvents as the HTTP binding 1.0.2 brings them: structured, batched or binary. */
export type CloudEventsBody =
  | { readonly kind: "cloudevent"; readonly event: unknown }
  | { readonly kind: "cloudevents"; readonly events: readonly unknown[] };

/** Reads the body of a request that brings CloudEvents; undefined where it brings none. */
export function readCloudEvents(request: Request): Promise<CloudEventsBody> | undefined {
  const type = mediaTypeOf(request);
  if (type === STRUCTURED) return readStructured(request);
  if (type === BATCHED) return readBatch(request);
  if (type !== "application/json" && /^application\/cloudevents/i.test(request.headers.get("content-type") ?? "")) {
    throw new AppError("unsupported_media_type", `Send CloudEvents as ${STRUCTURED} or ${BATCHED} in UTF-8.`);
  }
  return isBinary(request) ? readBinary(request) : undefined;
}

async function readStructured(request: Request): Promise<CloudEventsBody> {
  return { kind: "cloudevent", event: await readJsonBody(request, BODY_BYTES_MAX, STRUCTURED) };
}

async function readBatch(request: Request): Promise<CloudEventsBody> {
  const events = await readJsonBody(request, BATCH_BODY_BYTES_MAX, BATCHED);
  if (!Array.isArray(events)) throw validationFailed([{ path: "", message: "must be an array of CloudEvents" }]);
  if (events.length > BATCH_MAX) {
    throw validationFailed([{ path: "", message: `must hold at most ${BATCH_MAX} CloudEvents` }]);
  }
  return { kind: "cloudevents", events };
}

async function readBinary(request: Request): Promise<CloudEventsBody> {
  const attributes = readAttributes(request);
  const bytes = await readPlainBody(request, BODY_BYTES_MAX);
  if (!bytes) return { kind: "cloudevent", event: attributes };
  // Data of another type is refused by its type, where all else of the event is looked at.
  const data = isJsonData(attributes.datacontenttype) ? parseJson(bytes) : "";
  return { kind: "cloudevent", event: { ...attributes, data } };
}
