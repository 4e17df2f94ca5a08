import { Elysia } from "elysia";
import * as v from "valibot";
import { accountOf, type Guard } from "../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../http/pages.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { notFound } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import { MailAddress } from "../people/fields.ts";
import { sentView } from "../people/invitations/routes.ts";
import type { AccessRoom } from "../room.ts";
import { Name, Reason } from "../types.ts";
import { describeWorkspace, type ListedWorkspace, listEveryWorkspace } from "./list.ts";
import { deleteWorkspace, inviteOwner, openWorkspace, rename, resume, suspend } from "./operate.ts";
import type { WorkspaceRow } from "./store.ts";

const TAGS = ["Installation"];
const OPERATOR = { account: "operator" } as const;

function idOf(text: string): Id<"ws"> {
  if (!isId("ws", text)) throw notFound("The workspace");
  return text;
}

const statusOf = ({ deleted_at, suspended_at }: WorkspaceRow): "active" | "suspended" | "deleted" => {
  if (deleted_at !== null) return "deleted";
  return suspended_at === null ? "active" : "suspended";
};

const workspaceView = ({ workspace, environments, people, owners }: ListedWorkspace) => ({
  id: workspace.id,
  name: workspace.name,
  status: statusOf(workspace),
  reason: workspace.suspended_reason,
  environments: { live: environments.live ?? null, test: environments.test ?? null },
  people,
  owners,
  createdAt: isoTime(workspace.created_at),
});

export const createWorkspaceRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "workspaces" })
    .use(guard)
    .get(
      "/v1/workspaces",
      async ({ query }) => {
        const { limit, after } = parsePage(query);
        const rows = await listEveryWorkspace(room, { before: after, limit: limit + 1 });
        return pageOf(rows, limit, ({ workspace }) => workspace.id, workspaceView);
      },
      {
        access: OPERATOR,
        query: v.object(listQuery),
        detail: {
          operationId: "listWorkspaces",
          summary: "Every workspace of the installation, newest first",
          description: "Not what they hold: the operator looks into one by impersonation only.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/workspaces",
      async ({ request, body, set }) => {
        const { workspace, invitation } = await openWorkspace(room, accountOf(request), body);
        set.status = 201;
        const now = room.context.clock.now();
        return { ...workspaceView(workspace), invitation: invitation ? sentView(invitation, now) : null };
      },
      {
        access: OPERATOR,
        body: v.strictObject({ name: Name, ownerEmail: v.optional(MailAddress) }),
        detail: {
          operationId: "openWorkspace",
          summary: "Make a workspace",
          description:
            "Its owner is invited; without `ownerEmail` it is you. Keys are the owner's to make: the answer has none.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/workspaces/:id",
      async ({ params }) =>
        workspaceView(await room.context.database.read((reader) => describeWorkspace(reader, idOf(params.id)))),
      {
        access: OPERATOR,
        detail: { operationId: "readWorkspace", summary: "One workspace", tags: TAGS },
      },
    )
    .patch(
      "/v1/workspaces/:id",
      async ({ request, params, body: { name } }) =>
        workspaceView(await rename(room, accountOf(request), { id: idOf(params.id), name })),
      {
        access: OPERATOR,
        body: v.strictObject({ name: Name }),
        detail: { operationId: "renameWorkspace", summary: "Give a workspace another name", tags: TAGS },
      },
    )
    .post(
      "/v1/workspaces/:id/suspend",
      async ({ request, params, body: { reason } }) =>
        workspaceView(await suspend(room, accountOf(request), { id: idOf(params.id), reason })),
      {
        access: OPERATOR,
        body: v.strictObject({ reason: Reason }),
        detail: {
          operationId: "suspendWorkspace",
          summary: "Suspend a workspace",
          description:
            "At once its keys and tokens are 401 and its people 403, with the reason. Its owners are told by mail. What it holds stays; deliveries that wait go on.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/workspaces/:id/resume",
      async ({ request, params }) => workspaceView(await resume(room, accountOf(request), idOf(params.id))),
      {
        access: OPERATOR,
        detail: {
          operationId: "resumeWorkspace",
          summary: "Open a suspended workspace again",
          description: "Its keys, tokens and people are let in as before.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/workspaces/:id/owners",
      async ({ request, params, body: { email }, set }) => {
        const sent = await inviteOwner(room, accountOf(request), { id: idOf(params.id), email });
        set.status = 201;
        return sentView(sent, room.context.clock.now());
      },
      {
        access: OPERATOR,
        body: v.strictObject({ email: MailAddress }),
        detail: {
          operationId: "inviteOwner",
          summary: "Invite an owner into a workspace",
          description: "Where none is left who could. The owners there are hear of it by mail.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/workspaces/:id",
      async ({ request, params, body: { name } }) =>
        workspaceView(await deleteWorkspace(room, accountOf(request), { id: idOf(params.id), confirmation: name })),
      {
        access: OPERATOR,
        body: v.strictObject({ name: Name }),
        detail: {
          operationId: "deleteWorkspace",
          summary: "Delete a workspace",
          description:
            "Asks for its name. Its keys, tokens and invitations are revoked and nobody gets in any more. What it held stays in the database.",
          tags: TAGS,
        },
      },
    );
