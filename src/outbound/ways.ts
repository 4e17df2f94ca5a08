import type { OutboundSettings } from "../config/proxy.ts";
import { judgeAddress } from "./addresses.ts";
import type { EndpointUrl } from "./endpoint-url.ts";
import type { Failure } from "./failures.ts";
import { createBypass, isInsideName, matchesHost, refusalOfHost } from "./hosts.ts";
import type { AddressPolicy } from "./outbound.ts";

/** By which way a request goes, or why it goes by none. */
export type Way = "direct" | "proxy" | Failure;

export type FindWay = (endpoint: EndpointUrl, policy: AddressPolicy) => Way;

const forbidden = (message: string): Failure => ({ failure: "forbidden_address", message });

const HTTP_THROUGH_PROXY =
  "Through the egress proxy plain http goes to addresses in webhooks.allowNetworks only; use https.";

/**
 * Through a proxy nobody here sees the addresses of a name, so the names themselves are judged; the proxy has to keep
 * requests out of the networks that it stands in.
 */
function judgeForProxy(endpoint: EndpointUrl, policy: AddressPolicy, allowHosts: readonly string[]): Way {
  const { host, hostIsAddress, scheme } = endpoint;
  if (hostIsAddress) {
    const verdict = judgeAddress(host, policy);
    if (verdict.kind === "refused") {
      return forbidden(`${host} is ${verdict.what}; allowed are public addresses and those in webhooks.allowNetworks.`);
    }
    return scheme === "http" && verdict.kind === "public" ? forbidden(HTTP_THROUGH_PROXY) : "proxy";
  }
  if (scheme === "http") return forbidden(HTTP_THROUGH_PROXY);
  const isOpen = policy.namedByOperator || allowHosts.some((pattern) => matchesHost(pattern, host));
  if (isInsideName(endpoint) && !isOpen) {
    return forbidden(`${host} is a name of an inside network, which has to be named in outbound.allowHosts.`);
  }
  return "proxy";
}

export function createWays(settings: OutboundSettings): FindWay {
  const { proxy, allowHosts = [] } = settings;
  const isBypassed = createBypass(proxy?.bypass ?? []);
  return (endpoint, policy) => {
    const refusal = policy.namedByOperator ? undefined : refusalOfHost(endpoint, settings);
    if (refusal !== undefined) return forbidden(refusal);
    if (proxy === undefined || isBypassed(endpoint)) return "direct";
    return judgeForProxy(endpoint, policy, allowHosts);
  };
}
