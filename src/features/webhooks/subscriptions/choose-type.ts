import type { OutboundEventType } from "../../../kernel/catalogue.ts";
import { AppError, validationFailed } from "../../../kernel/errors.ts";
import type { Room } from "../room.ts";

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
const isForwardable = ({ catalogue }: Pick<Room, "catalogue">, name: string): boolean =>
  !name.includes("*") && catalogue.check([name]).length === 0;

/** An event to show or to try: the one that is named, or the first that is wanted. */
export function chooseType(room: Pick<Room, "catalogue">, events: readonly string[], name: string | undefined): Sample {
  const { catalogue } = room;
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
