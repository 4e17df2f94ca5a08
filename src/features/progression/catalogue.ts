import type { OutboundEventType } from "../../kernel/catalogue.ts";
import type { JsonObject } from "../../kernel/json.ts";

const TEXT: JsonObject = { type: "string" };
const KEY: JsonObject = { type: "string", pattern: "^[a-z][a-z0-9_]{0,62}$" };
const TIME: JsonObject = { type: "string", format: "date-time" };
const AMOUNT: JsonObject = { type: "integer", minimum: 1, maximum: 1_000_000_000_000 };
const WHOLE: JsonObject = { type: "integer", minimum: 0 };

/** What every effect says of where it comes from. */
const ORIGIN: JsonObject = {
  userId: { type: "string", description: "The member, by your own id." },
  eventId: { type: "string", description: "The input that caused it: the id of your event, where it was one." },
  eventType: { type: "string", description: "The type of that input; `adjustment` for a change by hand." },
  programVersion: { type: "integer", minimum: 0, description: "The version of the program that decided." },
  effectId: { type: "string", description: "Names this effect for ever; a repeat of the event does not make another." },
  occurredAt: { ...TIME, description: "When the event happened, by its own account." },
  rule: { type: "string", description: "The rule, track or badge that it comes from." },
  reason: { type: "string", description: "Why, for a person to read." },
};

const ORIGIN_EXAMPLE: JsonObject = {
  userId: "user_42",
  eventId: "lesson-881-user_42",
  eventType: "lesson_completed",
  programVersion: 3,
  effectId: "eff_01kag6w8xp7h4t2m9c5r3n8vqd",
  occurredAt: "2026-11-20T18:04:00.000Z",
};

interface Draft {
  readonly description: string;
  readonly fields: JsonObject;
  readonly optional?: JsonObject;
  readonly example: JsonObject;
}

function effect(name: string, { description, fields, optional = {}, example }: Draft): OutboundEventType {
  return {
    name,
    family: "progress",
    description,
    schema: {
      type: "object",
      required: [...Object.keys(ORIGIN), ...Object.keys(fields)],
      properties: { ...ORIGIN, ...fields, ...optional },
    },
    example: { ...ORIGIN_EXAMPLE, ...example },
  };
}

const planned = (type: OutboundEventType): OutboundEventType => ({ ...type, planned: true });

const LESSON = { rule: "lesson_xp", reason: "event.properties.score >= 60" } as const;
const BALANCE: JsonObject = { ...WHOLE, description: "What the member can spend after it." };

const POINTS: readonly OutboundEventType[] = [
  effect("points.earned", {
    description: "A member was credited points of a currency.",
    fields: { currency: KEY, amount: AMOUNT, balance: BALANCE },
    optional: { clipped: { ...AMOUNT, description: "What a limit took off." } },
    example: { ...LESSON, currency: "coins", amount: 10, balance: 120 },
  }),
  effect("points.spent", {
    description: "Points of a currency were taken from a member.",
    fields: { currency: KEY, amount: AMOUNT, balance: BALANCE },
    example: { rule: "hint", reason: "true", currency: "coins", amount: 25, balance: 95 },
  }),
  planned(
    effect("points.expiring", {
      description: "Points of a member will expire soon; sent once for each lot.",
      fields: { currency: KEY, amount: AMOUNT, expiresAt: TIME },
      example: { rule: "coins", reason: "365d", currency: "coins", amount: 40, expiresAt: "2026-11-27T00:00:00.000Z" },
    }),
  ),
  planned(
    effect("points.expired", {
      description: "Points of a member have expired.",
      fields: { currency: KEY, amount: AMOUNT, balance: BALANCE },
      example: { rule: "coins", reason: "365d", currency: "coins", amount: 40, balance: 80 },
    }),
  ),
  planned(
    effect("points.reversed", {
      description: "An earlier credit or debit of a member was reversed.",
      fields: { currency: KEY, amount: AMOUNT, balance: BALANCE, reversedEffectId: TEXT },
      example: {
        rule: "reversal",
        reason: "counted twice",
        currency: "coins",
        amount: 10,
        balance: 110,
        reversedEffectId: "eff_01kag6w8xp7h4t2m9c5r3n8vqc",
      },
    }),
  ),
];

