import type { MailDraft } from "../../../journal/mail.ts";
import { isoTime } from "../../../kernel/clock.ts";
import { namedInLetter, writeLetter } from "../../../outbound/mail/letter.ts";
import { reasonInLetter } from "../letters.ts";
import type { ImpersonationRow } from "./store.ts";

const FOOTER = "You get this because it is your account that an operator acts for.";

export function startedNotice(to: string, operator: string, row: ImpersonationRow): MailDraft {
  const subject = "An operator acts as you";
  const letter = writeLetter({
    title: subject,
    paragraphs: [
      row.read_only === 1
        ? "An operator of this installation looks at what you see. Nothing can be changed in your name."
        : "An operator of this installation acts in your name, and may change what you may change.",
      "Your password, your security settings, keys, exports and the team stay out of reach.",
    ],
    facts: [
      { name: "Operator", value: namedInLetter(operator) },
      { name: "Reason", value: reasonInLetter(row.reason) },
      { name: "From", value: isoTime(row.started_at) },
      { name: "Until", value: isoTime(row.ends_at) },
    ],
    remarks: ["All that happens meanwhile is in the audit log under both names. If this was not agreed on, ask."],
    footer: FOOTER,
  });
  return { kind: "impersonation_started", to, subject, ...letter };
}

export function endedNotice(to: string, at: string): MailDraft {
  const subject = "The operator acts as you no longer";
  const letter = writeLetter({
    title: subject,
    paragraphs: ["The operator who acted as you is themselves again."],
    facts: [{ name: "When", value: at }],
    footer: FOOTER,
  });
  return { kind: "impersonation_ended", to, subject, ...letter };
}
