import { Elysia } from "elysia";
import * as v from "valibot";
import type { Database } from "../../../database/database.ts";
import { callerOf, type Guard } from "../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../http/pages.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { listRefusedEvents, type RefusedEvent } from "./store.ts";

const ListRefused = v.object({ ...listQuery, userId: v.optional(v.string()), type: v.optional(v.string()) });

export const createRefusedEventRoutes = (database: Database, guard: Guard) =>
  new Elysia({ name: "refused-events" }).use(guard).get(
    "/v1/events/refused",
    async ({ request, query }) => {
      const { limit, after } = parsePage(query);
      const { environmentId } = callerOf(request);
      const page = { before: after, limit: limit + 1 };
      const rows = await database.read((reader) => listRefusedEvents(reader, environmentId, query, page));
      return pageOf(rows, limit, ({ place }) => place, refusedView);
    },
    {
      access: { scope: "events:read" },
      query: ListRefused,
      detail: {
        operationId: "listRefusedEvents",
        summary: "List events that were refused, newest first",
        description:
          "One by one, for a week: of batches too, whose answer is 200 whatever they hold. Never with their properties.",
        tags: ["Events"],
      },
    },
  );

const refusedView = (one: RefusedEvent) => ({
  refusedAt: isoTime(one.at),
  requestId: one.requestId,
  source: one.source,
  id: one.id ?? null,
  type: one.type ?? null,
  userId: one.userId ?? null,
  error: { code: one.code, message: one.message, ...(one.details.length === 0 ? {} : { details: one.details }) },
});
