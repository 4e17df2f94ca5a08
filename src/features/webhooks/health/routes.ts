import { Elysia } from "elysia";
import * as v from "valibot";
import { callerOf, type Guard } from "../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../http/pages.ts";
import { notFound } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { Room } from "../room.ts";
import { findEnvironmentHealth, findSubscriptionHealth } from "./health.ts";

const TAGS = ["Webhooks"];
const READ = { scope: "webhooks:read" } as const;

function subscriptionIdOf(text: string): Id<"sub"> {
  if (!isId("sub", text)) throw notFound("The subscription");
  return text;
}

export const createHealthRoutes = (room: Room, guard: Guard) =>
  new Elysia({ name: "webhooks-health" })
    .use(guard)
    .get(
      "/v1/webhooks/health",
      async ({ request, query }) => {
        const page = parsePage(query);
        const { data, ...health } = await findEnvironmentHealth(room, callerOf(request), page);
        return { ...health, ...pageOf(data, page.limit, ({ subscriptionId }) => subscriptionId) };
      },
      {
        access: READ,
        query: v.object(listQuery),
        detail: {
          operationId: "getWebhooksHealth",
          summary: "How all endpoints of the environment do",
          description:
            "The state in one sentence, success rates over an hour, a day and a week, why attempts failed, what waits, who needs a person, when the daily digest went; then every endpoint, newest first.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/webhooks/:id/health",
      ({ request, params }) => findSubscriptionHealth(room, callerOf(request), subscriptionIdOf(params.id)),
      {
        access: READ,
        detail: {
          operationId: "getWebhookHealth",
          summary: "How a subscription's endpoint does",
          description:
            "The state in one sentence with the next step, success rates over an hour, a day and a week, why attempts failed and the last of each cause, what waits and for what.",
          tags: TAGS,
        },
      },
    );
