import * as v from "valibot";
import { EXPRESSION_CHARS_MAX } from "../../../kernel/cel/bounds.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { isEventTypeName } from "../../../kernel/text.ts";
import { isTimeZone } from "../../../kernel/time-zone.ts";
import { parseDuration } from "../../../kernel/units.ts";
import { isSpan } from "../decide/expiry.ts";
import {
  ACTIONS_PER_RULE_MAX,
  AMOUNT_MAX,
  BADGES_MAX,
  CURRENCIES_MAX,
  DESCRIPTION_CHARS_MAX,
  EVENT_TYPES_MAX,
  LEADERBOARDS_MAX,
  LIMITS_PER_RULE_MAX,
  MILESTONES_MAX,
  REWARDS_MAX,
  RULES_MAX,
  RUNGS_PER_TRACK_MAX,
  STREAKS_MAX,
  TITLE_CHARS_MAX,
  TRACKS_MAX,
} from "./bounds.ts";

/** The names of currencies, rules, tracks, badges and the like. */
const Key = v.pipe(
  v.string("must be text"),
  v.regex(/^[a-z][a-z0-9_]{0,62}$/, "must be 1–63 of a–z, 0–9 and _, and begin with a letter"),
);

const textOf = (charsMax: number) =>
  v.pipe(
    v.string("must be text"),
    v.minLength(1, "must not be empty"),
    v.maxLength(charsMax, `must not exceed ${charsMax} characters`),
  );
const title = v.optional(textOf(TITLE_CHARS_MAX));
const description = v.optional(textOf(DESCRIPTION_CHARS_MAX));
const Expression = textOf(EXPRESSION_CHARS_MAX);

const integer = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return v.pipe(v.number(message), v.safeInteger(message), v.minValue(least, message), v.maxValue(most, message));
};
const total = integer(0, Number.MAX_SAFE_INTEGER);
const count = integer(0, 1_000_000_000);

const oneOf = <const T extends readonly string[]>(...names: T) =>
  v.picklist(names, `must be one of ${names.join(", ")}`);
const flag = v.optional(v.boolean("must be true or false"));

const listOf = <S extends v.GenericSchema>(entry: S, most: number) =>
  v.pipe(v.array(entry, "must be a list"), v.maxLength(most, `must hold at most ${most}`));
const recordOf = <S extends v.GenericSchema>(entry: S, most: number) =>
  v.pipe(v.record(Key, entry, "must be an object"), v.maxEntries(most, `must hold at most ${most}`));

export const EventType = v.strictObject({
  schema: v.optional(
    v.custom<JsonObject>(
      (value) => typeof value === "object" && value !== null && !Array.isArray(value),
      "must be a JSON Schema, an object",
    ),
  ),
  description,
  clientSafe: flag,
  forward: flag,
});
export type EventTypeDefinition = v.InferOutput<typeof EventType>;

const EventTypeName = v.pipe(
  v.string(),
  v.check((name) => name.length > 0 && isEventTypeName(name), "must be 1–128 printable characters"),
);

const Currency = v.strictObject({
  title,
  description,
  kind: oneOf("spendable", "progress"),
  expiresAfter: v.optional(
    v.pipe(v.string("must be text"), v.check(isSpan, 'must be a length of time such as "365d" or "P1Y"')),
  ),
});
export type CurrencyDefinition = v.InferOutput<typeof Currency>;

const Amount = v.union(
  [integer(1, AMOUNT_MAX), Expression],
  `must be a whole number from 1 to ${AMOUNT_MAX}, or an expression`,
);
export const Credit = v.strictObject({ credit: Key, amount: Amount, key: v.optional(Key) });
export const Debit = v.strictObject({ debit: Key, amount: Amount, key: v.optional(Key) });
export const Award = v.strictObject({ award: Key, key: v.optional(Key) });

const has = (input: unknown, name: string): boolean => typeof input === "object" && input !== null && name in input;

/** Chosen by the one key that says what it does, so that a mistake beside it is told of by its own path. */
const Action = v.lazy((input): v.GenericSchema<Action> => {
  if (has(input, "credit")) return Credit;
  if (has(input, "debit")) return Debit;
  if (has(input, "award")) return Award;
  return v.custom<Action>(() => false, "must have credit, debit or award");
});
type Action = v.InferOutput<typeof Credit> | v.InferOutput<typeof Debit> | v.InferOutput<typeof Award>;
export type ActionDefinition = Action;

