import { Elysia } from "elysia";
import * as v from "valibot";
import { type Guard, personOf } from "../../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../../http/pages.ts";
import { isoTime } from "../../../../kernel/clock.ts";
import { ROLE_PERMISSIONS, ROLES } from "../../../../kernel/roles.ts";
import type { AccessRoom } from "../../room.ts";
import { GivenPassword, Reason } from "../../types.ts";
import { setPasswordAsAdmin } from "../accounts/one-time-password.ts";
import { accountIdOf } from "../fields.ts";
import { listTeammates, type TeammateRow } from "./store.ts";
import { changeRoles, handOver, leaveTeam, removeFromTeam } from "./team.ts";

const TAGS = ["Team"];
const READ = { permission: "team:read" } as const;
const WRITE = { permission: "team:write" } as const;
const PERSON = "The person";

const Role = v.picklist(ROLES);
const ChangeRoles = v.pipe(
  v.strictObject({ role: v.optional(Role), liveRole: v.optional(Role) }),
  v.check(({ role, liveRole }) => role !== undefined || liveRole !== undefined, "Say `role`, `liveRole` or both."),
);
const HandOver = v.strictObject({ accountId: v.string(), password: GivenPassword, stay: v.optional(v.boolean()) });

/** Who has no second factor is nobody's business but theirs who could ask for one. */
const teammateView = (row: TeammateRow, showsFactor: boolean) => ({
  accountId: row.account_id,
  email: row.email,
  name: row.name,
  role: row.role,
  liveRole: row.live_role ?? row.role,
  secondFactor: showsFactor ? row.totp_confirmed_at !== null : null,
  disabled: row.disabled_at !== null,
  joinedAt: isoTime(row.created_at),
});

export const createTeamRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "team" })
    .use(guard)
    .get(
      "/v1/team",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const { workspaceId, role } = personOf(request);
        const rows = await room.context.database.read((reader) =>
          listTeammates(reader, workspaceId, { after, limit: limit + 1 }),
        );
        const showsFactor = ROLE_PERMISSIONS[role].has("team:write");
        return pageOf(
          rows,
          limit,
          (row) => row.account_id,
          (row) => teammateView(row, showsFactor),
        );
      },
      {
        access: READ,
        query: v.object(listQuery),
        detail: {
          operationId: "listTeam",
          summary: "Who belongs to the workspace, and as what",
          description: "The workspace is that of the environment; its people are the same in both.",
          tags: TAGS,
        },
      },
    )
    .patch(
      "/v1/team/:id",
      async ({ request, params, body }) => {
        const accountId = accountIdOf(params.id, PERSON);
        return teammateView(await changeRoles(room, personOf(request), { accountId, ...body }), true);
      },
      {
        access: WRITE,
        body: ChangeRoles,
        detail: {
          operationId: "changeRoles",
          summary: "Give a person another role",
          description:
            "Nobody gives or takes what exceeds their own role, in either environment. The person's sessions end, and so do the invitations they made. `role` without `liveRole` sets both: a developer is a viewer in `live`, every other role is the same there.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/team/:id",
      async ({ request, params, set }) => {
        await removeFromTeam(room, personOf(request), accountIdOf(params.id, PERSON));
        set.status = 204;
      },
      {
        access: WRITE,
        detail: {
          operationId: "removeFromTeam",
          summary: "Take a person out of the team",
          description: "Their account stays, their keys go on. The last owner can't be taken out.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/team/leave",
      async ({ request, set }) => {
        await leaveTeam(room, personOf(request));
        set.status = 204;
      },
      {
        access: READ,
        impersonation: "never",
        detail: {
          operationId: "leaveTeam",
          summary: "Leave the workspace",
          description: "The last owner hands over first.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/team/ownership",
      async ({ request, body }) => {
        const accountId = accountIdOf(body.accountId, PERSON);
        return teammateView(await handOver(room, personOf(request), { ...body, accountId }), true);
      },
      {
        access: { permission: "workspace:own" },
        body: HandOver,
        detail: {
          operationId: "handOverOwnership",
          summary: "Make somebody of the team an owner",
          description: "You are an admin afterwards, unless you stay an owner beside. Both of you are told by mail.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/team/:id/one-time-password",
      async ({ request, params, body, set }) => {
        const accountId = accountIdOf(params.id, PERSON);
        set.status = 201;
        return { password: await setPasswordAsAdmin(room, personOf(request), { accountId, ...body }) };
      },
      {
        access: WRITE,
        body: v.strictObject({ reason: Reason }),
        detail: {
          operationId: "setPasswordInTeam",
          summary: "Set a one-time password for a person",
          description:
            "For somebody who can't get in any more and gets no mail. They replace it when they sign in, and are told by mail. Only for a person who can do nothing, in any workspace, that you could not give yourself; never for an operator.",
          tags: TAGS,
        },
      },
    );
