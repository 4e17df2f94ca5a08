import * as v from "valibot";
import { answerForm, leadTo } from "../../../../http/site-answer.ts";
import { type Form, readForm, readOwnForm } from "../../../../http/site-form.ts";
import { parseInput } from "../../../../http/validate.ts";
import { AppError } from "../../../../kernel/errors.ts";
import {
  acceptAsMyself,
  acceptAsNew,
  type OfferedInvitation,
  readInvitation,
} from "../../people/invitations/accept.ts";
import type { AccessRoom } from "../../room.ts";
import { originOf } from "../../sign-in/routes.ts";
import { Name, Password } from "../../types.ts";
import { ACCEPT_FIELDS, TOKEN_FIELDS } from "../fields.ts";
import { findVisit, show, visitOf } from "../visit.ts";
import type { Acceptance } from "./invitation.tsx";
import { Link, withToken } from "./token.ts";

const Accept = v.strictObject({ password: Password, name: v.optional(Name) });
const views = () => import("./invitation.tsx");

const invitationTokenOf = (room: AccessRoom, request: Request): string | undefined =>
  room.cookies.invitation.read(request.headers.get("cookie"));

/** It is looked at by its token, which then waits in a cookie: an invitation can be reloaded, and come back to. */
export const openInvitation = (room: AccessRoom, request: Request): Promise<Response> =>
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
export async function showInvitation(
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

export function acceptWithPassword(room: AccessRoom, request: Request): Promise<Response> {
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

export const joinAsMyself = (room: AccessRoom, request: Request): Promise<Response> =>
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
