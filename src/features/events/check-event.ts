import type { Context } from "../../context.ts";
import { parseIsoTime } from "../../kernel/clock.ts";
import { type AppError, validationFailed } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { looksPersonal } from "../../kernel/text.ts";
import { MINUTE, type UnixMs } from "../../kernel/units.ts";
import type { KnownEventType } from "./event-types.ts";
import type { EventsRoom } from "./room.ts";
import { assertMaySend, type Sender } from "./sender.ts";
import type { SendEvent } from "./types.ts";

/** How far a sender's clock may run ahead of ours. */
const AHEAD_MAX = 5 * MINUTE;

/** Everything that may be wrong with a new event and needs no transaction. @returns its type, if it is known */
export async function checkEvent(
  room: EventsRoom,
  principal: Sender,
  event: SendEvent,
  properties: JsonObject,
): Promise<KnownEventType | undefined> {
  if (looksPersonal(event.userId)) {
    room.personalUserIds.add();
    if (room.context.config.events.personalUserIds === "refuse") {
      throw validationFailed([
        { path: "userId", message: "looks like an e-mail address or a phone number; send your own stable id" },
      ]);
    }
  }
  const type = await room.types.find(principal.environmentId, event.type);
  assertMaySend(principal, event.type, type);
  if ((type === undefined || type.origin === "guessed") && principal.environmentKind === "live") {
    throw validationFailed([
      { path: "type", message: "is not a registered event type; PUT /v1/event-types/{name} registers it" },
    ]);
  }
  const problems = type?.check?.(properties) ?? [];
  if (problems.length > 0) throw validationFailed(problems, "The properties do not fit the schema of the event type.");
  return type;
}

const wrongTime = (message: string): AppError => validationFailed([{ path: "occurredAt", message }]);

export function timeOf({ occurredAt }: SendEvent): UnixMs | undefined {
  if (occurredAt === undefined) return undefined;
  const at = parseIsoTime(occurredAt);
  if (at === undefined) throw wrongTime("must be an ISO 8601 time with its offset, such as 2026-11-20T18:04:00Z");
  return at;
}

export function checkTime(context: Context, { backfill }: SendEvent, at: UnixMs | undefined): void {
  if (at === undefined) return;
  const now = context.clock.now();
  if (at > now + AHEAD_MAX) throw wrongTime("lies more than 5 minutes in the future");
  if (at < 0) throw wrongTime("lies before 1970");
  if (backfill !== true && at < now - context.config.events.lateWindow) {
    throw wrongTime("is older than the late window; send `backfill: true` to count it for its own day");
  }
}
