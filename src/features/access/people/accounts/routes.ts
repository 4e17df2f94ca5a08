import { Elysia } from "elysia";
import * as v from "valibot";
import { accountOf, type Guard } from "../../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../../http/pages.ts";
import { isoTime } from "../../../../kernel/clock.ts";
import type { AccessRoom } from "../../room.ts";
import { Email, GivenPassword, Reason } from "../../types.ts";
import { accountIdOf } from "../fields.ts";
import { setPasswordAsOperator } from "./one-time-password.ts";
import { disableAccount, enableAccount, type ListedAccount, listPeople, nameOperator } from "./operate.ts";

const TAGS = ["Installation"];
const OPERATOR = { account: "operator" } as const;
const Proof = v.strictObject({ password: GivenPassword });

const accountView = ({ account, memberships }: ListedAccount) => ({
  id: account.id,
  email: account.email,
  name: account.name,
  operator: account.operator === 1,
  secondFactor: account.totp_confirmed_at !== null,
  mustChangePassword: account.must_change_password === 1,
  createdAt: isoTime(account.created_at),
  disabledAt: account.disabled_at === null ? null : isoTime(account.disabled_at),
  workspaces: memberships.map(({ workspace_id, role, live_role }) => ({
    id: workspace_id,
    role,
    liveRole: live_role ?? role,
  })),
});

export const createAccountRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "accounts" })
    .use(guard)
    .get(
      "/v1/accounts",
      async ({ query }) => {
        const { limit, after } = parsePage(query);
        const rows = await listPeople(room, { after, email: query.email, limit: limit + 1 });
        return pageOf(rows, limit, ({ account }) => account.id, accountView);
      },
      {
        access: OPERATOR,
        query: v.object({ ...listQuery, email: v.optional(Email) }),
        detail: { operationId: "listAccounts", summary: "Everybody with an account, oldest first", tags: TAGS },
      },
    )
    .post(
      "/v1/accounts/:id/disable",
      async ({ request, params, body }) => {
        const accountId = accountIdOf(params.id);
        return accountView(await disableAccount(room, accountOf(request), { accountId, ...body }));
      },
      {
        access: OPERATOR,
        body: v.strictObject({ reason: Reason }),
        detail: {
          operationId: "disableAccount",
          summary: "Disable an account",
          description:
            "All its sessions end and it can't sign in; the person is told by mail. Not the last operator, and nobody who alone owns a workspace.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/accounts/:id/enable",
      async ({ request, params }) => accountView(await enableAccount(room, accountOf(request), accountIdOf(params.id))),
      {
        access: OPERATOR,
        detail: { operationId: "enableAccount", summary: "Let a disabled account sign in again", tags: TAGS },
      },
    )
    .post(
      "/v1/accounts/:id/one-time-password",
      async ({ request, params, body, set }) => {
        const { reason, removeSecondFactor: removeFactor = false } = body;
        const wanted = { accountId: accountIdOf(params.id), reason, removeFactor };
        const password = await setPasswordAsOperator(room, accountOf(request), wanted);
        set.status = 201;
        return { password };
      },
      {
        access: OPERATOR,
        body: v.strictObject({ reason: Reason, removeSecondFactor: v.optional(v.boolean()) }),
        detail: {
          operationId: "setPassword",
          summary: "Set a one-time password for an account",
          description:
            "It is shown here and never again, and replaced at the next sign-in. The person is told by mail.",
          tags: TAGS,
        },
      },
    )
    .put(
      "/v1/accounts/:id/operator",
      async ({ request, params, body: { password } }) => {
        const wanted = { accountId: accountIdOf(params.id), isOperator: true, password };
        return accountView(await nameOperator(room, accountOf(request), wanted));
      },
      {
        access: OPERATOR,
        body: Proof,
        detail: {
          operationId: "nameOperator",
          summary: "Make an account an operator",
          description: "Asks for your password again. Its sessions end; the person is told by mail.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/accounts/:id/operator",
      async ({ request, params, body: { password } }) => {
        const wanted = { accountId: accountIdOf(params.id), isOperator: false, password };
        return accountView(await nameOperator(room, accountOf(request), wanted));
      },
      {
        access: OPERATOR,
        body: Proof,
        detail: {
          operationId: "removeOperator",
          summary: "Take the operator's right from an account",
          description: "Asks for your password again. An installation keeps an operator who can sign in.",
          tags: TAGS,
        },
      },
    );
