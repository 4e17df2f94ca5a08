import * as v from "valibot";
import { said, text, textOrNull, time, whole } from "../../../http/openapi-fields.ts";
import { jobStarted } from "../../../http/openapi-job.ts";
import type { AnswerReference, OperationReference } from "../../../http/openapi-types.ts";

const SUBSCRIPTION_ID = "sub_01kag6w8zr5s1v4y7b0e3h6k9m";

const counts = {
  total: whole("How many deliveries would be sent."),
  failed: whole("Of them, those that have failed."),
  skipped: whole("Of them, those that were skipped."),
  canceled: whole("Of them, those that were canceled; only where `statuses` names them."),
  missed: whole("Of them, events that no delivery was made of."),
  bodyPurged: whole(
    "Ended as asked for, but their bodies are no longer kept: they can't be sent, and are not in `total`.",
  ),
  unwanted: whole(
    "Skipped before anything was sent, and the subscription's filter does not want them, or still fails: they stay skipped, and are not in `total`.",
  ),
};
const RecoveryCount = v.object({
  dryRun: v.literal(true),
  ...counts,
  complete: said(
    v.boolean(),
    "`false` where there was more to look at than a count does: then it is at least so many.",
  ),
  since: time("As asked for."),
  until: time("As asked for; now, if it was left out or lies ahead."),
  subscriptions: said(
    v.array(
      v.object({
        subscriptionId: text("`sub_…`"),
        status: v.picklist(["active", "paused", "disabled"]),
        ...counts,
        leftOut: textOrNull("Why it would not be recovered; it is not in the sums then."),
      }),
    ),
    "Those at which there is something, the first 1,000.",
  ),
});

const COUNTS = { total: 1_204, failed: 1_180, skipped: 12, canceled: 0, missed: 12, bodyPurged: 0, unwanted: 0 };
const counted: AnswerReference = {
  description: "With `dryRun`: what would be done. Nothing was changed.",
  schema: RecoveryCount,
  example: {
    dryRun: true,
    ...COUNTS,
    complete: true,
    since: "2026-11-19T00:00:00.000Z",
    until: "2026-11-20T18:04:00.000Z",
    subscriptions: [{ subscriptionId: SUBSCRIPTION_ID, status: "active", ...COUNTS, leftOut: null }],
  },
};

const FIELDS = {
  since: "Deliveries that ended from then on, and events that happened from then on.",
  until: "And up to then. Now, if it is left out.",
  statuses: "`failed` and `skipped`, if it is left out; `canceled` only where it is named.",
  rate: "So many deliveries in a time, evenly spread, for each subscription. Left out, 50 per second, or half of the subscription's own `rateLimit` if that is less. It is never faster than that limit.",
  "rate.per": "From 1s to 24h, and at most 1,000 per second.",
  dryRun: "Only counts.",
};
const EXAMPLE = { since: "2026-11-19T00:00:00Z", rate: { count: 50, per: "1s" } };
const answers = { 200: counted, 202: jobStarted("The job that does it, which goes on over restarts.") };

export const RECOVERY_OPERATIONS: Readonly<Record<string, OperationReference>> = {
  recoverWebhook: {
    path: { id: { description: "The subscription's id.", example: SUBSCRIPTION_ID } },
    body: { example: EXAMPLE, fields: FIELDS },
    answers,
    errors: ["conflict"],
  },
  recoverWebhooks: {
    body: { example: EXAMPLE, fields: { ...FIELDS, subscriptions: "Only these, 1,000 at most." } },
    answers,
    errors: ["conflict"],
  },
};
