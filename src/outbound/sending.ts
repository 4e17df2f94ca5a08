import type { Clock } from "../kernel/clock.ts";
import { headersOf, readBriefly } from "./answer.ts";
import type { Connections, Lane } from "./connections.ts";
import { Deadline } from "./deadline.ts";
import { type EndpointUrl, parseEndpoint } from "./endpoint-url.ts";
import { describeFailure, type Failure, isNeverConnected, isOfKeptConnection } from "./failures.ts";
import { findAddresses } from "./find-addresses.ts";
import type { NameBook } from "./names.ts";
import type { OutboundRequest, OutboundResult, Timings } from "./outbound.ts";
import { destinationOf, type EgressProxy } from "./proxy/create-proxy.ts";
import { exchange, TunnelRequestError } from "./proxy/exchange.ts";
import { DestinationRefused, faultInTime, ProxyFault } from "./proxy/faults.ts";
import type { Passage } from "./proxy/standing.ts";
import type { Progress } from "./proxy/tunnel.ts";
import { adviseOf } from "./tls-advice.ts";
import type { FindWay } from "./ways.ts";

/** Addresses of one name that are tried in turn where none can be connected to. */
const TRIES_MAX = 4;

type FailedResult = Extract<OutboundResult, { readonly kind: "failed" }>;

export interface SendingParts {
  readonly clock: Clock;
  readonly names: NameBook;
  readonly connections: Connections;
  readonly proxy: EgressProxy | undefined;
  readonly findWay: FindWay;
}

/** Set by us or by the connection; a caller's own would make two readings of one request possible. */
const OUR_HEADERS: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * One request on its way:
 *   parse → look up (in time) → vet every address → connect to the first by its number, the name in `Host` and SNI
 *   → headers in time → a little of the body.
 * An address that can't be connected to gives way to the next. A kept connection that the other end had already closed,
 * or that still held a rest of the last answer, is replaced by a fresh one, once. Nothing else is tried twice: the ladder of the delivery does that.
 */
export class Sending {
  readonly #parts: SendingParts;
  readonly #clock: Clock;
  readonly #request: OutboundRequest;
  readonly #deadline: Deadline;
  readonly #start: number;
  #dnsMs = 0;
  #firstByteMs = 0;
  #address: string | undefined;

