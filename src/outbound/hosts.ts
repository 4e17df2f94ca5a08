import { isIP } from "node:net";
import type { OutboundSettings } from "../config/proxy.ts";
import { isInNetworks } from "./addresses.ts";
import type { EndpointUrl } from "./endpoint-url.ts";

type Host = Pick<EndpointUrl, "host" | "hostIsAddress">;

/** `hooks.example.com` is that host; `*.example.com` is everything below it, but not itself. */
export function matchesHost(pattern: string, host: string): boolean {
  const written = pattern.toLowerCase();
  return written.startsWith("*.") ? host.endsWith(written.slice(1)) : host === written;
}

const isNamed = (patterns: readonly string[], { host }: Host): boolean =>
  patterns.some((pattern) => matchesHost(pattern, host));

/** Why no endpoint may have this host; undefined where it may. */
export function refusalOfHost(
  host: Host,
  { allowHosts = [], denyHosts = [] }: Pick<OutboundSettings, "allowHosts" | "denyHosts">,
): string | undefined {
  if (isNamed(denyHosts, host)) return `${host.host} is among the hosts of outbound.denyHosts.`;
  if (allowHosts.length === 0 || isNamed(allowHosts, host)) return undefined;
  return `${host.host} is not among the hosts of outbound.allowHosts.`;
}

/**
 * Names that mean a machine inside some network, never one on the internet: RFC 6761, 6762, 7686, 8375 and 9476, ICANN's
 * `internal`, and the three that it will never delegate because so many use them inside.
 */
const INSIDE =
  /(?:^|\.)(?:internal|intranet|private|local|localhost|localdomain|lan|home|corp|mail|home\.arpa|onion|alt|test|invalid|example|in-addr\.arpa|ip6\.arpa|cluster\.local|svc)$/;

/**
 * Whether a name could only be resolved inside the proxy's own network. Nobody here sees its addresses, so it has to be
 * named in `outbound.allowHosts`.
 */
export const isInsideName = ({ host, hostIsAddress }: Host): boolean =>
  !hostIsAddress && (!host.includes(".") || INSIDE.test(host));

const LOOPBACK_NAME = /(?:^|\.)localhost$/;

/** This very machine, which no proxy leads to. */
const isLoopbackHost = ({ host, hostIsAddress }: Host): boolean =>
  hostIsAddress ? host.startsWith("127.") || host === "::1" : LOOPBACK_NAME.test(host);

/** Whether a host is reached without the proxy. Networks hold addresses that are written as such: nothing is looked up. */
export function createBypass(bypass: readonly string[]): (host: Host) => boolean {
  const isNetwork = (entry: string): boolean => isIP(entry.split("/")[0] ?? "") !== 0;
  const hosts = bypass.filter((entry) => !isNetwork(entry));
  const networks = bypass.filter(isNetwork);
  return (host) =>
    isLoopbackHost(host) || isNamed(hosts, host) || (host.hostIsAddress && isInNetworks(host.host, networks));
}
