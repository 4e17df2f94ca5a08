import * as v from "valibot";
import { said, text, textOrNull, time, timeOrNull, whole } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { DELIVERY_STATUSES } from "../types.ts";
import { CAUSES } from "./causes.ts";

const share = (words: string) => said(v.nullable(v.number()), words);
const milliseconds = (words: string) => said(v.nullable(v.number()), words);

const Window = v.object({
  since: time("From when on, to a quarter of an hour."),
  attempts: whole("Requests that ended."),
  delivered: whole("Those that came through: each is a delivery."),
  failed: whole("Those that failed."),
  successRate: share("Of the attempts, the share that came through, from 0 to 1; `null` where there was none."),
  firstTimeRate: share("Of the deliveries, the share that came through at their first attempt."),
  deliveryRate: share("Of the deliveries that ended, the share that came through."),
  exhausted: whole("Deliveries that failed for good."),
  averageMs: milliseconds("How long an attempt took."),
  p95Ms: milliseconds("Within so long 95 of 100 attempts ended."),
  slowestMs: milliseconds("The longest."),
});
const Windows = v.object({ "1h": Window, "24h": Window, "7d": Window });

const Failure = v.object({
  cause: said(v.picklist(CAUSES), "The class of the failure."),
  title: text("A sentence for a person."),
  advice: text("The next step."),
  count: whole("Attempts in the last 24 hours."),
  lastAt: time("When the last of them ended."),
  status: said(v.nullable(v.number()), "What it answered; `null` where no answer came."),
  message: text("As the attempt tells it."),
  subscriptionId: text("`sub_…`"),
  deliveryId: text("`dlv_…`"),
  attempt: whole("Its number."),
});

const Waiting = v.object({
  count: whole("What has not ended; counted up to 10,000."),
  retries: whole("Those of them that failed before."),
  byReason: said(
    v.object({
      retry: v.number(),
      pause: v.number(),
      rateLimit: v.number(),
      slot: v.number(),
      proxy: v.number(),
      acknowledgement: v.number(),
    }),
    "What they wait for.",
  ),
  oldestCreatedAt: timeOrNull("Since when the oldest waits."),
  oldestAge: said(v.nullable(v.number()), "The same in seconds."),
  nextDueAt: timeOrNull("When the next is due."),
});

const endpoint = {
  subscriptionId: text("`sub_…`"),
  endpoint: textOrNull("Where deliveries go; `null` for a pull subscription."),
  description: textOrNull("Your words for it."),
  mode: v.picklist(["push", "pull"]),
  status: v.picklist(["active", "paused", "disabled"]),
  reason: textOrNull("Why it is paused or disabled."),
  state: said(
    v.picklist(["disabled", "paused", "failing", "losing", "slow", "held", "idle", "well"]),
    "`losing`: it answers, but deliveries have failed for good. `held`: a person paused it. `idle`: nothing was sent.",
  ),
  needsYou: said(v.boolean(), "Whether a person has something to do."),
  text: text("The state in one sentence."),
  advice: textOrNull("The next step; `null` where there is none."),
  pausedSince: timeOrNull("When it was paused."),
  pausedUntil: timeOrNull("When it is asked again; `null` where it waits for a person."),
  failuresInRow: whole("Since the last success."),
  failingSince: timeOrNull("When the first of them was."),
  lastSuccessAt: timeOrNull("When something was last delivered."),
  lastFailureAt: timeOrNull("When an attempt last failed."),
  lost: whole("Deliveries of the last 7 days that failed for good and were not recovered."),
};
const Endpoint = v.object({
  ...endpoint,
  last24h: Window,
  cause: said(v.nullable(v.picklist(CAUSES)), "Why most of its attempts failed in the last 24 hours."),
});

const SubscriptionHealth = v.object({
  ...endpoint,
  windows: Windows,
  recentFailures: said(v.array(Failure), "Of the last 24 hours by cause, the most frequent first."),
  waiting: Waiting,
  last24Hours: said(
    v.object(Object.fromEntries(DELIVERY_STATUSES.map((status) => [status, v.number()]))),
    "The deliveries made in that time by status, the latest 10,000 at most.",
  ),
});

