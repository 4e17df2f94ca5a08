import { Elysia } from "elysia";
import * as v from "valibot";
import { accountOf, type Guard, personOf } from "../../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../../http/pages.ts";
import { isoTime } from "../../../../kernel/clock.ts";
import { notFound } from "../../../../kernel/errors.ts";
import { type Id, isId } from "../../../../kernel/ids.ts";
import { ROLES } from "../../../../kernel/roles.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import type { AccessRoom } from "../../room.ts";
import { originOf, signedInView } from "../../sign-in/routes.ts";
import { Name, Password } from "../../types.ts";
import { MailAddress, Token } from "../fields.ts";
import { acceptAsMyself, acceptAsNew, readInvitation } from "./accept.ts";
import { invite, type SentInvitation, sendAgain, takeBack } from "./invite.ts";
import { type InvitationRow, listInvitations } from "./store.ts";

const TAGS = ["Team"];
const WRITE = { permission: "team:write" } as const;
const Role = v.picklist(ROLES);

function idOf(text: string): Id<"inv"> {
  if (!isId("inv", text)) throw notFound("The invitation");
  return text;
}

function statusOf(row: InvitationRow, now: UnixMs): "open" | "accepted" | "revoked" | "expired" {
  if (row.accepted_at !== null) return "accepted";
  if (row.revoked_at !== null) return "revoked";
  return row.expires_at <= now ? "expired" : "open";
}

const invitationView = (row: InvitationRow, now: UnixMs) => ({
  id: row.id,
  email: row.email,
  role: row.role,
  liveRole: row.live_role ?? row.role,
  status: statusOf(row, now),
  invitedBy: row.invited_by,
  createdAt: isoTime(row.created_at),
  expiresAt: isoTime(row.expires_at),
});

export const sentView = ({ invitation, link }: SentInvitation, now: UnixMs) => ({
  ...invitationView(invitation, now),
  link: link ?? null,
});

export const createInvitationRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "invitations" })
    .use(guard)
    .get(
      "/v1/invitations",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const { workspaceId } = personOf(request);
        const page = { before: after, limit: limit + 1 };
        const rows = await room.context.database.read((reader) => listInvitations(reader, workspaceId, page));
        const now = room.context.clock.now();
        return pageOf(
          rows,
          limit,
          (row) => row.id,
          (row) => invitationView(row, now),
        );
      },
      {
        access: { permission: "team:read" },
        query: v.object(listQuery),
        detail: { operationId: "listInvitations", summary: "Invitations to the workspace, newest first", tags: TAGS },
      },
    )
    .post(
      "/v1/invitations",
      async ({ request, body, set }) => {
        const sent = await invite(room, personOf(request), body);
        set.status = 201;
        return sentView(sent, room.context.clock.now());
      },
      {
        access: WRITE,
        body: v.strictObject({ email: MailAddress, role: Role, liveRole: v.optional(Role) }),
        detail: {
          operationId: "inviteToTeam",
          summary: "Invite somebody into the workspace",
          description:
            "By mail; where no mail server is set the answer has the link, to be handed over. It works once, for seven days. Nobody invites into a role that holds more than their own.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/invitations/:id/resend",
      async ({ request, params }) =>
        sentView(await sendAgain(room, personOf(request), idOf(params.id)), room.context.clock.now()),
      {
        access: WRITE,
        detail: {
          operationId: "resendInvitation",
          summary: "Send an invitation again",
          description: "With a new link, for seven days more; the one before is no good any more.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/invitations/:id",
      async ({ request, params, set }) => {
        await takeBack(room, personOf(request), idOf(params.id));
        set.status = 204;
      },
      {
        access: WRITE,
        detail: {
          operationId: "revokeInvitation",
          summary: "Revoke an invitation",
          description: "Its link is no good any more. Revoking twice is fine.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/auth/invitations/read",
      async ({ body }) => {
        const { invitation, workspace, by, hasAccount } = await readInvitation(room, body.token);
        return {
          email: invitation.email,
          workspaceName: workspace.name,
          role: invitation.role,
          liveRole: invitation.live_role ?? invitation.role,
          invitedBy: by ?? null,
          hasAccount,
          expiresAt: isoTime(invitation.expires_at),
        };
      },
      {
        access: "public",
        body: v.strictObject({ token: Token }),
        detail: {
          operationId: "readInvitation",
          summary: "What an invitation offers",
          description: "`hasAccount` tells how it is accepted: by signing in, or with a password for a new account.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/auth/invitations/accept",
      async ({ request, body, set }) => {
        const { account, session } = await acceptAsNew(room, originOf(request), body);
        set.status = 201;
        set.headers["set-cookie"] = [...room.cookies.set(session)] as never;
        return signedInView(room, account, session.id);
      },
      {
        access: "public",
        body: v.strictObject({ token: Token, password: Password, name: v.optional(Name) }),
        detail: {
          operationId: "acceptInvitation",
          summary: "Accept an invitation with a new account",
          description:
            "Makes the account and signs it in. Where somebody has the address already it is 409: sign in as it and call `POST /v1/me/invitations/accept`.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/me/invitations/accept",
      async ({ request, body }) => ({ workspaceId: await acceptAsMyself(room, accountOf(request), body.token) }),
      {
        access: { account: "self" },
        body: v.strictObject({ token: Token }),
        detail: {
          operationId: "acceptInvitationAsMyself",
          summary: "Accept an invitation with your account",
          description: "It has to be for your address.",
          tags: TAGS,
        },
      },
    );
