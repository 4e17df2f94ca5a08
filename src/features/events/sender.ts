import { type AppError, validationFailed } from "../../kernel/errors.ts";
import type { BrowserPrincipal, EnvironmentPrincipal } from "../../kernel/principal.ts";
import type { KnownEventType } from "./event-types.ts";

/** Who brings events: a server or a person of the environment, or a page in one member's hands or in anybody's. */
export type Sender = EnvironmentPrincipal | BrowserPrincipal;

export const isBrowser = (sender: Sender): sender is BrowserPrincipal =>
  sender.kind !== "key" && sender.kind !== "person";

/** The same words whatever the reason: a page is not told which types there are. */
const notForBrowsers = (): AppError =>
  validationFailed([{ path: "type", message: "is not an event type that this credential may send" }]);

/** @throws AppError where a page may not send it; to a server anything is open that its scopes are */
export function assertMaySend(sender: Sender, name: string, type: KnownEventType | undefined): void {
  if (!isBrowser(sender)) return;
  if (type?.clientSafe && sender.eventTypes?.has(name) !== false) return;
  throw notForBrowsers();
}
