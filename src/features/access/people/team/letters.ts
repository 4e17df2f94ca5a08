import type { Reader } from "../../../../database/database.ts";
import type { MailDraft } from "../../../../journal/mail.ts";
import type { Id } from "../../../../kernel/ids.ts";
import { namedInLetter, writeLetter } from "../../../../outbound/mail/letter.ts";
import { findWorkspace } from "../../workspaces/store.ts";

/** To both: a workspace that changed hands without its owner knowing is found by the letter. */
export async function ownershipNotice(
  reader: Reader,
  { workspaceId, to, by, owner }: OwnershipChange,
): Promise<readonly MailDraft[]> {
  const name = namedInLetter((await findWorkspace(reader, workspaceId))?.name ?? "");
  const letter = writeLetter({
    title: "A workspace has a new owner",
    paragraphs: [`${namedInLetter(by)} made ${namedInLetter(owner)} an owner of ${name}.`],
    remarks: ["If this was not agreed on, tell whoever runs this installation."],
    footer: "You get this because you are, or were, an owner of this workspace.",
  });
  return to.map((address) => ({
    kind: "ownership_changed",
    to: address,
    subject: "A workspace has a new owner",
    workspaceId,
    ...letter,
  }));
}

interface OwnershipChange {
  readonly workspaceId: Id<"ws">;
  readonly to: readonly string[];
  /** The addresses of who gave it and who got it. */
  readonly by: string;
  readonly owner: string;
}
