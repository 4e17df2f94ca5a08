import type { Mailbox } from "../kernel/mail-address.ts";
import type { DurationMs } from "../kernel/units.ts";
import type { ConfigProblem } from "./errors.ts";
import type { SettingValues } from "./settings.ts";

/** How the way to the mail server is protected. `starttls` begins in the clear and refuses to go on so. */
export type MailTls = "starttls" | "implicit" | "none";

/** A mail server and who we are to it, whole: what was not said follows from what was. The password goes its own way. */
export interface MailSettings {
  readonly host: string;
  readonly port: number;
  readonly tls: MailTls;
  /** Undefined where nobody signs in. */
  readonly user: string | undefined;
  readonly from: Mailbox;
  readonly replyTo: Mailbox | undefined;
  /** For the whole conversation about one mail. */
  readonly timeout: DurationMs;
}

const PORTS: Readonly<Record<MailTls, number>> = { starttls: 587, implicit: 465, none: 25 };

export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.\d+){3}$/.test(host);

function usualTls(host: string, port: number | undefined): MailTls {
  if (port === PORTS.implicit) return "implicit";
  return isLoopback(host) ? "none" : "starttls";
}

const expected = (where: string, message: string): ConfigProblem => ({ where, message: `expected ${message}` });

function problemsOf({ mail, server }: SettingValues): ConfigProblem[] {
  const { host, timeout: _, ...others } = mail;
  if (host === undefined) {
    const [set] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
    return set === undefined ? [] : [expected("mail.host", `the name of a mail server, because mail.${set} is set`)];
  }
  const problems: ConfigProblem[] = [];
  if (mail.from === undefined) problems.push(expected("mail.from", "whom mails come from, because mail.host is set"));
  if (mail.user !== undefined && mail.password === undefined) {
    problems.push(expected("mail.password", "the password of mail.user, best given by HATCH_MAIL_PASSWORD_FILE"));
  }
  if (mail.password !== undefined && mail.user === undefined) {
    problems.push(expected("mail.user", "who signs in, because mail.password is set"));
  }
  if (server.publicUrl === undefined) {
    problems.push(expected("server.publicUrl", "where people reach this installation: links in mails lead there"));
  }
  return problems;
}

/** @returns undefined where no mail server is set; what is missing is added to the problems */
export function settleMail(values: SettingValues, problems: ConfigProblem[]): MailSettings | undefined {
  const found = problemsOf(values);
  problems.push(...found);
  const { host, port, from, user, replyTo, timeout } = values.mail;
  if (found.length > 0 || host === undefined || from === undefined) return undefined;
  const tls = values.mail.tls ?? usualTls(host, port);
  return { host, port: port ?? PORTS[tls], tls, user, from, replyTo, timeout };
}
