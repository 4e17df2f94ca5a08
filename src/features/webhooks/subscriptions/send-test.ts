import type { FanOut } from "../../../context.ts";
import { mutate } from "../../../journal/mutate.ts";
import { announce } from "../../../journal/outbox.ts";
import type { OutboundEventType } from "../../../kernel/catalogue.ts";
import { AppError, notFound, validationFailed } from "../../../kernel/errors.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { insertDeliveries } from "../deliveries/store.ts";
import { standingOf } from "../fan-out.ts";
import type { Room } from "../room.ts";
import { findSubscription, type SubscriptionRow } from "./store.ts";

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
    const type = chooseType(room, row, input.event);
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

type Sample = Pick<OutboundEventType, "name" | "example">;

/** An event of a customer's own type, in the shape in which it is sent on; what its properties hold is theirs to say. */
const forwarded = (name: string): Sample => ({
  name,
  example: {
    id: "test-event",
    type: name,
    userId: "user_42",
    occurredAt: "2026-11-20T18:04:00.000Z",
    properties: {},
  },
});

/** Whether the name could be a customer's own, by the same rule as when it is subscribed to. */
const isForwardable = ({ catalogue }: Room, name: string): boolean =>
  !name.includes("*") && catalogue.check([name]).length === 0;

function chooseType(room: Room, row: SubscriptionRow, name: string | undefined): Sample {
  const { catalogue } = room;
  const events = JSON.parse(row.events) as string[];
  if (name !== undefined) {
    const named = catalogue.find(name);
    if (named) return named;
    if (isForwardable(room, name) && catalogue.matches(events, name)) return forwarded(name);
    const message = "Is neither in the catalogue nor a forwarded event type that the subscription wants.";
    throw validationFailed([{ path: "event", message }]);
  }
  const wanted = catalogue.list().find((each) => catalogue.matches(events, each.name));
  if (wanted) return wanted;
  const own = events.find((each) => isForwardable(room, each));
  if (own === undefined) throw new AppError("conflict", "The subscription wants nothing that is sent any more.");
  return forwarded(own);
}
