import ipaddr from "ipaddr.js";
import type { Config } from "../config/config.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** In its one spelling; a v4-mapped one is the IPv4 address that it maps. Undefined for what is none. */
function parseAddress(text: string): Address | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.process(text.split("%")[0] ?? text);
}

function parseNetwork(network: string): [Address, number] {
  if (network.includes("/")) return ipaddr.parseCIDR(network);
  const address = ipaddr.parse(network);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** Whether an address lies in one of these CIDR networks; v4-mapped spellings count as what they map. */
export function networkMatcher(networks: readonly string[]): (address: string) => boolean {
  const parsed = networks.map(parseNetwork);
  return (text) => {
    const address = parsed.length === 0 ? undefined : parseAddress(text);
    return parsed.some(([network, bits]) => address?.kind() === network.kind() && address.match(network, bits));
  };
}

const isLoopbackAddress = networkMatcher(["127.0.0.0/8", "::1/128"]);

const FORWARDING_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"] as const;

/**
 * Who is at the other end. Forwarding headers are believed of trusted proxies only, hop by hop from the right: the first
 * that is no proxy of ours is the caller, whatever stands to the left of it.
 */
export function createAddressFinder(trustedProxies: readonly string[]) {
  const isTrusted = networkMatcher(trustedProxies);
  return (peer: string | undefined, headers: Headers): string | undefined => {
    if (peer === undefined) return undefined;
    let caller = parseAddress(peer)?.toString() ?? peer;
    if (!isTrusted(caller)) return caller;
    const hops = (headers.get("x-forwarded-for") ?? "").split(",").reverse();
    for (const hop of hops) {
      const address = parseAddress(hop.trim());
      if (!address) break;
      caller = address.toString();
      if (!isTrusted(caller)) break;
    }
    return caller;
  };
}

/** A name or an address with an optional port: nothing that could turn a URL into another one. */
const HOST = /^(?:([a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?\.?)|\[([0-9a-f:.]{2,45})\])(?::\d{1,5})?$/i;

/** The host without its port, in lower case; undefined for what is no host. */
function hostNameOf(host: string): string | undefined {
  const match = HOST.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, "");
}

const isLoopbackName = (name: string): boolean => name === "localhost" || isLoopbackAddress(name);

/** Whether a host is an address: no page of somebody else's name can have been led to us by it. */
export function isAddressHost(host: string): boolean {
  const name = hostNameOf(host);
  return name !== undefined && parseAddress(name) !== undefined;
}

/** Under https the router looks for the path behind so many characters: with a shorter host it would find another one. */
const ROUTABLE_CHARACTERS_MIN = 4;

/**
 * Whether a request with this Host header is for us: loopback, the public URL's host and those of the settings. Where
 * nobody said what we are called, any host of a server that is open to others; on loopback only its own names, so that
 * no foreign page's name can be bound to it.
 */
export function createHostCheck(config: Pick<Config, "http" | "server" | "tls">): (host: string) => boolean {
  const { allowedHosts } = config.http;
  const names = new Set(allowedHosts.map((host) => hostNameOf(host) ?? host.toLowerCase()));
  const { publicUrl, host: listening } = config.server;
  if (publicUrl !== undefined) names.add(new URL(publicUrl).hostname.replace(/^\[|\]$/g, ""));
  const isOpen = names.size === 0 && !isLoopbackName(listening);
  const charactersMin = config.tls === undefined ? 1 : ROUTABLE_CHARACTERS_MIN;
  // Callers send the same few hosts: the last good one saves the look at the rest.
  let lastGood: string | undefined;
  return (host) => {
    if (host === lastGood) return true;
    const name = hostNameOf(host);
    const isKnown = name !== undefined && (isOpen || names.has(name) || isLoopbackName(name));
    const isOurs = isKnown && host.length >= charactersMin;
    if (isOurs) lastGood = host;
    return isOurs;
  };
}

/** From this machine itself: through no proxy, and by a name of it, so that no foreign page's name was bound to us. */
export function isLocal(address: string | undefined, headers: Headers): boolean {
  if (address === undefined || !isLoopbackAddress(address)) return false;
  if (FORWARDING_HEADERS.some((name) => headers.has(name))) return false;
  const name = hostNameOf(headers.get("host") ?? "localhost");
  return name !== undefined && isLoopbackName(name);
}

/** What a limit counts by: one IPv4 address, or the 64 bits of IPv6 that one subscriber usually holds. */
export function limitKeyOf(address: string): string {
  const parsed = parseAddress(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(":") : address;
}
