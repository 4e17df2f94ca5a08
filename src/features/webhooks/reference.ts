import * as v from "valibot";
import { json, page, said, text, textOrNull, time, timeOrNull, whole } from "../../http/openapi-fields.ts";
import type { ReferenceSection, RoomReference } from "../../http/openapi-types.ts";
import { FORMAT_EXAMPLE, FORMAT_FIELDS, FORMAT_SETTINGS, formatOperations } from "./format/reference.ts";
import { HEALTH_OPERATIONS } from "./health/reference.ts";
import { RECOVERY_OPERATIONS } from "./recovery/reference.ts";
import { SIGNATURE_CHECK_REFERENCE } from "./signature-check/reference.ts";
import { DELIVERY_STATUSES } from "./types.ts";

const DELIVERIES_SECTION: ReferenceSection = {
  id: "webhooks-received",
  title: "Receiving webhooks",
  text: `Every delivery is a \`POST\` to your endpoint with the body \`{"id", "event", "timestamp", "data"}\` and these headers:

| header | what it holds |
|---|---|
| \`X-Hatch-Event\` | the event's name |
| \`X-Hatch-Delivery\` | the same over all attempts of one delivery: drop what you have seen |
| \`X-Hatch-Timestamp\` | unix seconds, fresh for every attempt |
| \`X-Hatch-Signature\` | \`sha256=\` and the hex HMAC-SHA256 of timestamp, a full stop and the raw body |
| \`X-Hatch-Attempt\` | 1 for the first |
| \`webhook-id\`, \`webhook-timestamp\`, \`webhook-signature\` | the same by Standard Webhooks 1.0, for its libraries |

Check the signature over the raw body, before you parse it:

\`\`\`js
import { createHmac, timingSafeEqual } from "node:crypto";

async function verify(request, secret) {
  const timestamp = request.headers.get("X-Hatch-Timestamp");
  const signature = request.headers.get("X-Hatch-Signature");
  if (!timestamp || !signature) return false;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const body = await request.text();
  const expected = "sha256=" + createHmac("sha256", secret).update(timestamp + "." + body).digest("hex");
  return expected.length === signature.length && timingSafeEqual(Buffer.from(expected), Buffer.from(signature));
}
\`\`\`

A subscription can ask for other headers (\`signature\`) and another body (\`payload\`, \`preset\`): then those it names come in their place.

Answer with any 2xx within 10 seconds. Deliveries come at least once and in no promised order.

| your answer | what follows |
|---|---|
| 2xx | delivered |
| 408, 425, 429, 5xx, a redirect, no answer | tried again after 1 min, 5 min, 30 min, 2 h and 6 h; \`Retry-After\` can move that later |
| 410 | the subscription is disabled |
| any other 4xx | failed at once; it can be replayed |

A subscription can have \`retryDelays\` of its own in place of those above; an empty list means no retries: the first failure is the last. With a \`rateLimit\` no more requests than that go out within any stretch of that length; the others wait, with \`waitingFor: "rateLimit"\`, and that uses up no retry. After a \`Retry-After\` everything that waits for the endpoint is held until then, for an hour at most.`,
};

const Certificate = v.object({
  subject: text("Whose it is."),
  issuer: text("Who signed it."),
  fingerprint: text("Its SHA-256."),
  notBefore: time("When it begins."),
  notAfter: time("When it ends."),
});

