import type { FanOut } from "../../../context.ts";
import { mutate } from "../../../journal/mutate.ts";
import { announce } from "../../../journal/outbox.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { insertDeliveries } from "../deliveries/store.ts";
import { standingOf } from "../fan-out.ts";
import type { Room } from "../room.ts";
import { chooseType } from "./choose-type.ts";
import { findSubscription } from "./store.ts";

export interface SentTest {
  readonly deliveryId: Id<"dlv">;
  readonly outboundEventId: Id<"evt">;
  readonly event: string;
}

/** Sends an event that the subscription wants, with an example as its data: by the same rows, claims and sockets as any other. */
export async function sendTest(
  room: Room,
  principal: EnvironmentPrincipal,
  id: Id<"sub">,
  input: { readonly event?: string | undefined },
): Promise<SentTest> {
  const { environmentId, workspaceId } = principal;
  return mutate(room, principal, async (writer) => {
    const row = await findSubscription(writer, environmentId, id);
    if (!row) throw notFound("The subscription");
    if (row.status === "disabled") throw new AppError("conflict", "The subscription is disabled: resume it first.");
    const type = chooseType(room, JSON.parse(row.events) as string[], input.event);
    const deliveryId = room.ids.next("dlv");
    const toThisOne: FanOut = {
      wants: async () => true,
      expand: (inner, events) =>
        insertDeliveries(
          inner,
          events.map((event) => ({
            id: deliveryId,
            environmentId,
            subscriptionId: id,
            outboundEventId: event.id,
            event: event.type,
            standing: standingOf(row.status),
          })),
        ),
    };
    const { traceparent } = principal.request;
    const [outboundEventId] = await announce({ ids: room.ids, fanOut: toThisOne }, writer, [
      {
        environmentId,
        type: type.name,
        data: type.example,
        sole: id,
        ...(traceparent === undefined ? {} : { traceparent }),
      },
    ]);
    if (outboundEventId === undefined) throw new Error("a test event was not written");
    writer.afterCommit(() => {
      if (row.mode === "push") room.dispatcher.wake([id]);
      else room.waiters.wake([id]);
    });
    return {
      result: { deliveryId, outboundEventId, event: type.name },
      audit: [{ workspaceId, environmentId, action: "webhook.tested", target: id, details: { event: type.name } }],
      announce: [],
      jobs: [],
    };
  });
}
