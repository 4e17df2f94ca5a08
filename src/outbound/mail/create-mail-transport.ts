import { isIP } from "node:net";
import type { Config } from "../../config/config.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import { readAuthorities } from "../connections.ts";
import { createBypass } from "../hosts.ts";
import { createNameBook, type Resolver } from "../names.ts";
import { createSystemResolver } from "../system-resolver.ts";
import { createHoldingTransport } from "./hold.ts";
import { createSmtpTransport } from "./smtp.ts";
import type { MailTransport } from "./transport.ts";

export interface MailTransportOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: Pick<Config, "mail" | "outbound" | "server">;
  readonly password?: string | undefined;
  /** Of the user that signs in at the egress proxy. */
  readonly proxyPassword?: string | undefined;
  /** How the server's name is looked up; the machine's own way if absent. */
  readonly resolver?: Resolver;
}

/** What stands behind the `@` of Message-IDs, and how we name ourselves: the public URL's host. */
export function mailHost({ server, mail }: Pick<Config, "mail" | "server">): string {
  if (server.publicUrl !== undefined) return new URL(server.publicUrl).hostname;
  return mail?.from.address.split("@")[1] ?? "localhost";
}

const greetingName = (host: string): string => {
  if (host.startsWith("[")) return `[IPv6:${host.slice(1)}`;
  return /^[\d.]+$/.test(host) ? `[${host}]` : host;
};

/** The mail server that is set; without one a transport that holds mails back. Connects to nothing before it sends. */
export function createMailTransport(options: MailTransportOptions): MailTransport {
  const { clock, log, config, password, proxyPassword, resolver } = options;
  const { mail, outbound } = config;
  if (!mail) return createHoldingTransport(log);
  const names = createNameBook(clock, resolver ?? createSystemResolver(clock));
  const authorities = outbound.caFile === undefined ? undefined : readAuthorities(outbound.caFile);
  const { proxy } = outbound;
  const isBypassed = createBypass(proxy?.bypass ?? []);
  const isDirect = proxy === undefined || isBypassed({ host: mail.host, hostIsAddress: isIP(mail.host) !== 0 });
  return createSmtpTransport({
    clock,
    names,
    settings: mail,
    password,
    authorities,
    tunnels: isDirect ? undefined : { clock, names, proxy, password: proxyPassword, authorities },
    ownName: greetingName(mailHost(config)),
  });
}
