import type { Config } from "../config/config.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { createConnections, readAuthorities } from "./connections.ts";
import { parseEndpoint } from "./endpoint-url.ts";
import { findAddresses } from "./find-addresses.ts";
import { createGate } from "./gate.ts";
import { createNameBook, type NameBook, type Resolver } from "./names.ts";
import type { AddressPolicy, Outbound, OutboundRequest, OutboundResult, UrlVerdict } from "./outbound.ts";
import { createProxy } from "./proxy/create-proxy.ts";
import { Sending } from "./sending.ts";
import { createSystemResolver } from "./system-resolver.ts";
import { createWays, type FindWay } from "./ways.ts";

export interface OutboundOptions {
  readonly clock: Clock;
  readonly config: Pick<Config, "outbound">;
  /** A secret: of `outbound.proxy.user`. */
  readonly proxyPassword?: string | undefined;
  /** How names are looked up; the machine's own way if absent. */
  readonly resolver?: Resolver;
  readonly log?: Log;
  readonly metrics?: Metrics;
}

/**
 * fetch never sends the 257th request at once, though its time-out runs: we stay below, and start the time-out when
 * there is room.
 */
const REQUESTS_MAX = 240;

export function createOutbound(options: OutboundOptions): Outbound {
  const { clock, config, resolver, proxyPassword, log, metrics } = options;
  const settings = config.outbound;
  const names = createNameBook(clock, resolver ?? createSystemResolver(clock));
  const authorities = settings.caFile === undefined ? undefined : readAuthorities(settings.caFile);
  const proxy = createProxy({ clock, names, settings, password: proxyPassword, authorities, log, metrics });
  const findWay = createWays(settings);
  const parts = { clock, names, connections: createConnections(clock, authorities), proxy, findWay };
  const gate = createGate(REQUESTS_MAX);
  const start = (request: OutboundRequest, signal: AbortSignal | undefined): Promise<OutboundResult> =>
    new Sending(parts, request, signal).run(gate.leave);
  return {
    vet: (url, policy) => vet(names, findWay, url, policy),
    send(request, signal) {
      const wait = gate.enter();
      return wait ? wait.then(() => start(request, signal)) : start(request, signal);
    },
    holdOf(url) {
      const endpoint = proxy && parseEndpoint(url);
      if (!endpoint || "refused" in endpoint) return undefined;
      return proxy.holdOf(endpoint);
    },
    proxy: proxy?.state,
  };
}

async function vet(names: NameBook, findWay: FindWay, url: string, policy: AddressPolicy): Promise<UrlVerdict> {
  const endpoint = parseEndpoint(url);
  if ("refused" in endpoint) return { kind: "refused", details: [endpoint.refused] };
  const refused = (message: string): UrlVerdict => ({ kind: "refused", details: [{ path: "endpoint", message }] });
  const way = findWay(endpoint, policy);
  if (typeof way === "object") return refused(way.message);
  if (way === "proxy") return { kind: "allowed" };
  const found = await findAddresses(names, endpoint, policy);
  if ("addresses" in found) return { kind: "allowed" };
  if (found.failure === "forbidden_address") return refused(found.message);
  return { kind: "unresolved", warning: `${found.message} It is looked up again at every delivery.` };
}
