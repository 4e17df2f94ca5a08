import type { Context } from "../../context.ts";
import { type MailContent, mailPlace } from "../../journal/mail.ts";
import { mutate } from "../../journal/mutate.ts";
import { WrongKeyError } from "../../kernel/crypto.ts";
import { AppError, notFound } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Principal } from "../../kernel/principal.ts";
import { findMail, listMails, type MailRow, type MailState } from "./store.ts";

/** A mail with what it says, where it still says something. */
export interface ShownMail {
  readonly mail: MailRow;
  readonly content: Pick<MailContent, "text" | "html"> | undefined;
}

function open({ keyring }: Pick<Context, "keyring">, id: Id<"mail">, sealed: string): ShownMail["content"] {
  try {
    const { text, html } = JSON.parse(keyring.open(mailPlace(id), sealed)) as MailContent;
    return html === undefined ? { text } : { text, html };
  } catch (error) {
    if (!(error instanceof WrongKeyError)) throw error;
    throw new AppError("unavailable", "What the mail says does not open with this root key.");
  }
}

/** Reads a mail in its recipient's place: it may hold a link that lets in, so the audit log remembers who looked. */
export function showMail(context: Context, principal: Principal, id: Id<"mail">): Promise<ShownMail> {
  return mutate(context, principal, async (writer) => {
    const row = await findMail(writer, id);
    if (!row) throw notFound("The mail");
    const { content_sealed, ...mail } = row;
    const content = content_sealed === null ? undefined : open(context, id, content_sealed);
    const workspaceId = mail.workspace_id ?? "";
    return {
      result: { mail, content },
      audit: [{ workspaceId, action: "mail.shown", target: id, details: { kind: mail.kind, state: mail.state } }],
      announce: [],
      jobs: [],
    };
  });
}

/** Newest first, without what they say. */
export const listRecentMails = (
  { database }: Pick<Context, "database">,
  page: { readonly state: MailState | undefined; readonly limit: number },
): Promise<readonly MailRow[]> => database.read((reader) => listMails(reader, page));