const EnvironmentHealth = v.object({
  headline: text("How things are, in one sentence."),
  endpoints: v.object({
    total: v.number(),
    active: v.number(),
    paused: v.number(),
    disabled: v.number(),
    held: whole("Of the paused ones, those that a person paused."),
    pull: v.number(),
    needingYou: v.number(),
  }),
  windows: said(Windows, "Without the events of the operations family, which tell how deliveries fare."),
  recentFailures: v.array(Failure),
  waiting: Waiting,
  needYou: said(v.array(Endpoint), "The endpoints that need a person, the worst first; 20 at most."),
  digest: v.object({
    last: said(
      v.nullable(v.object({ date: text("The day that it covers."), at: time("When it was made.") })),
      "The last daily digest.",
    ),
    nextAt: timeOrNull("When the next one is due."),
  }),
  data: said(v.array(Endpoint), "Every endpoint, newest first."),
  next: textOrNull("Send it as `after` for the next page; `null` on the last."),
});

const SUBSCRIPTION_ID = "sub_01kag6w8zr5s1v4y7b0e3h6k9m";
const WINDOW = {
  since: "2026-11-19T18:00:00.000Z",
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
const WINDOWS = {
  "1h": { ...WINDOW, since: "2026-11-20T17:00:00.000Z" },
  "24h": WINDOW,
  "7d": { ...WINDOW, since: "2026-11-13T18:00:00.000Z" },
};
const ADVICE = "Check that it verifies the raw body, with the current secret.";
const FAILURE = {
  cause: "signature",
  title: "It refuses the signature (401)",
  advice: ADVICE,
  count: 47,
  lastAt: "2026-11-20T18:04:00.498Z",
  status: 401,
  message: "answered 401",
  subscriptionId: SUBSCRIPTION_ID,
  deliveryId: "dlv_01kag6w91xe0jbq4zt8n5r2mvc",
  attempt: 1,
};
const WAITING = {
  count: 12,
  retries: 4,
  byReason: { retry: 0, pause: 12, rateLimit: 0, slot: 0, proxy: 0, acknowledgement: 0 },
  oldestCreatedAt: "2026-11-20T18:01:00.000Z",
  oldestAge: 240,
  nextDueAt: null,
};
const ENDPOINT = {
  subscriptionId: SUBSCRIPTION_ID,
  endpoint: "https://example.com/webhooks/hatch",
  description: "Production",
  mode: "push",
  status: "paused",
  reason: "10 failures in a row, the last one: answered 401",
  state: "paused",
  needsYou: true,
  text: "Paused until 18:05 UTC: it refuses the signature (401).",
  advice: ADVICE,
  pausedSince: "2026-11-20T18:04:00.000Z",
  pausedUntil: "2026-11-20T18:05:00.000Z",
  failuresInRow: 10,
  failingSince: "2026-11-20T18:01:00.000Z",
  lastSuccessAt: "2026-11-20T18:00:59.100Z",
  lastFailureAt: "2026-11-20T18:04:00.498Z",
  lost: 3,
};
const SUMMARY = { ...ENDPOINT, last24h: WINDOW, cause: "signature" };

export const HEALTH_OPERATIONS: RoomReference["operations"] = {
  getWebhookHealth: {
    path: { id: { description: "The subscription's id.", example: SUBSCRIPTION_ID } },
    answers: {
      200: {
        description: "How it does.",
        schema: SubscriptionHealth,
        example: {
          ...ENDPOINT,
          windows: WINDOWS,
          recentFailures: [FAILURE],
          waiting: WAITING,
          last24Hours: { pending: 12, sending: 0, delivered: 1204, failed: 3, skipped: 0, canceled: 0 },
        },
      },
    },
  },
  getWebhooksHealth: {
    answers: {
      200: {
        description: "How they do.",
        schema: EnvironmentHealth,
        example: {
          headline: "1 of 41 endpoints needs you",
          endpoints: { total: 41, active: 40, paused: 1, disabled: 0, held: 0, pull: 2, needingYou: 1 },
          windows: WINDOWS,
          recentFailures: [FAILURE],
          waiting: { ...WAITING, nextDueAt: "2026-11-20T18:09:12.000Z" },
          needYou: [SUMMARY],
          digest: { last: { date: "2026-11-19", at: "2026-11-20T07:00:02.000Z" }, nextAt: "2026-11-21T07:00:00.000Z" },
          data: [SUMMARY],
          next: null,
        },
      },
    },
  },
};
