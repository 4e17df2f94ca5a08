import { Elysia } from "elysia";
import * as v from "valibot";
import { accountOf, type Guard } from "../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../http/pages.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { accountIdOf } from "../people/fields.ts";
import type { AccessRoom } from "../room.ts";
import { Reason } from "../types.ts";
import { impersonate, stopImpersonating } from "./impersonation.ts";
import { type ImpersonationRow, listImpersonations } from "./store.ts";

const TAGS = ["Installation"];
const OPERATOR = { account: "operator" } as const;
const MINUTES_MAX = 30;

const Impersonate = v.strictObject({
  accountId: v.string(),
  reason: Reason,
  changes: v.optional(v.boolean()),
  minutes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MINUTES_MAX))),
});

const impersonationView = (row: ImpersonationRow) => ({
  id: row.id,
  operatorId: row.operator_id,
  accountId: row.account_id,
  reason: row.reason,
  changes: row.read_only === 0,
  startedAt: isoTime(row.started_at),
  endsAt: isoTime(row.ends_at),
  endedAt: row.ended_at === null ? null : isoTime(row.ended_at),
});

export const createImpersonationRoutes = (room: AccessRoom, guard: Guard) =>
  new Elysia({ name: "impersonation" })
    .use(guard)
    .get(
      "/v1/impersonations",
      async ({ query }) => {
        const { limit, after } = parsePage(query);
        const page = { before: after, limit: limit + 1 };
        const rows = await room.context.database.read((reader) => listImpersonations(reader, page));
        return pageOf(rows, limit, (row) => row.id, impersonationView);
      },
      {
        access: OPERATOR,
        query: v.object(listQuery),
        detail: { operationId: "listImpersonations", summary: "Who acted as whom, newest first", tags: TAGS },
      },
    )
    .post(
      "/v1/impersonations",
      async ({ request, body, set }) => {
        const accountId = accountIdOf(body.accountId);
        set.status = 201;
        return impersonationView(await impersonate(room, accountOf(request), { ...body, accountId }));
      },
      {
        access: OPERATOR,
        body: Impersonate,
        detail: {
          operationId: "impersonate",
          summary: "Act as another person",
          description:
            "From the next request on this session sees what the person sees, for 30 minutes at most, and changes nothing unless `changes` is said. Out of reach: sign-in and security, keys, tokens, the team, settings, exports, erasing, the audit log, another impersonation. The person is told by mail, at the start and at the end.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/impersonations/current",
      async ({ request, set }) => {
        await stopImpersonating(room, accountOf(request));
        set.status = 204;
      },
      {
        access: { account: "self" },
        impersonation: "ends",
        detail: { operationId: "stopImpersonating", summary: "Be yourself again", tags: TAGS },
      },
    );
