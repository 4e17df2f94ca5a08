import { parseInput } from "../../http/validate.ts";
import { validationFailed } from "../../kernel/errors.ts";
import type { BrowserPrincipal } from "../../kernel/principal.ts";
import { type Incoming, plainEvent } from "./incoming.ts";
import { isBrowser, type Sender } from "./sender.ts";
import { SendEvent } from "./types.ts";

const withMember = (value: unknown, userId: string | undefined): unknown =>
  userId === undefined || typeof value !== "object" || value === null || Array.isArray(value) || "userId" in value
    ? value
    : { ...value, userId };

/** A token speaks for its own member, who need not be named; nobody's page says that something happened long ago. */
function readOfBrowser(value: unknown, { userId }: BrowserPrincipal): SendEvent {
  const event = parseInput(SendEvent, withMember(value, userId), "Send a JSON body.");
  if (userId !== undefined && event.userId !== userId) {
    throw validationFailed([{ path: "userId", message: "must be the member whose token this is, or be left out" }]);
  }
  if (event.backfill === true) {
    throw validationFailed([{ path: "backfill", message: "is for secret keys" }]);
  }
  return event;
}

/** An event of ours as this sender may bring it. */
export function eventOf(
  sender: Sender,
  value: unknown,
  source: "event" | "batch",
  idempotencyKey: string | undefined,
): Incoming {
  const incoming = plainEvent(value, source, idempotencyKey);
  return isBrowser(sender) ? { ...incoming, read: () => readOfBrowser(value, sender) } : incoming;
}
