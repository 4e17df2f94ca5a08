import { Elysia } from "elysia";
import * as v from "valibot";
import { type Guard, requestOf } from "../../../../http/guard.ts";
import { answerForm, leadTo } from "../../../../http/site-answer.ts";
import { readForm } from "../../../../http/site-form.ts";
import { parseInput } from "../../../../http/validate.ts";
import { resetPassword } from "../../passwords/passwords.ts";
import { confirmEmail } from "../../people/accounts/own-account.ts";
import type { AccessRoom } from "../../room.ts";
import { Password } from "../../types.ts";
import { RESET_FIELDS, TOKEN_FIELDS } from "../fields.ts";
import { openPage, ownPage } from "../rules.ts";
import { show } from "../visit.ts";
import { acceptWithPassword, joinAsMyself, openInvitation, showInvitation } from "./invitation.ts";
import { Link, withToken } from "./token.ts";

const Reset = v.strictObject({ ...Link.entries, password: Password });
const views = () => import("./links.tsx");

const reset = (room: AccessRoom, request: Request): Promise<Response> =>
  answerForm(
    request,
    async () => {
      const form = withToken(await readForm(request, RESET_FIELDS));
      await resetPassword(room, requestOf(request), parseInput(Reset, form));
      return leadTo("/sign-in?done=password_set", room.cookies.clear());
    },
    async (refusal) => show(room, request, await (await views()).renderReset(refusal), { refusal }),
  );

const confirm = (room: AccessRoom, request: Request): Promise<Response> =>
  answerForm(
    request,
    async () => {
      const { token } = parseInput(Link, withToken(await readForm(request, TOKEN_FIELDS)));
      const made = await confirmEmail(room, requestOf(request), token);
      return leadTo(`/email/confirmed${made.status === "waiting" ? `?waiting=${made.for}` : ""}`);
    },
    async (refusal) => show(room, request, await (await views()).renderConfirmEmail(refusal), { refusal }),
  );

/** At an address of its own: the second link would otherwise lead to the page that is open already. */
async function showConfirmed(room: AccessRoom, request: Request): Promise<Response> {
  const waiting = new URL(request.url, "http://localhost").searchParams.get("waiting");
  const { renderEmailConfirmed } = await views();
  const text = await renderEmailConfirmed(waiting === "old" || waiting === "new" ? waiting : undefined);
  return show(room, request, text);
}

/** Where mailed links lead: their secret stands after the #, and comes here only in the body of a form. */
export const createLinkPages = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "link-pages" })
    .use(guard)
    .get("/reset", async ({ request }) => show(room, request, await (await views()).renderReset()), openPage())
    .post("/reset", ({ request }) => reset(room, request), openPage())
    .get("/email", async ({ request }) => show(room, request, await (await views()).renderConfirmEmail()), openPage())
    .post("/email", ({ request }) => confirm(room, request), openPage())
    .get("/email/confirmed", ({ request }) => showConfirmed(room, request), openPage())
    .get("/invitation", ({ request }) => showInvitation(room, request), openPage())
    .post("/invitation", ({ request }) => openInvitation(room, request), openPage())
    .post("/invitation/accept", ({ request }) => acceptWithPassword(room, request), openPage())
    .post("/invitation/join", ({ request }) => joinAsMyself(room, request), ownPage());
