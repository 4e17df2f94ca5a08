import { Elysia } from "elysia";
import * as v from "valibot";
import { type Guard, requestOf } from "../../../http/guard.ts";
import { answerForm, leadTo } from "../../../http/site-answer.ts";
import { type Form, readForm, readOwnForm } from "../../../http/site-form.ts";
import { parseInput } from "../../../http/validate.ts";
import { AppError } from "../../../kernel/errors.ts";
import { resetPassword } from "../passwords/passwords.ts";
import { confirmEmail } from "../people/accounts/own-account.ts";
import { Token } from "../people/fields.ts";
import { acceptAsMyself, acceptAsNew, type OfferedInvitation, readInvitation } from "../people/invitations/accept.ts";
import type { AccessRoom } from "../room.ts";
import { originOf } from "../sign-in/routes.ts";
import { Name, Password } from "../types.ts";
import { ACCEPT_FIELDS, RESET_FIELDS, TOKEN_FIELDS } from "./fields.ts";
import type { Acceptance } from "./links.tsx";
import { openPage, ownPage } from "./rules.ts";
import { findVisit, show, visitOf } from "./visit.ts";

const Reset = v.strictObject({ token: Token, password: Password });
const Link = v.strictObject({ token: Token });
const Accept = v.strictObject({ password: Password, name: v.optional(Name) });
const views = () => import("./links.tsx");

/** People paste the whole link, where they are asked for its end. */
function withToken<F extends { readonly token?: string }>(form: F): F {
  const { token } = form;
  return token === undefined ? form : { ...form, token: token.slice(token.lastIndexOf("#") + 1).trim() };
}

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

const invitationTokenOf = (room: AccessRoom, request: Request): string | undefined =>
  room.cookies.invitation.read(request.headers.get("cookie"));

/** It is looked at by its token, which then waits in a cookie: an invitation can be reloaded, and come back to. */
const openInvitation = (room: AccessRoom, request: Request): Promise<Response> =>
  answerForm(
    request,
    async () => {
      const { token } = parseInput(Link, withToken(await readForm(request, TOKEN_FIELDS)));
      await readInvitation(room, token);
      return leadTo("/invitation", [room.cookies.invitation.set(token)]);
    },
    async (refusal) => show(room, request, await (await views()).renderOpenInvitation(refusal), { refusal }),
  );

async function acceptanceOf(
  room: AccessRoom,
  request: Request,
  { invitation, hasAccount }: OfferedInvitation,
): Promise<Acceptance> {
  const visit = await findVisit(room, request);
  if (visit) {
    const { email, csrf } = visit;
    return email === invitation.email ? { by: "me", csrf } : { by: "other", email, csrf };
  }
  if (hasAccount) return { by: "sign-in" };
  const { oidc } = room.context.config;
  return { by: "new", providerName: oidc?.name, isProviderRequired: oidc?.required ?? false };
}

/** What the invitation offers, if one is being looked at. */
async function showInvitation(
  room: AccessRoom,
  request: Request,
  again: { readonly name?: string | undefined; readonly refusal?: AppError } = {},
): Promise<Response> {
  const { renderInvitation, renderOpenInvitation } = await views();
  const token = invitationTokenOf(room, request);
  if (token === undefined) return show(room, request, await renderOpenInvitation(again.refusal), again);
  let offered: OfferedInvitation;
  try {
    offered = await readInvitation(room, token);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const cookies = [room.cookies.invitation.clear()];
    return show(room, request, await renderOpenInvitation(thrown), { refusal: thrown, cookies });
  }
  const { invitation, workspace, by } = offered;
  const text = await renderInvitation({
    workspace: workspace.name,
    invitedBy: by,
    email: invitation.email,
    role: invitation.role,
    liveRole: invitation.live_role ?? invitation.role,
    acceptance: await acceptanceOf(room, request, offered),
    ...again,
  });
  return show(room, request, text, again);
}

/** The token of the invitation that is being looked at; what to do where it has run out of its ten minutes. */
function currentToken(room: AccessRoom, request: Request): string {
  const token = invitationTokenOf(room, request);
  if (token !== undefined) return token;
  throw new AppError("unauthenticated", "It took too long: open the link of the mail again.");
}

function acceptWithPassword(room: AccessRoom, request: Request): Promise<Response> {
  let form: Form<(typeof ACCEPT_FIELDS)[number]> = {};
  return answerForm(
    request,
    async () => {
      form = await readForm(request, ACCEPT_FIELDS);
      const token = currentToken(room, request);
      const { session } = await acceptAsNew(room, originOf(request), { token, ...parseInput(Accept, form) });
      return leadTo("/", [...room.cookies.set(session), room.cookies.invitation.clear()]);
    },
    (refusal) => showInvitation(room, request, { name: form.name, refusal }),
  );
}

const joinAsMyself = (room: AccessRoom, request: Request): Promise<Response> =>
  answerForm(
    request,
    async () => {
      const { principal } = await visitOf(room, request);
      await readOwnForm(request, []);
      await acceptAsMyself(room, principal, currentToken(room, request));
      return leadTo("/", [room.cookies.invitation.clear()]);
    },
    (refusal) => showInvitation(room, request, { refusal }),
  );

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