  constructor(parts: SendingParts, request: OutboundRequest, signal: AbortSignal | undefined) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#request = request;
    this.#start = parts.clock.monotonic();
    this.#deadline = new Deadline(parts.clock, request.timeout, signal);
  }

  async run(leave: () => void): Promise<OutboundResult> {
    try {
      const endpoint = parseEndpoint(this.#request.url);
      if ("refused" in endpoint) {
        return this.#failed({ failure: "forbidden_address", message: endpoint.refused.message });
      }
      const way = this.#parts.findWay(endpoint, this.#request.policy);
      if (typeof way === "object") return this.#failed(way);
      const { proxy } = this.#parts;
      if (way === "proxy" && proxy) return await this.#goThrough(proxy, endpoint);
      const lookup = findAddresses(this.#parts.names, endpoint, this.#request.policy);
      const found = lookup instanceof Promise ? await this.#deadline.race(lookup) : lookup;
      this.#dnsMs = this.#since(0);
      if (!found || this.#deadline.reason) return this.#failed(this.#outOfTime("looking up the name"));
      if (!("addresses" in found)) return this.#failed(found);
      return await this.#exchange(endpoint, found.addresses.slice(0, TRIES_MAX));
    } finally {
      this.#deadline.done();
      leave();
    }
  }

  async #exchange(endpoint: EndpointUrl, addresses: readonly string[]): Promise<OutboundResult> {
    const { connections } = this.#parts;
    const lane = connections.laneOf(endpoint, this.#request.tls);
    let isFresh = false;
    for (let place = 0; ; ) {
      const address = addresses[place] ?? "";
      this.#address = address;
      const mayReuse = !isFresh && connections.mayReuse(lane);
      try {
        return await this.#answered(await this.#fetch(endpoint, address, lane, !isFresh), lane);
      } catch (error) {
        if (this.#deadline.reason) {
          // The connection may have been a kept one that a firewall forgot, and with it all that are kept.
          if (this.#deadline.reason === "timeout") lane.session.close();
          return this.#failedToReach(endpoint, this.#outOfTime("waiting for the answer"));
        }
        if (mayReuse && isOfKeptConnection(error)) isFresh = true;
        else if (isNeverConnected(error) && place + 1 < addresses.length) place += 1;
        else return this.#failedToReach(endpoint, describeFailure(error));
      }
    }
  }

  /** The proxy looks the name up and connects; TLS goes from us to the endpoint, through the tunnel. */
  async #goThrough(proxy: EgressProxy, endpoint: EndpointUrl): Promise<OutboundResult> {
    const passage = proxy.standing.enter(destinationOf(endpoint));
    if ("until" in passage) {
      return { ...this.#failed({ failure: "proxy", message: passage.message }), notBefore: passage.until };
    }
    try {
      return await this.#exchangeThrough(proxy, endpoint, passage);
    } finally {
      passage.leave();
    }
  }

  async #exchangeThrough(proxy: EgressProxy, endpoint: EndpointUrl, passage: Passage): Promise<OutboundResult> {
    const { tls, method, body } = this.#request;
    const lane = proxy.laneOf(endpoint, tls);
    const request = { method, headers: this.#headers(endpoint), body };
    for (let isFresh = false; ; ) {
      const progress: Progress = { reached: false, opened: false };
      const agent = isFresh ? lane.fresh() : lane.agent;
      try {
        const answer = await exchange(agent, endpoint, request, { passage, signal: this.#deadline.signal, progress });
        passage.worked();
        return await this.#answered(answer, undefined);
      } catch (thrown) {
        const error = thrown instanceof TunnelRequestError ? thrown.cause : thrown;
        const wasKept = thrown instanceof TunnelRequestError && thrown.wasKept;
        if (wasKept) progress.opened = true;
        if (this.#deadline.reason === "timeout" && wasKept) lane.agent.closeIdle();
        if (wasKept && !isFresh && !this.#deadline.reason && isOfKeptConnection(error)) isFresh = true;
        else return this.#failedThrough(proxy, endpoint, { error, passage, progress });
      }
    }
  }

  #failedThrough(
    proxy: EgressProxy,
    endpoint: EndpointUrl,
    { error, passage, progress }: { readonly error: unknown; readonly passage: Passage; readonly progress: Progress },
  ): OutboundResult {
    if (this.#deadline.reason === "aborted") return this.#failedToReach(endpoint, this.#outOfTime("waiting"));
    if (error instanceof DestinationRefused) {
      passage.answered();
      return this.#failedToReach(endpoint, { failure: "connect", message: error.message });
    }
    if (progress.opened) {
      const isLate = this.#deadline.reason !== undefined;
      return this.#failedToReach(endpoint, isLate ? this.#outOfTime("waiting for the answer") : describeFailure(error));
    }
    const fault = error instanceof ProxyFault ? error : faultInTime(progress);
    if (passage.failed(fault) === "host") {
      return this.#failedToReach(endpoint, { failure: "connect", message: fault.message });
    }
    const { message } = fault;
    const notBefore = proxy.holdOf(endpoint)?.until ?? this.#clock.now();
    return { ...this.#failedToReach(endpoint, { failure: "proxy", message }), notBefore };
  }

  #fetch(endpoint: EndpointUrl, address: string, lane: Lane, keepalive: boolean): Promise<Response> {
    const host = address.includes(":") ? `[${address}]` : address;
    return fetch(`${endpoint.scheme}://${host}:${endpoint.port}${endpoint.pathAndQuery}`, {
      session: lane.session,
      method: this.#request.method,
      headers: this.#headers(endpoint),
      ...(this.#request.method === "POST" ? { body: this.#request.body } : {}),
      signal: this.#deadline.signal,
      keepalive,
      redirect: "manual",
      decompress: false,
      // Else HTTP_PROXY and its like would be obeyed, and the proxy, not we, would choose the address.
      proxy: false,
      // Else BUN_CONFIG_VERBOSE_FETCH would print signatures.
      verbose: false,
      protocol: "http1.1",
    });
  }

  #headers(endpoint: EndpointUrl): Record<string, string> {
    const headers: Record<string, string> = { "User-Agent": "Hatch" };
    for (const name in this.#request.headers) {
      const lower = name.toLowerCase();
      if (lower === "user-agent") delete headers["User-Agent"];
      if (!OUR_HEADERS.has(lower)) headers[name] = this.#request.headers[name] ?? "";
    }
    headers.Host = endpoint.authority;
    headers["Accept-Encoding"] = "identity";
    return headers;
  }

  async #answered(
    response: Response | { readonly unknownStatus: number },
    lane: Lane | undefined,
  ): Promise<OutboundResult> {
    this.#firstByteMs = this.#since(this.#dnsMs);
    const status = "unknownStatus" in response ? response.unknownStatus : response.status;
    if ("unknownStatus" in response || status < 200 || status > 599) {
      if (!("unknownStatus" in response)) response.body?.cancel().catch(() => undefined);
      return this.#failed({
        failure: "protocol",
        message: `The answer has the status ${status}, which HTTP does not know.`,
      });
    }
    const before = this.#since(0);
    const body = await readBriefly(response, this.#deadline, this.#request.answerBytesMax);
    if (lane && response.headers.get("connection") !== "close") lane.pooledAt = this.#clock.monotonic();
    return {
      kind: "answered",
      status,
      headers: headersOf(response),
      body,
      timings: this.#timings(this.#since(before)),
      address: this.#address ?? "",
    };
  }

  #outOfTime(doing: string): Failure {
    if (this.#deadline.reason === "aborted") return { failure: "aborted", message: "The request was given up." };
    const seconds = Math.round(this.#request.timeout / 100) / 10;
    return { failure: "timeout", message: `${seconds} s passed ${doing}.` };
  }

  #failedToReach(endpoint: EndpointUrl, failure: Failure): FailedResult {
    this.#firstByteMs = this.#since(this.#dnsMs);
    this.#parts.names.forget(endpoint.host);
    return this.#failed(adviseOf(failure, this.#request.tls, this.#clock.now()));
  }

  #failed(failure: Failure): FailedResult {
    return { kind: "failed", ...failure, timings: this.#timings(0), address: this.#address };
  }

  #timings(body: number): Timings {
    return { dns: this.#dnsMs, firstByte: this.#firstByteMs, body };
  }

  /** Milliseconds since that many milliseconds after the start, to a tenth. */
  #since(offset: number): number {
    return Math.max(0, Math.round((this.#clock.monotonic() - this.#start - offset) * 10) / 10);
  }
}
