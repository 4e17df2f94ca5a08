import { AppError } from "../../../kernel/errors.ts";
import type { EnvironmentPrincipal } from "../../../kernel/principal.ts";
import { memberDraft } from "../../progression/index.ts";
import { keyAt, reworded } from "../incoming.ts";
import type { Refusal } from "../refused/keep.ts";
import type { EventsRoom } from "../room.ts";
import { type Prepared, prepareEvent, receiveAll } from "../send-event.ts";
import {
  type Fields,
  fieldsOf,
  isIgnored,
  MESSAGE_TYPES,
  type Message,
  namesOfMessage,
  readMessage,
  wordingOf,
} from "./message.ts";

export interface SegmentBatch {
  readonly messages: readonly unknown[];
  /** By the sender's clock. */
  readonly sentAt: unknown;
  /** Stands in where a message has no id. */
  readonly idempotencyKey: string | undefined;
}

/**
 * Takes what one of Segment's libraries sends. Each message is taken or refused by itself, in order: events and what is
 * said of members go into the log together. The library is told of no refusal, so those are on the disk before it is
 * answered.
 * @throws AppError `unavailable` where any message could not be written: the library sends all of them again
 */
export async function receiveSegment(
  room: EventsRoom,
  principal: EnvironmentPrincipal,
  { messages, sentAt, idempotencyKey }: SegmentBatch,
): Promise<void> {
  const sending = { sentAt, receivedAt: room.context.clock.now() };
  const count = ({ type }: Fields, outcome: string): void => {
    const known = MESSAGE_TYPES.find((one) => one === type) ?? "unknown";
    room.segmentMessages.add(1, { type: known, outcome });
  };
  const read = messages.map((message, place) => ({ fields: fieldsOf(message), key: keyAt(idempotencyKey, place) }));
  for (const { fields } of read.filter(isIgnored)) count(fields, "ignored");
  const wanted = read.filter((message) => !isIgnored(message));
  const received = await receiveAll(
    room,
    principal,
    wanted.map(
      ({ fields, key }) =>
        async () =>
          prepare(room, principal, readMessage(fields, sending), key),
    ),
  );
  const refusals = wanted.flatMap(({ fields }, place): Refusal[] => {
    const result = received[place];
    if (result?.kind !== "refused") {
      count(fields, result?.isRepeat ? "duplicate" : "accepted");
      return [];
    }
    count(fields, "rejected");
    const error = reworded(result.error, { wording: wordingOf(fields) });
    return [{ source: "segment", names: namesOfMessage(fields), error }];
  });
  const away = refusals.find(({ error }) => error.code === "unavailable")?.error;
  if (away) throw new AppError("unavailable", away.message, { retryAfterSeconds: 1 });
  await room.refused.keep(principal, refusals);
}

async function prepare(
  room: EventsRoom,
  principal: EnvironmentPrincipal,
  message: Message,
  idempotencyKey: string | undefined,
): Promise<Prepared> {
  if (message.kind === "event") {
    return prepareEvent(room, principal, message.event, { idempotencyKey, occurredAt: message.occurredAt });
  }
  if (!principal.scopes.has("members:write")) {
    throw new AppError("forbidden", "The key lacks the scope members:write.");
  }
  const { userId, attributes, id } = message;
  return { kind: "new", draft: memberDraft(room.context, principal, userId, { attributes }, id), learns: false };
}
