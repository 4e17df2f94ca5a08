import { Elysia } from "elysia";
import * as v from "valibot";
import { accountOf, type Guard, requestOf } from "../../../http/guard.ts";
import type { AccessRoom } from "../room.ts";
import { Email, Password } from "../types.ts";
import { askForReset, changePassword, resetPassword } from "./passwords.ts";

const TAGS = ["Sign-in"];

export const createPasswordRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "passwords" })
    .use(guard)
    .post(
      "/v1/auth/password/forgot",
      async ({ request, body, set }) => {
        await askForReset(room, requestOf(request), body.email);
        set.status = 202;
        return { status: "sent" as const };
      },
      {
        access: "public",
        body: v.strictObject({ email: Email }),
        detail: {
          operationId: "askForPasswordReset",
          summary: "Ask for a link that sets a new password",
          description: "Answers the same whether or not an account has the address.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/auth/password/reset",
      async ({ request, body, set }) => {
        await resetPassword(room, requestOf(request), body);
        set.status = 204;
      },
      {
        access: "public",
        body: v.strictObject({ token: v.pipe(v.string(), v.maxLength(200)), password: Password }),
        detail: {
          operationId: "resetPassword",
          summary: "Set a new password by a mailed link",
          description: "The link works once, for 30 minutes. Every session of the account ends.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/me/password",
      async ({ request, body, set }) => {
        await changePassword(room, accountOf(request), body);
        set.status = 204;
      },
      {
        access: { account: "self" },
        body: v.strictObject({ current: v.pipe(v.string(), v.maxLength(1_000)), password: Password }),
        detail: {
          operationId: "changePassword",
          summary: "Change your password",
          description: "Your other sessions end; this one goes on.",
          tags: TAGS,
        },
      },
    );
