import { Elysia } from "elysia";
import * as v from "valibot";
import { callerOf, type Guard } from "../../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../../http/pages.ts";
import { parseInput } from "../../../http/validate.ts";
import { notFound } from "../../../kernel/errors.ts";
import { type Id, isId } from "../../../kernel/ids.ts";
import { showCatalogue } from "../catalogue.ts";
import { previewFitting } from "../format/preview.ts";
import type { Room } from "../room.ts";
import { changeSubscription, fittingAfter, resumeSubscription } from "./change.ts";
import { createSubscription, fittingOf } from "./create.ts";
import { deleteSubscription } from "./delete.ts";
import { finishRotation, rotateSecret } from "./rotate-secret.ts";
import {
  ChangeSubscription,
  CreateSubscription,
  PreviewChange,
  PreviewSettings,
  RotateSecret,
  SendTest,
} from "./schema.ts";
import { sendTest } from "./send-test.ts";
import { showSubscription } from "./show.ts";
import { findSubscription, listSubscriptions } from "./store.ts";

const TAGS = ["Webhooks"];
const READ = { scope: "webhooks:read" } as const;
const WRITE = { scope: "webhooks:write" } as const;

const own = { all: v.optional(v.picklist(["true", "false"])) };
const ListSubscriptions = v.object({ ...listQuery, ...own });
const Own = v.object(own);

export function subscriptionIdOf(text: string | undefined): Id<"sub"> {
  if (text === undefined || !isId("sub", text)) throw notFound("The subscription");
  return text;
}

export const createSubscriptionRoutes = (room: Room, guard: Guard) =>
  new Elysia({ name: "webhooks-subscriptions" })
    .use(guard)
    .get("/v1/webhooks/events", () => showCatalogue(room.catalogue), {
      access: READ,
      detail: {
        operationId: "listOutboundEventTypes",
        summary: "The catalogue of outbound events",
        description: "Each with its JSON Schema and an example of `data`.",
        tags: TAGS,
      },
    })
    .post(
      "/v1/webhooks",
      async ({ request, body, set }) => {
        const created = await createSubscription(room, callerOf(request), body);
        set.status = 201;
        return created;
      },
      {
        access: WRITE,
        body: CreateSubscription,
        detail: {
          operationId: "createWebhook",
          summary: "Subscribe to outbound events",
          description:
            "Without a `secret` one is made and shown in this answer only. `events` holds names, families such as `points.*`, or `*` for everything but the operations family. A `pull` subscription has no endpoint.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/webhooks",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const { all } = parseInput(Own, query);
        const caller = callerOf(request);
        const { environmentId } = caller;
        // People see what their role lets them see, whoever made it.
        const owner = all === "true" || caller.kind !== "key" ? undefined : caller.keyId;
        const filter = { owner, after, rows: limit + 1 };
        const rows = await room.database.read((reader) => listSubscriptions(reader, environmentId, filter));
        const page = pageOf(rows, limit, (row) => row.id);
        return { data: page.data.map((row) => showSubscription(room, row)), next: page.next };
      },
      {
        access: READ,
        query: ListSubscriptions,
        detail: {
          operationId: "listWebhooks",
          summary: "List subscriptions, newest first",
          description: "Those made with this key (also before its rotations); `all=true` lists the environment's.",
          tags: TAGS,
        },
      },
    )
    .get(
      "/v1/webhooks/:id",
      async ({ request, params }) => {
        const id = subscriptionIdOf(params.id);
        const row = await room.database.read((reader) => findSubscription(reader, callerOf(request).environmentId, id));
        if (!row) throw notFound("The subscription");
        return showSubscription(room, row);
      },
      {
        access: READ,
        detail: { operationId: "getWebhook", summary: "Read a subscription", tags: TAGS },
      },
    )
    .patch(
      "/v1/webhooks/:id",
      ({ request, params, body }) => changeSubscription(room, callerOf(request), subscriptionIdOf(params.id), body),
      {
        access: WRITE,
        body: ChangeSubscription,
        detail: {
          operationId: "changeWebhook",
          summary: "Change a subscription",
          description:
            "Fields that are not sent stay as they are; `null` takes a setting away; `active: false` pauses.",
          tags: TAGS,
        },
      },
    )
    .delete(
      "/v1/webhooks/:id",
      async ({ request, params, set }) => {
        await deleteSubscription(room, callerOf(request), subscriptionIdOf(params.id));
        set.status = 204;
      },
      {
        access: WRITE,
        detail: {
          operationId: "deleteWebhook",
          summary: "Delete a subscription",
          description: "What waits for it is canceled.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/webhooks/preview",
      ({ request, body: { event, ...settings } }) =>
        previewFitting(room, callerOf(request), fittingOf(settings), event),
      {
        access: READ,
        // It changes nothing, so that there is nothing to repeat.
        ownIds: true,
        body: PreviewSettings,
        detail: {
          operationId: "previewWebhookSettings",
          summary: "What a subscription with these settings would be sent",
          description:
            "Shows on an event whether the filter lets it through, the body and the headers, and what fails, in words. Nothing is sent or kept. Signatures are masked: who could have any body signed would need no secret.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/webhooks/:id/preview",
      async ({ request, params, body }) => {
        const { event, ...change } = body ?? {};
        const caller = callerOf(request);
        const id = subscriptionIdOf(params.id);
        const row = await room.database.read((reader) => findSubscription(reader, caller.environmentId, id));
        if (!row) throw notFound("The subscription");
        return previewFitting(room, caller, fittingAfter(room, row, change), event);
      },
      {
        access: READ,
        ownIds: true,
        body: v.optional(PreviewChange),
        detail: {
          operationId: "previewWebhook",
          summary: "What a subscription would be sent",
          description:
            "As it is, or with the settings that are handed in: on an event of yours, else on the latest that it wants, else on the catalogue's example. Nothing is sent or kept.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/webhooks/:id/test",
      async ({ request, params, body, set }) => {
        set.status = 202;
        return sendTest(room, callerOf(request), subscriptionIdOf(params.id), body ?? {});
      },
      {
        access: WRITE,
        body: v.optional(SendTest),
        detail: {
          operationId: "testWebhook",
          summary: "Send a test event",
          description:
            "An event that the subscription wants, with an example as its data, by the same way as any other: of the catalogue, or in the shape of a forwarded event where it wants those only.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/webhooks/:id/rotate-secret",
      ({ request, params, body }) =>
        rotateSecret(room, callerOf(request), subscriptionIdOf(params.id), body ?? parseInput(RotateSecret, {})),
      {
        access: WRITE,
        body: v.optional(RotateSecret),
        detail: {
          operationId: "rotateWebhookSecret",
          summary: "Give a subscription a new secret",
          description:
            "Until the overlap ends (24 hours if nothing is said) `X-Hatch-Signature` stays with the old secret, `X-Hatch-Signature-Next` carries the new one's, and `webhook-signature` lists both.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/webhooks/:id/rotate-secret/finish",
      ({ request, params }) => finishRotation(room, callerOf(request), subscriptionIdOf(params.id)),
      {
        access: WRITE,
        detail: { operationId: "finishWebhookRotation", summary: "End the overlap of a rotation now", tags: TAGS },
      },
    )
    .post(
      "/v1/webhooks/:id/resume",
      ({ request, params }) => resumeSubscription(room, callerOf(request), subscriptionIdOf(params.id)),
      {
        access: WRITE,
        detail: {
          operationId: "resumeWebhook",
          summary: "Make a paused or disabled subscription active again",
          description: "What waited is sent at once; what was skipped stays skipped and can be recovered.",
          tags: TAGS,
        },
      },
    );
