import type { OutboundSettings } from "../../config/proxy.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Metrics } from "../../kernel/metrics.ts";
import type { EndpointUrl } from "../endpoint-url.ts";
import type { NameBook } from "../names.ts";
import type { Hold, ProxyState, ReceiverTls } from "../outbound.ts";
import { Standing } from "./standing.ts";
import { placeOf, type TunnelOptions } from "./tunnel.ts";
import { TunnelAgent } from "./tunnel-agent.ts";

const LANES_MAX = 1_000;

export interface ProxyOptions {
  readonly clock: Clock;
  readonly names: NameBook;
  readonly settings: OutboundSettings;
  readonly password: string | undefined;
  /** PEM: the public authorities with those of `outbound.caFile`; the usual ones if absent. */
  readonly authorities: string | undefined;
  readonly log?: Log | undefined;
  readonly metrics?: Metrics | undefined;
}

/** The kept connections of one identity to one endpoint. */
export interface TunnelLane {
  readonly agent: TunnelAgent;
  /** For one request on a connection of its own. */
  readonly fresh: () => TunnelAgent;
}

/** The way out through the egress proxy. */
export interface EgressProxy {
  readonly state: ProxyState;
  readonly standing: Standing;
  /** Undefined where nothing is known against the way to this endpoint. */
  holdOf(endpoint: EndpointUrl): Hold | undefined;
  laneOf(endpoint: EndpointUrl, tls: ReceiverTls | undefined): TunnelLane;
}

/** Names a host at the proxy: what it says of one port says nothing of another. */
export const destinationOf = ({ host, port }: EndpointUrl): string => `${host}:${port}`;

/** Known to whoever scrapes, proxy or not: without one they have no series. */
function measure(metrics: Metrics | undefined, find: () => Standing | undefined) {
  metrics?.gauge("outbound_proxy_up", "Whether the egress proxy answers, as far as is known: 1 or 0.", () => {
    const standing = find();
    return standing === undefined ? [] : standing.outage ? 0 : 1;
  });
  return metrics?.counter(
    "outbound_proxy_faults_total",
    "Tunnels that the egress proxy did not open, by the fault and whom it was charged to.",
  );
}

/** @returns undefined where none is set */
export function createProxy(options: ProxyOptions): EgressProxy | undefined {
  const { clock, names, settings, password, authorities, log, metrics } = options;
  let standing: Standing | undefined;
  const faults = measure(metrics, () => standing);
  if (settings.proxy === undefined) return undefined;
  const place = placeOf(settings.proxy);
  standing = new Standing({
    clock,
    onFault: ({ kind }, charged) => faults?.add(1, { fault: kind, charged }),
    onOutage: (message) => log?.warn("the egress proxy does not answer", { proxy: place, fault: message }),
    onRecovery: (tookMs) =>
      log?.info("the egress proxy answers again", { proxy: place, seconds: Math.round(tookMs / 1_000) }),
  });
  const known = standing;
  const tunnels: TunnelOptions = { clock, names, proxy: settings.proxy, password, authorities };
  const lanes = new Map<string, TunnelLane>();

  const open = (key: string, endpoint: EndpointUrl, tls: ReceiverTls | undefined): TunnelLane => {
    const own = {
      authorities: tls?.authorities ?? authorities,
      certificate: tls?.certificate,
      privateKey: tls?.privateKey,
    };
    const make = (keepAlive: boolean): TunnelAgent => new TunnelAgent(tunnels, endpoint, own, keepAlive);
    const lane: TunnelLane = { agent: make(true), fresh: () => make(false) };
    lanes.set(key, lane);
    const [oldest] = lanes;
    if (lanes.size > LANES_MAX && oldest) {
      lanes.delete(oldest[0]);
      oldest[1].agent.closeIdle();
    }
    return lane;
  };

  return {
    state: {
      place,
      get outage() {
        return known.outage;
      },
    },
    standing: known,
    holdOf: (endpoint) => known.holdOf(destinationOf(endpoint)),
    laneOf(endpoint, tls) {
      const key = `${endpoint.origin} ${tls?.key ?? ""}`;
      return lanes.get(key) ?? open(key, endpoint, tls);
    },
  };
}
