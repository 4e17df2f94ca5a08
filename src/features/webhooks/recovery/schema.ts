import * as v from "valibot";
import { parseIsoTime } from "../../../kernel/clock.ts";
import { DAY, type DurationMs, parseDuration, SECOND, type UnixMs } from "../../../kernel/units.ts";

const SUBSCRIPTIONS_MAX = 1_000;
const COUNT_MAX = 10_000;
const RATE_FASTEST_PER_MS = 1;

/** What has ended without having arrived. */
const RECOVERABLE = ["failed", "skipped", "canceled"] as const;
export type Recoverable = (typeof RECOVERABLE)[number];
/** What somebody canceled is brought back only where it is named. */
export const RECOVERED_BY_DEFAULT: readonly Recoverable[] = ["failed", "skipped"];

const time = v.pipe(
  v.string(),
  v.check((text) => parseIsoTime(text) !== undefined, "Must be an ISO 8601 time with its offset."),
  v.transform((text) => parseIsoTime(text) as UnixMs),
);

const rate = v.pipe(
  v.strictObject({
    count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(COUNT_MAX)),
    per: v.pipe(
      v.string(),
      v.check((text) => {
        const length = parseDuration(text);
        return length !== undefined && length >= SECOND && length <= DAY;
      }, 'Must be a duration from 1s to 24h, such as "1s" or "1m".'),
      v.transform((text) => parseDuration(text) as DurationMs),
    ),
  }),
  v.check(({ count, per }) => count <= per * RATE_FASTEST_PER_MS, "Must be 1,000 per second at most."),
);

const asked = {
  since: time,
  until: v.optional(time),
  statuses: v.optional(v.pipe(v.array(v.picklist(RECOVERABLE)), v.minLength(1), v.maxLength(RECOVERABLE.length))),
  rate: v.optional(rate),
  dryRun: v.optional(v.boolean(), false),
};

export const Recover = v.strictObject(asked);
export const RecoverAll = v.strictObject({
  ...asked,
  subscriptions: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.minLength(1), v.maxLength(SUBSCRIPTIONS_MAX)),
  ),
});
export type RecoverInput = v.InferOutput<typeof RecoverAll>;
