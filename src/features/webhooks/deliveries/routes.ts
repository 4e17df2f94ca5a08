import { Elysia } from "elysia";
import * as v from "valibot";
import { callerOf, type Guard } from "../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../http/pages.ts";
import { parseInput } from "../../../http/validate.ts";
import { parseIsoTime } from "../../../kernel/clock.ts";
import { notFound } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { findDetained } from "../dispatch/holds/detained.ts";
import type { Room } from "../room.ts";
import { DELIVERY_STATUSES } from "../types.ts";
import { cancelDelivery } from "./cancel.ts";
import { replayDelivery } from "./replay.ts";
import { type FindWays, findDeliveryDetail, findOutboundEventView, showDeliveries } from "./show.ts";
import { listDeliveries } from "./store.ts";

const TAGS = ["Deliveries"];

const deliveryFilters = {
  subscription: v.optional(v.pipe(v.string(), v.maxLength(64))),
  status: v.optional(v.picklist(DELIVERY_STATUSES)),
  event: v.optional(v.pipe(v.string(), v.maxLength(128))),
  since: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => parseIsoTime(text) !== undefined, "Must be an ISO 8601 time with its offset."),
    ),
  ),
};
const DeliveryQuery = v.object({ ...listQuery, ...deliveryFilters });
const Filters = v.object(deliveryFilters);

const ReplayDelivery = v.strictObject({ asNew: v.optional(v.boolean()) });

function deliveryIdOf(text: string | undefined): Id<"dlv"> {
  if (text === undefined || !isId("dlv", text)) throw notFound("The delivery");
  return text;
}

function eventIdOf(text: string | undefined): Id<"evt"> {
  if (text === undefined || !isId("evt", text)) throw notFound("The outbound event");
  return text;
}

const waysOf =
  (room: Room, environmentId: Id<"env">): FindWays =>
  (reader, ids) =>
    findDetained(room, reader, environmentId, ids);

export const createDeliveryRoutes = (room: Room, guard: Guard) =>
  new Elysia({ name: "webhooks-deliveries" })
    .use(guard)
    .get(
      "/v1/deliveries",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const { subscription, status, event, since } = parseInput(Filters, query);
        const { environmentId } = callerOf(request);
        const filter = {
          subscriptionId: subscription as Id<"sub"> | undefined,
          status,
          event,
          since: since === undefined ? undefined : (parseIsoTime(since) as UnixMs),
          after,
          rows: limit + 1,
        };
        return room.database.read(async (reader) => {
          const page = pageOf(await listDeliveries(reader, environmentId, filter), limit, (row) => row.id);
          return {
            data: await showDeliveries(reader, page.data, room.clock.now(), waysOf(room, environmentId)),
            next: page.next,
          };
        });
      },
      {
        access: { scope: "webhooks:read" },
        query: DeliveryQuery,
        detail: { operationId: "listDeliveries", summary: "List deliveries, newest first", tags: TAGS },
      },
    )
    .get(
      "/v1/deliveries/:id",
      ({ request, params }) => {
        const { environmentId } = callerOf(request);
        const id = deliveryIdOf(params.id);
        const ways = waysOf(room, environmentId);
        return room.database.read((reader) => findDeliveryDetail(reader, environmentId, id, room.clock.now(), ways));
      },
      {
        access: { scope: "webhooks:read" },
        detail: {
          operationId: "getDelivery",
          summary: "Read a delivery with its attempts",
          description:
            "Each attempt with its request's headers (custom ones masked) and the answer: status, headers, the first 16 KiB of its body. Attempts are kept for 24 hours after the delivery's end.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/deliveries/:id/replay",
      async ({ request, params, body, set }) => {
        set.status = 202;
        return replayDelivery(room, callerOf(request), deliveryIdOf(params.id), body ?? {});
      },
      {
        access: { scope: "webhooks:write", permission: "deliveries:replay" },
        body: v.optional(ReplayDelivery),
        detail: {
          operationId: "replayDelivery",
          summary: "Send a delivery once more",
          description:
            "With the same id, or with a new one (`asNew`) for a receiver that rightly drops a known one. The retry ladder stays as it is; what was delivered stays delivered whatever comes of it.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/deliveries/:id/cancel",
      ({ request, params }) => cancelDelivery(room, callerOf(request), deliveryIdOf(params.id)),
      {
        access: { scope: "webhooks:write" },
        detail: {
          operationId: "cancelDelivery",
          summary: "Cancel a waiting delivery",
          description: "A request that is under way can't be called back; if it fails, it is not retried.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/outbound-events/:id",
      ({ request, params }) =>
        room.database.read((reader) =>
          findOutboundEventView(reader, callerOf(request).environmentId, eventIdOf(params.id)),
        ),
      {
        access: { scope: "webhooks:read" },
        detail: {
          operationId: "getOutboundEvent",
          summary: "Read an outbound event and its deliveries",
          description: "`body` is the text that was signed and sent; it is kept for 30 days.",
          tags: TAGS,
        },
      },
    );