const window = { per: oneOf("member", "everyone"), every: oneOf("day", "week", "month", "ever") };
export const TimesLimit = v.strictObject({ ...window, times: integer(1, 1_000_000_000) });
export const CreditsLimit = v.strictObject({
  ...window,
  credits: integer(1, Number.MAX_SAFE_INTEGER),
  currency: v.optional(Key),
});
const Limit = v.lazy((input): v.GenericSchema<Limit> => {
  if (has(input, "credits")) return CreditsLimit;
  if (has(input, "times")) return TimesLimit;
  return v.custom<Limit>(() => false, "must have times, or credits and a currency");
});
type Limit = v.InferOutput<typeof TimesLimit> | v.InferOutput<typeof CreditsLimit>;
export type LimitDefinition = Limit;
export type Every = Limit["every"];

export const Rule = v.strictObject({
  title,
  description,
  on: textOf(128),
  when: v.optional(Expression),
  then: v.pipe(listOf(Action, ACTIONS_PER_RULE_MAX), v.minLength(1, "must do at least one thing")),
  limits: v.optional(listOf(Limit, LIMITS_PER_RULE_MAX)),
});
export type RuleDefinition = v.InferOutput<typeof Rule>;

const Track = v.strictObject({
  title,
  description,
  over: Key,
  rungs: v.pipe(
    listOf(v.strictObject({ key: Key, title, description, at: total }), RUNGS_PER_TRACK_MAX),
    v.minLength(1, "must hold at least one rung"),
  ),
});
export type TrackDefinition = v.InferOutput<typeof Track>;

const Duration = v.pipe(
  v.string("must be text"),
  v.check((text) => parseDuration(text) !== undefined, 'must be a length of time such as "15m" or "24h"'),
);

const Streak = v.strictObject({
  title,
  description,
  on: textOf(128),
  when: v.optional(Expression),
  every: oneOf("day", "week"),
  milestones: v.optional(listOf(integer(1, 100_000), MILESTONES_MAX)),
  freezes: v.optional(v.strictObject({ max: integer(0, 365), earnEvery: v.optional(integer(1, 100_000)) })),
  grace: v.optional(Duration),
});

const Badge = v.strictObject({
  title: textOf(TITLE_CHARS_MAX),
  description,
  when: v.optional(Expression),
  award: v.optional(oneOf("automatic", "manual")),
});
export type BadgeDefinition = v.InferOutput<typeof Badge>;

const Leaderboard = v.strictObject({
  title,
  description,
  over: Key,
  window: oneOf("all", "month", "week", "day"),
  ties: v.optional(oneOf("shared", "dense", "first")),
});

const Reward = v.strictObject({
  title: textOf(TITLE_CHARS_MAX),
  description,
  price: v.pipe(
    v.record(Key, integer(1, AMOUNT_MAX), "must be an object"),
    v.minEntries(1, "must name a currency"),
    v.maxEntries(5, "must hold at most 5"),
  ),
  stock: v.optional(count),
  perMember: v.optional(integer(1, 1_000_000)),
});

export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** The rules of the game as data. Unknown keys are refused: a misspelt limit must not pass for no limit. */
export const Program = v.strictObject({
  timezone: v.pipe(
    v.string("must be an IANA time zone in its own spelling, such as Europe/Berlin"),
    v.check(isTimeZone, "must be an IANA time zone in its own spelling, such as Europe/Berlin"),
  ),
  weekStartsOn: v.optional(oneOf(...WEEKDAYS), "monday"),
  eventTypes: v.optional(
    v.pipe(
      v.record(EventTypeName, EventType, "must be an object"),
      v.maxEntries(EVENT_TYPES_MAX, `must hold at most ${EVENT_TYPES_MAX}`),
    ),
    {},
  ),
  currencies: v.optional(recordOf(Currency, CURRENCIES_MAX), {}),
  rules: v.optional(recordOf(Rule, RULES_MAX), {}),
  tracks: v.optional(recordOf(Track, TRACKS_MAX), {}),
  streaks: v.optional(recordOf(Streak, STREAKS_MAX), {}),
  badges: v.optional(recordOf(Badge, BADGES_MAX), {}),
  leaderboards: v.optional(recordOf(Leaderboard, LEADERBOARDS_MAX), {}),
  rewards: v.optional(recordOf(Reward, REWARDS_MAX), {}),
});
export type Program = v.InferOutput<typeof Program>;
/** As it is written, defaults left out. */
export type WrittenProgram = v.InferInput<typeof Program>;
