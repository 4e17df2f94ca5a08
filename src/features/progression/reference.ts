import * as v from "valibot";
import { json, page, said, text, textOrNull, time, whole } from "../../http/openapi-fields.ts";
import type { RoomReference } from "../../http/openapi-types.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { Award, Credit, CreditsLimit, Debit, Program, Rule, TimesLimit } from "./program/schema.ts";

export const EffectView = v.looseObject({
  id: text("`eff_…`. It names this effect for ever."),
  type: text("`points.earned`, `points.spent`, `level.changed`, `badge.awarded`. More kinds may come."),
  userId: text("The member concerned."),
  rule: text("The rule, track or badge that it comes from."),
  reason: text("Why, for a person to read."),
  currency: v.optional(text("Of points: which.")),
  amount: v.optional(whole("Of points: how many, above zero.")),
  balance: v.optional(whole("Of points: what the member can spend after it.")),
  clipped: v.optional(whole("Of points: what a limit took off.")),
  track: v.optional(text("Of a level: the track.")),
  from: v.optional(textOrNull("Of a level: the rung before.")),
  to: v.optional(textOrNull("Of a level: the rung now.")),
  badge: v.optional(text("Of a badge: which.")),
  awardId: v.optional(text("Of a badge: `awd_…`.")),
});

export const EFFECT_EXAMPLES: readonly JsonObject[] = [
  {
    id: "eff_01kag6w8zp7r3n5e8vbw6j4q1s",
    type: "points.earned",
    userId: "user_42",
    rule: "lesson_xp",
    reason: "event.properties.score >= 60",
    currency: "xp",
    amount: 94,
    balance: 292,
  },
  {
    id: "eff_01kag6w8zp0c5k8t2y6m9d3f7h",
    type: "level.changed",
    userId: "user_42",
    rule: "level",
    reason: "292 xp in all",
    track: "level",
    from: "novice",
    to: "adept",
  },
];

const Level = v.object({
  key: textOrNull("The rung reached; `null` below the first."),
  value: whole("The total that counts on this track."),
  next: said(
    v.nullable(v.object({ key: v.string(), at: v.number() })),
    "The next rung and where it begins; `null` at the top.",
  ),
});

const Member = v.object({
  userId: text("Your own id of the user."),
  timezone: textOrNull("IANA time zone. `null`: the program's holds."),
  locale: textOrNull("A language tag."),
  attributes: json("What you have said of the member."),
  createdAt: time("When the member was first heard of."),
  balances: said(
    v.record(
      v.string(),
      v.object({
        available: whole("What can be spent now."),
        pending: whole("Credited, but not yet to be spent."),
        owed: whole("What a correction could not take; the next credit pays it first."),
      }),
    ),
    "By currency.",
  ),
  levels: said(v.record(v.string(), Level), "By track."),
  badges: v.array(
    v.object({ key: text("The badge."), awardId: text("`awd_…`"), awardedAt: time("When it was awarded.") }),
  ),
  streaks: json("By streak."),
  quests: json("By quest."),
});

const MEMBER = {
  userId: "user_42",
  timezone: "Europe/Berlin",
  locale: "de",
  attributes: { plan: "family" },
  createdAt: "2026-10-02T07:15:00.000Z",
  balances: { xp: { available: 292, pending: 0, owed: 0 }, coins: { available: 120, pending: 0, owed: 0 } },
  levels: { level: { key: "adept", value: 292, next: { key: "master", at: 2000 } } },
  badges: [{ key: "first_lesson", awardId: "awd_01kag6w8y2m5q9d7r4n6t8vhxc", awardedAt: "2026-10-02T07:15:00.000Z" }],
  streaks: {},
  quests: {},
};

const Transfer = v.object({
  id: text("`txn_…`"),
  currency: v.string(),
  amount: whole("Above zero where the member gained, below where they lost."),
  debit: text("Where it came from: `program` or `member`."),
  credit: text("Where it went."),
  at: time("When it was recorded."),
  reason: text("Why."),
});

const MemberEvent = v.object({
  id: v.string(),
  kind: said(
    v.picklist(["event", "command", "tick"]),
    "What came from outside, what was asked for, or what time brought.",
  ),
  type: v.string(),
  occurredAt: time("When it happened."),
  receivedAt: time("When it was recorded."),
  localDate: text("The member's own day."),
  programVersion: v.number(),
  effects: v.array(EffectView),
});

/** The program as the reference shows it: what the checks choose by a key is a choice of forms here. */
const ProgramDocument = v.strictObject({
  ...Program.entries,
  rules: v.optional(
    v.record(
      v.string(),
      v.strictObject({
        ...Rule.entries,
        then: v.array(v.union([Credit, Debit, Award])),
        limits: v.optional(v.array(v.union([TimesLimit, CreditsLimit]))),
      }),
    ),
  ),
});

