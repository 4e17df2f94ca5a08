import { connect, isIP, type Socket } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { describeFailure } from "../failures.ts";
import type { NameBook } from "../names.ts";
import { openTunnel, type TunnelOptions } from "../proxy/tunnel.ts";

/** No connection came about. The message is a sentence for a person. */
export class NoConnectionError extends Error {
  override readonly name = "NoConnectionError";
  readonly failure: "dns" | "connect";

  constructor(failure: "dns" | "connect", message: string) {
    super(message);
    this.failure = failure;
  }
}

/** Addresses of one name that are tried in turn. */
const TRIES_MAX = 4;
const SILENT = "The address did not answer the connection.";

function connectTo(clock: Clock, host: string, port: number, patienceMs: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host, port });
  const timer = clock.after(patienceMs, () => {
    socket.destroy();
    reject(new NoConnectionError("connect", SILENT));
  });
  socket.once("connect", () => {
    timer.cancel();
    socket.removeAllListeners("error");
    resolve(socket);
  });
  socket.once("error", (error) => {
    timer.cancel();
    reject(new NoConnectionError("connect", describeFailure(error).message));
  });
  return promise;
}

/**
 * A connection to the mail server, its name looked up as the machine itself does it. The server is the operator's own
 * choice, so its address may be a private one. @throws NoConnectionError
 */
export async function connectToServer(
  { clock, names }: { readonly clock: Clock; readonly names: NameBook },
  { host, port, timeout }: { readonly host: string; readonly port: number; readonly timeout: number },
): Promise<Socket> {
  const found = isIP(host) ? ({ kind: "found", addresses: [host] } as const) : await names.find(host);
  if (found.kind === "missing") throw new NoConnectionError("dns", found.message);
  const addresses = found.addresses.slice(0, TRIES_MAX);
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await connectTo(clock, address, port, timeout / addresses.length);
    } catch (error) {
      failure = error;
      names.forget(host);
    }
  }
  throw failure;
}

/** The same through the egress proxy, which looks the name up. @throws NoConnectionError */
export async function tunnelToServer(
  options: TunnelOptions,
  { host, port, timeout }: { readonly host: string; readonly port: number; readonly timeout: number },
): Promise<Socket> {
  try {
    return await openTunnel(options, { host, port, mayGreet: true }, options.clock.timeout(timeout));
  } catch (error) {
    const message = error instanceof Error ? error.message : "The egress proxy opened no tunnel.";
    throw new NoConnectionError("connect", message);
  }
}
