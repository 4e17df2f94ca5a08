import { Elysia } from "elysia";
import * as v from "valibot";
import { callerOf, type Guard } from "../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../http/pages.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { notFound } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { AccessRoom } from "../room.ts";
import { createEmbedToken, createWidgetSession } from "./create-token.ts";
import { revokeToken, revokeTokensOfMember } from "./revoke-token.ts";
import { listWidgetSessions } from "./store.ts";
import { CreateEmbedToken, CreateWidgetSession, type IssuedToken, OneMember, type WidgetSession } from "./types.ts";

const TAGS = ["Tokens"];

const sessionView = (session: WidgetSession) => ({
  id: session.id,
  kind: session.kind,
  userId: session.userId,
  scopes: session.scopes,
  origin: session.origin ?? null,
  createdBy: session.createdBy,
  createdAt: isoTime(session.createdAt),
  expiresAt: isoTime(session.expiresAt),
  revokedAt: session.revokedAt === undefined ? null : isoTime(session.revokedAt),
});

const issuedView = ({ session, token }: IssuedToken) => ({
  id: session.id,
  token,
  userId: session.userId,
  scopes: session.scopes,
  origin: session.origin ?? null,
  expiresAt: isoTime(session.expiresAt),
});

const sessionIdOf = (text: string): Id<"wst"> => {
  if (!isId("wst", text)) throw notFound("The session");
  return text;
};

/** Tokens for members' browsers: made by the server that knows who they are, ended by it at once. */
export const createTokenRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "tokens" })
    .use(guard)
    .post(
      "/v1/widget-sessions",
      async ({ request, body, set }) => {
        const issued = await createWidgetSession(room, callerOf(request), body);
        set.status = 201;
        return issuedView(issued);
      },
      {
        access: { scope: "members:write", permission: "tokens:write" },
        body: CreateWidgetSession,
        detail: {
          operationId: "createWidgetSession",
          summary: "Let one member's browser in",
          description:
            "Gives a token for one member with just these scopes, for an hour at most. Hand it to the page; with `origin` it works from no other.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/embed-tokens",
      async ({ request, body, set }) => {
        const issued = await createEmbedToken(room, callerOf(request), body);
        set.status = 201;
        return issuedView(issued);
      },
      {
        access: { scope: "members:write", permission: "tokens:write" },
        body: CreateEmbedToken,
        detail: {
          operationId: "createEmbedToken",
          summary: "Let a page show one member's progress",
          description: "Gives a token that reads one member's progress and does nothing else, for a day at most.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/widget-sessions/:id",
      async ({ request, params }) => sessionView(await revokeToken(room, callerOf(request), sessionIdOf(params.id))),
      {
        access: { scope: "members:write", permission: "tokens:write" },
        detail: {
          operationId: "revokeWidgetSession",
          summary: "Revoke a token at once",
          description: "Embed tokens too. Revoking twice is fine.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/members/:userId/widget-sessions",
      async ({ request, params, query }) => {
        const { limit, after } = parsePage(query);
        const { environmentId } = callerOf(request);
        const rows = await room.context.database.read((reader) =>
          listWidgetSessions(reader, environmentId, params.userId, { before: after, limit: limit + 1 }),
        );
        return pageOf(rows, limit, (session) => session.id, sessionView);
      },
      {
        access: { scope: "members:read" },
        params: OneMember,
        query: v.object(listQuery),
        detail: {
          operationId: "listWidgetSessions",
          summary: "A member's tokens, newest first",
          description: "Those that are over are listed for another week. The tokens themselves are not kept.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/members/:userId/widget-sessions",
      async ({ request, params }) => ({ revoked: await revokeTokensOfMember(room, callerOf(request), params.userId) }),
      {
        access: { scope: "members:write", permission: "tokens:write" },
        params: OneMember,
        detail: {
          operationId: "revokeWidgetSessions",
          summary: "Revoke all tokens of a member at once",
          description: "When they sign out of your application, or are no longer let in.",
          tags: TAGS,
        },
      },
    );
