import { Elysia } from "elysia";
import * as v from "valibot";
import { accountOf, type Guard } from "../../../http/guard.ts";
import type { AccessRoom } from "../room.ts";
import { originOf, signedInView } from "../sign-in/routes.ts";
import { confirmFactor, offerFactor, removeFactor, signInWithCode } from "./second-factor.ts";

const TAGS = ["Sign-in"];
const SELF = { account: "self" } as const;
const Code = v.pipe(v.string(), v.maxLength(64));

export const createFactorRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "second-factor" })
    .use(guard)
    .post(
      "/v1/auth/factor",
      async ({ request, body, set }) => {
        const { account, session } = await signInWithCode(room, originOf(request), body);
        set.headers["set-cookie"] = [...room.cookies.set(session)] as never;
        return signedInView(room, account, session.id);
      },
      {
        access: "public",
        body: v.strictObject({ challenge: v.pipe(v.string(), v.maxLength(2_000)), code: Code }),
        detail: {
          operationId: "signInWithCode",
          summary: "Give the second factor",
          description: "A code of the authenticator app, or one of the recovery codes; each is good once.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/me/second-factor",
      async ({ request, set }) => {
        set.status = 201;
        return offerFactor(room, accountOf(request));
      },
      {
        access: SELF,
        detail: {
          operationId: "offerSecondFactor",
          summary: "Begin to set up a second factor",
          description: "The secret for an authenticator app. It is asked for from the first right code on.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/me/second-factor/confirm",
      async ({ request, body }) => ({ recoveryCodes: await confirmFactor(room, accountOf(request), body.code) }),
      {
        access: SELF,
        body: v.strictObject({ code: Code }),
        detail: {
          operationId: "confirmSecondFactor",
          summary: "Turn the second factor on with its first code",
          description: "Answers with ten recovery codes, shown here and never again. Your other sessions end.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/me/second-factor",
      async ({ request, body, set }) => {
        await removeFactor(room, accountOf(request), body ?? {});
        set.status = 204;
      },
      {
        access: SELF,
        body: v.optional(
          v.strictObject({ password: v.optional(v.pipe(v.string(), v.maxLength(1_000))), code: v.optional(Code) }),
        ),
        detail: {
          operationId: "removeSecondFactor",
          summary: "Take the second factor away",
          description: "Asks for the password again; an account without one gives a code. Your other sessions end.",
          tags: TAGS,
        },
      },
    );
