import type { OutboundEventType } from "../kernel/catalogue.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { DocumentParameter, DocumentWebhook } from "./openapi-types.ts";

const header = (name: string, description: string, example: string, schema: JsonObject = { type: "string" }) =>
  ({ name, in: "header", required: true, description, schema, example }) satisfies DocumentParameter;

/** What comes with every delivery, whatever the event. */
export const DELIVERY_HEADERS: Readonly<Record<string, DocumentParameter>> = {
  Event: header("X-Hatch-Event", "The event's name.", "level.changed"),
  Delivery: header(
    "X-Hatch-Delivery",
    "The same over all attempts of one delivery: the key to drop a repeat by.",
    "dlv_01kag6w91xe0jbq4zt8n5r2mvc",
  ),
  Timestamp: header("X-Hatch-Timestamp", "Unix seconds, fresh for every attempt.", "1795197841"),
  Signature: header(
    "X-Hatch-Signature",
    "`sha256=` and the hex HMAC-SHA256 of `<timestamp>.<raw body>` under the subscription's secret.",
    "sha256=8d0c…",
  ),
  Attempt: header("X-Hatch-Attempt", "1 for the first attempt.", "1"),
  StandardId: header("webhook-id", "Standard Webhooks: the delivery's id.", "dlv_01kag6w91xe0jbq4zt8n5r2mvc"),
  StandardTimestamp: header("webhook-timestamp", "Standard Webhooks: as `X-Hatch-Timestamp`.", "1795197841"),
  StandardSignature: header("webhook-signature", "Standard Webhooks: `v1,` and the base64 signature.", "v1,nQ0M…"),
};

/** Where a subscription says nothing else. */
const AS_IT_IS =
  "A subscription with a `signature`, `payload` or `preset` of its own gets other headers or another body.";
/** Said of what can be subscribed to before anything sends it. */
const NOT_YET = "This version does not send it yet.";

const EXAMPLE_ID = "evt_01kag6w8zq4d6c2x9mhs7ykt3e";
const EXAMPLE_TIME = "2026-11-20T18:04:01Z";

const envelopeExample = (type: OutboundEventType): JsonObject => ({
  id: EXAMPLE_ID,
  event: type.name,
  timestamp: EXAMPLE_TIME,
  data: type.example,
});

/** The catalogue as the `webhooks` of the document: what a subscriber's endpoint must be ready for. */
export function documentWebhooks(catalogue: readonly OutboundEventType[]): Readonly<Record<string, DocumentWebhook>> {
  return Object.fromEntries(catalogue.map((type) => [type.name, { post: documentWebhook(type) }]));
}

function documentWebhook(type: OutboundEventType): DocumentWebhook["post"] {
  return {
    operationId: `on_${type.name.replaceAll(/[^A-Za-z0-9]/g, "_")}`,
    summary: type.name,
    description: `${type.planned ? `${type.description} ${NOT_YET}` : type.description} ${AS_IT_IS}`,
    tags: ["Outbound events"],
    parameters: Object.keys(DELIVERY_HEADERS).map((name) => ({ $ref: `#/components/parameters/${name}` })),
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["id", "event", "timestamp", "data"],
            properties: {
              id: { type: "string", description: "The outbound event's id: the same for every subscription." },
              event: { const: type.name },
              timestamp: { type: "string", format: "date-time", description: "When it happened, in whole seconds." },
              data: type.schema,
            },
          },
          example: envelopeExample(type),
        },
      },
    },
    responses: {
      "2XX": { description: "Received, answered within 10 seconds. The body is not read beyond diagnostics." },
      "410": { description: "Gone: the subscription is disabled." },
      "4XX": { description: "Refused: not tried again (408, 425 and 429 are)." },
      "5XX": { description: "Failed: tried again after 1 min, 5 min, 30 min, 2 h and 6 h." },
    },
  };
}
