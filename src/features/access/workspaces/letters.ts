import type { MailDraft } from "../../../journal/mail.ts";
import { namedInLetter, writeLetter } from "../../../outbound/mail/letter.ts";
import { reasonInLetter } from "../letters.ts";
import type { WorkspaceRow } from "./store.ts";

type Named = Pick<WorkspaceRow, "id" | "name">;

const FOOTER = "You get this because you own this workspace.";

function notice(
  to: string,
  { id }: Named,
  { kind, subject, paragraphs }: { readonly kind: string; readonly subject: string; readonly paragraphs: string[] },
): MailDraft {
  return { kind, to, subject, workspaceId: id, ...writeLetter({ title: subject, paragraphs, footer: FOOTER }) };
}

export const suspendedNotice = (to: string, workspace: Named, reason: string): MailDraft =>
  notice(to, workspace, {
    kind: "workspace_suspended",
    subject: "Your workspace was suspended",
    paragraphs: [
      `The operator of this installation suspended ${namedInLetter(workspace.name)}. Its people, keys and tokens are refused until it is resumed. Nothing was deleted.`,
      `The reason: ${reasonInLetter(reason)}`,
    ],
  });

export const resumedNotice = (to: string, workspace: Named): MailDraft =>
  notice(to, workspace, {
    kind: "workspace_resumed",
    subject: "Your workspace is open again",
    paragraphs: [`${namedInLetter(workspace.name)} was resumed: its people, keys and tokens are let in as before.`],
  });

export const deletedNotice = (to: string, workspace: Named): MailDraft =>
  notice(to, workspace, {
    kind: "workspace_deleted",
    subject: "Your workspace was deleted",
    paragraphs: [`${namedInLetter(workspace.name)} was deleted. Its keys were revoked, and nobody gets in any more.`],
  });

export const ownerInvitedNotice = (to: string, workspace: Named, email: string): MailDraft =>
  notice(to, workspace, {
    kind: "owner_invited",
    subject: "Somebody was invited to own your workspace",
    paragraphs: [
      `The operator of this installation invited ${namedInLetter(email)} to be an owner of ${namedInLetter(workspace.name)}.`,
      "If this was not agreed on, revoke the invitation.",
    ],
  });
