import type { MailDraft } from "../../../../journal/mail.ts";
import { isoTime } from "../../../../kernel/clock.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import { namedInLetter, writeLetter } from "../../../../outbound/mail/letter.ts";

const FOOTER = "You get this because an account of this Hatch installation has, or is to have, your address.";

export function confirmLetter({
  to,
  side,
  newEmail,
  expiresAt,
  url,
}: {
  readonly to: string;
  readonly side: "old" | "new";
  readonly newEmail: string;
  readonly expiresAt: UnixMs;
  readonly url: string;
}): MailDraft {
  const subject = "Confirm the change of your e-mail address";
  const letter = writeLetter({
    title: subject,
    paragraphs: [
      side === "old"
        ? `Your account is to change its address to ${namedInLetter(newEmail)}. Confirm it here, and with the link that went there.`
        : "An account is to change its address to this one. Confirm it here, and with the link that went to its old address.",
    ],
    action: { label: "Confirm the change", url },
    facts: [{ name: "Good until", value: isoTime(expiresAt) }],
    remarks: ["The link works once. If it was not you, do nothing: the address stays as it is."],
    footer: FOOTER,
  });
  return { kind: "email_confirm", to, subject, expiresAt, ...letter };
}

/** To who has the address already. */
export function takenNotice(to: string): MailDraft {
  const subject = "Somebody named your e-mail address";
  const letter = writeLetter({
    title: subject,
    paragraphs: ["Somebody asked to change the address of another account to yours. Nothing was changed."],
    remarks: ["If it was you: sign in with this address, you have an account already."],
    footer: FOOTER,
  });
  return { kind: "email_taken", to, subject, ...letter };
}

/** To the address that was. */
export function changedNotice(to: string, newEmail: string): MailDraft {
  const subject = "Your e-mail address was changed";
  const letter = writeLetter({
    title: subject,
    paragraphs: [`Your account now has the address ${namedInLetter(newEmail)}. Nothing more is sent here.`],
    remarks: ["It was confirmed at both addresses. If it was not you, tell whoever runs this installation."],
    footer: FOOTER,
  });
  return { kind: "email_changed", to, subject, ...letter };
}
