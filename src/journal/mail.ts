import type { Context } from "../context.ts";
import type { Writer } from "../database/database.ts";
import type { SealedColumn, SealedPlace } from "../kernel/crypto.ts";
import { type ErrorDetail, validationFailed } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { canonicalMailAddress, isHeaderText, isMailboxName, type Mailbox } from "../kernel/mail-address.ts";
import { addMs, DAY, durationMs, type UnixMs } from "../kernel/units.ts";

/** A mail to one person, as whoever causes it writes it. The texts come from `writeLetter`. */
export interface MailDraft {
  /** What it is for, e.g. `invitation`: counted, listed and searched by. */
  readonly kind: string;
  readonly to: string;
  readonly toName?: string;
  /** Shown in lists and in logs: never a secret. */
  readonly subject: string;
  /** May hold a secret, such as a link: it is kept sealed, and only until the mail was sent. */
  readonly text: string;
  readonly html?: string;
  /** Whose business it is; the installation's if absent. */
  readonly workspaceId?: Id<"ws">;
  readonly replyTo?: Mailbox;
  /** Answers a POST (RFC 8058). */
  readonly unsubscribeUrl?: string;
  /** After this it is no use any more and is not sent: for a mail with a link, when the link ends. */
  readonly expiresAt?: UnixMs;
}

/** What is sealed of a mail. */
export type MailContent = Pick<MailDraft, "toName" | "text" | "html" | "replyTo" | "unsubscribeUrl">;

export const MAIL_SEALED: readonly SealedColumn[] = [{ table: "mails", column: "content_sealed", key: "id" }];
export const mailPlace = (id: Id<"mail">): SealedPlace => ({ table: "mails", column: "content_sealed", row: id });

/** A week old, a mail surprises more than it tells. */
const KEPT_MS = durationMs(7 * DAY);
const KIND = /^[a-z][a-z0-9_.]{0,62}$/;
const WEB_ADDRESS = /^https?:\/\/[^\s<>,\p{Cc}]{1,2000}$/u;
const SUBJECT_CHARACTERS_MAX = 250;
const TEXT_CHARACTERS_MAX = 100_000;
const HTML_CHARACTERS_MAX = 400_000;

function faultsOf({ kind, to, toName, subject, text, html = "", replyTo, unsubscribeUrl }: MailDraft): ErrorDetail[] {
  const faults: (ErrorDetail | false)[] = [
    !KIND.test(kind) && { path: "mail.kind", message: "Must be a name such as invitation." },
    canonicalMailAddress(to) === undefined && { path: "mail.to", message: "Must be a mail address." },
    toName !== undefined && !isMailboxName(toName) && { path: "mail.toName", message: "Must be a name in one line." },
    !(isHeaderText(subject) && subject.trim() !== "" && subject.length <= SUBJECT_CHARACTERS_MAX) && {
      path: "mail.subject",
      message: `Must be one line of at most ${SUBJECT_CHARACTERS_MAX} characters.`,
    },
    (text.trim() === "" || text.length > TEXT_CHARACTERS_MAX || html.length > HTML_CHARACTERS_MAX) && {
      path: "mail.text",
      message: "Must say something, and not too much.",
    },
    replyTo !== undefined &&
      (canonicalMailAddress(replyTo.address) === undefined ||
        (replyTo.name !== undefined && !isMailboxName(replyTo.name))) && {
        path: "mail.replyTo",
        message: "Must be a mail address.",
      },
    unsubscribeUrl !== undefined &&
      !WEB_ADDRESS.test(unsubscribeUrl) && { path: "mail.unsubscribeUrl", message: "Must be a web address." },
  ];
  return faults.filter((fault) => fault !== false);
}

const contentOf = ({ toName, text, html, replyTo, unsubscribeUrl }: MailDraft): string => {
  const address = replyTo && canonicalMailAddress(replyTo.address);
  const content = { toName, text, html, replyTo: replyTo && { ...replyTo, address }, unsubscribeUrl };
  return JSON.stringify(content);
};

/**
 * Writes mails in the transaction of their cause; they go out by themselves after the commit, at least once each. Where no
 * mail server is set they wait for one. @throws AppError `validation_failed` for an address or a subject that is none
 */
export async function enqueueMail(
  { ids, keyring }: Pick<Context, "ids" | "keyring">,
  writer: Writer,
  drafts: readonly MailDraft[],
): Promise<readonly Id<"mail">[]> {
  const faults = drafts.flatMap(faultsOf);
  if (faults.length > 0) throw validationFailed(faults, "A mail can't be written like this.");
  const mails = drafts.map((draft) => ({ id: ids.next("mail"), draft }));
  await writer.insertMany({
    table: "mails",
    columns: [
      "id",
      "workspace_id",
      "kind",
      "recipient",
      "subject",
      "content_sealed",
      "state",
      "attempts",
      "failures",
      "due_at",
      "expires_at",
      "created_at",
    ],
    rows: mails.map(({ id, draft }) => [
      id,
      draft.workspaceId ?? null,
      draft.kind,
      canonicalMailAddress(draft.to) ?? "",
      draft.subject,
      keyring.seal(mailPlace(id), contentOf(draft)),
      "waiting",
      0,
      0,
      writer.now,
      draft.expiresAt ?? addMs(writer.now, KEPT_MS),
      writer.now,
    ]),
  });
  return mails.map(({ id }) => id);
}
