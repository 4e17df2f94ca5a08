import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { AddressPolicy } from "./outbound.ts";

export type AddressVerdict =
  /** Anyone on the internet can reach it. */
  | { readonly kind: "public" }
  /** Not public, but the operator allows it by name of its network. */
  | { readonly kind: "listed" }
  /** `what` completes "it is …". */
  | { readonly kind: "refused"; readonly what: string };

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

const PUBLIC: AddressVerdict = { kind: "public" };
const LISTED: AddressVerdict = { kind: "listed" };

const WHAT: Readonly<Record<string, string>> = {
  unspecified: "an unspecified address",
  broadcast: "a broadcast address",
  multicast: "a multicast address",
  linkLocal: "a link-local address",
  loopback: "a loopback address",
  carrierGradeNat: "a carrier-grade NAT address",
  private: "a private address",
  uniqueLocal: "a private address",
  deprecatedSiteLocal: "a site-local address",
  ipv4Mapped: "an IPv4 address in an IPv6 one",
  rfc6145: "an IPv4 address in an IPv6 one",
  rfc6052: "an IPv4 address in an IPv6 one",
  "6to4": "an IPv4 address in an IPv6 one",
  teredo: "an IPv4 address in an IPv6 one",
};

/** Public by number, yet answered by the machine's own cloud: Azure's WireServer hands out credentials there. */
const CLOUD_INTERNAL: readonly Network[] = [network("168.63.129.16/32")];

/** All that is globally routed today; a special range that is younger than our tables lies outside. */
const GLOBAL_IPV6 = network("2000::/3");

/** Judges one address, given as text. Whatever can't be read is refused. */
export function judgeAddress(text: string, policy: AddressPolicy): AddressVerdict {
  const { verdicts } = compiledOf(policy);
  const known = verdicts.get(text);
  if (known) return known;
  const verdict = judge(text, policy);
  if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
  verdicts.set(text, verdict);
  return verdict;
}

function judge(text: string, policy: AddressPolicy): AddressVerdict {
  if (text.includes("%") || isIP(text) === 0 || !ipaddr.isValid(text))
    return { kind: "refused", what: "not an address with one meaning" };
  const address = ipaddr.parse(text);
  const special = specialRange(address);
  if (special === undefined) return PUBLIC;
  const refused: AddressVerdict = { kind: "refused", what: WHAT[special] ?? "a reserved address" };
  if (special === "loopback" && policy.allowLoopback) return LISTED;
  if (special === "ipv4Mapped") return judgeMapped(address as ipaddr.IPv6, policy, refused);
  if (!isWithin(address, compiledOf(policy).networks)) return refused;
  return carriedBy(address).every((carried) => judgeAddress(carried, policy).kind !== "refused") ? LISTED : refused;
}

/** `::ffff:10.0.0.1` opens an IPv4 connection: it is as good as 10.0.0.1 where that one is listed. */
function judgeMapped(address: ipaddr.IPv6, policy: AddressPolicy, refused: AddressVerdict): AddressVerdict {
  const carried = judgeAddress(address.toIPv4Address().toString(), policy);
  if (carried.kind === "public") return isWithin(address, compiledOf(policy).networks) ? LISTED : refused;
  return carried.kind === "listed" ? LISTED : refused;
}

function specialRange(address: Address): string | undefined {
  if (address.kind() === "ipv6" && !isWithin(address, [GLOBAL_IPV6])) {
    const range = address.range();
    return range === "unicast" ? "reserved" : range;
  }
  if (isWithin(address, CLOUD_INTERNAL) || isIsatap(address)) return "reserved";
  const range = address.range();
  return range === "unicast" ? undefined : range;
}

/** RFC 5214: the last 64 bits `(0|200):5efe:a.b.c.d` lead into a tunnel to a.b.c.d, whatever the prefix. */
function isIsatap(address: Address): boolean {
  if (address.kind() !== "ipv6") return false;
  const parts = (address as ipaddr.IPv6).parts;
  return parts[5] === 0x5efe && (parts[4] === 0 || parts[4] === 0x0200);
}

