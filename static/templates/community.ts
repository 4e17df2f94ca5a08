import type { HatchConfig } from "../../src/cli/hatch-config.ts";

// A program for a forum or a group: helping others gives reputation, reputation makes trust, and everybody has a few
// kudos to hand out.
//
// How to read it. Your community sends an event ("ada's answer was accepted"). Each rule `on` that event type is tried in
// the order of this file: where its `when` is true, its `then` happens, as far as its `limits` allow. Trust and badges
// follow from what that changed, and rules can follow from them in turn. Every effect names its rule and its reason.

export default {
  // Settings of the server may stand here too (`webhooks`, `limits`, `log` …); `hatch config explain` lists them all.

  program: {
    // For members whose own zone is not known yet. Days and weeks are the member's own, never the server's.
    timezone: "UTC",
    weekStartsOn: "monday",

    // What your community sends. The schema (JSON Schema 2020-12) is checked when an event comes in; numbers that it calls
    // `integer` are whole numbers in the rules, and `examples` are what `serve --demo` sends. Send each event with an id of
    // its own, such as "post-5512": sent again with that id it changes nothing, so you can always retry. An event is about
    // one member: where two are concerned, send one for each.
    eventTypes: {
      visited: {
        description: "A member looked in today. Sent by the page itself, so it may come from a browser.",
        schema: { type: "object" },
        clientSafe: true,
      },
      post_published: {
        description: "A member wrote a post.",
        schema: {
          type: "object",
          required: ["words"],
          properties: { words: { type: "integer", minimum: 0, examples: [12, 60, 240] } },
        },
      },
      reply_published: {
        description: "A member replied to somebody.",
        schema: {
          type: "object",
          required: ["words"],
          properties: { words: { type: "integer", minimum: 0, examples: [12, 60, 240] } },
        },
      },
      answer_accepted: {
        description: "This member's answer was accepted by whoever asked.",
        schema: {
          type: "object",
          required: ["minutes"],
          properties: {
            minutes: {
              type: "integer",
              minimum: 0,
              description: "From the question to the answer.",
              examples: [12, 45, 300],
            },
          },
        },
        forward: true, // the event itself goes out to webhooks as well, besides its effects
      },
      reaction_received: {
        description: "Somebody liked what this member wrote.",
        schema: {
          type: "object",
          required: ["from"],
          properties: { from: { type: "string", examples: ["ben", "grace"] } },
        },
      },
      kudos_given: {
        description: "This member gives a kudo. Send kudos_received for the other if the answer has points.spent.",
        schema: {
          type: "object",
          required: ["to"],
          properties: { to: { type: "string", examples: ["ben", "grace"] } },
        },
      },
      kudos_received: {
        description: "This member was given a kudo.",
        schema: {
          type: "object",
          required: ["from"],
          properties: { from: { type: "string", examples: ["ben", "grace"] } },
        },
      },
      report_upheld: {
        description: "A moderator agreed with this member's report.",
        schema: { type: "object" },
      },
    },

    currencies: {
      reputation: { title: "Reputation", kind: "progress" }, // can only be earned: what trust is made of
      kudos: { title: "Kudos", kind: "spendable" }, // are there to be given away
    },

    // Conditions and amounts are CEL: https://cel.dev. They see `event` (its `properties`, its `localHour` …), `member`
    // (`attributes`, `timezone` …), `progress` (what the member has) and `now`.
    rules: {
      // The first post is the hardest: worth something whatever its length, once for ever.
      welcome: {
        on: "post_published",
        then: [
          { credit: "reputation", amount: 10 },
          { credit: "kudos", amount: 5 },
        ],
        limits: [{ per: "member", every: "ever", times: 1 }],
      },

      // A cap by the day keeps quantity from beating quality. What you know of a member is in `attributes`; ask `has`
      // before you read it: here those who are paid to write gain nothing by it.
      post: {
        on: "post_published",
        when: "event.properties.words >= 40 && !(has(member.attributes.staff) && member.attributes.staff == true)",
        then: [{ credit: "reputation", amount: 5 }],
        limits: [{ per: "member", every: "day", credits: 15 }],
      },
      reply: {
        on: "reply_published",
        when: "event.properties.words >= 10",
        then: [{ credit: "reputation", amount: 2 }],
        limits: [{ per: "member", every: "day", credits: 20 }],
      },

      // An amount can be an expression; it has to come to a whole number. Help within the hour is worth more.
      accepted: {
        on: "answer_accepted",
        then: [{ credit: "reputation", amount: "event.properties.minutes <= 60 ? 20 : 15" }],
      },

      // Nobody lifts themselves, and a crowd of friends is worth ten a day.
      reaction: {
        on: "reaction_received",
        when: "event.properties.from != event.userId",
        then: [{ credit: "reputation", amount: 1 }],
        limits: [{ per: "member", every: "day", credits: 10 }],
      },

      // Three kudos a day to give away, but nobody hoards them.
      allowance: {
        on: "visited",
        when: "progress.balances.kudos < 20",
        then: [{ credit: "kudos", amount: 3 }],
        limits: [{ per: "member", every: "day", times: 1 }],
      },

      // Giving. A balance never goes below zero: without a kudo the rule does not fire, and the answer says why.
      give_kudos: {
        on: "kudos_given",
        when: "event.properties.to != event.userId",
        then: [{ debit: "kudos", amount: 1 }],
      },
      take_kudos: {
        on: "kudos_received",
        when: "event.properties.from != event.userId",
        then: [{ credit: "reputation", amount: 3 }],
        limits: [{ per: "member", every: "week", credits: 30 }],
      },

      report: {
        on: "report_upheld",
        then: [{ credit: "reputation", amount: 8 }],
        limits: [{ per: "member", every: "month", times: 5 }],
      },

      // A rule can award a badge itself, where the moment matters: this one only ever comes with an accepted answer.
      mentor: {
        on: "answer_accepted",
        when: "progress.counts['answer_accepted'] >= 25 && progress.levels.trust in ['regular', 'pillar']",
        then: [{ award: "mentor" }],
      },

      // And a rule can follow from an effect: more trust, more to give.
      trust_gift: {
        on: "level.changed",
        when: "effect.track == 'trust' && effect.to in ['regular', 'pillar']",
        then: [{ credit: "kudos", amount: 10 }],
      },
    },

    // Trust over the total of a currency. The rung at 0 is where everybody stands; reaching another is `level.changed`:
    // what your community lets somebody do can hang on it.
    tracks: {
      trust: {
        title: "Trust",
        over: "reputation",
        rungs: [
          { key: "newcomer", title: "Newcomer", at: 0 },
          { key: "member", title: "Member", at: 50 },
          { key: "regular", title: "Regular", at: 200 },
          { key: "pillar", title: "Pillar", at: 1_000 },
        ],
      },
    },

    // Each is awarded once, as soon as its condition is true; one without a condition comes by a rule or by hand. What is
    // not there yet counts as 0, false or empty.
    badges: {
      first_post: { title: "First post", when: "progress.counts['post_published'] >= 1" },
      helper: { title: "Five accepted answers", when: "progress.counts['answer_accepted'] >= 5" },
      guardian: { title: "Five upheld reports", when: "progress.counts['report_upheld'] >= 5" },
      mentor: { title: "Mentor" },
    },

    // `streaks`, `leaderboards` and `rewards` can stand here too. They are checked and kept with the program, but nothing
    // is decided by them yet.
  },
} satisfies HatchConfig;
