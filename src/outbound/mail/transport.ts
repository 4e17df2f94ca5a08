import type { Mailbox } from "../../kernel/mail-address.ts";
import type { UnixMs } from "../../kernel/units.ts";

/** One mail to one person. Whatever stands in a header is one line; a line break there is refused. */
export interface MailMessage {
  /** Without its brackets. The same on every try, so that a reader's program may drop a second copy. */
  readonly messageId: string;
  readonly date: UnixMs;
  readonly to: Mailbox;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  /** In place of the one that is set for all. */
  readonly replyTo?: Mailbox;
  /** Answers a POST (RFC 8058): mail programs show a button for it. */
  readonly unsubscribeUrl?: string;
}

export type MailFailure =
  /** The name of the mail server has no address. */
  | "dns"
  | "connect"
  | "tls"
  /** It does not let us sign in. */
  | "auth"
  /** It does not let us write as `mail.from`. */
  | "sender"
  /** It serves nobody at the moment, or speaks no SMTP. */
  | "server"
  | "recipient"
  | "message"
  /** It went silent, or away, in the middle. */
  | "broken"
  /** We gave up ourselves: the process stops. */
  | "aborted";

/** What concerns this mail no more than any other: until it is mended there is no use in the next one. */
const OF_THE_SERVER: ReadonlySet<MailFailure> = new Set(["dns", "connect", "tls", "auth", "sender", "server"]);
export const isOfTheServer = (failure: MailFailure): boolean => OF_THE_SERVER.has(failure);

export interface FailedMail {
  readonly kind: "failed";
  readonly failure: MailFailure;
  /** Would be answered so again, whenever it is asked. */
  readonly permanent: boolean;
  /** One sentence for a person, perhaps with the server's words; never the password, never what the mail says. */
  readonly message: string;
}

export type MailOutcome =
  /** The server has taken it on. */
  | { readonly kind: "sent"; readonly response: string }
  /** There is no server to hand it to: nothing was tried. */
  | { readonly kind: "held"; readonly message: string }
  | FailedMail;

/** The way of mails out of the process. */
export interface MailTransport {
  /** Tries once. Never throws: whatever happens is an outcome. */
  send(message: MailMessage, signal?: AbortSignal): Promise<MailOutcome>;
  /** Lets go of kept connections. Closing twice is fine; a later send opens them anew. */
  close(): void;
}
