import type { MailDraft } from "../../../../journal/mail.ts";
import { isoTime } from "../../../../kernel/clock.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import { namedInLetter, writeLetter } from "../../../../outbound/mail/letter.ts";
import type { InvitationRow } from "./store.ts";

export function invitationLetter({
  invitation,
  workspace,
  by,
  link,
  expiresAt,
}: {
  readonly invitation: InvitationRow;
  readonly workspace: string;
  readonly by: string;
  readonly link: string;
  readonly expiresAt: UnixMs;
}): MailDraft {
  const subject = "You are invited to a Hatch workspace";
  const letter = writeLetter({
    title: subject,
    paragraphs: [`${namedInLetter(by)} invites you to work in ${namedInLetter(workspace)}.`],
    action: { label: "Accept the invitation", url: link },
    facts: [{ name: "Good until", value: isoTime(expiresAt) }],
    remarks: ["The link works once. If you do not know what this is about, do nothing."],
    footer: "You get this because somebody named your address in an invitation.",
  });
  return {
    kind: "invitation",
    to: invitation.email,
    subject,
    workspaceId: invitation.workspace_id,
    expiresAt,
    ...letter,
  };
}
