import * as v from "valibot";
import { page, said, text, textOrNull, time, timeOrNull } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { SCOPES, WIDGET_SCOPES } from "../../../kernel/principal.ts";
import { ACCOUNT_ID, WORKSPACE_ID } from "./examples.ts";

const SESSION_ID = "wst_01kag6w92c7n4t1q8x5m2b9d6v";
const ORIGIN = "https://app.riverside.example";

const fields = {
  userId: text("The member whose browser it is for."),
  scopes: said(v.array(v.picklist(WIDGET_SCOPES)), "What it may do, for that member alone."),
  origin: textOrNull("The pages that it works from; `null` where it is bound to none."),
};

const IssuedToken = v.object({
  id: text("`wst_…`. Revoke the token by it."),
  token: text("For `Authorization: Bearer` in the page. It is shown in this answer and never again."),
  ...fields,
  expiresAt: time("When it ends by itself."),
});

const WidgetSession = v.object({
  id: text("`wst_…`"),
  kind: said(v.picklist(["widget", "embed"]), "How it was made."),
  ...fields,
  createdBy: text("The key or the person that made it."),
  createdAt: time("When it was made."),
  expiresAt: time("When it ends by itself."),
  revokedAt: timeOrNull("When it was revoked."),
});

const ISSUED = {
  id: SESSION_ID,
  token: "eyJhbGciOiJIUzI1NiIsImtpZCI6…",
  userId: "user_42",
  scopes: ["progress:read", "events:send"],
  origin: ORIGIN,
  expiresAt: "2026-11-20T18:19:00.000Z",
};
const SESSION = {
  id: SESSION_ID,
  kind: "widget",
  userId: "user_42",
  scopes: ["progress:read", "events:send"],
  origin: ORIGIN,
  createdBy: "key_01kag6w8yj4e8n6r3tq1p0z9xb",
  createdAt: "2026-11-20T18:04:00.000Z",
  expiresAt: "2026-11-20T18:19:00.000Z",
  revokedAt: null,
};
const MEMBER_PATH = { userId: { description: "Your own id of the user.", example: "user_42" } };
const ORIGIN_NOTE =
  "The page that it works from, as browsers send it. A browser needs it, unless a publishable key lists that page anyhow.";

const KINDS = [
  "secret_key",
  "publishable_key",
  "widget_token",
  "embed_token",
  "session_token",
  "webhook_secret",
  "one_time_link",
  "setup_token",
  "unknown",
] as const;

const Inspection = v.object({
  kind: said(v.picklist(KINDS), "What it is, by its form."),
  inForce: said(v.boolean(), "Whether it is good at all, now. A request may still be refused for what it asks."),
  credential: said(
    v.nullable(
      v.object({
        id: text("`key_…` or `wst_…`."),
        name: textOrNull("Of a key: what it is for."),
        workspaceId: text("`ws_…`"),
        environment: v.object({ id: text("`env_…`"), kind: v.picklist(["live", "test"]) }),
        userId: textOrNull("Of a token: the member."),
        scopes: v.array(v.picklist([...SCOPES, ...WIDGET_SCOPES])),
        eventTypes: said(v.nullable(v.array(v.string())), "Of a publishable key: what it may send; `null` is all."),
        origins: said(
          v.nullable(v.array(v.string())),
          "The pages that it works from; `null` where it is bound to none.",
        ),
        createdBy: text("Who made it."),
        ownedBy: textOrNull("Of a key: who answers for it."),
        createdAt: time("When it was made."),
        lastUsedAt: timeOrNull("Of a key: when it was last used."),
        expiresAt: timeOrNull("When it ends, or this secret of it does."),
        revokedAt: timeOrNull("When it was revoked."),
      }),
    ),
    "Whose it is; `null` where it is unknown to this environment.",
  ),
  problems: said(
    v.array(
      v.object({
        code: text("Stable: `cut_or_mistyped`, `revoked`, `expired`, `unknown_here`, `not_allowed` and the like."),
        message: text("In words."),
      }),
    ),
    "Every reason why it is refused. Empty: the request that you described is let in.",
  ),
});

