import { Elysia } from "elysia";
import type { Guard } from "../../../../http/guard.ts";
import { leadTo } from "../../../../http/site-answer.ts";
import { notFound } from "../../../../kernel/errors.ts";
import { isId } from "../../../../kernel/ids.ts";
import { dropEmailChange } from "../../people/accounts/own-account.ts";
import type { AccessRoom } from "../../room.ts";
import { endOneSession, endOtherSessions } from "../../sessions/end-session.ts";
import { SESSION_FIELDS } from "../fields.ts";
import { ownPage, securityPage } from "../rules.ts";
import { mustSetPassword, type Visit, visitOf } from "../visit.ts";
import { beginFactor, sendFactor, sendRemoval, showFactor } from "./factor.ts";
import { showOwn } from "./overview.ts";
import { findOwn, press } from "./send.ts";
import { sendEmail, sendName, sendPassword, showEmail, showMustSet, showName, showPassword } from "./settings.ts";

type Shown = (visit: Visit) => Promise<Response>;

export function createOwnPages(room: AccessRoom, guard: Guard) {
  const own =
    (shown: Shown) =>
    async ({ request }: { readonly request: Request }): Promise<Response> => {
      const visit = await visitOf(room, request);
      return mustSetPassword(visit) ? leadTo("/set-password") : shown(visit);
    };
  const setting =
    (shown: Shown) =>
    async ({ request }: { readonly request: Request }): Promise<Response> =>
      shown(await visitOf(room, request));

  return new Elysia({ name: "own-pages" })
    .use(guard)
    .get(
      "/me",
      own((visit) => showOwn(room, visit)),
      ownPage(),
    )
    .get(
      "/me/name",
      own(async (visit) => showName(room, visit, (await findOwn(room, visit)).name ?? undefined)),
      securityPage(),
    )
    .post(
      "/me/name",
      own((visit) => sendName(room, visit)),
      ownPage(),
    )
    .get(
      "/me/email",
      own((visit) => showEmail(room, visit)),
      securityPage(),
    )
    .post(
      "/me/email",
      own((visit) => sendEmail(room, visit)),
      ownPage(),
    )
    .post(
      "/me/email/drop",
      own((visit) => press(visit, [], () => dropEmailChange(room, visit.principal))),
      ownPage(),
    )
    .get(
      "/me/password",
      own((visit) => showPassword(room, visit)),
      securityPage(),
    )
    .post(
      "/me/password",
      own((visit) => sendPassword(room, visit, { next: "/me", again: showPassword })),
      ownPage(),
    )
    .get(
      "/set-password",
      setting((visit) => showMustSet(room, visit)),
      securityPage(),
    )
    .post(
      "/set-password",
      setting((visit) => sendPassword(room, visit, { next: "/", again: showMustSet })),
      ownPage(),
    )
    .get(
      "/me/second-factor",
      own((visit) => showFactor(room, visit)),
      securityPage(),
    )
    .post(
      "/me/second-factor/begin",
      own((visit) => beginFactor(room, visit)),
      ownPage(),
    )
    .post(
      "/me/second-factor/confirm",
      own((visit) => sendFactor(room, visit)),
      ownPage(),
    )
    .post(
      "/me/second-factor/remove",
      own((visit) => sendRemoval(room, visit)),
      ownPage(),
    )
    .post(
      "/me/sessions/end",
      own((visit) =>
        press(visit, SESSION_FIELDS, ({ session = "" }) => {
          if (!isId("ses", session)) throw notFound("The session");
          return endOneSession(room, visit.principal, session);
        }),
      ),
      ownPage(),
    )
    .post(
      "/me/sessions/end-others",
      own((visit) => press(visit, [], () => endOtherSessions(room, visit.principal))),
      ownPage(),
    );
}
