import type { HatchConfig } from "./src/cli/hatch-config.ts";

// The settings of an installation and the program of a small learning app, with every setting and its default.
//
//   hatch serve --config ./hatch.config.ts     starts with it
//   hatch config explain                       shows each value and where it came from
//
// A flag wins over the environment, the environment over this file. `webhooks.allowNetworks` is
// HATCH_WEBHOOKS_ALLOW_NETWORKS in the environment (lists by comma); HATCH_WEBHOOKS_ALLOW_NETWORKS_FILE reads it from a
// file. What is commented out has the value shown. This file is code: only its owner may be able to write to it.

export default {
  server: {
    // host: "127.0.0.1", // beyond loopback, put TLS in front and set publicUrl
    // port: 4282, // 0 picks a free one
    // publicUrl: "https://hatch.example.com", // links are built from this alone; not set by default
    // adminHost: "127.0.0.1", // where adminPort listens
    // adminPort: 4283, // /metrics, /readyz and /admin/stats are answered there by plain http, the first two only there; not set by default
  },

  tls: {
    // certFile: "/etc/ssl/hatch.pem", // with those above it; listens by https, needs an https publicUrl; not set by default
    // keyFile: "/etc/ssl/private/hatch.key", // both are read anew when they change, and on SIGHUP
    // minVersion: "1.2", // or "1.3"
  },

  http: {
    // allowInsecureCookies: false, // signing in over plain http beyond loopback
    // allowedHosts: [], // host names accepted besides loopback and the public URL's; where neither is set, any beyond loopback
    // adminNetworks: [], // from where people may sign in, e.g. ["10.0.0.0/8"]; empty is from anywhere
    // trustedProxies: [], // whose forwarding headers are believed, e.g. ["10.0.0.0/8"]
  },

  database: {
    // url: "postgres://…", // in place of the file in the data folder; a secret: better by HATCH_DATABASE_URL_FILE
    // tls: "verify-full", // disable, prefer, require, verify-ca; the URL's sslmode if not set
    // caFile: "/etc/ssl/database.pem", // the authorities that its server is believed by
    // readConnections: 4, // one more writes
    // statementTimeout: "30s",
    // connectTimeout: "5s",
  },

  limits: {
    // secretKeyPerMinute: 0, // of one secret key; 0 is no limit
    // browserPerMinute: 600, // of one publishable key or widget token
    // anonymousPerMinute: 120, // of one address without a credential
    // failedAuthPerMinute: 20, // of one address; never refuses a valid credential
  },

  events: {
    // lateWindow: "30d", // how far back `occurredAt` may lie without `backfill`
    // personalUserIds: "warn", // or "refuse": a userId that looks like an e-mail address or a phone number
  },

  webhooks: {
    // allowNetworks: [], // private networks that endpoints may lie in, e.g. ["10.0.0.0/8"]
    // retryDelays: ["1m", "5m", "30m", "2h", "6h"], // after the end of each failed attempt
    // retryJitter: 0.1, // the share of a delay that is added at most
    // timeout: "10s",
    // concurrency: 64, // requests under way at once, over all endpoints
    // concurrencyPerEndpoint: 16,
    // secretPrefix: "whsec_", // what signing secrets that are made here begin with
  },

  digest: {
    // at: "08:00", // when the daily digest of a workspace is made; a workspace may say otherwise
    // zone: "Europe/Berlin", // if not set: that of the program which is live, else UTC
    // mail: "traffic", // mailed on days with deliveries or trouble; always, trouble, never
  },

  outbound: {
    // caFile: "/etc/ssl/company.pem", // authorities trusted beside the public ones; not set by default
    // proxy: "http://proxy.example.com:3128", // webhooks, OIDC and mail go through it; not set by default
    // proxyUser: "hatch",
    // proxyPassword: "…", // a secret: better by HATCH_OUTBOUND_PROXY_PASSWORD_FILE
    // proxyBypass: [], // reached without it, e.g. ["*.inside.example.com", "10.0.0.0/8"]
    // allowHosts: [], // the only hosts that endpoints may have, e.g. ["*.example.com"]; empty is all
    // denyHosts: [], // hosts that no endpoint may have
  },

  mail: {
    // host: "smtp.example.com", // not set by default: mails wait, `hatch mail list` shows them; needs server.publicUrl
    // port: 587, // with implicit TLS 465, without TLS 25
    // tls: "starttls", // implicit, none; if not set: implicit on port 465, none to this machine, else starttls
    // user: "hatch",
    // password: "…", // a secret: better by HATCH_MAIL_PASSWORD_FILE
    // from: "Hatch <hatch@example.com>",
    // replyTo: "Help desk <help@example.com>", // else answers go to `from`
    // timeout: "1m", // for the whole conversation about one mail
  },

  oidc: {
    // issuer: "https://login.example.com", // people may sign in through it; needs server.publicUrl
    // clientId: "hatch",
    // clientSecret: "…", // a secret: better by HATCH_OIDC_CLIENT_SECRET_FILE
    // name: "Example login", // on the sign-in page; else the provider's host
    // groupsClaim: "groups",
    // roles: [], // what groups are here: ["staff=viewer", "engineers=developer"]
    // required: false, // passwords sign in operators and break-glass accounts only
  },

  retention: {
    // inboundPayloads: "400d", // of events; at least events.lateWindow; effects and the ledger are kept for ever
    // outboundBodies: "30d", // so long a delivery can be replayed; what still waits keeps its body
    // deliveries: "400d", // what was sent to whom, and what came of it
    // attempts: "24h", // after the end of their delivery: the requests, and the receiver's answers
    // refused: "7d", // refused requests and refused events
    // mails: "30d",
    // jobs: "30d",
    // revokedKeys: "30d",
    // deletedWorkspaces: "30d", // what they held; nobody gets in from the deletion on
  },

  metrics: {
    // allowNetworks: [], // who may read /metrics besides loopback
  },

  log: {
    // level: "info", // debug, info, warn or error
  },

  audit: {
    // streamTo: "stdout", // each entry as a line of JSON, for whoever watches over many systems; not set by default
    // streamFile: "/var/log/hatch/audit.jsonl", // the same as a file, in place of streamTo
    // keepDetails: "1095d", // how long an entry keeps what was changed; the entry itself is kept for ever
  },

  // What events mean. Published by `hatch apply`, and by the first start where nothing was ever published.
  program: {
    // For members whose own zone is not known yet. Days and weeks are theirs, not the server's.
    timezone: "Europe/Berlin",
    weekStartsOn: "monday",

    // What the app sends. `forward` hands the event itself on to webhooks, besides its effects.
    eventTypes: {
      lesson_completed: {
        description: "A member finished a lesson.",
        schema: {
          type: "object",
          required: ["score"],
          properties: { lesson: { type: "string" }, score: { type: "number", minimum: 0, maximum: 100 } },
        },
        clientSafe: false,
        forward: true,
      },
    },

    // Progress can only be earned; what is spendable can be taken back by a reward.
    currencies: {
      xp: { kind: "progress" },
      coins: { kind: "spendable" },
    },

    // Conditions and amounts are CEL over `event`, `effect`, `member`, `progress` and `now`.
    rules: {
      lesson_xp: {
        on: "lesson_completed",
        when: "event.properties.score >= 60",
        then: [{ credit: "xp", amount: "int(event.properties.score)" }],
      },
      lesson_coins: {
        on: "lesson_completed",
        when: "event.properties.score >= 60",
        then: [{ credit: "coins", amount: 10 }],
        // The third lesson of a day is worth 5, the fourth nothing: by the member's own day.
        limits: [{ per: "member", every: "day", credits: 25, currency: "coins" }],
      },
      // A rule can follow from another's effect.
      level_gift: {
        on: "level.changed",
        when: "effect.track == 'level' && effect.to == 'adept'",
        then: [{ credit: "coins", amount: 100 }],
      },
    },

    tracks: {
      level: {
        over: "xp",
        rungs: [
          { key: "novice", at: 0 },
          { key: "adept", at: 250 },
          { key: "master", at: 2_000 },
        ],
      },
    },

    badges: {
      first_lesson: { title: "First lesson", when: "progress.counts['lesson_completed'] >= 1" },
    },
  },
} satisfies HatchConfig;
