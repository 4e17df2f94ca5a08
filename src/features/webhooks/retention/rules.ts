import type { RetentionRule } from "../../../jobs/retention.ts";
import { fromTheFront } from "../../../jobs/retention.ts";
import { DAY, durationMs } from "../../../kernel/units.ts";
import { purgeDigests } from "../digest/store.ts";
import { purgeHours } from "../health/store.ts";
import { deleteExpiredSecrets } from "../subscriptions/store.ts";
import {
  deleteFanOutSets,
  endUnpulled,
  purgeAttempts,
  purgeBodies,
  purgeDeliveries,
  purgeOutboundEvents,
  purgeSubscriptions,
} from "./store.ts";

/** The longest span that is asked for, and a day to begin with. */
const HOURS_KEPT = durationMs(9 * DAY);
const SETS_KEPT = durationMs(30 * DAY);
/** So long the signature checker can still say that a secret is a former one. */
const SECRETS_KEPT = durationMs(DAY);
const DIGESTS_KEPT = durationMs(400 * DAY);

/** In this order: what ends here for want of anybody who pulls is old enough for the rules behind. */
export const WEBHOOKS_RETENTION: readonly RetentionRule[] = [
  {
    name: "unpulled",
    what: "What waits for a pull subscription that nobody pulls: it has failed then",
    tables: ["deliveries"],
    kept: ({ retention }) => retention.outboundBodies,
    setting: "retention.outboundBodies",
    after: "it was due",
    purge: fromTheFront((writer, before, limit) => endUnpulled(writer, before, limit)),
  },
  {
    name: "attempts",
    what: "Attempts: the headers of each request, and the receiver's answer",
    tables: ["attempts"],
    kept: ({ retention }) => retention.attempts,
    setting: "retention.attempts",
    after: "the end of their delivery",
    purge: purgeAttempts,
  },
  {
    name: "outboundBodies",
    what: "Bodies of outbound events; as long as a delivery of it has not ended, whatever its age",
    tables: ["outbound_events"],
    kept: ({ retention }) => retention.outboundBodies,
    setting: "retention.outboundBodies",
    after: "the event",
    purge: purgeBodies,
  },
  {
    name: "deliveries",
    what: "Deliveries: what was sent to whom, and what came of it",
    tables: ["deliveries"],
    kept: ({ retention }) => retention.deliveries,
    setting: "retention.deliveries",
    after: "they were made, where they have ended",
    purge: purgeDeliveries,
  },
  {
    name: "outboundEvents",
    what: "Outbound events without a body, of which no delivery is left",
    tables: ["outbound_events"],
    kept: ({ retention }) => retention.deliveries,
    setting: "retention.deliveries",
    after: "the event",
    purge: purgeOutboundEvents,
  },
  {
    name: "subscriptions",
    what: "Subscriptions that were deleted, of which no delivery is left",
    tables: ["subscriptions", "subscription_health", "subscription_holds"],
    kept: ({ retention }) => retention.deliveries,
    setting: "retention.deliveries",
    after: "they were deleted",
    purge: purgeSubscriptions,
  },
  {
    name: "subscriptionSecrets",
    what: "Secrets of subscriptions, sealed",
    tables: ["subscription_secrets"],
    kept: () => SECRETS_KEPT,
    after: "the end of their overlap",
    purge: fromTheFront(deleteExpiredSecrets),
  },
  {
    name: "deliveryHours",
    what: "How deliveries went, by hour",
    tables: ["delivery_hours"],
    kept: () => HOURS_KEPT,
    after: "the hour",
    purge: fromTheFront(purgeHours),
  },
  {
    name: "digests",
    what: "Which daily digests were made",
    tables: ["digests"],
    kept: () => DIGESTS_KEPT,
    after: "they were made",
    purge: fromTheFront(purgeDigests),
  },
  {
    name: "fanOutSets",
    what: "Lists of subscriptions that an event with very many was matched with",
    tables: ["fan_out_sets"],
    kept: () => SETS_KEPT,
    after: "they were last used",
    purge: fromTheFront(deleteFanOutSets),
  },
];
