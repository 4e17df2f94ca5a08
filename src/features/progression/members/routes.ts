import { Elysia } from "elysia";
import * as v from "valibot";
import { isKnown, tagOf, unchanged } from "../../../http/etag.ts";
import { callerOf, type Guard, memberOf } from "../../../http/guard.ts";
import { listQuery, numberBefore, pageOf, parsePage } from "../../../http/pages.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";
import { notFound } from "../../../kernel/errors.ts";
import { isCallerId } from "../../../kernel/text.ts";
import { listInputs, listTransfers } from "../inputs/store.ts";
import { Adjust, adjustBalance, type MembersRoom, PutMember, putMember } from "./commands.ts";
import { findMember, listMembers } from "./store.ts";
import { memberView, newcomer, ownView, transferView } from "./view.ts";

const TAGS = ["Members"];
const OneMember = v.object({
  userId: v.pipe(v.string(), v.check(isCallerId, "must be 1–255 printable characters")),
});
const List = v.object(listQuery);

/** Kept by the member's own browser, and asked about before it is used again. */
const OWN_CACHING = { "cache-control": "private, no-cache" } as const;
const TAG_CHARACTERS = 20;

export const createMemberRoutes = (room: MembersRoom, guard: Guard) => {
  const { database } = room.context;
  return new Elysia({ name: "members" })
    .use(guard)
    .get(
      "/v1/members",
      async ({ request, query }) => {
        const { environmentId } = callerOf(request);
        const { limit, after } = parsePage(query);
        return database.read(async (reader) => {
          const program = await room.programs.active(reader, environmentId);
          const members = await listMembers(reader, environmentId, { before: after, limit: limit + 1 });
          return pageOf(
            members,
            limit,
            (member) => member.id,
            (member) => memberView(member, program),
          );
        });
      },
      {
        access: { scope: "members:read" },
        query: List,
        detail: { operationId: "listMembers", summary: "List members, newest first", tags: TAGS },
      },
    )
    .get(
      "/v1/members/:userId",
      async ({ request, params }) => {
        const { environmentId } = callerOf(request);
        return database.read(async (reader) => {
          const member = await findMember(reader, environmentId, params.userId);
          if (!member) throw notFound("The member");
          return memberView(member, await room.programs.active(reader, environmentId));
        });
      },
      {
        access: { scope: "members:read" },
        params: OneMember,
        detail: { operationId: "getMember", summary: "One member with balances, levels and badges", tags: TAGS },
      },
    )
    .get(
      "/v1/widget/state",
      async ({ request, set }) => {
        const { environmentId, userId } = memberOf(request);
        const state = await database.read(async (reader) => {
          const member = await findMember(reader, environmentId, userId);
          return ownView(member ?? newcomer(userId), await room.programs.active(reader, environmentId));
        });
        const tag = sha256Hex(JSON.stringify(state)).slice(0, TAG_CHARACTERS);
        if (isKnown(request, tag)) return unchanged(tag, OWN_CACHING);
        Object.assign(set.headers, OWN_CACHING, { etag: tagOf(tag) });
        return state;
      },
      {
        access: { widget: "progress:read" },
        detail: {
          operationId: "getOwnState",
          summary: "What a member has, for their own browser",
          description:
            "Of the token's member, without what you said of them as attributes. Send the `ETag` back as `If-None-Match` to be told 304 while it holds.",
          tags: ["Widgets"],
        },
      },
    )
    .put(
      "/v1/members/:userId",
      async ({ request, params, body }) => {
        const principal = callerOf(request);
        const member = await putMember(room, principal, params.userId, body);
        const program = await database.read((reader) => room.programs.active(reader, principal.environmentId));
        return memberView(member, program);
      },
      {
        access: { scope: "members:write" },
        params: OneMember,
        body: PutMember,
        detail: {
          operationId: "putMember",
          summary: "Say what is known of a member",
          description: "Attributes are merged; `null` deletes one. Send your own stable ids, not personal data.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/members/:userId/ledger",
      async ({ request, params, query }) => {
        const { environmentId } = callerOf(request);
        const { limit, after } = parsePage(query);
        return database.read(async (reader) => {
          const member = await findMember(reader, environmentId, params.userId);
          if (!member) throw notFound("The member");
          const page = { before: transferCursor(after), limit: limit + 1 };
          const rows = await listTransfers(reader, environmentId, member.id, page);
          return pageOf(
            rows,
            limit,
            (row) => `${row.input_sequence}/${row.effect_key}`,
            (row) => transferView(row, member),
          );
        });
      },
      {
        access: { scope: "members:read" },
        params: OneMember,
        query: List,
        detail: {
          operationId: "listLedger",
          summary: "A member's ledger, newest first",
          description: "Double entry: each transfer moves an amount between `member` and `program`.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/members/:userId/events",
      async ({ request, params, query }) => {
        const { environmentId } = callerOf(request);
        const { limit, after } = parsePage(query);
        return database.read(async (reader) => {
          if (!(await findMember(reader, environmentId, params.userId))) throw notFound("The member");
          const filter = { userId: params.userId, eventsOnly: false };
          const before = numberBefore(after);
          const rows = await listInputs(reader, environmentId, filter, { before, limit: limit + 1 });
          return pageOf(
            rows,
            limit,
            (input) => String(input.sequence),
            (input) => ({
              id: input.id,
              kind: input.kind,
              type: input.type,
              occurredAt: isoTime(input.occurredAt),
              receivedAt: isoTime(input.receivedAt),
              localDate: input.localDate,
              programVersion: input.programVersion,
              effects: input.effects ?? [],
            }),
          );
        });
      },
      {
        access: { scope: "members:read" },
        params: OneMember,
        query: List,
        detail: {
          operationId: "listMemberEvents",
          summary: "What happened to a member, newest first",
          description: "Events, and commands such as adjustments.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/members/:userId/adjustments",
      async ({ request, params, body, set }) => {
        const input = await adjustBalance(room, callerOf(request), params.userId, body);
        set.status = 201;
        return {
          id: input.id,
          userId: input.userId,
          receivedAt: isoTime(input.receivedAt),
          effects: input.effects ?? [],
        };
      },
      {
        access: { scope: "members:write", permission: "progress:adjust" },
        params: OneMember,
        body: Adjust,
        detail: {
          operationId: "adjustBalance",
          summary: "Give or take an amount by hand",
          description: "With a reason; it is audited. A balance never goes below zero: 422 `insufficient_balance`.",
          tags: TAGS,
        },
      },
    );
};

function transferCursor(after: string | undefined): readonly [number, string] {
  const slash = after?.indexOf("/") ?? -1;
  return [numberBefore(after?.slice(0, Math.max(0, slash))), after?.slice(slash + 1) ?? ""];
}