const LEVELS_AND_BADGES: readonly OutboundEventType[] = [
  effect("level.changed", {
    description: "A member moved to another rung of a track, up or, after a correction, down.",
    fields: {
      track: KEY,
      from: { type: ["string", "null"], description: "Null below the first rung." },
      to: { type: ["string", "null"], description: "Null below the first rung." },
    },
    example: { rule: "level", reason: "510 xp in all", track: "level", from: "novice", to: "adept" },
  }),
  effect("badge.awarded", {
    description: "A member was awarded a badge.",
    fields: { badge: KEY, awardId: TEXT },
    example: {
      rule: "first_lesson",
      reason: "progress.counts['lesson_completed'] >= 1",
      badge: "first_lesson",
      awardId: "awd_01kag6w8y2m5q9d7r4n6t8vhxc",
    },
  }),
  planned(
    effect("badge.pending", {
      description: "A member fulfils the condition of a badge that a person awards.",
      fields: { badge: KEY },
      example: { rule: "week", reason: "progress.streaks.daily_lesson.count >= 7", badge: "week" },
    }),
  ),
  planned(
    effect("badge.revoked", {
      description: "An award of a badge was taken back.",
      fields: { badge: KEY, awardId: TEXT },
      example: { rule: "week", reason: "given by mistake", badge: "week", awardId: "awd_01kag6w8y2m5q9d7r4n6t8vhxc" },
    }),
  ),
];

const streak = (name: string, description: string, count: number, more: Partial<Draft> = {}): OutboundEventType =>
  planned(
    effect(name, {
      description,
      fields: { streak: KEY, count: WHOLE, ...more.fields },
      example: { rule: "daily_lesson", reason: "every day", streak: "daily_lesson", count, ...more.example },
    }),
  );

const STREAKS: readonly OutboundEventType[] = [
  streak("streak.started", "The first day of a member's streak was counted.", 1),
  streak("streak.extended", "A further day of a member's streak was counted.", 6),
  streak("streak.milestone", "A member's streak reached a length that the program names; sent once for each.", 7),
  streak("streak.at_risk", "A member's streak breaks at local midnight unless something is done; sent once a day.", 6, {
    fields: { endsAt: TIME },
    example: { endsAt: "2026-11-20T23:00:00.000Z" },
  }),
  streak("streak.frozen", "A freeze was spent on a day that a member missed.", 6, {
    fields: { freezes: { ...WHOLE, description: "How many are left." } },
    example: { freezes: 1 },
  }),
  streak("streak.broken", "A member's streak ended; `count` is how long it was.", 6),
  streak("streak.restored", "A break was undone: an event arrived late that counts for the missed day.", 8),
];

const QUESTS: readonly OutboundEventType[] = [
  planned(
    effect("quest.step_completed", {
      description: "A member completed a step of a quest.",
      fields: { quest: KEY, step: KEY },
      example: { rule: "onboarding", reason: "first lesson", quest: "onboarding", step: "first_lesson" },
    }),
  ),
  planned(
    effect("quest.completed", {
      description: "A member completed the last step of a quest.",
      fields: { quest: KEY },
      example: { rule: "onboarding", reason: "every step is done", quest: "onboarding" },
    }),
  ),
];

const redemption = (name: string, description: string, reason: string): OutboundEventType =>
  planned(
    effect(name, {
      description,
      fields: {
        redemptionId: TEXT,
        reward: KEY,
        quantity: { type: "integer", minimum: 1 },
        cost: { type: "object", description: "Amounts by currency.", additionalProperties: AMOUNT },
      },
      example: {
        eventId: "rdm_01kag6w90c8m3t5q7d9r2n4vhx",
        eventType: "redemption",
        rule: "mug",
        reason,
        redemptionId: "rdm_01kag6w90c8m3t5q7d9r2n4vhx",
        reward: "mug",
        quantity: 1,
        cost: { coins: 500 },
      },
    }),
  );

const REDEMPTIONS: readonly OutboundEventType[] = [
  redemption("reward.redeemed", "A member redeemed a reward: price and stock are taken.", "redeemed"),
  redemption("redemption.fulfilled", "A redemption was fulfilled.", "sent by post"),
  redemption("redemption.canceled", "A redemption was canceled: price and stock are given back.", "out of print"),
  redemption("redemption.expired", "A redemption was not fulfilled in time: price and stock are given back.", "24 h"),
];

const RANK: JsonObject = { type: "integer", minimum: 1 };

