import type { Writer } from "../../../database/database.ts";
import { mutate } from "../../../journal/mutate.ts";
import { findOutboundEvent } from "../../../journal/outbox.ts";
import { AppError, notFound } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { findHeld } from "../dispatch/holds/held.ts";
import type { Room } from "../room.ts";
import { findSubscription, type SubscriptionRow } from "../subscriptions/store.ts";
import type { ReplayOrigin } from "../types.ts";
import { type DeliveryView, showDelivery } from "./show.ts";
import { type DeliveryRow, findDelivery, insertDeliveries, reviveDelivery } from "./store.ts";

/**
 * Sends a delivery once more: with its own id, which a receiver may rightly drop, or `asNew` with another. It leaves the
 * ladder as it is, and when it fails, what was delivered is still delivered.
 */
export async function replayDelivery(
  room: Room,
  principal: EnvironmentPrincipal,
  id: Id<"dlv">,
  input: { readonly asNew?: boolean | undefined },
): Promise<DeliveryView> {
  const { environmentId, workspaceId } = principal;
  const { row, paused } = await mutate(room, principal, async (writer) => {
    const before = await findDelivery(writer, environmentId, id);
    if (!before) throw notFound("The delivery");
    const subscription = await findTakers(writer, before);
    const replayed = input.asNew ? await sendAsNew(room, writer, before) : await sendAgain(writer, before);
    writer.afterCommit(() => {
      if (subscription.mode === "push") room.dispatcher.wake([subscription.id]);
      else room.waiters.wake([subscription.id]);
    });
    return {
      result: { row: replayed, paused: subscription.status === "paused" },
      audit: [
        {
          workspaceId,
          environmentId,
          action: "delivery.replayed",
          target: id,
          details: { status: before.status, deliveryId: replayed.id },
        },
      ],
      announce: [],
      jobs: [],
    };
  });
  const held = await room.database.read((reader) => findHeld(reader, [row.subscription_id], room.clock.now()));
  return showDelivery(row, { paused, heldUntil: held.get(row.subscription_id) });
}

/** The subscription, if it takes deliveries, and the body, if it is still kept. */
async function findTakers(writer: Writer, row: DeliveryRow): Promise<SubscriptionRow> {
  const subscription = await findSubscription(writer, row.environment_id, row.subscription_id);
  if (!subscription) throw new AppError("conflict", "The subscription of this delivery was deleted.");
  if (subscription.status === "disabled") {
    throw new AppError("conflict", "The subscription is disabled: resume it first.");
  }
  const event = await findOutboundEvent(writer, row.environment_id, row.outbound_event_id);
  if (event?.body == null) throw new AppError("conflict", "The body of this event is no longer kept.");
  return subscription;
}

async function reload(writer: Writer, row: DeliveryRow, id: Id<"dlv">): Promise<DeliveryRow> {
  const found = await findDelivery(writer, row.environment_id, id);
  if (!found) throw notFound("The delivery");
  return found;
}

async function sendAsNew(room: Room, writer: Writer, row: DeliveryRow): Promise<DeliveryRow> {
  const id = room.ids.next("dlv");
  await insertDeliveries(writer, [
    {
      id,
      environmentId: row.environment_id,
      subscriptionId: row.subscription_id,
      outboundEventId: row.outbound_event_id,
      event: row.event,
      standing: { status: "pending" },
    },
  ]);
  return reload(writer, row, id);
}

async function sendAgain(writer: Writer, row: DeliveryRow): Promise<DeliveryRow> {
  if (row.status === "sending") throw new AppError("conflict", "The delivery is being sent just now.");
  // Asked twice: it is on its way already.
  if (row.replay_from !== null) return row;
  const origin: ReplayOrigin = {
    status: row.status,
    reason: row.reason,
    waitingFor: row.waiting_for,
    dueAt: row.due_at,
    endedAt: row.ended_at,
  };
  await reviveDelivery(writer, row, JSON.stringify(origin));
  return reload(writer, row, row.id);
}
