import type { OutboundSettings, ProxySettings } from "../../config/proxy.ts";
import type { Clock } from "../../kernel/clock.ts";
import { SECOND } from "../../kernel/units.ts";
import { readAuthorities } from "../connections.ts";
import { createNameBook } from "../names.ts";
import { createSystemResolver } from "../system-resolver.ts";
import { ProxyFault } from "./faults.ts";
import { openTunnel } from "./tunnel.ts";

const PATIENCE_MS = 10 * SECOND;
/** No such host (RFC 2606): a proxy that answers at all refuses it, after it has looked at our credentials. */
const NOWHERE = { host: "hatch.invalid", port: 443 };

/** Asks the proxy for a tunnel to nowhere. @returns what is wrong with it, in words; undefined where it answers */
export async function checkProxy(options: {
  readonly clock: Clock;
  readonly settings: OutboundSettings & { readonly proxy: ProxySettings };
  readonly password: string | undefined;
}): Promise<string | undefined> {
  const { clock, settings, password } = options;
  const { proxy, caFile } = settings;
  const names = createNameBook(clock, createSystemResolver(clock));
  const authorities = caFile === undefined ? undefined : readAuthorities(caFile);
  try {
    const tunnels = { clock, names, proxy, password, authorities };
    const tunnel = await openTunnel(tunnels, NOWHERE, clock.timeout(PATIENCE_MS));
    tunnel.destroy();
    return undefined;
  } catch (error) {
    return error instanceof ProxyFault && error.kind !== "status" ? error.message : undefined;
  }
}
