import type Mail from "nodemailer/lib/mailer";
import type { SMTPPoolOptions, SMTPPoolSentMessageInfo } from "nodemailer/lib/smtp-pool";
import type { MailSettings } from "../../config/mail.ts";
import { type Clock, dateOf } from "../../kernel/clock.ts";
import { canonicalMailAddress, isHeaderText, isMailboxName, type Mailbox } from "../../kernel/mail-address.ts";
import { Deadline } from "../deadline.ts";
import type { NameBook } from "../names.ts";
import type { TunnelOptions } from "../proxy/tunnel.ts";
import { connectToServer, tunnelToServer } from "./connect.ts";
import { describeSmtpError } from "./failures.ts";
import { quoteServer } from "./quote.ts";
import type { FailedMail, MailMessage, MailOutcome, MailTransport } from "./transport.ts";

/** Connections at once: what providers allow the smallest of their customers. */
export const MAIL_CONNECTIONS_MAX = 4;
/** Below the five minutes that servers wait (RFC 5321), so that they need not hang up on us. */
const IDLE_MS = 20_000;
/** Of one answer; nobody has so much to say. */
const ANSWER_CHARACTERS_MAX = 64 * 1_024;

export interface SmtpOptions {
  readonly clock: Clock;
  readonly names: NameBook;
  readonly settings: MailSettings;
  readonly password: string | undefined;
  /** PEM; the usual authorities if absent. */
  readonly authorities: string | undefined;
  /** Where the server is reached through the egress proxy. */
  readonly tunnels?: TunnelOptions | undefined;
  /** How we name ourselves to the server. */
  readonly ownName: string;
}

type Pool = Mail<SMTPPoolSentMessageInfo>;

/**
 * Only the parts of the library that speak SMTP: the rest would start programs and fetch things. Loaded with the first
 * mail, because most starts send none.
 */
async function openPool({
  clock,
  names,
  settings,
  password,
  authorities,
  tunnels,
  ownName,
}: SmtpOptions): Promise<Pool> {
  const { default: Mail } = await import("nodemailer/lib/mailer");
  const { default: SMTPPool } = await import("nodemailer/lib/smtp-pool");
  const options: SMTPPoolOptions = {
    maxConnections: MAIL_CONNECTIONS_MAX,
    // Once more on a fresh connection, where the server had closed a kept one; the outbox does all else.
    maxRequeues: 1,
    idleTimeout: IDLE_MS,
    host: settings.host,
    port: settings.port,
    name: ownName,
    secure: settings.tls === "implicit",
    requireTLS: settings.tls === "starttls",
    ignoreTLS: settings.tls === "none",
    tls: {
      // Said, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would switch all checks off.
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      ...(authorities === undefined ? {} : { ca: authorities }),
    },
    ...(settings.user === undefined ? {} : { auth: { user: settings.user, pass: password ?? "" }, forceAuth: true }),
    connectionTimeout: settings.timeout,
    greetingTimeout: settings.timeout,
    socketTimeout: settings.timeout,
    maxResponseSize: ANSWER_CHARACTERS_MAX,
    // A mail is what it is given: nothing is read from a path or fetched from an address.
    disableFileAccess: true,
    disableUrlAccess: true,
    getSocket(_, callback) {
      const connecting = tunnels ? tunnelToServer(tunnels, settings) : connectToServer({ clock, names }, settings);
      connecting.then(
        (connection) => callback(null, { connection }),
        (error: Error) => callback(error),
      );
    },
  };
  return new Mail(new SMTPPool(options), options);
}

const asLibraryWants = ({ name = "", address }: Mailbox) => ({ name, address });

const compose = (settings: MailSettings, message: MailMessage) => {
  const replyTo = message.replyTo ?? settings.replyTo;
  const { unsubscribeUrl } = message;
  return {
    messageId: `<${message.messageId}>`,
    date: dateOf(message.date),
    from: asLibraryWants(settings.from),
    to: asLibraryWants(message.to),
    ...(replyTo === undefined ? {} : { replyTo: asLibraryWants(replyTo) }),
    envelope: { from: settings.from.address, to: [message.to.address] },
    subject: message.subject,
    text: message.text,
    ...(message.html === undefined ? {} : { html: message.html }),
    headers: {
      // No absence notes in answer, please (RFC 3834, and Exchange's own).
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
      ...(unsubscribeUrl === undefined ? {} : { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" }),
    },
    ...(unsubscribeUrl === undefined ? {} : { list: { unsubscribe: unsubscribeUrl } }),
  };
};

const isMailbox = ({ name, address }: Mailbox): boolean =>
  canonicalMailAddress(address) === address && (name === undefined || isMailboxName(name));

/** Whoever wrote it should have refused this; here it is the last chance to. */
function faultOf({ messageId, to, replyTo, subject, unsubscribeUrl = "https://x" }: MailMessage): string | undefined {
  if (!/^[\w.-]+@[\w.:[\]-]+$/.test(messageId)) return "The Message-ID is none.";
  if (!isMailbox(to) || (replyTo !== undefined && !isMailbox(replyTo))) return "An address is none.";
  if (!isHeaderText(subject)) return "The subject is more than one line.";
  return /^https?:\/\/[^\s<>,\p{Cc}]+$/u.test(unsubscribeUrl) ? undefined : "The unsubscribe address is none.";
}

const failed = (failure: FailedMail["failure"], permanent: boolean, message: string): FailedMail => ({
  kind: "failed",
  failure,
  permanent,
  message,
});

const GIVEN_UP = {
  timeout: failed("broken", false, "The server did not take the mail in time."),
  aborted: failed("aborted", false, "The process stopped before the server had accepted the mail."),
};

/** Hands mails to a mail server over few, kept connections; its certificate is always checked. */
export function createSmtpTransport(options: SmtpOptions): MailTransport {
  const { clock, settings, password } = options;
  let pool: Promise<Pool> | undefined;

  const attempt = async (message: MailMessage, signal: AbortSignal): Promise<MailOutcome> => {
    const content = `${message.text} ${message.html ?? ""} ${message.unsubscribeUrl ?? ""}`;
    const quote = (response: string): string => quoteServer(response, { password, user: settings.user, content });
    try {
      pool ??= openPool(options);
      const { response } = await (await pool).sendMail({ ...compose(settings, message), signal });
      return { kind: "sent", response: quote(response) };
    } catch (error) {
      return describeSmtpError(error, quote);
    }
  };

  return {
    async send(message, signal) {
      const fault = faultOf(message);
      if (fault !== undefined) return failed("message", true, fault);
      const deadline = new Deadline(clock, settings.timeout, signal);
      const outcome = await attempt(message, deadline.signal);
      deadline.done();
      return deadline.reason !== undefined && outcome.kind === "failed" ? GIVEN_UP[deadline.reason] : outcome;
    },
    close() {
      pool?.then(
        (open) => open.close({ force: true }),
        () => {},
      );
      pool = undefined;
    },
  };
}
