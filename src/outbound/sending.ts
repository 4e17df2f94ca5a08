import type { Clock } from "../kernel/clock.ts";
import { headersOf, readBriefly } from "./answer.ts";
import type { Connections, Lane } from "./connections.ts";
import { Deadline } from "./deadline.ts";
import { type EndpointUrl, parseEndpoint } from "./endpoint-url.ts";
import { describeFailure, type Failure, isNeverConnected, isOfKeptConnection } from "./failures.ts";
import { findAddresses } from "./find-addresses.ts";
import type { NameBook } from "./names.ts";
import type { OutboundRequest, OutboundResult, Timings } from "./outbound.ts";

/** Addresses of one name that are tried in turn where none can be connected to. */
const TRIES_MAX = 4;

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
  readonly #clock: Clock;
  readonly #names: NameBook;
  readonly #connections: Connections;
  readonly #request: OutboundRequest;
  readonly #deadline: Deadline;
  readonly #start: number;
  #dnsMs = 0;
  #firstByteMs = 0;
  #address: string | undefined;

  constructor(
    clock: Clock,
    names: NameBook,
    connections: Connections,
    request: OutboundRequest,
    signal: AbortSignal | undefined,
  ) {
    this.#clock = clock;
    this.#names = names;
    this.#connections = connections;
    this.#request = request;
    this.#start = clock.monotonic();
    this.#deadline = new Deadline(clock, request.timeout, signal);
  }

  async run(leave: () => void): Promise<OutboundResult> {
    try {
      const endpoint = parseEndpoint(this.#request.url);
      if ("refused" in endpoint) {
        return this.#failed({ failure: "forbidden_address", message: endpoint.refused.message });
      }
      const lookup = findAddresses(this.#names, endpoint, this.#request.policy);
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
    const lane = this.#connections.laneOf(endpoint);
    let isFresh = false;
    for (let place = 0; ; ) {
      const address = addresses[place] ?? "";
      this.#address = address;
      const mayReuse = !isFresh && this.#connections.mayReuse(lane);
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

  async #answered(response: Response, lane: Lane): Promise<OutboundResult> {
    const { status } = response;
    this.#firstByteMs = this.#since(this.#dnsMs);
    if (status < 200 || status > 599) {
      response.body?.cancel().catch(() => undefined);
      return this.#failed({
        failure: "protocol",
        message: `The answer has the status ${status}, which HTTP does not know.`,
      });
    }
    const before = this.#since(0);
    const body = await readBriefly(response, this.#deadline, this.#request.answerBytesMax);
    if (response.headers.get("connection") !== "close") lane.pooledAt = this.#clock.monotonic();
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

  #failedToReach(endpoint: EndpointUrl, failure: Failure): OutboundResult {
    this.#firstByteMs = this.#since(this.#dnsMs);
    this.#names.forget(endpoint.host);
    return this.#failed(failure);
  }

  #failed(failure: Failure): OutboundResult {
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
