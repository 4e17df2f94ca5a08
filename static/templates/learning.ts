import type { HatchConfig } from "../../src/cli/hatch-config.ts";

// A program for an app that people learn with: lessons give experience and coins, experience makes levels, coins buy hints.
//
// How to read it. Your app sends an event ("ada finished a lesson"). Each rule `on` that event type is tried in the order
// of this file: where its `when` is true, its `then` happens, as far as its `limits` allow. Levels and badges follow from
// what that changed, and rules can follow from them in turn. Every effect names its rule and its reason.

export default {
  // Settings of the server may stand here too (`webhooks`, `limits`, `log` …); `hatch config explain` lists them all.

  program: {
    // For members whose own zone is not known yet. "Today" is always the member's own day, never the server's.
    timezone: "Europe/Berlin",
    weekStartsOn: "monday",

    // What your app sends. The schema (JSON Schema 2020-12) is checked when an event comes in; numbers that it calls
    // `integer` are whole numbers in the rules, and `examples` are what `serve --demo` sends. Send each event with an id of
    // its own, such as "lesson-881-ada": sent again with that id it changes nothing, so you can always retry.
    eventTypes: {
      lesson_completed: {
        description: "A member finished a lesson.",
        schema: {
          type: "object",
          required: ["score"],
          properties: {
            lesson: { type: "string", examples: ["fractions", "percentages"] },
            score: { type: "number", minimum: 0, maximum: 100 },
          },
        },
        clientSafe: false, // a score is made where the answers are checked: no page may send it
        forward: true, // the event itself goes out to webhooks as well, besides its effects
      },
      course_completed: {
        description:
          "A member finished the last lesson of a course. With the id course-<course>-<user> it counts once.",
        schema: {
          type: "object",
          required: ["course"],
          properties: { course: { type: "string", examples: ["algebra"] } },
        },
        forward: true,
      },
      hint_requested: {
        description: "A member asks for a hint. Show it if the answer has the effect points.spent.",
        schema: { type: "object", properties: { lesson: { type: "string" } } },
      },
    },

    currencies: {
      xp: { title: "Experience", kind: "progress" }, // can only be earned: what levels are made of
      coins: { title: "Coins", kind: "spendable" }, // can be taken again
    },

    // Conditions and amounts are CEL: https://cel.dev. They see `event` (its `properties`, its `localHour` …), `member`
    // (`attributes`, `timezone` …), `progress` (what the member has) and `now`.
    rules: {
      // An amount can be an expression; it has to come to a whole number.
      lesson_xp: {
        on: "lesson_completed",
        when: "event.properties.score >= 60",
        then: [{ credit: "xp", amount: "int(event.properties.score)" }],
      },

      // A limit clips instead of refusing: the third lesson of a day is worth 5 coins, the fourth none.
      lesson_coins: {
        on: "lesson_completed",
        when: "event.properties.score >= 60",
        then: [{ credit: "coins", amount: 10 }],
        limits: [{ per: "member", every: "day", credits: 25, currency: "coins" }],
      },

      // Coming back is worth something, whatever the score: the first lesson of the member's day.
      first_of_the_day: {
        on: "lesson_completed",
        then: [{ credit: "xp", amount: 20 }],
        limits: [{ per: "member", every: "day", times: 1 }],
      },

      // Several rules can fire for one event; each effect says which one it comes from.
      flawless: {
        on: "lesson_completed",
        when: "event.properties.score == 100",
        then: [{ credit: "xp", amount: 25 }],
      },

      // `localHour` is the hour on the member's clock, 0 to 23.
      early_bird: {
        on: "lesson_completed",
        when: "event.localHour >= 5 && event.localHour < 8",
        then: [{ credit: "coins", amount: 5 }],
        limits: [{ per: "member", every: "week", times: 3 }],
      },

      course_xp: {
        on: "course_completed",
        then: [
          { credit: "xp", amount: 200 },
          { credit: "coins", amount: 50 },
        ],
      },

      // Spending. A balance never goes below zero: without 5 coins the rule does not fire, and the answer says why.
      hint: {
        on: "hint_requested",
        then: [{ debit: "coins", amount: 5 }],
      },

      // A rule can follow from an effect: reaching adept gives a present.
      level_gift: {
        on: "level.changed",
        when: "effect.track == 'level' && effect.to == 'adept'",
        then: [{ credit: "coins", amount: 100 }],
      },
      badge_gift: {
        on: "badge.awarded",
        when: "effect.badge == 'persistent'",
        then: [{ credit: "coins", amount: 30 }],
      },
    },

    // Levels over the total of a currency. The rung at 0 is where everybody stands; reaching another is `level.changed`.
    tracks: {
      level: {
        title: "Level",
        over: "xp",
        rungs: [
          { key: "novice", title: "Novice", at: 0 },
          { key: "adept", title: "Adept", at: 250 },
          { key: "master", title: "Master", at: 2_000 },
        ],
      },
    },

    // Each is awarded once, as soon as its condition is true. What is not there yet counts as 0, false or empty.
    badges: {
      first_lesson: { title: "First lesson", when: "progress.counts['lesson_completed'] >= 1" },
      persistent: { title: "Twenty lessons", when: "progress.counts['lesson_completed'] >= 20" },
      graduate: { title: "A whole course", when: "progress.counts['course_completed'] >= 1" },
      master: { title: "Master of the craft", when: "progress.levels.level == 'master'" },
    },

    // `streaks`, `leaderboards` and `rewards` can stand here too. They are checked and kept with the program, but nothing
    // is decided by them yet.
  },
} satisfies HatchConfig;
