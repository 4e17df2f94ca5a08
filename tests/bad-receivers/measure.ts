import { join } from "node:path";
import { judge, type Verdict } from "../../src/features/webhooks/deliver.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { durationMs } from "../../src/kernel/units.ts";
import { createOutbound } from "../../src/outbound/create-outbound.ts";
import type { Outbound, OutboundResult } from "../../src/outbound/outbound.ts";
import { BAD_RECEIVERS, type BadReceiver } from "./receivers.ts";

/** An address that only the proxy has a way to: it leads to this machine. */
const INSIDE = "10.1.2.3";

/** What sending to one bad receiver, again and again, came to. */
export interface Measured {
  readonly receiver: BadReceiver;
  /** Every way in which an attempt ended; one, if all is well. */
  readonly ends: readonly (number | string)[];
  readonly verdict: Verdict["kind"];
  readonly slowestMs: number;
  readonly bodyBytesMax: number;
  /** Of this process, against what it had before. */
  readonly peakBytes: number;
  readonly keptBytes: number;
}

interface Plan {
  readonly repetitions: number;
  readonly atOnce: number;
  readonly timeoutMs: number;
  /** Through an egress proxy, by another parser of answers. */
  readonly isProxied?: boolean;
  readonly say?: (measured: Measured) => void;
}

export async function measureBadReceivers({
  repetitions,
  atOnce,
  timeoutMs,
  isProxied,
  say,
}: Plan): Promise<Measured[]> {
  const other = Bun.spawn([process.execPath, join(import.meta.dir, "play.ts")], { stdout: "pipe", stderr: "inherit" });
  try {
    const [proxyPort = 0, ...ports] = await firstLine(other.stdout);
    const proxy = { scheme: "http", host: "127.0.0.1", port: proxyPort, user: undefined, bypass: [] } as const;
    const outbound = createOutbound({
      clock: systemClock,
      config: { outbound: { caFile: undefined, ...(isProxied ? { proxy } : {}) } },
    });
    const all: Measured[] = [];
    for (const [at, receiver] of BAD_RECEIVERS.entries()) {
      const send = () =>
        sendTo(outbound, receiver, { host: isProxied ? INSIDE : "127.0.0.1", port: ports[at] ?? 0, timeoutMs });
      // The very first pays for code that is compiled and buffers that are kept.
      if (at === 0) await send();
      const measured = await measure(receiver, send, { repetitions, atOnce });
      say?.(measured);
      all.push(measured);
    }
    return all;
  } finally {
    other.kill("SIGKILL");
    await other.exited;
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  let text = "";
  for await (const piece of stream) {
    text += new TextDecoder().decode(piece);
    if (text.includes("\n")) return JSON.parse(text) as number[];
  }
  throw new Error("the other end did not start");
}

interface Timed {
  readonly result: OutboundResult;
  readonly tookMs: number;
}

async function sendTo(
  outbound: Outbound,
  { scheme = "http" }: BadReceiver,
  { host, port, timeoutMs }: { readonly host: string; readonly port: number; readonly timeoutMs: number },
): Promise<Timed> {
  const began = performance.now();
  const result = await outbound.send({
    url: `${scheme}://${host}:${port}/`,
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: `{"id":"evt_1"}`,
    timeout: durationMs(timeoutMs),
    policy: { allowNetworks: ["10.0.0.0/8"], allowLoopback: true },
  });
  return { result, tookMs: performance.now() - began };
}

async function measure(
  receiver: BadReceiver,
  send: () => Promise<Timed>,
  { repetitions, atOnce }: Pick<Plan, "repetitions" | "atOnce">,
): Promise<Measured> {
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  let peakBytes = 0;
  const look = (): void => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss - before);
  };
  const watch = setInterval(look, 5);
  const all: Timed[] = [];
  for (let sent = 0; sent < repetitions; sent += atOnce) {
    const turn = Array.from({ length: Math.min(atOnce, repetitions - sent) }, send);
    all.push(...(await Promise.all(turn)));
    look();
  }
  clearInterval(watch);
  Bun.gc(true);
  const results = all.map(({ result }) => result);
  return {
    receiver,
    ends: [...new Set(results.map((result) => (result.kind === "answered" ? result.status : result.failure)))],
    verdict: judge(results[0] as OutboundResult, systemClock.now()).kind,
    slowestMs: Math.max(...all.map(({ tookMs }) => tookMs)),
    bodyBytesMax: Math.max(...results.map((result) => (result.kind === "answered" ? result.body.length : 0))),
    peakBytes,
    keptBytes: Math.max(0, process.memoryUsage().rss - before),
  };
}