export const TOKENS_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Tokens",
      description:
        "For the browser of one member who has signed in to your application: your server makes a token that lives for minutes and may do just what you say, and hands it to the page.",
    },
  ],
  sections: [
    {
      id: "browsers",
      title: "Browsers",
      text: `A page of yours can speak to Hatch by itself, with a credential that is made to be seen.

- A **publishable key** (\`hpk_…\`) stands in the page for every visitor. It sends events of the types that are \`clientSafe\`, from the origins that it lists.
- A **widget token** is for one member. Your server asks for it with \`POST /v1/widget-sessions\`; it lives for an hour at most and has the scopes that you name.
- An **embed token** shows one member's progress and does nothing else, for a day at most.

Requests from other origins are answered with CORS headers on the routes that take these, for origins that a publishable key or a token in force names, and on no other route. An event that a page sends is answered without its effects; its \`id\` counts for its member alone and meets no id of your servers. All three end at once when they are revoked.`,
    },
  ],
  operations: {
    createWidgetSession: {
      body: {
        example: { userId: "user_42", scopes: ["progress:read", "events:send"], ttl: "15m", origin: ORIGIN },
        fields: {
          userId: "Your own id of the user who has signed in.",
          scopes: "What the token may do. There is no default: name what the page needs.",
          ttl: "How long it lives, `1h` at most. `15m`, if absent.",
          origin: ORIGIN_NOTE,
        },
      },
      answers: { 201: { description: "The token.", schema: IssuedToken, example: ISSUED } },
    },
    createEmbedToken: {
      body: {
        example: { userId: "user_42", ttl: "12h", origin: ORIGIN },
        fields: {
          userId: "Your own id of the user.",
          ttl: "How long it lives, `1d` at most. `1h`, if absent.",
          origin: ORIGIN_NOTE,
        },
      },
      answers: {
        201: { description: "The token.", schema: IssuedToken, example: { ...ISSUED, scopes: ["progress:read"] } },
      },
    },
    revokeWidgetSession: {
      path: { id: { description: "The token's id.", example: SESSION_ID } },
      answers: {
        200: {
          description: "It is over.",
          schema: WidgetSession,
          example: { ...SESSION, revokedAt: "2026-11-20T18:09:00.000Z" },
        },
      },
    },
    listWidgetSessions: {
      path: MEMBER_PATH,
      answers: {
        200: {
          description: "The tokens, without their text.",
          schema: page(WidgetSession),
          example: { data: [SESSION], next: null },
        },
      },
    },
    revokeWidgetSessions: {
      path: MEMBER_PATH,
      answers: {
        200: {
          description: "How many were in force.",
          schema: v.object({ revoked: said(v.number(), "How many there were.") }),
          example: { revoked: 2 },
        },
      },
    },
    inspectCredential: {
      body: {
        example: { credential: "hk_test_7Qm2…", method: "POST", path: "/v1/events" },
        fields: {
          credential: "All of it, as it was sent.",
          method: "Of a request that it comes with; with `path`.",
          path: "Of that request; with `method`.",
          origin: "Of the page that sends it.",
        },
      },
      answers: {
        200: {
          description: "What is known of it.",
          schema: Inspection,
          example: {
            kind: "secret_key",
            inForce: true,
            credential: {
              id: "key_01kag6w8yj4e8n6r3tq1p0z9xb",
              name: "Reports",
              workspaceId: WORKSPACE_ID,
              environment: { id: "env_01kag6w8y7h6s2f0m3v9w5k1ya", kind: "test" },
              userId: null,
              scopes: ["events:read"],
              eventTypes: null,
              origins: null,
              createdBy: ACCOUNT_ID,
              ownedBy: ACCOUNT_ID,
              createdAt: "2026-11-20T18:04:00.000Z",
              lastUsedAt: "2026-11-20T18:12:00.000Z",
              expiresAt: null,
              revokedAt: null,
            },
            problems: [{ code: "not_allowed", message: "POST /v1/events: The key lacks the scope events:write." }],
          },
        },
      },
    },
    reportLeakedKey: {
      body: {
        example: { key: "hk_live_7Qm2…" },
        fields: { key: "All of the key or the token that you found." },
      },
      answers: {
        202: {
          description: "Received, whatever it was.",
          schema: v.object({ received: v.literal(true) }),
          example: { received: true },
        },
      },
    },
  },
};
