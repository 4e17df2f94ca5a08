import type { MailSettings } from "../../config/mail.ts";
import { assertNever } from "../../kernel/assert.ts";
import type { MailFailure } from "./transport.ts";

const PORTS =
  "587 is usual with STARTTLS, 465 with TLS from the start (mail.tls=implicit), 25 between mail servers. Many providers of machines close port 25.";

function aboutTls({ tls }: MailSettings): string {
  const trust =
    "A private authority's certificate belongs into outbound.caFile; mail.host has to be the name in the certificate.";
  if (tls === "starttls")
    return `${trust} If the server speaks TLS from the start, set mail.port=465 or mail.tls=implicit.`;
  return `${trust} If it begins in the clear, set mail.port=587 and mail.tls=starttls.`;
}

/** The next step for whoever set the mail server up. */
export function adviseOn(failure: MailFailure, settings: MailSettings): string {
  switch (failure) {
    case "dns":
      return "Check mail.host, and the name servers of this machine.";
    case "connect":
      return `Check mail.host, mail.port and the firewalls in between. ${PORTS}`;
    case "tls":
      return aboutTls(settings);
    case "auth":
      return settings.user === undefined
        ? "Set mail.user and mail.password."
        : "Check mail.user and mail.password. Some providers want a password made for programs, or the whole address as the user.";
    case "sender":
      return settings.user === undefined
        ? "The server may want a sign-in (mail.user, mail.password), or another address in mail.from."
        : "Set mail.from to an address that this user may write from; providers want it confirmed with them first.";
    case "server":
      return `Check mail.host and mail.port, or try again in a few minutes. ${PORTS}`;
    case "recipient":
      return "Check the address. A server that says `relay` wants a sign-in (mail.user, mail.password), or knows only its own recipients.";
    case "message":
      return "The server's words say why; a provider of the recipient may want SPF and DKIM records for the domain of mail.from.";
    case "broken":
      return "Try again. If it stays so, raise mail.timeout, or look at the mail server's own log.";
    case "aborted":
      return "Try again.";
    default:
      return assertNever(failure);
  }
}
