import { Elysia } from "elysia";
import * as v from "valibot";
import { accountOf, type Guard, requestOf } from "../../../http/guard.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import { signOutOfBoth } from "../impersonation/impersonation.ts";
import type { AccessRoom } from "../room.ts";
import { csrfOf } from "../sessions/csrf.ts";
import { endOneSession, endOtherSessions } from "../sessions/end-session.ts";
import { listPlaces, listSessions, type SessionRow } from "../sessions/store.ts";
import { Email } from "../types.ts";
import { renewSession } from "./renew.ts";
import { type Origin, signIn } from "./sign-in.ts";
import { findAccount } from "./store.ts";

const TAGS = ["Sign-in"];
const PASSWORD_CHARACTERS_MAX = 1_000;

const Login = v.strictObject({ email: Email, password: v.pipe(v.string(), v.maxLength(PASSWORD_CHARACTERS_MAX)) });

export const originOf = (request: Request): Origin => ({ ...requestOf(request), headers: request.headers });

const sessionIdOf = (text: string): Id<"ses"> => {
  if (!isId("ses", text)) throw notFound("The session");
  return text;
};

const sessionView = (row: SessionRow, current: Id<"ses">) => ({
  id: row.id,
  current: row.id === current,
  method: row.method,
  secondFactor: row.factor === 1,
  device: row.device,
  address: row.address,
  createdAt: isoTime(row.created_at),
  lastSeenAt: isoTime(row.last_seen_at),
  expiresAt: isoTime(row.expires_at),
});

/** What is answered to a sign-in that is complete, its cookies beside it. */
export const signedInView = (
  room: AccessRoom,
  account: { readonly id: Id<"acc">; readonly email: string },
  id: Id<"ses">,
) => ({
  status: "signedIn" as const,
  account: { id: account.id, email: account.email },
  session: { id },
  csrf: csrfOf(room.context.keyring, id),
});

export const createSignInRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "sign-in" })
    .use(guard)
    .post(
      "/v1/auth/login",
      async ({ request, body, set }) => {
        const made = await signIn(room, originOf(request), body);
        if (made.kind === "factor") return { status: "factorRequired" as const, challenge: made.challenge };
        set.headers["set-cookie"] = [...room.cookies.set(made.session)] as never;
        return signedInView(room, made.account, made.session.id);
      },
      {
        access: "public",
        body: Login,
        detail: {
          operationId: "signIn",
          summary: "Sign in with a password",
          description:
            "Sets the session's cookies. Where the account has a second factor, the answer is a challenge for `POST /v1/auth/factor` instead.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/auth/refresh",
      async ({ request, set }) => {
        const made = await renewSession(room, request);
        if (!made) {
          set.headers["set-cookie"] = [...room.cookies.clear()] as never;
          throw new AppError("unauthenticated", "Sign in: the session is over.");
        }
        set.headers["set-cookie"] = [...room.cookies.set(made)] as never;
        return { session: { id: made.id }, csrf: csrfOf(room.context.keyring, made.id) };
      },
      {
        access: "public",
        detail: {
          operationId: "refreshSession",
          summary: "Renew the session's cookies",
          description: "A session's token lasts fifteen minutes. The cookie that renews it is good once.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/auth/logout",
      async ({ request, set }) => {
        const principal = accountOf(request);
        await (principal.impersonation
          ? signOutOfBoth(room, principal)
          : endOneSession(room, principal, principal.sessionId));
        set.headers["set-cookie"] = [...room.cookies.clear()] as never;
        set.status = 204;
      },
      {
        access: { account: "self" },
        impersonation: "ends",
        detail: { operationId: "signOut", summary: "End this session", tags: TAGS },
      },
    )
    .get(
      "/v1/me",
      async ({ request }) => {
        const { accountId, sessionId, isOperator, impersonation } = accountOf(request);
        const { account, places } = await room.context.database.read(async (reader) => ({
          account: await findAccount(reader, accountId),
          places: await listPlaces(reader, accountId),
        }));
        if (!account) throw notFound("The account");
        return {
          account: {
            id: account.id,
            email: account.email,
            name: account.name,
            operator: isOperator && impersonation === undefined,
            secondFactor: account.totp_confirmed_at !== null,
            mustChangePassword: account.must_change_password === 1,
          },
          environments: places.map((place) => ({
            id: place.environment_id,
            kind: place.kind,
            workspaceId: place.workspace_id,
            workspaceName: place.workspace_name,
            role: place.kind === "live" ? (place.live_role ?? place.role) : place.role,
            suspended: place.suspended_reason !== null,
          })),
          impersonation: impersonation
            ? { id: impersonation.id, operatorId: impersonation.operatorId, readOnly: impersonation.readOnly }
            : null,
          session: { id: sessionId },
          csrf: csrfOf(room.context.keyring, sessionId),
        };
      },
      {
        access: { account: "self" },
        detail: {
          operationId: "whoAmI",
          summary: "Who is signed in, and where they may act",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/me/sessions",
      async ({ request }) => {
        const { accountId, sessionId } = accountOf(request);
        const rows = await room.context.database.read((reader) =>
          listSessions(reader, accountId, room.context.clock.now()),
        );
        return { data: rows.map((row) => sessionView(row, sessionId)) };
      },
      {
        access: { account: "self" },
        impersonation: "never",
        detail: { operationId: "listSessions", summary: "Your sessions, newest first", tags: TAGS },
      },
    )
    .delete("/v1/me/sessions", async ({ request }) => ({ ended: await endOtherSessions(room, accountOf(request)) }), {
      access: { account: "self" },
      detail: { operationId: "endOtherSessions", summary: "End all your sessions but this one", tags: TAGS },
    })
    .delete(
      "/v1/me/sessions/:id",
      async ({ request, params, set }) => {
        await endOneSession(room, accountOf(request), sessionIdOf(params.id));
        set.status = 204;
      },
      {
        access: { account: "self" },
        detail: { operationId: "endSession", summary: "End one of your sessions", tags: TAGS },
      },
    );