const subscription = {
  id: text("`sub_…`"),
  endpoint: textOrNull("Where deliveries go, masked where that is a secret; `null` for a pull subscription."),
  events: said(v.array(v.string()), "What it wants to hear."),
  active: said(v.boolean(), "Whether deliveries are sent."),
  status: said(v.picklist(["active", "paused", "disabled"]), "`paused` holds what comes; `disabled` skips it."),
  reason: textOrNull("Why it is paused or disabled."),
  mode: said(v.picklist(["push", "pull"]), "Whether Hatch sends or you fetch."),
  description: textOrNull("Your words for it."),
  headers: said(v.record(v.string(), v.string()), "Your own headers; their values are masked."),
  ...FORMAT_FIELDS,
  tls: said(
    v.nullable(v.object({ clientCertificate: v.nullable(Certificate), ca: v.nullable(v.array(Certificate)) })),
    "The client certificate that is shown to the receiver, and the authorities that its own is believed by; never the key.",
  ),
  rateLimit: said(
    v.nullable(v.object({ count: v.number(), per: v.string() })),
    "At most so many requests in any stretch of that length, retries included; the others wait.",
  ),
  retryDelays: said(v.array(v.string()), "After the end of each failed attempt; none means no retries."),
  pauseAfter: said(v.nullable(v.number()), "Failures in a row that pause it; the installation's, if `null`."),
  pauseFor: textOrNull("How long a pause lasts; a growing time, if `null`."),
  pausedUntil: timeOrNull("When it is tried again."),
  createdBy: text("The key that made it."),
  createdAt: time("When it was made."),
  updatedAt: time("When it was last changed."),
};
const Subscription = v.object(subscription);
const warnings = v.optional(
  said(v.array(v.string()), "What may not go as you expect, such as a name that does not resolve yet."),
);
const ChangedSubscription = v.object({ ...subscription, warnings });
const CreatedSubscription = v.object({
  ...subscription,
  secret: v.optional(text("The signing secret, if it was made here. It is shown in this answer and never again.")),
  warnings,
});

const SUBSCRIPTION_ID = "sub_01kag6w8zr5s1v4y7b0e3h6k9m";
const SUBSCRIPTION = {
  id: SUBSCRIPTION_ID,
  endpoint: "https://example.com/webhooks/hatch",
  events: ["points.*", "level.changed"],
  active: true,
  status: "active",
  reason: null,
  mode: "push",
  description: "Production",
  headers: {},
  ...FORMAT_EXAMPLE,
  tls: null,
  rateLimit: null,
  retryDelays: ["1m", "5m", "30m", "2h", "6h"],
  pauseAfter: null,
  pauseFor: null,
  pausedUntil: null,
  createdBy: "key_01kag6w8ya0c2m7d5fs9w4h1ve",
  createdAt: "2026-11-20T17:20:00.000Z",
  updatedAt: "2026-11-20T17:20:00.000Z",
};

const reached = {
  id: text("`dlv_…`: the same over all attempts."),
  subscriptionId: text("`sub_…`"),
  outboundEventId: text("`evt_…`"),
  event: text("The outbound event's name."),
  status: said(v.picklist(DELIVERY_STATUSES), "`pending` and `sending` go on; the others have ended."),
  reason: textOrNull("Why it ended, or how its last attempt did."),
  attemptCount: whole("How many requests were made."),
  createdAt: time("When it was written, together with its cause."),
  endedAt: timeOrNull("When it ended."),
};
const DeliveryOfEvent = v.object(reached);
const delivery = {
  ...reached,
  waitingFor: said(
    v.nullable(v.picklist(["retry", "pause", "rateLimit", "slot", "proxy", "acknowledgement"])),
    "What a pending one waits for.",
  ),
  nextAttemptAt: timeOrNull("When the next attempt is due."),
  replaying: said(v.boolean(), "Being sent once more on request; `status` is what it was."),
};
const Delivery = v.object(delivery);

const Attempt = v.object({
  id: text("`att_…`"),
  number: whole("1 for the first."),
  verdict: said(
    v.picklist(["open", "delivered", "retry", "refused", "gone", "interrupted", "expired"]),
    "What came of it; `interrupted`, by a stop of the server or for want of a way through the egress proxy, uses up no retry.",
  ),
  startedAt: time("When it began."),
  endedAt: timeOrNull("When it ended."),
  error: textOrNull("What went wrong, in words."),
  request: said(
    v.nullable(
      v.object({
        headers: json("As sent; the values of your own are masked."),
        body: v.optional(
          said(
            v.object({ bytes: whole("Its size."), sha256: text("Its digest, in hex.") }),
            "Of a body that a payload or a preset made; left out where the event's own was sent.",
          ),
        ),
      }),
    ),
    "What was sent.",
  ),
  response: said(
    v.nullable(
      v.object({
        status: v.number(),
        headers: json("As received."),
        body: v.optional(text("The first 16 KiB.")),
        bodyBase64: v.optional(text("In its place, where they are no text.")),
      }),
    ),
    "What came back.",
  ),
  timings: said(v.nullable(v.record(v.string(), v.unknown())), "Milliseconds."),
});
const DeliveryDetail = v.object({
  ...delivery,
  failures: whole("How many failures count on the retry ladder."),
  attempts: said(v.array(Attempt), "Latest first; kept for 24 hours after the end."),
});

