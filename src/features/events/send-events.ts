import { AppError, type ErrorDetail } from "../../kernel/errors.ts";
import { describeError } from "../../kernel/log.ts";
import { type Incoming, reworded } from "./incoming.ts";
import type { Refusal } from "./refused/keep.ts";
import type { EventsRoom } from "./room.ts";
import { prepareEvent, receiveAll, receiveOne, type SentEvent, sentEvent } from "./send-event.ts";
import type { Sender } from "./sender.ts";

export type BatchResult =
  | SentEvent
  | {
      readonly status: "rejected";
      readonly error: { readonly code: string; readonly message: string; readonly details?: readonly ErrorDetail[] };
    };

/** Records what came alone. @throws AppError with the reason, where it is not accepted; it is listed among the refused */
export async function sendOne(room: EventsRoom, principal: Sender, incoming: Incoming): Promise<SentEvent> {
  const received = await receiveOne(room, principal, preparing(room, principal, incoming));
  if (received.kind === "recorded") return sentEvent(received);
  await keepRefused(room, principal, [refusalOf(incoming, received.error)]);
  throw received.error;
}

/**
 * Records many; each is accepted or rejected by itself, in the order given, and the rejected ones are listed.
 * @throws AppError `unavailable` where none was kept because none could be: whoever sends it again loses nothing
 */
export async function sendEvents(
  room: EventsRoom,
  principal: Sender,
  events: readonly Incoming[],
): Promise<BatchResult[]> {
  const received = await receiveAll(
    room,
    principal,
    events.map((event) => preparing(room, principal, event)),
  );
  const refusals = received.flatMap((result, place): Refusal[] => {
    const event = events[place];
    return result.kind === "recorded" || !event ? [] : [refusalOf(event, result.error)];
  });
  const away = refusals.find(({ error }) => error.code === "unavailable")?.error;
  if (away && refusals.length === received.length) {
    throw new AppError("unavailable", away.message, { retryAfterSeconds: 1 });
  }
  await keepRefused(room, principal, refusals);
  return received.map((result) => (result.kind === "recorded" ? sentEvent(result) : rejected(result.error)));
}

const rejected = ({ code, message, details }: AppError): BatchResult => ({
  status: "rejected",
  error: { code, message, ...(details.length > 0 ? { details } : {}) },
});

const refusalOf = ({ source, names }: Incoming, error: AppError): Refusal => ({ source, names: names(), error });

/** What is wrong with it is told in the words of whoever sent it. */
const preparing = (room: EventsRoom, principal: Sender, incoming: Incoming) => async () => {
  try {
    return await prepareEvent(room, principal, incoming.read(), incoming);
  } catch (error) {
    throw error instanceof AppError ? reworded(error, incoming) : error;
  }
};

/** The sender is told each refusal in the answer: where the list can't be written, that stands. */
async function keepRefused(
  { refused, context }: EventsRoom,
  principal: Sender,
  refusals: readonly Refusal[],
): Promise<void> {
  try {
    await refused.keep(principal, refusals);
  } catch (error) {
    context.log.warn("refused events could not be kept", { count: refusals.length, ...describeError(error) });
  }
}
