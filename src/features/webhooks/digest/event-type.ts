import type { OutboundEventType } from "../../../kernel/catalogue.ts";
import type { JsonObject } from "../../../kernel/json.ts";

export const DIGEST_EVENT = "digest.daily";

const TEXT: JsonObject = { type: "string" };
const TIME: JsonObject = { type: "string", format: "date-time" };
const WHOLE: JsonObject = { type: "integer", minimum: 0 };
const SHARE: JsonObject = { type: ["number", "null"], minimum: 0, maximum: 1 };
const MILLISECONDS: JsonObject = { type: ["integer", "null"], minimum: 0 };

const object = (properties: JsonObject, description?: string): JsonObject => ({
  type: "object",
  ...(description === undefined ? {} : { description }),
  required: Object.keys(properties),
  properties,
});

const FIGURES: JsonObject = {
  attempts: WHOLE,
  delivered: { ...WHOLE, description: "Attempts that came through: each is a delivery." },
  failed: { ...WHOLE, description: "Attempts that failed." },
  successRate: { ...SHARE, description: "The share of the attempts that came through; null where there was none." },
  firstTimeRate: { ...SHARE, description: "The share of the deliveries that came through at their first attempt." },
  deliveryRate: { ...SHARE, description: "Of the deliveries that ended, the share that came through." },
  exhausted: { ...WHOLE, description: "Deliveries that failed for good." },
  averageMs: MILLISECONDS,
  p95Ms: MILLISECONDS,
  slowestMs: MILLISECONDS,
};

const FIELDS: JsonObject = {
  date: { type: "string", format: "date", description: "The day, in the workspace's time zone." },
  zone: TEXT,
  from: TIME,
  until: { ...TIME, description: "Where the day ended: 23, 24 or 25 hours after `from`." },
  madeAt: TIME,
  workspaceId: TEXT,
  environment: { enum: ["live", "test"] },
  headline: { type: "string", description: "How things are, in one sentence." },
  delivered: WHOLE,
  failed: { ...WHOLE, description: "Deliveries that failed for good on the day." },
  waiting: { ...WHOLE, description: "Deliveries that waited when the digest was made; counted up to 10,000." },
  lost: { ...WHOLE, description: "Deliveries of the last seven days that failed for good and were not recovered." },
  endpoints: object({
    total: WHOLE,
    active: WHOLE,
    paused: WHOLE,
    disabled: WHOLE,
    held: { ...WHOLE, description: "Of the paused ones, those that a person paused." },
    pull: WHOLE,
    needingYou: WHOLE,
  }),
  figures: object(FIGURES, "Of the day."),
  dayBefore: object(FIGURES, "The same of the day before it."),
  needYou: {
    type: "array",
    description: "The endpoints that need a person, the worst first; 50 at most.",
    items: object({
      subscriptionId: TEXT,
      endpoint: { type: "string", description: "Host and path, without a query and what may be a secret." },
      state: { enum: ["disabled", "paused", "failing", "losing", "slow"] },
      cause: { type: ["string", "null"] },
      text: TEXT,
      advice: { type: ["string", "null"] },
      pausedUntil: { ...TIME, type: ["string", "null"] },
      lost: WHOLE,
    }),
  },
  slowest: {
    ...object({ subscriptionId: TEXT, endpoint: TEXT, ms: WHOLE }, "The slowest attempt of the day."),
    type: ["object", "null"],
  },
};

const EXAMPLE_FIGURES: JsonObject = {
  attempts: 1_251,
  delivered: 1_204,
  failed: 47,
  successRate: 0.9624,
  firstTimeRate: 0.9683,
  deliveryRate: 0.9975,
  exhausted: 3,
  averageMs: 84,
  p95Ms: 300,
  slowestMs: 8_210,
};
const SUBSCRIPTION_ID = "sub_01kag6w8r4n6t8vhxm3c5q7d9e";

export const DIGEST_EVENT_TYPE: OutboundEventType = {
  name: DIGEST_EVENT,
  family: "operations",
  description:
    "How the deliveries of the day before went, once a day at the workspace's own hour. It is chosen by name, and tells nothing of events of its own family.",
  schema: object(FIELDS),
  example: {
    date: "2026-11-19",
    zone: "Europe/Berlin",
    from: "2026-11-18T23:00:00.000Z",
    until: "2026-11-19T23:00:00.000Z",
    madeAt: "2026-11-20T07:00:02.000Z",
    workspaceId: "ws_01kag6w8p1d3g5j7m9q2s4v6x8",
    environment: "live",
    headline: "1 of 41 endpoints needs you",
    delivered: 1_204,
    failed: 3,
    waiting: 12,
    lost: 3,
    endpoints: { total: 41, active: 40, paused: 1, disabled: 0, held: 0, pull: 2, needingYou: 1 },
    figures: EXAMPLE_FIGURES,
    dayBefore: {
      ...EXAMPLE_FIGURES,
      attempts: 1_180,
      delivered: 1_180,
      failed: 0,
      successRate: 1,
      firstTimeRate: 1,
      deliveryRate: 1,
      exhausted: 0,
    },
    needYou: [
      {
        subscriptionId: SUBSCRIPTION_ID,
        endpoint: "hooks.example.com/hatch",
        state: "paused",
        cause: "signature",
        text: "Paused until 14:05: it refuses the signature (401).",
        advice: "Check that it verifies the raw body, with the current secret.",
        pausedUntil: "2026-11-20T13:05:00.000Z",
        lost: 3,
      },
    ],
    slowest: { subscriptionId: SUBSCRIPTION_ID, endpoint: "hooks.example.com/hatch", ms: 8_210 },
  },
};
