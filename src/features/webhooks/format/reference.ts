import * as v from "valibot";
import { said, text, textOrNull, time, whole } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { PRESET_NAMES } from "./presets/preset.ts";
import { Signature } from "./signature.ts";

/** Fields of a subscription that say how what is sent is made to fit. */
export const FORMAT_FIELDS = {
  signature: said(Signature, "How deliveries are signed: `default` by Hatch's own headers and Standard Webhooks."),
  secretPrefix: text("What secrets that are made for it begin with."),
  filter: textOrNull("A condition over `event` (CEL); what it is false for is not sent."),
  payload: textOrNull("What makes the body (CEL); the event itself is sent where there is none."),
  contentType: textOrNull("The media type of what `payload` makes."),
  preset: said(
    v.nullable(
      v.object({
        name: v.picklist(PRESET_NAMES),
        chatId: v.optional(v.string()),
        threadId: v.optional(v.number()),
        priority: v.optional(v.number()),
        tags: v.optional(v.array(v.string())),
      }),
    ),
    "A receiver that Hatch writes readable messages for.",
  ),
};
export const FORMAT_EXAMPLE = {
  signature: "default",
  secretPrefix: "whsec_",
  filter: null,
  payload: null,
  contentType: null,
  preset: null,
};

/** The same as a caller hands them in. */
export const FORMAT_SETTINGS = {
  signature:
    "`default`, `standard` (the headers of Standard Webhooks alone), `github`, `stripe`, or a template: `content` is what is signed and has to hold `{body}`, `headers` maps names to values that may hold `{signature}` (of the secret in use) or `{signatures}` (of every valid one, each written as `each` and joined by `join`). All may hold `{id}`, `{eventId}`, `{event}`, `{timestamp}`, `{timestampMs}`, `{time}` and `{attempt}`. `algorithm` is `sha256`, `sha384`, `sha512` or `sha1`, `encoding` `hex` or `base64`, `key` `text` (the secret's characters) or `standard` (as Standard Webhooks has it).",
  secretPrefix:
    "What secrets that are made for it begin with; `null` takes the installation's (`webhooks.secretPrefix`).",
  filter:
    "A CEL condition over `event` (`id`, `name`, `timestamp`, `data`), such as `event.data.amount >= 100`. Where it is false no delivery is written; where it fails the delivery is `skipped` with the reason.",
  payload:
    "A CEL expression over `event` that makes the body at each attempt: a map or a list is sent as JSON, text as it is, 1 MiB at most. With a `preset`, text is the message and a map the whole body. Where it fails the delivery is `skipped` with the reason.",
  contentType:
    "The media type of what `payload` makes, if it is neither `application/json` for JSON nor plain text for text.",
  preset:
    '`"slack"`, `"discord"`, `"ntfy"`, or an object with `name` and what else it needs: `{"name": "telegram", "chatId": "-100…"}` (`threadId`), `{"name": "ntfy", "priority": 4, "tags": ["tada"]}`. The endpoint is then a secret: it is sealed and shown masked.',
};

const Preview = v.object({
  event: v.object({
    id: text("`evt_…`"),
    name: text("Its name."),
    timestamp: time("When it happened."),
    source: said(v.picklist(["sent", "example"]), "One of yours, or the catalogue's example."),
  }),
  passes: said(v.nullable(v.boolean()), "What the filter says; `null` where there is none or it failed."),
  fault: textOrNull("Why nothing would be sent, in words."),
  request: said(
    v.nullable(
      v.object({
        method: v.literal("POST"),
        url: textOrNull("Where it would go."),
        headers: said(
          v.record(v.string(), v.string()),
          "As they would be sent; signatures and your own values are masked.",
        ),
        body: text("As it would be sent, apart from what is secret of the endpoint."),
        bytes: whole("The size of the body."),
        sha256: text("Its digest, in hex."),
      }),
    ),
    "`null` where the payload failed.",
  ),
  warnings: said(v.array(v.string()), "What may not go as you expect, as on save."),
});

const PREVIEW = {
  event: {
    id: "evt_01kag6w8zq4d6c2x9mhs7ykt3e",
    name: "points.earned",
    timestamp: "2026-11-20T18:04:00Z",
    source: "sent",
  },
  passes: true,
  fault: null,
  request: {
    method: "POST",
    url: "https://example.com/webhooks/hatch",
    headers: { "Content-Type": "application/json", "Stripe-Signature": "t=1795197840,v1=***" },
    body: '{"who":"user_42","earned":10}',
    bytes: 29,
    sha256: "9b0a8c0d6b1a8f8c0de2a3f1b7e54c6d9f2a1b3c4d5e6f708192a3b4c5d6e7f8",
  },
  warnings: [],
};
const answers = { 200: { description: "What would be sent.", schema: Preview, example: PREVIEW } };
const event =
  "An outbound event's id (`evt_…`), or a type, of which the latest is taken, else the catalogue's example. Left out, the latest that is wanted.";

/** @param settings what else the body may hold, in words */
export const formatOperations = (settings: Readonly<Record<string, string>>): RoomReference["operations"] => {
  const { endpoint = "", events = "", headers = "" } = settings;
  const fields = { endpoint, events, headers, ...FORMAT_SETTINGS, event };
  const { secretPrefix: _, ...previewed } = fields;
  return {
    previewWebhookSettings: {
      body: {
        example: { events: ["points.*"], signature: "stripe", payload: "{'who': event.data.userId}" },
        fields: { ...previewed, mode: "`pull` has no endpoint and gets the event as it is." },
      },
      answers,
    },
    previewWebhook: {
      path: { id: { description: "The subscription's id.", example: "sub_01kag6w8zr5s1v4y7b0e3h6k9m" } },
      body: { example: { filter: "event.data.amount >= 100" }, optional: true, fields: previewed },
      answers,
    },
  };
};
