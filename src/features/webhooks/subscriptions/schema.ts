import * as v from "valibot";
import { SIZES } from "../../../kernel/cel/bounds.ts";
import { isSecretPrefix, SECRET_PREFIX_WORDS } from "../../../kernel/secret-prefix.ts";
import { DAY, type DurationMs, MINUTE, parseDuration, SECOND } from "../../../kernel/units.ts";
import { HEADER_NAME, HEADER_VALUE, isReservedHeader } from "../format/header-rules.ts";
import { PRESET_NAMES, type PresetSetting } from "../format/presets/preset.ts";
import { Signature } from "../format/signature.ts";
import { ClientTls } from "./client-tls.ts";

const RETRIES_MAX = 20;
const RETRY_DELAY_MIN = SECOND;
const RETRY_DELAY_MAX = DAY;
const HEADERS_MAX = 20;
const HEADER_VALUE_CHARACTERS_MAX = 1_024;
/** What answers show in the place of a value. */
const MASKED = "***";
const ENDPOINT_CHARACTERS_MAX = 2_048;
const DESCRIPTION_CHARACTERS_MAX = 500;
const EVENTS_MAX = 100;
const OVERLAP_MAX = 30 * DAY;
const CONTENT_TYPE =
  /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+(?:; ?[A-Za-z0-9_.-]+=(?:[A-Za-z0-9_.+-]+|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))*$/;

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

const headers = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.regex(HEADER_NAME, "Is no header name."),
      v.check((name) => !isReservedHeader(name), "Is set by Hatch and can't be chosen."),
    ),
    v.pipe(
      v.string(),
      v.maxLength(HEADER_VALUE_CHARACTERS_MAX),
      v.regex(HEADER_VALUE, "Must be visible ASCII characters, without line breaks."),
      v.check((value) => value !== MASKED, "Is masked: send the whole value, or leave `headers` out to keep them."),
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

const expression = (size: keyof typeof SIZES) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(SIZES[size].characters));

const PresetFields = v.strictObject({
  name: v.picklist(PRESET_NAMES),
  chatId: v.optional(
    v.pipe(v.string(), v.regex(/^(?:-?\d{1,20}|@[A-Za-z0-9_]{3,64})$/, "Is no chat: a number or @name.")),
  ),
  threadId: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_147_483_647))),
  priority: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(5))),
  tags: v.optional(v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(64))), v.maxLength(10))),
});

/** The name alone, where there is nothing else to say. */
const preset = v.pipe(
  v.union(
    [v.picklist(PRESET_NAMES), PresetFields],
    `Must be ${PRESET_NAMES.map((name) => `"${name}"`).join(", ")}, or an object with that \`name\` and its \`chatId\`, \`threadId\`, \`priority\` or \`tags\`.`,
  ),
  v.transform((input): PresetSetting => (typeof input === "string" ? { name: input } : input)),
);

/** How what is sent differs from what Hatch sends by itself. */
const format = {
  signature: v.optional(v.nullable(Signature)),
  filter: v.optional(v.nullable(expression("small"))),
  payload: v.optional(v.nullable(expression("large"))),
  contentType: v.optional(
    v.nullable(v.pipe(v.string(), v.maxLength(128), v.regex(CONTENT_TYPE, "Is no media type, such as text/plain."))),
  ),
  preset: v.optional(v.nullable(preset)),
};

const secretPrefix = v.optional(v.nullable(v.pipe(v.string(), v.check(isSecretPrefix, SECRET_PREFIX_WORDS))));

const settings = {
  ...format,
  secretPrefix,
  description: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(DESCRIPTION_CHARACTERS_MAX)))),
  headers: v.optional(v.nullable(headers)),
  /** At most so many requests in any stretch of that length. */
  rateLimit: v.optional(v.nullable(rateLimit)),
  retryDelays: v.optional(
    v.nullable(v.pipe(v.array(duration(RETRY_DELAY_MIN, RETRY_DELAY_MAX, "from 1s to 24h")), v.maxLength(RETRIES_MAX))),
  ),
  pauseAfter: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)))),
  pauseFor: v.optional(v.nullable(duration(MINUTE, DAY, "from 1m to 24h"))),
  tls: v.optional(ClientTls),
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

const previewedEvent = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(128)));

/** Settings that are not kept anywhere yet. */
export const PreviewSettings = v.strictObject({
  mode: v.optional(v.picklist(["push", "pull"]), "push"),
  endpoint: v.optional(endpoint),
  events,
  headers: v.optional(v.nullable(headers)),
  ...format,
  event: previewedEvent,
});

/** Of a subscription as it is, or as these would make it. */
export const PreviewChange = v.strictObject({
  endpoint: v.optional(endpoint),
  events: v.optional(events),
  headers: v.optional(v.nullable(headers)),
  ...format,
  event: previewedEvent,
});

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
