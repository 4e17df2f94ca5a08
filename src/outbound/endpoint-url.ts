import type { ErrorDetail } from "../kernel/errors.ts";

/** An endpoint as it is written, taken apart; nothing is known yet of the addresses behind its name. */
export interface EndpointUrl {
  readonly scheme: "https" | "http";
  /** Lower case; an IPv6 literal without its brackets. */
  readonly host: string;
  readonly hostIsAddress: boolean;
  /** What the `Host` header carries: the port only if it is not the scheme's own. */
  readonly authority: string;
  readonly port: string;
  readonly pathAndQuery: string;
  /** Its kept connections are shared under this name. */
  readonly origin: string;
}

export type ParsedEndpoint = EndpointUrl | { readonly refused: ErrorDetail };

const URL_CHARACTERS_MAX = 2_048;
const HOST_CHARACTERS_MAX = 253;

/** The "bad ports" of the WHATWG fetch standard: other protocols listen there that could be talked to by a request. */
const BAD_PORTS: ReadonlySet<string> = new Set(
  `0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135
   137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719
   1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080`.split(/\s+/),
);

/** Where clouds hand out a machine's credentials; no setting opens these, whatever address they have here. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  "instance-data",
  "instance-data.ec2.internal",
  "metadata",
  "metadata.azure.internal",
  "metadata.goog",
  "metadata.google.internal",
  "metadata.tencentyun.com",
]);

const SCHEME_AND_AUTHORITY = /^(https?):\/\/([^/?#]+)/i;
const HOST_AND_PORT = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/**
 * Refuses what parsers are known to read differently from people or from each other. `new URL` is forgiving: it takes
 * `https:\\host`, drops tabs, turns `0x7f.1`, `2130706433` and full-width digits into 127.0.0.1; here each address has
 * one spelling only.
 */
export function parseEndpoint(text: string): ParsedEndpoint {
  const known = parsed.get(text);
  if (known) return known;
  const endpoint = parse(text);
  if (parsed.size >= PARSED_MAX) parsed.clear();
  if (text.length <= URL_CHARACTERS_MAX) parsed.set(text, endpoint);
  return endpoint;
}

/** An endpoint is sent to again and again; its text has one meaning. */
const parsed = new Map<string, ParsedEndpoint>();
const PARSED_MAX = 2_000;

function parse(text: string): ParsedEndpoint {
  if (text.length > URL_CHARACTERS_MAX) return refuse(`The URL is longer than ${URL_CHARACTERS_MAX} characters.`);
  if (hasSpaceOrControl(text) || text.includes("\\")) {
    return refuse("The URL contains a space, a control character or a backslash.");
  }
  const written = SCHEME_AND_AUTHORITY.exec(text);
  const url = URL.parse(text);
  if (!written || !url) return refuse("This is not an https URL with a host name.");
  const authority = written[2] ?? "";
  if (authority.includes("@")) return refuse("The URL contains a user name or a password; use a header instead.");
  if (text.includes("#")) return refuse("The URL contains a fragment (#…), which is never sent.");
  const hostAndPort = HOST_AND_PORT.exec(authority);
  if (!hostAndPort) return refuse("The host name is not valid.");
  const problem = problemOfHost(hostAndPort[1] ?? "", url.hostname);
  if (problem) return refuse(problem);

  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port || (scheme === "https" ? "443" : "80");
  if (BAD_PORTS.has(port)) return refuse(`Port ${port} belongs to another protocol and is not allowed.`);
  const isIpv6 = url.hostname.startsWith("[");
  return {
    scheme,
    host: isIpv6 ? url.hostname.slice(1, -1) : url.hostname,
    hostIsAddress: isIpv6 || IPV4.test(url.hostname),
    authority: url.host,
    port,
    pathAndQuery: url.pathname + url.search,
    origin: `${scheme}://${url.host}`,
  };
}

/** `written` is the host as the caller spelt it, `normal` as the URL standard reads it. */
function problemOfHost(written: string, normal: string): string | undefined {
  if (written.includes("%")) return "The host name contains a percent sign.";
  if (normal.startsWith("[")) return undefined;
  if (normal.endsWith(".")) return "The host name ends with a dot.";
  if (METADATA_NAMES.has(normal)) return "The host name is that of a cloud's metadata service.";
  if (IPV4.test(normal)) return written === normal ? undefined : `Write this address as ${normal}.`;
  if (normal.length > HOST_CHARACTERS_MAX || !normal.split(".").every((label) => LABEL.test(label))) {
    return "The host name is not valid.";
  }
  const isInternational = normal.split(".").some((label) => label.startsWith("xn--"));
  return isInternational || written.toLowerCase() === normal ? undefined : `Write this host name as ${normal}.`;
}

function hasSpaceOrControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || (code >= 0x7f && code <= 0xa0) || code === 0x2028 || code === 0x2029 || code === 0xfeff) {
      return true;
    }
  }
  return false;
}

const refuse = (message: string): ParsedEndpoint => ({ refused: { path: "endpoint", message } });