const PROGRAM_NOTES = {
  timezone: "For members whose own zone is not known.",
  weekStartsOn: "Where weeks begin.",
  eventTypes: "What comes in, by name.",
  "eventTypes.*.schema": "JSON Schema 2020-12 of the event's `properties`.",
  "eventTypes.*.clientSafe": "Whether browsers may send it.",
  "eventTypes.*.forward": "Whether the event itself goes out to webhooks.",
  currencies: "Points, coins, experience.",
  "currencies.*.kind": "`progress` can only be earned; what is `spendable` can be taken.",
  "currencies.*.expiresAfter": 'Credits end after this, such as `"365d"` or `"P1Y"`.',
  rules:
    "What follows from what. A condition and an amount are CEL over `event`, `effect`, `member`, `progress` and `now`.",
  "rules.*.on": "An event type, or an effect such as `level.changed`.",
  "rules.*.when": "The condition. Always, if absent.",
  "rules.*.then": "What happens, in order.",
  "rules.*.then.*.credit": "Gives of this currency.",
  "rules.*.then.*.debit": "Takes of this currency.",
  "rules.*.then.*.award": "Awards this badge.",
  "rules.*.then.*.amount": "A whole number or an expression.",
  "rules.*.then.*.key": "Tells two actions of a rule apart that would look alike.",
  "rules.*.limits": "What is more than a limit is clipped, and the effect says so.",
  "rules.*.limits.*.per": "By each member or by all together.",
  "rules.*.limits.*.every": "By the member's own day; for all together by the program's.",
  "rules.*.limits.*.times": "How often the rule may fire.",
  "rules.*.limits.*.credits": "How much it may give.",
  "rules.*.limits.*.currency": "Of this currency.",
  tracks: "Levels, tiers, stages.",
  "tracks.*.over": "The currency whose total counts.",
  "tracks.*.rungs": "From the lowest up.",
  "tracks.*.rungs.*.key": "What the level is called in effects and events.",
  "tracks.*.rungs.*.at": "The total at which it begins.",
  streaks: "Days or weeks in a row.",
  badges: "Each is awarded once.",
  "badges.*.when": "The condition. By a rule or by hand only, if absent.",
  leaderboards: "Who leads.",
  rewards: "What can be had for a spendable currency.",
};

const PROGRAM = {
  timezone: "Europe/Berlin",
  eventTypes: {
    lesson_completed: {
      schema: { type: "object", required: ["score"], properties: { score: { type: "number" } } },
      forward: true,
    },
  },
  currencies: { xp: { kind: "progress" }, coins: { kind: "spendable" } },
  rules: {
    lesson_xp: {
      on: "lesson_completed",
      when: "event.properties.score >= 60",
      then: [{ credit: "xp", amount: "int(event.properties.score)" }],
    },
    level_gift: { on: "level.changed", when: "effect.to == 'adept'", then: [{ credit: "coins", amount: 100 }] },
  },
  tracks: {
    level: {
      over: "xp",
      rungs: [
        { key: "novice", at: 0 },
        { key: "adept", at: 250 },
        { key: "master", at: 2000 },
      ],
    },
  },
  badges: { first_lesson: { title: "First lesson", when: "progress.counts['lesson_completed'] >= 1" } },
};

const Version = v.object({
  id: text("`prg_…`"),
  version: whole("Counted from 1."),
  checksum: text("Of the content: equal checksums, equal programs."),
  note: textOrNull("What the publisher said of it."),
  publishedBy: text("The key or the operator."),
  publishedAt: time("When it began to decide."),
});
const Publication = v.object({
  ...Version.entries,
  unchanged: said(v.boolean(), "True where this was published already: there is no new number."),
});
const VERSION = {
  id: "prg_01kag6w8y3n7f0j4w2q6z8s1bd",
  version: 2,
  checksum: "6c1f0a52c7b1",
  note: "Adept begins at 250",
  publishedBy: "key_01kag6w8ya0c2m7d5fs9w4h1ve",
  publishedAt: "2026-11-20T17:58:11.020Z",
};

const USER = { userId: { description: "Your own id of the user.", example: "user_42" } };
const ETAG = { ETag: { description: "Names this state; send it back to ask whether it still holds." } };
const IF_NONE_MATCH = { "If-None-Match": { description: "An `ETag` that you have: 304 while it holds." } };
const NOT_MODIFIED = { description: "What you have still holds." };

