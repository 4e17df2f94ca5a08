import * as v from "valibot";
import { json, page, said, text, textOrNull, time, timeOrNull, whole } from "../../http/openapi-fields.ts";
import type { RoomReference } from "../../http/openapi-types.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { Award, Credit, CreditsLimit, Debit, EventType, Program, Rule, TimesLimit } from "./program/schema.ts";

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

const { attributes: _attributes, ...ownFields } = Member.entries;
const OwnState = v.object({
  ...ownFields,
  createdAt: timeOrNull("When the member was first heard of; `null` where that has not happened yet."),
});
const { attributes: _said, ...OWN_STATE } = MEMBER;

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
  eventTypes: v.optional(
    v.record(v.string(), v.strictObject({ ...EventType.entries, schema: v.optional(json("JSON Schema 2020-12.")) })),
  ),
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
  timezone: "For members whose own zone is not known: an IANA name such as `Europe/Berlin`.",
  weekStartsOn: "Where weeks begin.",
  eventTypes: "What comes in, by name.",
  "eventTypes.*.schema": "JSON Schema 2020-12 of the event's `properties`.",
  "eventTypes.*.description": "When it is sent, for whoever reads the program.",
  "eventTypes.*.clientSafe": "Whether browsers may send it.",
  "eventTypes.*.forward": "Whether the event itself goes out to webhooks.",
  currencies: "Points, coins, experience.",
  "currencies.*.title": "What people are shown.",
  "currencies.*.description": "What it is for.",
  "currencies.*.kind": "`progress` can only be earned; what is `spendable` can be taken.",
  "currencies.*.expiresAfter": 'Credits end after this, such as `"365d"` or `"P1Y"`.',
  rules:
    "What follows from what. A condition and an amount are CEL over `event`, `effect`, `member`, `progress` and `now`.",
  "rules.*.title": "What people are shown.",
  "rules.*.description": "Why it is there.",
  "rules.*.on": "An event type, or an effect such as `level.changed`.",
  "rules.*.when": "The condition. Always, if absent.",
  "rules.*.then": "What happens, in order. All of it or nothing.",
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
  "tracks.*.title": "What people are shown.",
  "tracks.*.description": "What it measures.",
  "tracks.*.over": "The currency whose total counts.",
  "tracks.*.rungs": "From the lowest up.",
  "tracks.*.rungs.*.key": "What the level is called in effects and events.",
  "tracks.*.rungs.*.title": "What people are shown.",
  "tracks.*.rungs.*.description": "What it stands for.",
  "tracks.*.rungs.*.at": "The total at which it begins.",
  streaks: "Days or weeks in a row. Checked and kept; nothing is decided by them yet.",
  "streaks.*.title": "What people are shown.",
  "streaks.*.description": "What it asks for.",
  "streaks.*.on": "The event type that keeps it going.",
  "streaks.*.when": "Which of these events count. All, if absent.",
  "streaks.*.every": "What must not be missed.",
  "streaks.*.milestones": "Counts that are told of, ascending.",
  "streaks.*.freezes": "Misses that are forgiven.",
  "streaks.*.freezes.max": "How many a member can hold.",
  "streaks.*.freezes.earnEvery": "One is earned each time the count has grown by this.",
  "streaks.*.grace": 'How long after midnight the day before still counts, such as `"2h"`.',
  badges: "Each is awarded once.",
  "badges.*.title": "What people are shown.",
  "badges.*.description": "What it is for.",
  "badges.*.when": "The condition. By a rule or by hand only, if absent.",
  "badges.*.award":
    "`automatic` where there is a condition. `manual`: by a rule or by hand only, whatever the condition says.",
  leaderboards: "Who leads. Checked and kept; nothing is decided by them yet.",
  "leaderboards.*.title": "What people are shown.",
  "leaderboards.*.description": "What it compares.",
  "leaderboards.*.over": "A currency, a track or a streak.",
  "leaderboards.*.window": "What it runs over before it begins anew.",
  "leaderboards.*.ties": "1-1-3, 1-1-2, or the earliest to reach leads.",
  rewards: "What can be had for a spendable currency. Checked and kept; they can't be redeemed yet.",
  "rewards.*.title": "What people are shown.",
  "rewards.*.description": "What they get.",
  "rewards.*.price": "How much of which currencies.",
  "rewards.*.stock": "How many there are in all. Without end, if absent.",
  "rewards.*.perMember": "How many one member can have.",
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

const Difference = v.object({
  published: said(
    v.nullable(v.omit(Version, ["id"])),
    "The version that decides now; `null` where nothing was ever published.",
  ),
  tag: text("Names it for the `If-Match` of a publication."),
  unchanged: said(v.boolean(), "Whether it is this very program."),
  replacedDraft: said(
    v.nullable(v.object({ updatedBy: v.string(), updatedAt: v.string() })),
    "A draft that nobody has published, and that a publication of this program would write over.",
  ),
  changes: v.array(
    v.object({
      section: text("`rules`, `tracks` …; empty for what stands at the top itself."),
      key: text("The entry; empty where the order of the section changed."),
      change: said(v.picklist(["added", "changed", "removed", "reordered"]), "What became of it."),
      fields: said(
        v.array(
          v.object({
            path: text("Within the entry, such as `rungs.adept.at`."),
            before: v.optional(said(v.unknown(), "Absent where it was not there.")),
            after: v.optional(said(v.unknown(), "Absent where it is no more.")),
          }),
        ),
        "Of what was changed.",
      ),
      members: v.optional(whole("How many hold it, have it, stand on it or have sent it, where that was asked for.")),
    }),
  ),
});
const { id: _, ...PUBLISHED } = VERSION;
const DIFFERENCE = {
  published: PUBLISHED,
  tag: "2-6c1f0a52c7b1",
  unchanged: false,
  replacedDraft: null,
  changes: [
    {
      section: "tracks",
      key: "level",
      change: "changed",
      fields: [{ path: "rungs.adept.at", before: 250, after: 300 }],
      members: 1204,
    },
  ],
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
      name: "Widgets",
      description: "What a member's own browser asks for, with a token that your server made for it.",
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
    getOwnState: {
      headers: { "If-None-Match": { description: "An `ETag` from before: 304 where it still holds." } },
      answers: {
        200: {
          description: "The member as of now.",
          schema: OwnState,
          example: OWN_STATE,
          headers: { ETag: { description: "Changes whenever the answer does." } },
        },
        304: { description: "Nothing has changed." },
      },
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
      query: {
        members: {
          description: "`true`: counts for each change how many members have to do with it. Looks at every member.",
          schema: { enum: ["true", "false"] },
        },
      },
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
            difference: v.optional(said(Difference, "Of a valid one: what publishing it would change.")),
          }),
          example: { valid: true, problems: [], checksum: "81b0e7d4c95a", difference: DIFFERENCE },
        },
      },
    },
    publishProgram: {
      headers: {
        "If-Match": {
          description:
            'The `tag` of a difference, or the `ETag` of the published program, `"0"` where there is none: 412 if another was published since.',
        },
      },
      body: {
        example: { note: "Adept begins at 250" },
        optional: true,
        fields: {
          note: "A sentence for whoever reads the list of versions.",
          program: { type: "object", description: "The program to publish, in place of the draft, which it becomes." },
        },
      },
      answers: {
        200: {
          description: "The version that decides from now on.",
          schema: Publication,
          example: { ...VERSION, unchanged: false },
        },
      },
      errors: ["not_found", "version_conflict"],
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