const DELIVERY_ID = "dlv_01kag6w91xe0jbq4zt8n5r2mvc";
const EVENT_ID = "evt_01kag6w8zq4d6c2x9mhs7ykt3e";
const REACHED = {
  id: DELIVERY_ID,
  subscriptionId: SUBSCRIPTION_ID,
  outboundEventId: EVENT_ID,
  event: "level.changed",
  status: "delivered",
  reason: null,
  attemptCount: 1,
  createdAt: "2026-11-20T18:04:00.412Z",
  endedAt: "2026-11-20T18:04:00.498Z",
};
const DELIVERY = { ...REACHED, waitingFor: null, nextAttemptAt: null, replaying: false };

const OutboundEventType = v.object({
  name: text("As it stands in `event` and in `events` of a subscription."),
  family: said(
    v.picklist(["progress", "launch", "operations", "forwarded"]),
    "`*` covers all but `operations`, which is chosen by name.",
  ),
  description: text("When it is sent."),
  schema: json("JSON Schema 2020-12 of `data`."),
  example: json("An example of `data`."),
  planned: said(v.boolean(), "It can be subscribed to, but this version does not send it yet."),
});

const RotatedSecret = v.object({
  id: text("`sub_…`"),
  secret: v.optional(text("The new secret, if it was made here. It is shown in this answer and never again.")),
  overlapEndsAt: timeOrNull("Until then the old one goes on signing."),
});

const PATH = { id: { description: "The subscription's id.", example: SUBSCRIPTION_ID } };
const DELIVERY_PATH = { id: { description: "The delivery's id.", example: DELIVERY_ID } };

const SETTINGS = {
  endpoint: "An https URL. Private addresses are refused unless the operator allows them.",
  events: "Names such as `level.changed`, families such as `points.*`, or `*`.",
  description: "Your words for it.",
  headers: "Headers of your own, 20 at most, sent with every delivery and kept encrypted.",
  ...FORMAT_SETTINGS,
  tls: "The TLS to the receiver: `clientCertificate` (PEM, with those above it) and its `clientKey` (PEM without a passphrase, never shown again), and `ca` (PEM), which is believed in place of the public authorities. Parts that are not sent stay; `null` takes a part, or all of it, away.",
  rateLimit:
    "At most so many requests in any stretch of that length, from 1s to 24h; the others wait and use up no retry. A pull subscription has its own pace and needs none.",
  retryDelays:
    "After the end of each failed attempt, 20 at most, each from 1s to 24h. An empty list means no retries: the first failure is the last. `null` takes the installation's.",
  pauseAfter: "So many failures in a row pause the subscription.",
  pauseFor: "How long such a pause lasts, from 1m to 24h.",
};

