import type { Config } from "../config/config.ts";
import type { Clock } from "../kernel/clock.ts";
import { createConnections } from "./connections.ts";
import { parseEndpoint } from "./endpoint-url.ts";
import { findAddresses } from "./find-addresses.ts";
import { createGate } from "./gate.ts";
import { createNameBook, type NameBook, type Resolver } from "./names.ts";
import type { AddressPolicy, Outbound, OutboundRequest, OutboundResult, UrlVerdict } from "./outbound.ts";
import { Sending } from "./sending.ts";
import { createSystemResolver } from "./system-resolver.ts";

export interface OutboundOptions {
  readonly clock: Clock;
  readonly config: Pick<Config, "outbound">;
  /** How names are looked up; the machine's own way if absent. */
  readonly resolver?: Resolver;
}

/**
 * fetch never sends the 257th request at once, though its time-out runs: we stay below, and start the time-out when
 * there is room.
 */
const REQUESTS_MAX = 240;

export function createOutbound({ clock, config, resolver }: OutboundOptions): Outbound {
  const names = createNameBook(clock, resolver ?? createSystemResolver(clock));
  const connections = createConnections(clock, config.outbound.caFile);
  const gate = createGate(REQUESTS_MAX);
  const start = (request: OutboundRequest, signal: AbortSignal | undefined): Promise<OutboundResult> =>
    new Sending(clock, names, connections, request, signal).run(gate.leave);
  return {
    vet: (url, policy) => vet(names, url, policy),
    send(request, signal) {
      const wait = gate.enter();
      return wait ? wait.then(() => start(request, signal)) : start(request, signal);
    },
  };
}

async function vet(names: NameBook, url: string, policy: AddressPolicy): Promise<UrlVerdict> {
  const endpoint = parseEndpoint(url);
  if ("refused" in endpoint) return { kind: "refused", details: [endpoint.refused] };
  const refused = (message: string): UrlVerdict => ({ kind: "refused", details: [{ path: "endpoint", message }] });
  const found = await findAddresses(names, endpoint, policy);
  if ("addresses" in found) return { kind: "allowed" };
  if (found.failure === "forbidden_address") return refused(found.message);
  return { kind: "unresolved", warning: `${found.message} It is looked up again at every delivery.` };
}
