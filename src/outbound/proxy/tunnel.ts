import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ProxySettings } from "../../config/proxy.ts";
import type { Clock } from "../../kernel/clock.ts";
import { SECOND } from "../../kernel/units.ts";
import { describeFailure } from "../failures.ts";
import type { NameBook } from "../names.ts";
import { ProxyFault } from "./faults.ts";
import { readReply } from "./reply.ts";

/** A proxy stands near: what takes longer to accept a connection is out of order. */
const REACHED_WITHIN_MS = 5 * SECOND;
/** Addresses of the proxy that are tried in turn. */
const TRIES_MAX = 4;

export interface TunnelOptions {
  readonly clock: Clock;
  readonly names: NameBook;
  readonly proxy: ProxySettings;
  /** Of `proxy.user`. */
  readonly password: string | undefined;
  /** PEM, for a proxy that is spoken to by TLS; the usual ones if absent. */
  readonly authorities: string | undefined;
}

export interface Destination {
  readonly host: string;
  readonly port: number | string;
  /** See `ReplyOptions`. */
  readonly mayGreet?: boolean;
}

/** How far a tunnel has come, for whoever gives it up. */
export interface Progress {
  /** The proxy has accepted the connection. */
  reached: boolean;
  /** The tunnel stands: what goes wrong from here on is no fault of the proxy. */
  opened: boolean;
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** Where the proxy is, for people. */
export const placeOf = ({ host, port }: Pick<ProxySettings, "host" | "port">): string => `${bracketed(host)}:${port}`;

/** RFC 9110, 9.3.6. Our credentials stand in this request only, never in one that goes through the tunnel. */
function connectRequest({ proxy, password }: TunnelOptions, { host, port }: Destination): string {
  const authority = `${bracketed(host)}:${port}`;
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, "User-Agent: Hatch"];
  if (proxy.user !== undefined) {
    const credentials = Buffer.from(`${proxy.user}:${password ?? ""}`).toString("base64");
    lines.push(`Proxy-Authorization: Basic ${credentials}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const unreachable = (why: string): ProxyFault =>
  new ProxyFault("unreachable", `The egress proxy can't be reached: ${why.charAt(0).toLowerCase()}${why.slice(1)}`);

async function addressesOf({ names, proxy }: TunnelOptions): Promise<readonly string[]> {
  if (isIP(proxy.host)) return [proxy.host];
  const found = await names.find(proxy.host);
  if (found.kind === "missing") throw unreachable(found.message);
  return found.addresses.slice(0, TRIES_MAX);
}

/** Opens a socket, to be closed when it is given up. @throws ProxyFault */
function reach({ clock, proxy, authorities }: TunnelOptions, address: string, patienceMs: number, signal: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const plain = connect({ host: address, port: proxy.port });
  const socket =
    proxy.scheme === "http"
      ? plain
      : connectTls({
          socket: plain,
          // Said, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would switch all checks off.
          rejectUnauthorized: true,
          ...(isIP(proxy.host) ? { host: proxy.host } : { servername: proxy.host }),
          ...(authorities === undefined ? {} : { ca: authorities }),
        });
  const fail = (fault: ProxyFault): void => {
    plain.destroy();
    socket.destroy();
    reject(fault);
  };
  const onError = (error: Error): void => fail(unreachable(describeFailure(error).message));
  const onClose = (): void => fail(unreachable("The connection was closed."));
  const onAbort = (): void => fail(unreachable("It did not accept the connection in time."));
  const timer = clock.after(patienceMs, onAbort);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  plain.on("error", onError);
  socket.on("error", onError);
  socket.once("close", onClose);
  socket.once(proxy.scheme === "http" ? "connect" : "secureConnect", () => resolve(socket));
  return promise.finally(() => {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
    socket.removeListener("close", onClose);
  });
}

/**
 * A connection through the proxy to a host that the proxy looks up. Nothing has been said on it yet.
 * @param progress is told when the proxy was reached
 * @throws ProxyFault, DestinationRefused
 */
export async function openTunnel(
  options: TunnelOptions,
  destination: Destination,
  signal: AbortSignal,
  progress: Progress = { reached: false, opened: false },
): Promise<Socket> {
  const addresses = await addressesOf(options);
  let fault: unknown;
  for (const address of addresses) {
    try {
      const socket = await reach(options, address, REACHED_WITHIN_MS / addresses.length, signal);
      progress.reached = true;
      socket.write(connectRequest(options, destination));
      const tunnel = await readReply(socket, { signal, mayGreet: destination.mayGreet ?? false });
      progress.opened = true;
      return tunnel;
    } catch (error) {
      // Only of an address that does not answer there may be a better one.
      if (progress.reached || signal.aborted) throw error;
      fault = error;
      options.names.forget(options.proxy.host);
    }
  }
  throw fault;
}
