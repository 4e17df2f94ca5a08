import type { MailDraft } from "../../../journal/mail.ts";
import { isoTime } from "../../../kernel/clock.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { namedInLetter, writeLetter } from "../../../outbound/mail/letter.ts";
import type { PlacedKey } from "./store.ts";

const SUBJECT = "A secret key was reported as leaked and is revoked";

/** To whoever can do something about it: what was there to be done at once is done. */
export function leakNotice(to: string, { key, environmentKind, workspaceId }: PlacedKey, at: UnixMs): MailDraft {
  const letter = writeLetter({
    title: SUBJECT,
    paragraphs: [
      `Somebody reported the key ${namedInLetter(key.name)} of your ${environmentKind} environment as leaked, and had all of it. It was revoked at once: whatever uses it is refused from now on.`,
      "Make another key for your servers. Find where this one was to be seen, and look in the audit log for what was done with it.",
    ],
    facts: [
      { name: "Key", value: key.id },
      { name: "Revoked at", value: isoTime(at) },
      { name: "Last used", value: key.lastUsedAt === undefined ? "never" : isoTime(key.lastUsedAt) },
    ],
    footer: "You get this because you own this workspace, answer for this key, or are its contact for security.",
  });
  return { kind: "key_leaked", to, subject: SUBJECT, workspaceId, ...letter };
}
