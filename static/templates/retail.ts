import type { HatchConfig } from "../../src/cli/hatch-config.ts";

// A program for a shop: orders give points to spend and status that stays, status makes tiers, tiers earn faster.
//
// How to read it. Your shop sends an event ("ada's order was paid"). Each rule `on` that event type is tried in the order
// of this file: where its `when` is true, its `then` happens, as far as its `limits` allow. Tiers and badges follow from
// what that changed, and rules can follow from them in turn. Every effect names its rule and its reason.

export default {
  // Settings of the server may stand here too (`webhooks`, `limits`, `log` …); `hatch config explain` lists them all.

  program: {
    // For members whose own zone is not known yet. Days and months are the member's own, never the server's.
    timezone: "Europe/London",
    weekStartsOn: "monday",

    // What your shop sends. The schema (JSON Schema 2020-12) is checked when an event comes in; numbers that it calls
    // `integer` are whole numbers in the rules, and `examples` are what `serve --demo` sends. Send each event with an id of
    // its own, such as "order-10442-paid": sent again with that id it changes nothing, so a payment that is reported twice
    // gives points once.
    eventTypes: {
      order_paid: {
        description: "An order was paid. The total is in pence or cents, after discounts, without shipping.",
        schema: {
          type: "object",
          required: ["total"],
          properties: {
            total: { type: "integer", minimum: 0, examples: [1_999, 4_550, 12_900, 780] },
            channel: { enum: ["web", "app", "store"] },
          },
        },
        forward: true, // the event itself goes out to webhooks as well, besides its effects
      },
      order_returned: {
        description: "Goods came back and were refunded: the refunded total.",
        schema: {
          type: "object",
          required: ["total"],
          properties: { total: { type: "integer", minimum: 0, examples: [1_999] } },
        },
      },
      review_published: {
        description: "A review of something that this member bought was published.",
        schema: {
          type: "object",
          required: ["characters"],
          properties: {
            characters: { type: "integer", minimum: 0, examples: [40, 160, 420] },
            photos: { type: "integer", minimum: 0, examples: [0, 2] },
          },
        },
      },
      friend_ordered: {
        description: "Somebody whom this member brought has paid a first order.",
        schema: { type: "object", properties: { friend: { type: "string" } } },
      },
      points_redeemed: {
        description: "Points are used at the checkout. Grant the discount if the answer has the effect points.spent.",
        schema: {
          type: "object",
          required: ["points"],
          properties: { points: { type: "integer", minimum: 1, examples: [50, 200] } },
        },
      },
    },

    currencies: {
      points: {
        title: "Points",
        kind: "spendable", // can be taken again
        // expiresAfter: "365d", // is written beside each credit already; nothing is taken away by it yet
      },
      status: { title: "Status", kind: "progress" }, // can only be earned: what tiers are made of
    },

    // Conditions and amounts are CEL: https://cel.dev. They see `event` (its `properties`, its `localHour` …), `member`
    // (`attributes`, `timezone` …), `progress` (what the member has) and `now`.
    rules: {
      // A point for each whole pound or euro. Whole numbers divide into whole numbers: 1,999 pence are 19 points.
      order: {
        on: "order_paid",
        then: [
          { credit: "points", amount: "event.properties.total / 100" },
          { credit: "status", amount: "event.properties.total / 100" },
        ],
      },

      // Rules are tried one after the other: this one sees the tier as it was before the order counted for it.
      tier_bonus: {
        on: "order_paid",
        when: "progress.levels.tier in ['gold', 'platinum']",
        then: [{ credit: "points", amount: "event.properties.total / 200" }],
      },

      first_order: {
        on: "order_paid",
        then: [{ credit: "points", amount: 100 }],
        limits: [{ per: "member", every: "ever", times: 1 }],
      },

      // What may be missing from an event has to be asked for with `has` before it is read.
      app_order: {
        on: "order_paid",
        when: "has(event.properties.channel) && event.properties.channel == 'app'",
        then: [{ credit: "points", amount: 20 }],
        limits: [{ per: "member", every: "month", times: 2 }],
      },

      // A limit clips instead of refusing: of 40 points with 30 left in the week, 30 are given and the effect says so.
      review: {
        on: "review_published",
        when: "event.properties.characters >= 80",
        then: [{ credit: "points", amount: "has(event.properties.photos) && event.properties.photos > 0 ? 40 : 25" }],
        limits: [{ per: "member", every: "week", credits: 100 }],
      },

      // `everyone` is a budget: what all members together can get in a month, besides what one of them can.
      friend: {
        on: "friend_ordered",
        then: [{ credit: "points", amount: 200 }],
        limits: [
          { per: "member", every: "month", times: 5 },
          { per: "everyone", every: "month", credits: 100_000 },
        ],
      },

      // Spending. A balance never goes below zero: without enough the rule does not fire, and the answer says why.
      redeem: {
        on: "points_redeemed",
        then: [{ debit: "points", amount: "event.properties.points" }],
      },

      // What came back takes its points along, as far as they are still there. Status stays: it can only be earned.
      returned: {
        on: "order_returned",
        then: [
          {
            debit: "points",
            amount:
              "progress.balances.points < event.properties.total / 100 ? progress.balances.points : event.properties.total / 100",
          },
        ],
      },

      // A rule can follow from an effect: a present for a new tier.
      tier_gift: {
        on: "level.changed",
        when: "effect.track == 'tier' && effect.to in ['gold', 'platinum']",
        then: [{ credit: "points", amount: "effect.to == 'gold' ? 250 : 500" }],
      },
    },

    // Tiers over the total of a currency. The rung at 0 is where everybody stands; reaching another is `level.changed`.
    tracks: {
      tier: {
        title: "Tier",
        over: "status",
        rungs: [
          { key: "member", title: "Member", at: 0 },
          { key: "silver", title: "Silver", at: 250 },
          { key: "gold", title: "Gold", at: 1_000 },
          { key: "platinum", title: "Platinum", at: 3_000 },
        ],
      },
    },

    // Each is awarded once, as soon as its condition is true. What is not there yet counts as 0, false or empty.
    badges: {
      first_order: { title: "First order", when: "progress.counts['order_paid'] >= 1" },
      regular: { title: "Ten orders", when: "progress.counts['order_paid'] >= 10" },
      reviewer: { title: "Five reviews", when: "progress.counts['review_published'] >= 5" },
      ambassador: { title: "Three friends brought", when: "progress.counts['friend_ordered'] >= 3" },
    },

    // `streaks`, `leaderboards` and `rewards` can stand here too. They are checked and kept with the program, but nothing
    // is decided by them yet.
  },
} satisfies HatchConfig;
