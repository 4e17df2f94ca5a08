import type { AppError } from "../kernel/errors.ts";
import type { KeyPrincipal, RequestInfo } from "../kernel/principal.ts";
import type { MonotonicMs } from "../kernel/units.ts";

/** Who a secret key is, without the request in which it acts. */
export type KeyIdentity = Omit<KeyPrincipal, "kind" | "request">;

/** A credential that was found good. */
export interface Credential {
  readonly identity: KeyIdentity;
  /** Asked again at each use and after the body has arrived: revocation holds at once. */
  isUsable(): boolean;
}

/** Finds whose secret this is; undefined where it is wrong, expired or revoked. What is known is answered at once. */
export type Authenticate = (secret: string) => Credential | undefined | Promise<Credential | undefined>;

/** W3C Trace Context, version 00: neither id all zeros. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** All that is known of one request while it is answered. */
export class Exchange implements RequestInfo {
  readonly id: string;
  readonly request: Request;
  /** As it stands in the request line, without the query. */
  readonly path: string;
  readonly startedAt: MonotonicMs;
  readonly #findAddress: () => string | undefined;
  #address: string | undefined;
  /** The pattern of the route that was found, for metrics. */
  route = "none";
  credential: Credential | undefined;
  principal: KeyPrincipal | undefined;
  /** Why the request was refused, as it was told. */
  refusal: AppError | undefined;

  constructor(
    request: Request,
    options: {
      readonly id: string;
      readonly path: string;
      readonly startedAt: MonotonicMs;
      readonly findAddress: () => string | undefined;
    },
  ) {
    this.request = request;
    this.id = options.id;
    this.path = options.path;
    this.startedAt = options.startedAt;
    this.#findAddress = options.findAddress;
  }

  /** Looked up only where somebody asks: the hot path does not. */
  get address(): string | undefined {
    this.#address ??= this.#findAddress();
    return this.#address;
  }

  get traceparent(): string | undefined {
    const text = this.request.headers.get("traceparent");
    return text !== null && TRACEPARENT.test(text) ? text : undefined;
  }
}

const EXCHANGE = Symbol("exchange");

/** A WeakMap would be cleaner, but its entries cost the garbage collector a fifth of all that a small request costs. */
type Carrier = Request & { [EXCHANGE]?: Exchange };

export const rememberExchange = (exchange: Exchange): void => {
  (exchange.request as Carrier)[EXCHANGE] = exchange;
};

export function exchangeOf(request: Request): Exchange {
  const exchange = (request as Carrier)[EXCHANGE];
  if (!exchange) throw new Error("the request did not come through the server's own door");
  return exchange;
}
