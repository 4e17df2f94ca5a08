import * as v from "valibot";
import { DAY, type DurationMs, MINUTE, parseDuration, SECOND } from "../../../kernel/units.ts";

const RETRIES_MAX = 20;
const RETRY_DELAY_MIN = SECOND;
const RETRY_DELAY_MAX = DAY;
const HEADERS_MAX = 20;
const HEADER_VALUE_CHARACTERS_MAX = 1_024;
const ENDPOINT_CHARACTERS_MAX = 2_048;
const DESCRIPTION_CHARACTERS_MAX = 500;
const EVENTS_MAX = 100;
const OVERLAP_MAX = 30 * DAY;

/** A length of time between two bounds, as `"90s"`; milliseconds afterwards. */
const duration = (min: number, max: number, words: string) =>
  v.pipe(
    v.string(),
    v.check((text) => {
      const length = parseDuration(text);
      return length !== undefined && length >= min && length <= max;
    }, `Must be a duration ${words}, such as "90s" or "2h".`),
    v.transform((text) => parseDuration(text) as DurationMs),
  );

/** Ours, and those that say how the bytes travel: a subscription may not set them. */
const RESERVED =
  /^(?:x-hatch-.*|webhook-.*|proxy-.*|content-(?:type|length|encoding|md5)|host|connection|keep-alive|user-agent|transfer-encoding|te|trailer|upgrade|expect|accept-encoding|traceparent|tracestate|date)$/i;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
/** Visible ASCII with blanks inside: no line break can start a header of its own. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

const headers = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.regex(HEADER_NAME, "Is no header name."),
      v.check((name) => !RESERVED.test(name), "Is set by Hatch and can't be chosen."),
    ),
    v.pipe(
      v.string(),
      v.maxLength(HEADER_VALUE_CHARACTERS_MAX),
      v.regex(HEADER_VALUE, "Must be visible ASCII characters, without line breaks."),
    ),
  ),
  v.maxEntries(HEADERS_MAX),
  v.check(
    (all) => new Set(Object.keys(all).map((name) => name.toLowerCase())).size === Object.keys(all).length,
    "Names the same header twice.",
  ),
);

const events = v.pipe(
  v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(128))),
  v.minLength(1),
  v.maxLength(EVENTS_MAX),
);

const rateLimit = v.strictObject({
  count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
  per: duration(SECOND, DAY, "from 1s to 24h"),
});

/** Told to whoever sets a rate: a limit that silently does nothing would be relied on. */
export const RATE_NOT_ENFORCED = "rateLimit is kept and shown, but deliveries are not held back by it yet.";

const settings = {
  description: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(DESCRIPTION_CHARACTERS_MAX)))),
  headers: v.optional(v.nullable(headers)),
  /** Kept and shown; deliveries are not held back by it yet. */
  rateLimit: v.optional(v.nullable(rateLimit)),
  retryDelays: v.optional(
    v.nullable(v.pipe(v.array(duration(RETRY_DELAY_MIN, RETRY_DELAY_MAX, "from 1s to 24h")), v.maxLength(RETRIES_MAX))),
  ),
  pauseAfter: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)))),
  pauseFor: v.optional(v.nullable(duration(MINUTE, DAY, "from 1m to 24h"))),
};

const endpoint = v.pipe(v.string(), v.minLength(1), v.maxLength(ENDPOINT_CHARACTERS_MAX));

export const CreateSubscription = v.strictObject({
  mode: v.optional(v.picklist(["push", "pull"]), "push"),
  endpoint: v.optional(endpoint),
  events,
  secret: v.optional(v.string()),
  ...settings,
});
export type CreateSubscriptionInput = v.InferOutput<typeof CreateSubscription>;

export const ChangeSubscription = v.strictObject({
  endpoint: v.optional(endpoint),
  events: v.optional(events),
  /** False pauses, true resumes. */
  active: v.optional(v.boolean()),
  ...settings,
});
export type ChangeSubscriptionInput = v.InferOutput<typeof ChangeSubscription>;

export const RotateSecret = v.strictObject({
  /** How long the old one stays valid; `0s` ends it at once. */
  overlap: v.optional(duration(0, OVERLAP_MAX, "up to 30d"), "24h"),
  secret: v.optional(v.string()),
});
export type RotateSecretInput = v.InferOutput<typeof RotateSecret>;

export const SendTest = v.strictObject({
  /** A name of the catalogue, or of a wanted forwarded type; the first that the subscription wants, if absent. */
  event: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(128))),
});
