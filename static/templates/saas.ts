import type { HatchConfig } from "../../src/cli/hatch-config.ts";

// A program for a product that people work with: what they set up and use moves them from trying it to relying on it, and
// earns usage credits.
//
// How to read it. Your product sends an event ("ada connected an integration"). Each rule `on` that event type is tried in
// the order of this file: where its `when` is true, its `then` happens, as far as its `limits` allow. Stages and badges
// follow from what that changed, and rules can follow from them in turn. Every effect names its rule and its reason, and
// goes out by webhook: to your CRM, to the in-product checklist, to whoever calls customers.

export default {
  // Settings of the server may stand here too (`webhooks`, `limits`, `log` …); `hatch config explain` lists them all.

  program: {
    // For members whose own zone is not known yet. Days and weeks are the member's own, never the server's.
    timezone: "America/New_York",
    weekStartsOn: "monday",

    // What your product sends. The schema (JSON Schema 2020-12) is checked when an event comes in; numbers that it calls
    // `integer` are whole numbers in the rules, and `examples` are what `serve --demo` sends. Send each event with an id of
    // its own, such as "invoice-2207": sent again with that id it changes nothing, so you can always retry.
    eventTypes: {
      project_created: {
        description: "A member made a project.",
        schema: { type: "object", properties: { project: { type: "string" } } },
      },
      integration_connected: {
        description: "Another system was connected. With the id integration-<name>-<account> each counts once.",
        schema: {
          type: "object",
          required: ["integration"],
          properties: { integration: { type: "string", examples: ["crm", "calendar", "billing"] } },
        },
      },
      teammate_joined: {
        description: "Somebody whom this member invited has joined.",
        schema: { type: "object", properties: { teammate: { type: "string" } } },
      },
      feature_used: {
        description: "A feature did its work. Sent by the page itself, so it may come from a browser.",
        schema: {
          type: "object",
          required: ["feature"],
          properties: { feature: { type: "string", examples: ["search", "automation", "api"] } },
        },
        clientSafe: true,
      },
      feedback_given: {
        description: "A member wrote to the product team.",
        schema: {
          type: "object",
          required: ["words"],
          properties: { words: { type: "integer", minimum: 0, examples: [6, 40, 120] } },
        },
      },
      plan_upgraded: {
        description: "The account moved to a larger plan. Sent by billing.",
        schema: { type: "object", required: ["plan"], properties: { plan: { enum: ["team", "business"] } } },
        forward: true, // the event itself goes out to webhooks as well, besides its effects
      },
      credits_used: {
        description: "Work that costs credits is about to be done. Do it if the answer has the effect points.spent.",
        schema: {
          type: "object",
          required: ["credits"],
          properties: { credits: { type: "integer", minimum: 1, examples: [50, 200] } },
        },
      },
    },

    currencies: {
      adoption: { title: "Adoption", kind: "progress" }, // can only be earned: what stages are made of
      credits: { title: "Usage credits", kind: "spendable" }, // can be taken again
    },

    // Conditions and amounts are CEL: https://cel.dev. They see `event` (its `properties`, its `localHour` …), `member`
    // (`attributes`, `timezone` …), `progress` (what the member has) and `now`.
    rules: {
      // The step that matters counts once for ever; what comes after it is worth less.
      first_project: {
        on: "project_created",
        then: [{ credit: "adoption", amount: 50 }],
        limits: [{ per: "member", every: "ever", times: 1 }],
      },
      more_projects: {
        on: "project_created",
        when: "progress.counts['project_created'] > 1", // this event is counted already
        then: [{ credit: "adoption", amount: 5 }],
        limits: [{ per: "member", every: "week", credits: 20 }],
      },

      integration: {
        on: "integration_connected",
        then: [{ credit: "adoption", amount: 40 }],
        limits: [{ per: "member", every: "ever", credits: 200 }],
      },

      // A rule may do several things; it does all of them or none. A limit on a currency clips that one only.
      teammate: {
        on: "teammate_joined",
        then: [
          { credit: "adoption", amount: 30 },
          { credit: "credits", amount: 100 },
        ],
        limits: [{ per: "member", every: "month", credits: 500, currency: "credits" }],
      },

      // A habit is worth more than a burst: little each time, and a cap by the member's day.
      daily_use: {
        on: "feature_used",
        then: [{ credit: "adoption", amount: 2 }],
        limits: [{ per: "member", every: "day", credits: 6 }],
      },
      deep_use: {
        on: "feature_used",
        when: "event.properties.feature in ['automation', 'api', 'audit_log']",
        then: [{ credit: "adoption", amount: 10 }],
        limits: [{ per: "member", every: "week", times: 3 }],
      },

      // `everyone` is a budget: 10,000 credits a month for all members together, 50 for one of them a week.
      feedback: {
        on: "feedback_given",
        when: "event.properties.words >= 20",
        then: [{ credit: "credits", amount: 50 }],
        limits: [
          { per: "everyone", every: "month", credits: 10_000 },
          { per: "member", every: "week", credits: 50 },
        ],
      },

      // An amount can be an expression; it has to come to a whole number.
      upgrade: {
        on: "plan_upgraded",
        then: [{ credit: "credits", amount: "event.properties.plan == 'business' ? 2000 : 500" }],
      },

      // Spending. A balance never goes below zero: without enough the rule does not fire, and the answer says why.
      use_credits: {
        on: "credits_used",
        then: [{ debit: "credits", amount: "event.properties.credits" }],
      },

      // A rule can follow from an effect. What you know of a member is in `attributes`; ask `has` before you read it.
      adopted_gift: {
        on: "level.changed",
        when: "effect.track == 'stage' && effect.to == 'adopted' && !(has(member.attributes.staff) && member.attributes.staff == true)",
        then: [{ credit: "credits", amount: 250 }],
      },
    },

    // Stages over the total of a currency. The rung at 0 is where everybody stands; reaching another is `level.changed`.
    tracks: {
      stage: {
        title: "Stage",
        over: "adoption",
        rungs: [
          { key: "trying", title: "Trying it", at: 0 },
          { key: "activated", title: "Activated", at: 100 },
          { key: "adopted", title: "Adopted", at: 400 },
          { key: "champion", title: "Champion", at: 1_500 },
        ],
      },
    },

    // Each is awarded once, as soon as its condition is true. What is not there yet counts as 0, false or empty.
    badges: {
      set_up: {
        title: "Set up",
        when: "progress.counts['project_created'] >= 1 && progress.counts['integration_connected'] >= 1 && progress.counts['teammate_joined'] >= 1",
      },
      connector: { title: "Three systems connected", when: "progress.counts['integration_connected'] >= 3" },
      team_builder: { title: "Five teammates", when: "progress.counts['teammate_joined'] >= 5" },
      champion: { title: "Champion", when: "progress.levels.stage == 'champion'" },
    },

    // `streaks`, `leaderboards` and `rewards` can stand here too. They are checked and kept with the program, but nothing
    // is decided by them yet.
  },
} satisfies HatchConfig;
