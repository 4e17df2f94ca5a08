import * as v from "valibot";
import { page, said, text, time, timeOrNull } from "../../../http/openapi-fields.ts";
import type { RoomReference } from "../../../http/openapi-types.ts";
import { ROLES } from "../../../kernel/roles.ts";
import { PERSON_ID, WORKSPACE_ID } from "./examples.ts";

const Role = v.picklist(ROLES);
export const TestRole = said(Role, "In `test`, and for the workspace itself.");
export const LiveRole = said(Role, "In `live`.");

const Account = v.object({
  id: text("`acc_…`"),
  email: v.string(),
  name: v.nullable(v.string()),
  operator: said(v.boolean(), "Whether they operate this installation."),
  secondFactor: said(v.boolean(), "Whether a second factor is set up."),
  mustChangePassword: said(v.boolean(), "Whether the password is a one-time one."),
  createdAt: time("When the account was made."),
  disabledAt: timeOrNull("When it was disabled, if it is."),
  workspaces: said(
    v.array(v.object({ id: text("`ws_…`"), role: TestRole, liveRole: LiveRole })),
    "Where they belong to the team.",
  ),
});

export const OneTimePassword = v.object({
  password: text("It is shown in this answer and never again. Hand it over by a way you trust."),
});

const ACCOUNT_EXAMPLE = {
  id: PERSON_ID,
  email: "grace@riverside.example",
  name: "Grace",
  operator: false,
  secondFactor: true,
  mustChangePassword: false,
  createdAt: "2026-11-20T18:04:00.000Z",
  disabledAt: null,
  workspaces: [{ id: WORKSPACE_ID, role: "developer", liveRole: "viewer" }],
};

const ACCOUNT_PATH = { id: { description: "The account's id.", example: PERSON_ID } };
const REASON = "Why: for the audit log, and for the person.";
const PASSWORD_AGAIN = "Yours, asked for again.";
const TOKEN = "Of the link, what follows the `#`.";

const account = (
  description: string,
  example: Partial<Record<keyof typeof ACCOUNT_EXAMPLE, string | boolean>> = {},
) => ({
  200: { description, schema: Account, example: { ...ACCOUNT_EXAMPLE, ...example } },
});

const OWN_ACCOUNT: RoomReference["operations"] = {
  changeName: {
    body: { example: { name: "Ada" }, fields: { name: "What the others call you; `null` for none." } },
    answers: { 204: { description: "That is your name now." } },
  },
  readEmail: {
    answers: {
      200: {
        description: "The address, and what waits.",
        schema: v.object({
          email: v.string(),
          pending: said(
            v.nullable(
              v.object({
                email: text("The address that is to be."),
                confirmed: v.object({
                  old: said(v.boolean(), "Whether the link to the old address was used."),
                  new: said(v.boolean(), "Whether the link to the new address was used."),
                }),
                expiresAt: time("When both links end."),
              }),
            ),
            "A change that was asked for and not confirmed at both.",
          ),
        }),
        example: { email: "ada@riverside.example", pending: null },
      },
    },
  },
  changeEmail: {
    body: {
      example: { email: "ada@lovelace.example", password: "a few words in a row" },
      fields: { email: "The new address.", password: "Yours, asked for again, where the account has one." },
    },
    answers: {
      202: {
        description: "A link went to each of the two addresses.",
        schema: v.object({ status: v.literal("sent") }),
        example: { status: "sent" },
      },
    },
    errors: ["not_configured"],
  },
  dropEmailChange: {
    answers: { 204: { description: "The address stays; links that were sent are no good any more." } },
  },
  confirmEmail: {
    body: { example: { token: "hlt_…" }, fields: { token: TOKEN } },
    answers: {
      200: {
        description: "The address is changed, or waits for the other link.",
        schema: v.object({
          status: v.picklist(["changed", "waiting"]),
          for: said(v.optional(v.picklist(["old", "new"])), "The address whose link is still waited for."),
        }),
        example: { status: "waiting", for: "new" },
      },
    },
    errors: ["conflict", "not_found"],
  },
};

const ACCOUNTS: RoomReference["operations"] = {
  listAccounts: {
    query: { email: { description: "Only the account with this address." } },
    answers: {
      200: {
        description: "Accounts, with where they belong.",
        schema: page(Account),
        example: { data: [ACCOUNT_EXAMPLE], next: null },
      },
    },
  },
  disableAccount: {
    path: ACCOUNT_PATH,
    body: { example: { reason: "Left the company" }, fields: { reason: REASON } },
    answers: account("The account as it is now.", { disabledAt: "2026-12-01T08:00:00.000Z" }),
    errors: ["conflict"],
  },
  enableAccount: { path: ACCOUNT_PATH, answers: account("The account as it is now.") },
  setPassword: {
    path: ACCOUNT_PATH,
    body: {
      example: { reason: "Lost her phone" },
      fields: { reason: REASON, removeSecondFactor: "Also takes the second factor away, with its recovery codes." },
    },
    answers: {
      201: { description: "The one-time password.", schema: OneTimePassword, example: { password: "Vb3…" } },
    },
    errors: ["conflict"],
  },
  nameOperator: {
    path: ACCOUNT_PATH,
    body: { example: { password: "a few words in a row" }, fields: { password: PASSWORD_AGAIN } },
    answers: account("The account as it is now.", { operator: true }),
    errors: ["conflict"],
  },
  removeOperator: {
    path: ACCOUNT_PATH,
    body: { example: { password: "a few words in a row" }, fields: { password: PASSWORD_AGAIN } },
    answers: account("The account as it is now."),
    errors: ["conflict"],
  },
};

/** Its chapters are those of sign-in and of the installation. */
export const ACCOUNTS_REFERENCE: RoomReference = {
  tags: [],
  schemas: { Account },
  operations: { ...OWN_ACCOUNT, ...ACCOUNTS },
};
