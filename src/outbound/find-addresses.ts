import { judgeAddress } from "./addresses.ts";
import type { EndpointUrl } from "./endpoint-url.ts";
import type { Failure } from "./failures.ts";
import type { NameBook, Resolution } from "./names.ts";
import type { AddressPolicy } from "./outbound.ts";

const PLAIN_HTTP = "Plain http is allowed only to networks named in webhooks.allowNetworks; use https.";

const isPublicOnly = (policy: AddressPolicy): boolean => policy.allowNetworks.length === 0 && !policy.allowLoopback;

/** RFC 6761: these names mean this machine, whatever a name server says. */
const isLoopbackName = (host: string): boolean => host === "localhost" || host.endsWith(".localhost");
const LOOPBACK = ["127.0.0.1", "::1"];

/** The addresses that may be connected to: all that the name has, or none. */
type Found = { readonly addresses: readonly string[] } | Failure;

/** Waits for nothing where the addresses are known. */
export function findAddresses(names: NameBook, endpoint: EndpointUrl, policy: AddressPolicy): Found | Promise<Found> {
  if (endpoint.scheme === "http" && isPublicOnly(policy)) return { failure: "forbidden_address", message: PLAIN_HTTP };
  if (endpoint.hostIsAddress) return judge(endpoint, [endpoint.host], policy);
  if (isLoopbackName(endpoint.host)) {
    const listed = LOOPBACK.filter((address) => judgeAddress(address, policy).kind === "listed");
    return judge(endpoint, listed.length > 0 ? listed : LOOPBACK, policy);
  }
  const resolution = names.find(endpoint.host);
  return resolution instanceof Promise
    ? resolution.then((known) => judgeResolution(endpoint, known, policy))
    : judgeResolution(endpoint, resolution, policy);
}

function judgeResolution(endpoint: EndpointUrl, resolution: Resolution, policy: AddressPolicy): Found {
  if (resolution.kind === "missing") return { failure: "dns", message: resolution.message };
  return judge(endpoint, resolution.addresses, policy);
}

function judge(endpoint: EndpointUrl, addresses: readonly string[], policy: AddressPolicy): Found {
  for (const address of addresses) {
    const verdict = judgeAddress(address, policy);
    if (verdict.kind === "refused") return forbidden(endpoint, verdict.what);
    if (verdict.kind === "public" && endpoint.scheme === "http") {
      return { failure: "forbidden_address", message: PLAIN_HTTP };
    }
  }
  return { addresses };
}

/** Names no address that the caller did not write: what a name means inside our network is nobody's business. */
function forbidden(endpoint: EndpointUrl, what: string): Failure {
  const subject = endpoint.hostIsAddress ? `${endpoint.host} is` : "The name resolves to";
  const message = `${subject} ${what}; allowed are public addresses and those in webhooks.allowNetworks.`;
  return { failure: "forbidden_address", message };
}
