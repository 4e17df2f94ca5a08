import { describeFailure } from "../failures.ts";
import { NoConnectionError } from "./connect.ts";
import type { FailedMail, MailFailure } from "./transport.ts";

/** What the SMTP library says of its errors. */
interface SmtpError extends Error {
  readonly code?: string;
  /** The system's own code, where the library put one of its own in its place. */
  readonly originalCode?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
  readonly timeoutType?: string;
}

interface Known {
  readonly failure: MailFailure;
  readonly message: string;
}

/** No answer will be another one: not tried again. 503 is about the order of commands, not about the mail. */
const isRefusal = (code: number | undefined): boolean => code !== undefined && code >= 500 && code !== 503;
/** The size is the mail's, whatever command it is told at. */
const TOO_LARGE = 552;
const CLOSING = 421;
const SIGN_IN = 530;

/** Steps of a conversation that are the same for every mail. */
function ofAnswer({ command = "", code, responseCode }: SmtpError): Known {
  if (responseCode === CLOSING) return { failure: "server", message: "The server serves nobody at the moment" };
  if (responseCode === SIGN_IN) return { failure: "auth", message: "The server wants somebody to sign in" };
  if (code === "EAUTH") return { failure: "auth", message: "The server does not accept mail.user and mail.password" };
  if (code === "ETLS") return { failure: "tls", message: "The server does not offer STARTTLS" };
  if (command === "MAIL FROM" && responseCode !== TOO_LARGE) {
    return { failure: "sender", message: "The server does not accept mails from mail.from" };
  }
  if (command === "RCPT TO") return { failure: "recipient", message: "The server does not accept the recipient" };
  if (code === "EENVELOPE" || code === "EMESSAGE") {
    return { failure: "message", message: "The server does not accept the mail" };
  }
  return {
    failure: "server",
    message: responseCode ? "The server refused to begin" : "The server does not speak SMTP",
  };
}

const TIMEOUTS: Readonly<Record<string, Known>> = {
  CONNECT_TIMEOUT: { failure: "tls", message: "The TLS handshake did not end in time." },
  UPGRADE_TIMEOUT: { failure: "tls", message: "The TLS handshake did not end in time." },
  GREETING_TIMEOUT: { failure: "server", message: "The server did not greet in time." },
};
const SILENT: Known = { failure: "broken", message: "The server did not answer in time." };

function ofConnection(error: SmtpError): Known {
  const { code, originalCode, timeoutType = "" } = error;
  if (error instanceof NoConnectionError) return { failure: error.failure, message: error.message };
  if (code === "ETIMEDOUT") return TIMEOUTS[timeoutType] ?? SILENT;
  if (originalCode === "ERR_SSL_WRONG_VERSION_NUMBER") {
    return { failure: "tls", message: "The server does not speak TLS from the start." };
  }
  if (originalCode !== undefined) {
    const { failure, message } = describeFailure(Object.assign(new Error(), { code: originalCode }));
    return { failure: failure === "tls" ? "tls" : "broken", message };
  }
  if (code === "ETLS") return { failure: "tls", message: "The connection was closed during the TLS handshake." };
  if (code === "EPROTOCOL") return { failure: "server", message: "The server does not speak SMTP." };
  // The connection was given up before the server had said a word, again and again.
  if (code === "ECONNECTION" && error.command === undefined) {
    return { failure: "server", message: "The server closed the connection before it greeted." };
  }
  return { failure: "broken", message: "The connection was closed before the server had accepted the mail." };
}

/** What the library refuses itself, by what the server has said of its limits. */
const TOO_LARGE_BY_LIMIT: FailedMail = {
  kind: "failed",
  failure: "message",
  permanent: true,
  message: "The mail is larger than the server takes.",
};

/** @param quote makes a server's words fit to be kept */
export function describeSmtpError(thrown: unknown, quote: (response: string) => string): FailedMail {
  const error: SmtpError = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error.code === "EMESSAGE" && error.response === undefined) return TOO_LARGE_BY_LIMIT;
  if (typeof error.response !== "string") return { kind: "failed", permanent: false, ...ofConnection(error) };
  const { failure, message } = ofAnswer(error);
  const permanent = isRefusal(error.responseCode) && (failure === "recipient" || failure === "message");
  return { kind: "failed", failure, permanent, message: `${message}: ${quote(error.response)}` };
}