export const WEBHOOKS_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Webhooks",
      description:
        "Who is told of what. A subscription is matched in the same transaction as the event itself, so what was decided is also sent. How to receive: [Receiving webhooks](#webhooks-received).",
    },
    {
      name: "Deliveries",
      description:
        "Each outbound event on its way to each subscription, with every attempt: what was sent, what came back.",
    },
  ],
  sections: [DELIVERIES_SECTION],
  schemas: { Subscription, Delivery },
  operations: {
    listOutboundEventTypes: {
      answers: {
        200: {
          description: "The whole catalogue.",
          schema: v.object({ data: v.array(OutboundEventType) }),
          example: {
            data: [
              {
                name: "badge.awarded",
                family: "progress",
                description: "A member was awarded a badge.",
                planned: false,
                schema: {
                  type: "object",
                  required: ["userId", "badge"],
                  properties: { userId: { type: "string" }, badge: { type: "string" } },
                },
                example: { userId: "user_42", badge: "first_lesson" },
              },
            ],
          },
        },
      },
    },
    createWebhook: {
      body: {
        example: {
          endpoint: "https://example.com/webhooks/hatch",
          events: ["points.*", "level.changed"],
          description: "Production",
        },
        fields: {
          ...SETTINGS,
          mode: "`push` sends to the endpoint; `pull` has none and is read with `GET /v1/webhooks/{id}/pull`.",
          secret: "Your own signing secret, at least 32 characters (64 if all hex). Left out, one is made.",
        },
      },
      answers: {
        201: {
          description: "Subscribed.",
          schema: CreatedSubscription,
          example: { ...SUBSCRIPTION, secret: "whsec_…" },
        },
      },
      errors: ["conflict"],
    },
    listWebhooks: {
      query: {
        all: { description: "`true` lists those of the whole environment.", schema: { enum: ["true", "false"] } },
      },
      answers: {
        200: {
          description: "The subscriptions.",
          schema: page(Subscription),
          example: { data: [SUBSCRIPTION], next: null },
        },
      },
    },
    getWebhook: {
      path: PATH,
      answers: { 200: { description: "The subscription.", schema: Subscription, example: SUBSCRIPTION } },
    },
    changeWebhook: {
      path: PATH,
      body: {
        example: { events: ["level.changed"], description: null },
        fields: { ...SETTINGS, active: "`false` pauses, `true` resumes." },
      },
      answers: {
        200: {
          description: "The subscription as it is now.",
          schema: ChangedSubscription,
          example: { ...SUBSCRIPTION, events: ["level.changed"], description: null },
        },
      },
      errors: ["conflict"],
    },
    deleteWebhook: { path: PATH, answers: { 204: { description: "Deleted." } } },
    testWebhook: {
      path: PATH,
      body: {
        example: { event: "level.changed" },
        optional: true,
        fields: {
          event:
            "A name of the catalogue, or a forwarded event type of yours that the subscription wants. Left out, the first that it wants.",
        },
      },
      answers: {
        202: {
          description: "On its way, like any other event.",
          schema: v.object({ deliveryId: text("`dlv_…`"), outboundEventId: text("`evt_…`"), event: v.string() }),
          example: { deliveryId: DELIVERY_ID, outboundEventId: EVENT_ID, event: "level.changed" },
        },
      },
      errors: ["conflict"],
    },
    rotateWebhookSecret: {
      path: PATH,
      body: {
        example: { overlap: "24h" },
        optional: true,
        fields: {
          overlap: "How long the old secret stays valid, up to 30d. `0s` ends it at once.",
          secret: "Your own new secret. Left out, one is made.",
        },
      },
      answers: {
        200: {
          description: "The new secret signs beside the old one.",
          schema: RotatedSecret,
          example: { id: SUBSCRIPTION_ID, secret: "whsec_…", overlapEndsAt: "2026-11-21T18:04:00.000Z" },
        },
      },
      errors: ["conflict"],
    },
    finishWebhookRotation: {
      path: PATH,
      answers: {
        200: {
          description: "Only the newest secret is left.",
          schema: RotatedSecret,
          example: { id: SUBSCRIPTION_ID, overlapEndsAt: null },
        },
      },
    },
    resumeWebhook: {
      path: PATH,
      answers: { 200: { description: "The subscription, active again.", schema: Subscription, example: SUBSCRIPTION } },
    },
    ...formatOperations(SETTINGS),
    ...HEALTH_OPERATIONS,
    ...RECOVERY_OPERATIONS,
    ...SIGNATURE_CHECK_REFERENCE,
    pullDeliveries: {
      path: PATH,
      query: {
        wait: { description: "How long to wait for something to come, up to `25s`.", example: "20s" },
        limit: { description: "How many at most.", schema: { type: "integer", minimum: 1, maximum: 100, default: 20 } },
      },
      answers: {
        200: {
          description: "What is due, leased for a minute; empty where nothing came.",
          schema: v.object({
            deliveries: v.array(
              v.object({
                id: text("`dlv_…`"),
                leasedUntil: time("It comes again after this, unless it is acknowledged."),
                headers: said(v.record(v.string(), v.string()), "As a push would send them."),
                body: text("The text that is signed."),
              }),
            ),
          }),
          example: {
            deliveries: [
              {
                id: DELIVERY_ID,
                leasedUntil: "2026-11-20T18:05:00.000Z",
                headers: { "Content-Type": "application/json", "X-Hatch-Event": "level.changed" },
                body: '{"id":"evt_…","event":"level.changed","timestamp":"2026-11-20T18:04:00Z","data":{}}',
              },
            ],
          },
        },
      },
      errors: ["conflict"],
    },
    acknowledgeDeliveries: {
      path: PATH,
      body: { example: { deliveries: [DELIVERY_ID] }, fields: { deliveries: "The ids of what you have dealt with." } },
      answers: {
        200: {
          description: "They do not come again.",
          schema: v.object({
            acknowledged: said(v.array(v.string()), "Ended now or before."),
            ignored: said(v.array(v.string()), "Never handed out here, or ended otherwise."),
          }),
          example: { acknowledged: [DELIVERY_ID], ignored: [] },
        },
      },
      errors: ["conflict"],
    },
    listDeliveries: {
      query: {
        subscription: { description: "Only to this subscription." },
        status: { description: "Only in this state." },
        event: { description: "Only of this outbound event." },
        since: { description: "Only those made since then, ISO 8601 with its offset." },
      },
      answers: {
        200: { description: "The deliveries.", schema: page(Delivery), example: { data: [DELIVERY], next: null } },
      },
    },
    getDelivery: {
      path: DELIVERY_PATH,
      answers: {
        200: {
          description: "The delivery with its attempts.",
          schema: DeliveryDetail,
          example: {
            ...DELIVERY,
            failures: 0,
            attempts: [
              {
                id: "att_01kag6w91yb3f6j9n2q5t8w1z4",
                number: 1,
                verdict: "delivered",
                startedAt: "2026-11-20T18:04:00.435Z",
                endedAt: "2026-11-20T18:04:00.498Z",
                error: null,
                request: { headers: { "X-Hatch-Event": "level.changed", "X-Hatch-Attempt": "1" } },
                response: { status: 200, headers: { "content-type": "text/plain" }, body: "ok" },
                timings: { firstByte: 61 },
              },
            ],
          },
        },
      },
    },
    replayDelivery: {
      path: DELIVERY_PATH,
      body: {
        example: { asNew: true },
        optional: true,
        fields: { asNew: "With a new delivery id, for a receiver that rightly drops a known one." },
      },
      answers: {
        202: { description: "On its way once more.", schema: Delivery, example: { ...DELIVERY, replaying: true } },
      },
      errors: ["conflict"],
    },
    cancelDelivery: {
      path: DELIVERY_PATH,
      answers: {
        200: {
          description: "The delivery as it is now.",
          schema: Delivery,
          example: { ...DELIVERY, status: "canceled", reason: "canceled", attemptCount: 0 },
        },
      },
      errors: ["conflict"],
    },
    getOutboundEvent: {
      path: { id: { description: "The outbound event's id.", example: EVENT_ID } },
      answers: {
        200: {
          description: "The outbound event.",
          schema: v.object({
            id: text("`evt_…`"),
            event: text("Its name."),
            userId: textOrNull("The member concerned."),
            createdAt: time("When it was written."),
            body: textOrNull("The text that was signed and sent; `null` once it is no longer kept."),
            deliveries: v.array(DeliveryOfEvent),
          }),
          example: {
            id: EVENT_ID,
            event: "level.changed",
            userId: "user_42",
            createdAt: "2026-11-20T18:04:00.412Z",
            body: '{"id":"evt_…","event":"level.changed","timestamp":"2026-11-20T18:04:00Z","data":{}}',
            deliveries: [REACHED],
          },
        },
      },
    },
  },
};
