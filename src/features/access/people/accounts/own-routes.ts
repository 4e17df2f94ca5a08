import { Elysia } from "elysia";
import * as v from "valibot";
import { accountOf, type Guard, requestOf } from "../../../../http/guard.ts";
import { isoTime } from "../../../../kernel/clock.ts";
import type { AccessRoom } from "../../room.ts";
import { GivenPassword, Name } from "../../types.ts";
import { MailAddress, Token } from "../fields.ts";
import {
  askForEmail,
  changeName,
  confirmEmail,
  dropEmailChange,
  type PendingEmail,
  readOwnEmail,
} from "./own-account.ts";

const TAGS = ["Sign-in"];
const SELF = { account: "self" } as const;

const pendingView = ({ email, confirmed, expiresAt }: PendingEmail) => ({
  email,
  confirmed: { old: confirmed.old, new: confirmed.new },
  expiresAt: isoTime(expiresAt),
});

export const createOwnAccountRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "own-account" })
    .use(guard)
    .patch(
      "/v1/me",
      async ({ request, body, set }) => {
        await changeName(room, accountOf(request), body.name);
        set.status = 204;
      },
      {
        access: SELF,
        body: v.strictObject({ name: v.nullable(Name) }),
        detail: { operationId: "changeName", summary: "Change your name", tags: TAGS },
      },
    )
    .get(
      "/v1/me/email",
      async ({ request }) => {
        const { email, pending } = await readOwnEmail(room, accountOf(request));
        return { email, pending: pending ? pendingView(pending) : null };
      },
      {
        access: SELF,
        impersonation: "never",
        detail: { operationId: "readEmail", summary: "Your address, and the change that waits", tags: TAGS },
      },
    )
    .post(
      "/v1/me/email",
      async ({ request, body, set }) => {
        await askForEmail(room, accountOf(request), body);
        set.status = 202;
        return { status: "sent" as const };
      },
      {
        access: SELF,
        body: v.strictObject({ email: MailAddress, password: v.optional(GivenPassword) }),
        detail: {
          operationId: "changeEmail",
          summary: "Ask to change your e-mail address",
          description:
            "A link goes to the old address and one to the new: the change is made when both were used, within 24 hours. Asks for the password again, where the account has one. A later request replaces an earlier one.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/me/email",
      async ({ request, set }) => {
        await dropEmailChange(room, accountOf(request));
        set.status = 204;
      },
      {
        access: SELF,
        detail: { operationId: "dropEmailChange", summary: "Drop the change of address that waits", tags: TAGS },
      },
    )
    .post("/v1/auth/email/confirm", async ({ request, body }) => confirmEmail(room, requestOf(request), body.token), {
      access: "public",
      body: v.strictObject({ token: Token }),
      detail: {
        operationId: "confirmEmail",
        summary: "Use one of the two links of a change of address",
        description: "In whatever order. With the second one the address changes; sessions go on.",
        tags: TAGS,
      },
    });
