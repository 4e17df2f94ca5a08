import { Elysia } from "elysia";
import * as v from "valibot";
import { assertStillAdmitted, callerOf, type Guard } from "../../../http/guard.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import { durationMs, parseDuration } from "../../../kernel/units.ts";
import type { Room } from "../room.ts";
import { subscriptionIdOf } from "../subscriptions/routes.ts";
import { acknowledgeDeliveries, PULLED_AT_ONCE_MAX, pullDeliveries, WAIT_MAX } from "./pull.ts";

const TAGS = ["Webhooks"];
const ACKNOWLEDGED_AT_ONCE_MAX = 1_000;
const PULLED_AT_ONCE = 20;

const PullQuery = v.object({
  wait: v.optional(
    v.pipe(
      v.string(),
      v.check(
        (text) => (parseDuration(text) ?? WAIT_MAX + 1) <= WAIT_MAX,
        'Must be a duration up to 25s, such as "20s".',
      ),
    ),
  ),
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,3}$/, `Must be a whole number from 1 to ${PULLED_AT_ONCE_MAX}.`),
      v.transform(Number),
      v.minValue(1),
      v.maxValue(PULLED_AT_ONCE_MAX),
    ),
  ),
});

const Acknowledge = v.strictObject({
  deliveries: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.check((text) => isId("dlv", text), "Is no id of a delivery."),
        v.transform((text) => text as Id<"dlv">),
      ),
    ),
    v.minLength(1),
    v.maxLength(ACKNOWLEDGED_AT_ONCE_MAX),
  ),
});

export const createPullRoutes = (room: Room, guard: Guard) =>
  new Elysia({ name: "webhooks-pull" })
    .use(guard)
    .get(
      "/v1/webhooks/:id/pull",
      async ({ request, params, query }) => {
        const { wait, limit } = query;
        const waitMs = wait === undefined ? durationMs(0) : (parseDuration(wait) ?? durationMs(0));
        const input = { id: subscriptionIdOf(params.id), wait: waitMs, limit: limit ?? PULLED_AT_ONCE };
        const puller = { signal: request.signal, assertStillAdmitted: () => assertStillAdmitted(request) };
        return { deliveries: await pullDeliveries(room, callerOf(request), input, puller) };
      },
      {
        access: { scope: "webhooks:write" },
        query: PullQuery,
        detail: {
          operationId: "pullDeliveries",
          summary: "Pull what is due for a pull subscription",
          description:
            "Waits up to `wait` (25s at most) for something to come. Each delivery has the headers and the body that a push would have; it comes again a minute later unless it is acknowledged.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/webhooks/:id/ack",
      ({ request, params, body }) =>
        acknowledgeDeliveries(room, callerOf(request), {
          id: subscriptionIdOf(params.id),
          deliveries: body.deliveries,
        }),
      {
        access: { scope: "webhooks:write" },
        body: Acknowledge,
        detail: {
          operationId: "acknowledgeDeliveries",
          summary: "End deliveries that were pulled",
          description: "`ignored` names those that this subscription never handed out or that ended otherwise.",
          tags: TAGS,
        },
      },
    );
