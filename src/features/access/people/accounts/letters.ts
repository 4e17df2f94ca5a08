import type { MailDraft } from "../../../../journal/mail.ts";
import { writeLetter } from "../../../../outbound/mail/letter.ts";
import { reasonInLetter } from "../../letters.ts";

const FOOTER = "You get this because an account of this Hatch installation has your address.";

export function disabledNotice(email: string, reason: string): MailDraft {
  const subject = "Your account was disabled";
  const letter = writeLetter({
    title: subject,
    paragraphs: [
      "An operator of this installation disabled your account. All your sessions were ended.",
      `The reason: ${reasonInLetter(reason)}`,
    ],
    footer: FOOTER,
  });
  return { kind: "account_disabled", to: email, subject, ...letter };
}

export function operatorNotice(email: string, isOperator: boolean): MailDraft {
  const subject = isOperator ? "You are an operator now" : "You are no operator any more";
  const letter = writeLetter({
    title: subject,
    paragraphs: [
      isOperator
        ? "Another operator gave you the right to operate this installation: its workspaces, accounts and settings."
        : "Another operator took back your right to operate this installation.",
      "Your sessions were ended. Sign in again.",
    ],
    footer: FOOTER,
  });
  return { kind: "operator_changed", to: email, subject, ...letter };
}
