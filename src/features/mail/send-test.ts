import { mutate } from "../../journal/mutate.ts";
import { AppError, validationFailed } from "../../kernel/errors.ts";
import { canonicalMailAddress } from "../../kernel/mail-address.ts";
import type { Principal } from "../../kernel/principal.ts";
import { adviseOn } from "../../outbound/mail/advice.ts";
import { mailHost } from "../../outbound/mail/create-mail-transport.ts";
import { writeLetter } from "../../outbound/mail/letter.ts";
import type { MailFailure } from "../../outbound/mail/transport.ts";
import type { MailRoom } from "./room.ts";

/** What came of a test mail, and the next step where nothing did. */
export type TestedMail = {
  readonly to: string;
  /** `smtp.example.com:587 (starttls)` */
  readonly server: string;
} & (
  | { readonly ok: true; readonly messageId: string; readonly response: string }
  | { readonly ok: false; readonly failure: MailFailure; readonly message: string; readonly advice: string }
);

const notSet = (): AppError =>
  new AppError("not_configured", "No mail server is set.", {
    hint: "Set mail.host, mail.from and server.publicUrl (and mail.user, HATCH_MAIL_PASSWORD_FILE). A server that runs has to be started again to know of it.",
  });

/** Sends a mail now, past the outbox, and tells how the conversation with the mail server went. */
export async function sendTestMail(room: MailRoom, principal: Principal, address: string): Promise<TestedMail> {
  const { config, transport, ids, clock } = room;
  const to = canonicalMailAddress(address);
  if (to === undefined) throw validationFailed([{ path: "to", message: "Must be a mail address." }]);
  if (!config.mail) throw notSet();
  const { host, port, tls } = config.mail;
  const id = ids.next("mail");
  const messageId = `${id}@${mailHost(config)}`;
  const letter = writeLetter({
    title: "Mail works",
    paragraphs: [
      "This is the test mail that somebody asked for at the command line. Invitations, new passwords and notices come the same way.",
    ],
    facts: [
      { name: "Installation", value: config.server.publicUrl ?? "" },
      { name: "Mail server", value: `${host}:${port}` },
    ],
    footer: "Sent by hatch mail test. Nothing follows from it.",
  });
  const outcome = await transport.send({
    messageId,
    date: clock.now(),
    to: { address: to },
    subject: "Hatch: mail works",
    ...letter,
  });
  const ok = outcome.kind === "sent";
  await mutate(room, principal, async () => ({
    result: undefined,
    audit: [{ workspaceId: "", action: "mail.tested", target: id, details: { ok } }],
    announce: [],
    jobs: [],
  }));
  const about = { to, server: `${host}:${port} (${tls})` };
  if (outcome.kind === "sent") return { ...about, ok: true, messageId, response: outcome.response };
  if (outcome.kind === "held") throw notSet();
  const { failure, message } = outcome;
  return { ...about, ok: false, failure, message, advice: adviseOn(failure, config.mail) };
}
