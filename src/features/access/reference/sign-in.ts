import * as v from "valibot";
import { said, text, time } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { ROLES } from "../../../kernel/roles.ts";
import { ACCOUNT_ID } from "./examples.ts";

const SESSION_ID = "ses_01kag6w90c3v8n5t2q7x4m1b6d";
const Csrf = text("What changes by this session carry as `X-Hatch-Csrf`.");
export const SignedIn = v.object({
  status: said(v.literal("signedIn"), "The cookies beside this answer are the session."),
  account: v.object({ id: text("`acc_…`"), email: v.string() }),
  session: v.object({ id: text("`ses_…`") }),
  csrf: Csrf,
});
const FactorRequired = v.object({
  status: said(v.literal("factorRequired"), "The password was right; a code is asked for."),
  challenge: text("For `POST /v1/auth/factor`; good for five minutes."),
});
const Session = v.object({
  id: text("`ses_…`"),
  current: said(v.boolean(), "Whether it is the one that asks."),
  method: said(v.picklist(["password", "oidc", "recovery"]), "How it began."),
  secondFactor: said(v.boolean(), "Whether a second factor was given."),
  device: said(v.nullable(v.string()), "What the browser calls itself."),
  address: said(v.nullable(v.string()), "Where it was last renewed from."),
  createdAt: time("When it began."),
  lastSeenAt: time("When it was last renewed."),
  expiresAt: time("When it ends if it is not used."),
});
const Me = v.object({
  account: v.object({
    id: text("`acc_…`"),
    email: v.string(),
    name: v.nullable(v.string()),
    operator: said(v.boolean(), "Whether the account operates this installation."),
    secondFactor: said(v.boolean(), "Whether a second factor is set up."),
    mustChangePassword: said(v.boolean(), "Whether a password of their own has to be set before anything else."),
  }),
  environments: said(
    v.array(
      v.object({
        id: text("`env_…`"),
        kind: v.picklist(["live", "test"]),
        workspaceId: text("`ws_…`"),
        workspaceName: v.string(),
        role: said(v.picklist(ROLES), "The role in this environment."),
        suspended: said(v.boolean(), "Whether nobody enters it for now."),
      }),
    ),
    "Where they may act.",
  ),
  impersonation: said(
    v.nullable(v.object({ id: v.string(), operatorId: v.string(), readOnly: v.boolean() })),
    "Who acts as this account now, if somebody else does.",
  ),
  session: v.object({ id: text("`ses_…`") }),
  csrf: Csrf,
});
export const SIGNED_IN_EXAMPLE = {
  status: "signedIn",
  account: { id: ACCOUNT_ID, email: "ada@riverside.example" },
  session: { id: SESSION_ID },
  csrf: "5m3Jx…",
} as const;
export const SIGN_IN_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Sign-in",
      description: "People and their sessions. A session lives in cookies; what it may do follows from the role.",
    },
  ],
  schemas: { Session },
  operations: {
    signIn: {
      body: {
        example: { email: "ada@riverside.example", password: "a few words in a row" },
        fields: { email: "The account's address.", password: "Its password." },
      },
      answers: {
        200: {
          description: "Signed in, or asked for the second factor.",
          schema: v.union([SignedIn, FactorRequired]),
          example: SIGNED_IN_EXAMPLE,
        },
      },
      errors: ["forbidden", "unavailable"],
    },
    signInWithCode: {
      body: {
        example: { challenge: "eyJhbGciOi…", code: "492039" },
        fields: { challenge: "What `POST /v1/auth/login` answered with.", code: "Of the app, or a recovery code." },
      },
      answers: { 200: { description: "Signed in.", schema: SignedIn, example: SIGNED_IN_EXAMPLE } },
    },
    offerSecondFactor: {
      answers: {
        201: {
          description: "The secret, shown here and never again.",
          schema: v.object({ secret: text("Base32, to type in."), uri: text("The same for a QR code.") }),
          example: { secret: "JBSWY3DPEHPK3PXP", uri: "otpauth://totp/Hatch:ada%40riverside.example?secret=JBSWY3DP…" },
        },
      },
      errors: ["conflict"],
    },
    confirmSecondFactor: {
      body: { example: { code: "492039" }, fields: { code: "What the app shows now." } },
      answers: {
        200: {
          description: "The second factor is on.",
          schema: v.object({ recoveryCodes: said(v.array(v.string()), "Each is good once, in place of a code.") }),
          example: { recoveryCodes: ["mzxw-6ytb-oizx-q2lt"] },
        },
      },
      errors: ["conflict"],
    },
    removeSecondFactor: {
      body: {
        example: { password: "a few words in a row" },
        optional: true,
        fields: { password: "Of the account.", code: "Where the account has no password." },
      },
      answers: { 204: { description: "The password alone is asked for from now on." } },
    },
    askForPasswordReset: {
      body: { example: { email: "ada@riverside.example" }, fields: { email: "The account's address." } },
      answers: {
        202: {
          description: "Whoever has an account with this address gets a link.",
          schema: v.object({ status: v.literal("sent") }),
          example: { status: "sent" },
        },
      },
      errors: ["not_configured"],
    },
    resetPassword: {
      body: {
        example: { token: "hlt_…", password: "a few words in a row" },
        fields: { token: "Of the link, what follows the `#`.", password: "At least ten characters." },
      },
      answers: { 204: { description: "The new password holds." } },
      errors: ["not_found"],
    },
    changePassword: {
      body: {
        example: { current: "a few words in a row", password: "quite other words in a row" },
        fields: { current: "The password so far.", password: "At least ten characters." },
      },
      answers: { 204: { description: "The new password holds." } },
    },
    beginOidcSignIn: {
      query: { next: { description: "The page of ours to come back to; else `/`.", example: "/" } },
      answers: { 303: { description: "The browser goes to the identity provider." } },
      errors: ["forbidden", "not_configured", "unavailable"],
    },
    finishOidcSignIn: {
      answers: { 303: { description: "Signed in, or back at the sign-in page with the reason." } },
      errors: ["not_configured"],
    },
    refreshSession: {
      answers: {
        200: {
          description: "The cookies are renewed.",
          schema: v.object({ session: v.object({ id: text("`ses_…`") }), csrf: Csrf }),
          example: { session: { id: SESSION_ID }, csrf: "5m3Jx…" },
        },
      },
    },
    signOut: { answers: { 204: { description: "The session is over, here and everywhere." } } },
    whoAmI: {
      answers: {
        200: {
          description: "The account behind the session.",
          schema: Me,
          example: {
            account: {
              id: ACCOUNT_ID,
              email: "ada@riverside.example",
              name: "Ada",
              operator: true,
              secondFactor: false,
              mustChangePassword: false,
            },
            environments: [
              {
                id: "env_01kag6w8y7h6s2f0m3v9w5k1ya",
                kind: "test",
                workspaceId: "ws_01kag6w8y50v3a9j2k7c4e6g8m",
                workspaceName: "Riverside School",
                role: "owner",
                suspended: false,
              },
            ],
            impersonation: null,
            session: { id: SESSION_ID },
            csrf: "5m3Jx…",
          },
        },
      },
    },
    listSessions: {
      answers: {
        200: {
          description: "The sessions that are in force.",
          schema: v.object({ data: v.array(Session) }),
          example: {
            data: [
              {
                id: SESSION_ID,
                current: true,
                method: "password",
                secondFactor: false,
                device: "Mozilla/5.0 (X11; Linux x86_64)",
                address: "203.0.113.7",
                createdAt: "2026-11-20T18:04:00.000Z",
                lastSeenAt: "2026-11-20T18:19:00.000Z",
                expiresAt: "2026-11-27T18:19:00.000Z",
              },
            ],
          },
        },
      },
    },
    endOtherSessions: {
      answers: {
        200: {
          description: "How many were ended.",
          schema: v.object({ ended: said(v.number(), "How many there were.") }),
          example: { ended: 2 },
        },
      },
    },
    endSession: {
      path: { id: { description: "The session's id.", example: SESSION_ID } },
      answers: { 204: { description: "The session is over." } },
    },
  },
};
