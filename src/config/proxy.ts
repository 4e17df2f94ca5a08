import type { ConfigProblem } from "./errors.ts";
import type { SettingValues } from "./settings.ts";

/** The way out where there is no direct one. The password goes its own way. */
export interface ProxySettings {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Who signs in; undefined where nobody does. */
  readonly user: string | undefined;
  /** Hosts and networks that are reached without it. */
  readonly bypass: readonly string[];
}

/** Where requests go, and which hosts they may go to. */
export interface OutboundSettings {
  /** A PEM file whose certificates are trusted as well. */
  readonly caFile: string | undefined;
  readonly proxy?: ProxySettings | undefined;
  /** Hosts that endpoints may have; empty is all but those of `denyHosts`. */
  readonly allowHosts?: readonly string[];
  readonly denyHosts?: readonly string[];
}

const PORTS = { http: 80, https: 443 } as const;

const expected = (where: string, message: string): ConfigProblem => ({ where, message: `expected ${message}` });

function problemsOf({ outbound }: SettingValues): ConfigProblem[] {
  const { proxy, proxyUser, proxyPassword, proxyBypass } = outbound;
  const problems: ConfigProblem[] = [];
  if (proxy === undefined) {
    const set = proxyUser !== undefined || proxyPassword !== undefined || proxyBypass.length > 0;
    if (set) problems.push(expected("outbound.proxy", "the egress proxy, because others of its settings are set"));
    return problems;
  }
  if (proxyUser !== undefined && proxyPassword === undefined) {
    problems.push(
      expected(
        "outbound.proxyPassword",
        "the password of outbound.proxyUser, best by HATCH_OUTBOUND_PROXY_PASSWORD_FILE",
      ),
    );
  }
  if (proxyPassword !== undefined && proxyUser === undefined) {
    problems.push(expected("outbound.proxyUser", "who signs in, because outbound.proxyPassword is set"));
  }
  // RFC 7617: what stands before the first colon is the user.
  if (proxyUser?.includes(":")) problems.push(expected("outbound.proxyUser", "a name without a colon"));
  return problems;
}

/** @returns the settings without their secret; what is missing is added to the problems */
export function settleOutbound(values: SettingValues, problems: ConfigProblem[]): OutboundSettings {
  problems.push(...problemsOf(values));
  const { caFile, proxy, proxyUser, proxyBypass, allowHosts, denyHosts } = values.outbound;
  const hosts = { caFile, allowHosts, denyHosts };
  const url = proxy === undefined ? null : URL.parse(proxy);
  if (url === null) return hosts;
  const scheme = url.protocol === "https:" ? "https" : "http";
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === "" ? PORTS[scheme] : Number(url.port);
  return { ...hosts, proxy: { scheme, host, port, user: proxyUser, bypass: proxyBypass } };
}
