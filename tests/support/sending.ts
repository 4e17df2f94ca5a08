import type { OutboundSettings } from "../../src/config/proxy.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { durationMs } from "../../src/kernel/units.ts";
import { createOutbound, type OutboundOptions } from "../../src/outbound/create-outbound.ts";
import type { Outbound, OutboundRequest, OutboundResult } from "../../src/outbound/outbound.ts";
import { type OtherEnd, startOtherEnd } from "./other-end.ts";

/** The real way out to sockets of a test on this machine. */
export interface Sender {
  readonly outbound: Outbound;
  /** An other end that is closed with the rest. */
  open(...options: Parameters<typeof startOtherEnd>): Promise<OtherEnd>;
  /** Sends a small body; for 5 s at most. */
  send(end: Pick<OtherEnd, "port">, overrides?: Partial<OutboundRequest>): Promise<OutboundResult>;
  close(): void;
}

export function createSender(
  caFile?: string,
  options: Partial<Omit<OutboundOptions, "config">> & { readonly settings?: Partial<OutboundSettings> } = {},
): Sender {
  const ends: OtherEnd[] = [];
  const { settings, ...others } = options;
  const outbound = createOutbound({
    clock: systemClock,
    config: { outbound: { caFile, ...settings } },
    resolver: async () => ["127.0.0.1"],
    ...others,
  });
  return {
    outbound,
    async open(...options) {
      const end = await startOtherEnd(...options);
      ends.push(end);
      return end;
    },
    send: ({ port }, overrides = {}) =>
      outbound.send({
        url: `http://127.0.0.1:${port}/`,
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: `{"id":"evt_1"}`,
        timeout: durationMs(5_000),
        policy: { allowNetworks: [], allowLoopback: true },
        ...overrides,
      }),
    close() {
      for (const end of ends.splice(0)) end.close();
    },
  };
}

export const latin1Of = (result: OutboundResult): string =>
  result.kind === "answered" ? Buffer.from(result.body).toString("latin1") : `${result.failure}: ${result.message}`;