export const PROGRESSION_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Members",
      description:
        "The users of your application and what they have gained. A member comes into being with the first event.",
    },
    {
      name: "Program",
      description:
        "The rules of the game as data: what events mean. A draft is saved and checked, then published as a numbered version that never changes. Each event is decided by exactly one of them.",
    },
  ],
  schemas: { Effect: EffectView, Member, Program: ProgramDocument },
  notes: { Program: PROGRAM_NOTES },
  operations: {
    listMembers: {
      answers: { 200: { description: "The members.", schema: page(Member), example: { data: [MEMBER], next: null } } },
    },
    getMember: {
      path: USER,
      answers: { 200: { description: "The member as of now.", schema: Member, example: MEMBER } },
    },
    putMember: {
      path: USER,
      body: {
        example: { timezone: "Europe/Berlin", locale: "de", attributes: { plan: "family" } },
        fields: {
          attributes: {
            type: "object",
            description: "Merged into what is known; `null` deletes an attribute. 16 KiB together.",
          },
          timezone: "IANA time zone. The first known one holds for all earlier time too.",
          locale: "A language tag, such as `de-AT`.",
        },
      },
      answers: { 200: { description: "The member as of now.", schema: Member, example: MEMBER } },
    },
    listLedger: {
      path: USER,
      answers: {
        200: {
          description: "The transfers.",
          schema: page(Transfer),
          example: {
            data: [
              {
                id: "txn_01kag6w8zp7r3n5e8vbw6j4q1s",
                currency: "xp",
                amount: 94,
                debit: "program",
                credit: "member",
                at: "2026-11-20T18:04:00.412Z",
                reason: "event.properties.score >= 60",
              },
            ],
            next: null,
          },
        },
      },
    },
    listMemberEvents: {
      path: USER,
      answers: {
        200: {
          description: "What happened.",
          schema: page(MemberEvent),
          example: {
            data: [
              {
                id: "lesson-881-user_42",
                kind: "event",
                type: "lesson_completed",
                occurredAt: "2026-11-20T18:04:00.000Z",
                receivedAt: "2026-11-20T18:04:00.412Z",
                localDate: "2026-11-20",
                programVersion: 2,
                effects: EFFECT_EXAMPLES,
              },
            ],
            next: null,
          },
        },
      },
    },
    adjustBalance: {
      path: USER,
      body: {
        example: { currency: "coins", amount: 50, reason: "Goodwill after the outage of 19 November" },
        fields: {
          currency: "A currency of the published program.",
          amount: "What to give, or with a minus to take. At most 10¹².",
          reason: "Why. It stands in the ledger and in the audit log.",
        },
      },
      answers: {
        201: {
          description: "Done, and on the disk.",
          schema: v.object({
            id: text("`cmd_…`, the place in the log."),
            userId: v.string(),
            receivedAt: time("When it was recorded."),
            effects: v.array(EffectView),
          }),
          example: {
            id: "cmd_01kag6w91a5d8g2k6p0s4v7y3n",
            userId: "user_42",
            receivedAt: "2026-11-20T18:10:02.007Z",
            effects: [
              {
                id: "eff_01kag6w91b4c7f1j5m9r3t6w0z",
                type: "points.earned",
                userId: "user_42",
                rule: "adjustment",
                reason: "Goodwill after the outage of 19 November",
                currency: "coins",
                amount: 50,
                balance: 170,
              },
            ],
          },
        },
      },
      errors: ["insufficient_balance"],
    },
    getProgram: {
      headers: IF_NONE_MATCH,
      answers: {
        200: {
          description: "The version that decides now.",
          schema: v.object({ ...Version.entries, program: ProgramDocument }),
          example: { ...VERSION, program: PROGRAM },
          headers: ETAG,
        },
        304: NOT_MODIFIED,
      },
      errors: ["not_found"],
    },
    getProgramDraft: {
      headers: IF_NONE_MATCH,
      answers: {
        200: { description: "The program as it was saved.", schema: ProgramDocument, example: PROGRAM, headers: ETAG },
        304: NOT_MODIFIED,
      },
      errors: ["not_found"],
    },
    putProgramDraft: {
      headers: { "If-Match": { description: "The `ETag` of the draft that you changed: 412 if somebody was faster." } },
      body: { schema: ProgramDocument, example: PROGRAM },
      answers: {
        200: {
          description: "Saved; it can be published as it stands.",
          schema: ProgramDocument,
          example: PROGRAM,
          headers: ETAG,
        },
      },
      errors: ["version_conflict"],
    },
    validateProgram: {
      body: { schema: ProgramDocument, example: PROGRAM },
      answers: {
        200: {
          description: "The verdict.",
          schema: v.object({
            valid: said(v.boolean(), "Whether it could be saved."),
            problems: said(
              v.array(v.object({ path: v.string(), message: v.string() })),
              "Everything that is wrong, 50 at most.",
            ),
            checksum: v.optional(text("Of a valid one.")),
          }),
          example: {
            valid: false,
            problems: [{ path: "rules.lesson_xp.then.0.credit", message: "gems is not a currency of this program" }],
          },
        },
      },
    },
    publishProgram: {
      body: {
        example: { note: "Adept begins at 250" },
        optional: true,
        fields: { note: "A sentence for whoever reads the list of versions." },
      },
      answers: {
        200: {
          description: "The version that decides from now on.",
          schema: Publication,
          example: { ...VERSION, unchanged: false },
        },
      },
      errors: ["not_found"],
    },
    rollBackProgram: {
      body: {
        example: { version: 1, note: "Back to 500" },
        fields: { version: "The version whose content is wanted back.", note: "Why." },
      },
      answers: {
        200: {
          description: "The new version with the old content.",
          schema: Publication,
          example: { ...VERSION, version: 3, note: "Back to 500", unchanged: false },
        },
      },
      errors: ["not_found"],
    },
    listProgramVersions: {
      answers: {
        200: { description: "The versions.", schema: page(Version), example: { data: [VERSION], next: null } },
      },
    },
  },
};
