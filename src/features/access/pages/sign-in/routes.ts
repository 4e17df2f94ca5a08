import { Elysia } from "elysia";
import * as v from "valibot";
import { type Guard, requestOf } from "../../../../http/guard.ts";
import { answerForm, leadTo } from "../../../../http/site-answer.ts";
import { type Form, readForm, readOwnForm } from "../../../../http/site-form.ts";
import { ownPlace } from "../../../../http/site-refusal.ts";
import { parseInput } from "../../../../http/validate.ts";
import { type AppError, validationFailed } from "../../../../kernel/errors.ts";
import { signOutOfBoth } from "../../impersonation/impersonation.ts";
import { askForReset } from "../../passwords/passwords.ts";
import type { AccessRoom } from "../../room.ts";
import { signInWithCode } from "../../second-factor/second-factor.ts";
import { endOneSession } from "../../sessions/end-session.ts";
import { originOf } from "../../sign-in/routes.ts";
import { isSafeWay, signIn } from "../../sign-in/sign-in.ts";
import { Email, GivenPassword } from "../../types.ts";
import { FACTOR_FIELDS, FORGOT_FIELDS, SIGN_IN_FIELDS } from "../fields.ts";
import { openPage, ownPage } from "../rules.ts";
import { findVisit, installationOf, show, visitOf } from "../visit.ts";

const Login = v.strictObject({ email: Email, password: GivenPassword });
const forgotten = () => import("./forgot.tsx");
const askedOf = (request: Request): URLSearchParams => new URL(request.url, "http://localhost").searchParams;
const cookieOf = (request: Request): string | null => request.headers.get("cookie");

type SignInForm = Form<(typeof SIGN_IN_FIELDS)[number]>;

async function showSignIn(
  room: AccessRoom,
  request: Request,
  { next, email }: SignInForm,
  refusal?: AppError,
): Promise<Response> {
  const { oidc } = room.context.config;
  const asked = askedOf(request);
  const { renderSignIn } = await import("./sign-in.tsx");
  const text = await renderSignIn({
    installation: installationOf(room),
    next: ownPlace(next),
    problem: asked.get("problem"),
    done: asked.get("done"),
    email,
    refusal,
    provider: oidc && { name: oidc.name, isRequired: oidc.required },
    isSafe: isSafeWay(room, originOf(request)),
  });
  return show(room, request, text, { refusal });
}

async function signInByForm(room: AccessRoom, request: Request): Promise<Response> {
  let form: SignInForm = {};
  return answerForm(
    request,
    async () => {
      form = await readForm(request, SIGN_IN_FIELDS);
      const { next, ...given } = form;
      const made = await signIn(room, originOf(request), parseInput(Login, given));
      const place = ownPlace(next);
      if (made.kind === "signedIn") return leadTo(place, room.cookies.set(made.session));
      const cookie = room.cookies.challenge.set(made.challenge);
      return leadTo(`/sign-in/factor?next=${encodeURIComponent(place)}`, [cookie]);
    },
    (refusal) => showSignIn(room, request, form, refusal),
  );
}

async function showFactor(
  room: AccessRoom,
  request: Request,
  next: string | null | undefined,
  { tried = "code", refusal }: { readonly tried?: "code" | "recovery"; readonly refusal?: AppError } = {},
): Promise<Response> {
  const { renderFactor } = await import("./factor.tsx");
  const installation = installationOf(room);
  return show(room, request, await renderFactor({ installation, next: ownPlace(next), tried, refusal }), { refusal });
}

const tooLate = (room: AccessRoom): Response => leadTo("/sign-in?problem=too_late", [room.cookies.challenge.clear()]);

async function giveFactor(room: AccessRoom, request: Request): Promise<Response> {
  let form: Form<(typeof FACTOR_FIELDS)[number]> = {};
  const challenge = room.cookies.challenge.read(cookieOf(request));
  return answerForm(
    request,
    async () => {
      form = await readForm(request, FACTOR_FIELDS);
      const code = form.code ?? form.recovery;
      if (!challenge || (await room.signing.verify("factor", challenge)).kind === "bad") return tooLate(room);
      if (code === undefined) throw validationFailed([{ path: "code", message: "Is required." }]);
      const { session } = await signInWithCode(room, originOf(request), { challenge, code });
      return leadTo(ownPlace(form.next), [...room.cookies.set(session), room.cookies.challenge.clear()]);
    },
    (refusal) =>
      showFactor(room, request, form.next, { tried: form.recovery === undefined ? "code" : "recovery", refusal }),
  );
}

async function showForgot(room: AccessRoom, request: Request, email?: string, refusal?: AppError): Promise<Response> {
  const { renderForgot } = await forgotten();
  const sendsMail = room.context.config.mail !== undefined;
  return show(room, request, await renderForgot({ email, refusal, sendsMail }), { refusal });
}

async function sendLink(room: AccessRoom, request: Request): Promise<Response> {
  let form: Form<(typeof FORGOT_FIELDS)[number]> = {};
  return answerForm(
    request,
    async () => {
      form = await readForm(request, FORGOT_FIELDS);
      const { email } = parseInput(v.strictObject({ email: Email }), form);
      await askForReset(room, requestOf(request), email);
      const { renderForgotSent } = await forgotten();
      return show(room, request, await renderForgotSent(email));
    },
    (refusal) => showForgot(room, request, form.email, refusal),
  );
}

async function signOut(room: AccessRoom, request: Request): Promise<Response> {
  const { principal } = await visitOf(room, request);
  await readOwnForm(request, []);
  await (principal.impersonation
    ? signOutOfBoth(room, principal)
    : endOneSession(room, principal, principal.sessionId));
  return leadTo("/sign-in?done=signed_out", room.cookies.clear());
}

export const createSignInPages = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "sign-in-pages" })
    .use(guard)
    .get(
      "/sign-in",
      async ({ request }) => {
        const next = askedOf(request).get("next") ?? undefined;
        const isSignedIn = (await findVisit(room, request)) !== undefined;
        return isSignedIn ? leadTo(ownPlace(next)) : showSignIn(room, request, next === undefined ? {} : { next });
      },
      openPage(),
    )
    .post("/sign-in", ({ request }) => signInByForm(room, request), openPage())
    .get(
      "/sign-in/factor",
      ({ request }) => {
        if (room.cookies.challenge.read(cookieOf(request)) === undefined) return leadTo("/sign-in");
        return showFactor(room, request, askedOf(request).get("next"));
      },
      openPage(),
    )
    .post("/sign-in/factor", ({ request }) => giveFactor(room, request), openPage())
    .get("/sign-in/forgot", ({ request }) => showForgot(room, request), openPage())
    .post("/sign-in/forgot", ({ request }) => sendLink(room, request), openPage())
    .post("/sign-out", ({ request }) => signOut(room, request), { ...ownPage(), impersonation: "ends" });
