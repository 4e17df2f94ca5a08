import type { Reader } from "../../../database/database.ts";
import type { MailDraft } from "../../../journal/mail.ts";
import { isoTime } from "../../../kernel/clock.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { namedInLetter, writeLetter } from "../../../outbound/mail/letter.ts";
import { shownEndpoint } from "../health/shown-endpoint.ts";
import type { SubscriptionRow } from "./store.ts";

/** Who is told of an endpoint's troubles; app.ts hands it in, this room keeps no people. */
export type FindContacts = (
  reader: Reader,
  workspaceId: Id<"ws">,
) => Promise<readonly { readonly email: string; readonly name: string | null }[]>;

export type Notice =
  | { readonly kind: "paused"; readonly reason: string; readonly until: UnixMs }
  | { readonly kind: "disabled"; readonly reason: string }
  | { readonly kind: "recovered"; readonly pausedSince: UnixMs };

const WORDS: Readonly<
  Record<Notice["kind"], { readonly subject: string; readonly what: string; readonly next: string }>
> = {
  paused: {
    subject: "Webhooks to an endpoint are paused",
    what: "Deliveries to this endpoint wait, because too many have failed in a row.",
    next: "It is asked again by itself. The first success sends all that waits; nothing is lost.",
  },
  disabled: {
    subject: "An endpoint gets no more webhooks",
    what: "Deliveries to this endpoint were switched off.",
    next: "What waited is kept and listed. POST /v1/webhooks/:id/resume makes it active again, POST /v1/webhooks/:id/recover sends what it missed.",
  },
  recovered: {
    subject: "Webhooks to an endpoint go on",
    what: "The endpoint answers again. All that waited is on its way.",
    next: "There is nothing for you to do.",
  },
};

const FOOTER = "You get this because you are named as a contact for technical matters of this workspace.";

/** A mail to each contact, where there is anybody. */
export async function noticesOf(
  findContacts: FindContacts,
  reader: Reader,
  { id, workspace_id, endpoint, description, environment_kind }: SubscriptionRow,
  notice: Notice,
): Promise<readonly MailDraft[]> {
  const contacts = await findContacts(reader, workspace_id);
  if (contacts.length === 0) return [];
  const { subject, what, next } = WORDS[notice.kind];
  const letter = writeLetter({
    title: subject,
    paragraphs: [what],
    facts: [
      { name: "Endpoint", value: namedInLetter(shownEndpoint(endpoint)) },
      ...(description === null ? [] : [{ name: "Description", value: namedInLetter(description) }]),
      { name: "Subscription", value: id },
      { name: "Environment", value: environment_kind },
      ...("reason" in notice ? [{ name: "Why", value: namedInLetter(notice.reason) }] : []),
      ...(notice.kind === "paused" ? [{ name: "Asked again", value: isoTime(notice.until) }] : []),
      ...(notice.kind === "recovered" ? [{ name: "Paused since", value: isoTime(notice.pausedSince) }] : []),
    ],
    remarks: [next.replaceAll(":id", id)],
    footer: FOOTER,
  });
  return contacts.map(({ email, name }) => ({
    kind: `subscription_${notice.kind}`,
    to: email,
    ...(name === null ? {} : { toName: name }),
    subject,
    workspaceId: workspace_id,
    ...letter,
  }));
}
