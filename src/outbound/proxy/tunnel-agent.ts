import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { checkServerIdentity, connect as connectTls, type TLSSocket } from "node:tls";
import type { EndpointUrl } from "../endpoint-url.ts";
import type { Passage } from "./standing.ts";
import { openTunnel, type Progress, type TunnelOptions } from "./tunnel.ts";

/** Below what firewalls and load balancers grant an idle connection before they drop it in silence. */
const IDLE_MS = 20_000;
const IDLE_SOCKETS_MAX = 64;

/** Certificates of one identity, for the TLS that goes through the tunnel from end to end. */
export interface TunnelTls {
  readonly authorities: string | undefined;
  readonly certificate: string | undefined;
  readonly privateKey: string | undefined;
}

/** What a request brings along for a tunnel that it may need. */
export interface Way {
  readonly passage: Passage;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

type Created = (error: Error | null, socket?: Socket) => void;

function secure(tunnel: Socket, endpoint: EndpointUrl, tls: TunnelTls): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const { host, hostIsAddress } = endpoint;
  const socket = connectTls({
    socket: tunnel,
    // Said, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would switch all checks off.
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
    // An address has no SNI.
    ...(hostIsAddress ? { host } : { servername: host }),
    ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
    ...(tls.certificate === undefined ? {} : { cert: tls.certificate, key: tls.privateKey }),
  });
  socket.once("secureConnect", () => resolve(socket));
  socket.on("error", reject);
  socket.once("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  return promise;
}

/** Keeps the connections of one identity to one endpoint, each in a tunnel of its own. */
export class TunnelAgent extends Agent {
  readonly #options: TunnelOptions;
  readonly #endpoint: EndpointUrl;
  readonly #tls: TunnelTls;

  constructor(options: TunnelOptions, endpoint: EndpointUrl, tls: TunnelTls, keepAlive: boolean) {
    super({ keepAlive, maxFreeSockets: IDLE_SOCKETS_MAX, timeout: IDLE_MS } satisfies AgentOptions);
    this.#options = options;
    this.#endpoint = endpoint;
    this.#tls = tls;
  }

  override createConnection(options: ClientRequestArgs, created?: (error: Error | null, stream: Duplex) => void): null {
    const { way } = options as ClientRequestArgs & { readonly way: Way };
    const done = created as Created;
    this.#open(way).then(
      (socket) => done(null, socket),
      (error: Error) => done(error),
    );
    return null;
  }

  /** Closes what is idle; what is under way ends by itself. */
  closeIdle(): void {
    for (const sockets of Object.values(this.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  async #open({ passage, signal, progress }: Way): Promise<Socket> {
    const endpoint = this.#endpoint;
    const { host, port } = endpoint;
    const tunnel = await openTunnel(this.#options, { host, port }, signal, progress);
    passage.opened();
    if (endpoint.scheme === "http") return tunnel;
    const giveUp = (): void => void tunnel.destroy();
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      return await secure(tunnel, endpoint, this.#tls);
    } catch (error) {
      tunnel.destroy();
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }
}