/** Of a run of a board as a whole; its members are told apart inside. */
const ofRun = (name: string, description: string, fields: JsonObject, example: JsonObject): OutboundEventType => {
  const properties: JsonObject = {
    leaderboard: KEY,
    window: { enum: ["all", "month", "week", "day", "season"] },
    startsAt: TIME,
    endsAt: TIME,
    programVersion: WHOLE,
    ...fields,
  };
  return {
    name,
    family: "progress",
    description,
    schema: { type: "object", required: Object.keys(properties), properties },
    example: {
      leaderboard: "weekly_xp",
      window: "week",
      startsAt: "2026-11-15T23:00:00.000Z",
      endsAt: "2026-11-22T23:00:00.000Z",
      programVersion: 3,
      ...example,
    },
    planned: true,
  };
};

const LEADERBOARDS: readonly OutboundEventType[] = [
  ofRun(
    "leaderboard.finalized",
    "A run of a leaderboard is final: its time and that of late events are over.",
    {
      finalizedAt: TIME,
      top: {
        type: "array",
        description: "The first ranks; all of them can be read from the board.",
        items: {
          type: "object",
          required: ["userId", "rank", "value"],
          properties: { userId: TEXT, rank: RANK, value: WHOLE },
        },
      },
    },
    {
      finalizedAt: "2026-11-23T13:00:00.000Z",
      top: [
        { userId: "user_42", rank: 1, value: 940 },
        { userId: "user_7", rank: 2, value: 810 },
      ],
    },
  ),
  ofRun(
    "leaderboard.corrected",
    "A run of a leaderboard that was final has changed.",
    {
      correctedAt: TIME,
      reason: TEXT,
      changes: {
        type: "array",
        description: "Whose place or value is another now; a rank is null outside the board.",
        items: {
          type: "object",
          required: ["userId", "rank", "value", "previousRank", "previousValue"],
          properties: {
            userId: TEXT,
            rank: { ...RANK, type: ["integer", "null"] },
            value: WHOLE,
            previousRank: { ...RANK, type: ["integer", "null"] },
            previousValue: WHOLE,
          },
        },
      },
    },
    {
      correctedAt: "2026-11-24T09:12:00.000Z",
      reason: "counted twice",
      changes: [
        { userId: "user_42", rank: 2, value: 740, previousRank: 1, previousValue: 940 },
        { userId: "user_7", rank: 1, value: 810, previousRank: 2, previousValue: 810 },
      ],
    },
  ),
];

const COMPANIONS: readonly OutboundEventType[] = [
  planned(
    effect("companion.hatched", {
      description: "A member's companion hatched.",
      fields: { companion: KEY, form: KEY },
      example: { rule: "owl", reason: "first lesson", companion: "owl", form: "owlet" },
    }),
  ),
  planned(
    effect("companion.evolved", {
      description: "A member's companion took another form.",
      fields: { companion: KEY, from: KEY, to: KEY },
      example: { rule: "owl", reason: "level adept", companion: "owl", from: "owlet", to: "fledgling" },
    }),
  ),
];

const PROGRAM_PUBLISHED: OutboundEventType = {
  name: "program.published",
  family: "operations",
  description: "A version of the program was published, or an earlier one was published again.",
  schema: {
    type: "object",
    required: ["programId", "version", "checksum", "note", "publishedAt"],
    properties: {
      programId: TEXT,
      version: { type: "integer", minimum: 1 },
      checksum: TEXT,
      note: { type: ["string", "null"] },
      publishedAt: TIME,
    },
  },
  example: {
    programId: "prg_01kag6w8t5q7d9r2n4vhxm3c8e",
    version: 4,
    checksum: "9f2c1b7d0e5a4c3b8f6d1a2e7c9b0d4f5e6a7b8c9d0e1f2a3b4c5d6e7f8091a2",
    note: "Coins for lessons",
    publishedAt: "2026-11-20T18:00:00.000Z",
  },
};

/** What this room announces: the effects by their own names, and the program's new versions. */
export const PROGRESS_EVENTS: readonly OutboundEventType[] = [
  ...POINTS,
  ...LEVELS_AND_BADGES,
  ...STREAKS,
  ...QUESTS,
  ...LEADERBOARDS,
  ...REDEMPTIONS,
  ...COMPANIONS,
  PROGRAM_PUBLISHED,
];