/** The IPv4 addresses that a translator or a tunnel would read out of an IPv6 address. */
function carriedBy(address: Address): string[] {
  if (address.kind() === "ipv4") return [];
  const bytes = address.toByteArray();
  const ipv4At = (...places: readonly number[]): string => places.map((place) => bytes[place] ?? 0).join(".");
  if (isIsatap(address)) return [ipv4At(12, 13, 14, 15)];
  switch (specialRange(address)) {
    case "6to4":
      return [ipv4At(2, 3, 4, 5)];
    case "teredo":
      // The server's, and the client's with all bits turned.
      return [ipv4At(4, 5, 6, 7), [12, 13, 14, 15].map((place) => 255 - (bytes[place] ?? 0)).join(".")];
    case "rfc6145":
      return [ipv4At(12, 13, 14, 15)];
    case "rfc6052":
      return bytes[5] === 0 ? [ipv4At(12, 13, 14, 15)] : carriedByLocalTranslator(bytes, ipv4At);
    case "reserved":
      // The old IPv4-compatible form `::a.b.c.d`.
      return bytes.slice(0, 12).every((byte) => byte === 0) ? [ipv4At(12, 13, 14, 15)] : [];
    default:
      return [];
  }
}

/**
 * In 64:ff9b:1::/48 a site chooses its own prefix length (RFC 8215), which we can't know: every reading that RFC 6052
 * allows (the bytes behind the IPv4 address are zero) is judged.
 */
function carriedByLocalTranslator(bytes: readonly number[], ipv4At: (...places: number[]) => string): string[] {
  const readings = [
    [6, 7, 9, 10],
    [7, 9, 10, 11],
    [9, 10, 11, 12],
    [12, 13, 14, 15],
  ].filter((places) => bytes.slice((places[3] ?? 0) + 1).every((byte) => byte === 0));
  const carried = readings.map((places) => ipv4At(...places));
  const meaningful = carried.filter((text) => !text.startsWith("0."));
  return meaningful.length > 0 ? meaningful : carried;
}

/** Whether an address lies in one of these networks, whatever it is otherwise. */
export const isInNetworks = (text: string, networks: readonly string[]): boolean =>
  isIP(text) !== 0 &&
  isWithin(ipaddr.parse(text), compiledOf({ allowNetworks: networks, allowLoopback: false }).networks);

function isWithin(address: Address, networks: readonly Network[]): boolean {
  return networks.some(([base, bits]) => {
    if (address.kind() === "ipv4")
      return base.kind() === "ipv4" && (address as ipaddr.IPv4).match(base as ipaddr.IPv4, bits);
    return base.kind() === "ipv6" && (address as ipaddr.IPv6).match(base as ipaddr.IPv6, bits);
  });
}

interface CompiledPolicy {
  readonly networks: readonly Network[];
  /** An address and a policy have one verdict for ever, so it is worked out once. */
  readonly verdicts: Map<string, AddressVerdict>;
}

const VERDICTS_MAX = 10_000;
const compiled = [new WeakMap<readonly string[], CompiledPolicy>(), new WeakMap<readonly string[], CompiledPolicy>()];

function compiledOf({ allowNetworks, allowLoopback }: AddressPolicy): CompiledPolicy {
  const policies = compiled[allowLoopback ? 1 : 0];
  const known = policies?.get(allowNetworks);
  if (known) return known;
  const fresh: CompiledPolicy = { networks: networksOf(allowNetworks), verdicts: new Map() };
  policies?.set(allowNetworks, fresh);
  return fresh;
}

/** What can't be read allows nothing: the configuration refuses it when the process starts. */
function networksOf(texts: readonly string[]): readonly Network[] {
  return texts.flatMap((text) => {
    const trimmed = text.trim();
    if (ipaddr.isValidCIDR(trimmed)) return [ipaddr.parseCIDR(trimmed)];
    if (!ipaddr.isValid(trimmed)) return [];
    const address = ipaddr.parse(trimmed);
    return [[address, address.kind() === "ipv4" ? 32 : 128] as Network];
  });
}

function network(text: string): Network {
  return ipaddr.parseCIDR(text);
}
