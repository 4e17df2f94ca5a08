import type { AppError } from "../kernel/errors.ts";
import type {
  AccountPrincipal,
  BrowserPrincipal,
  IdempotencyClaim,
  KeyPrincipal,
  PersonPrincipal,
  RequestInfo,
} from "../kernel/principal.ts";
import type { MonotonicMs, UnixMs } from "../kernel/units.ts";

/** Who may stand behind a request. */
export type Caller = KeyPrincipal | PersonPrincipal | AccountPrincipal | BrowserPrincipal;
type Unasked<P> = P extends Caller ? Omit<P, "request"> : never;
/** Who a credential is, without the request in which it acts. */
export type Identity = Unasked<Caller>;

/** Who a secret key is. */
export type KeyIdentity = Omit<KeyPrincipal, "request">;

/** Who a publishable key or a token of a browser is. */
export type BrowserIdentity = Omit<BrowserPrincipal, "request">;

/** Who acts as another person, as every page says it. */
export interface Acting {
  readonly operator: string;
  readonly person: string;
  readonly readOnly: boolean;
  readonly endsAt: UnixMs;
}

/** A credential that was found good. */
export interface Credential {
  readonly identity: Identity;
  /** The pages that it may be used from; absent where it is bound to none. */
  readonly origins?: readonly string[];
  /** What changes by cookie have to carry as `X-Hatch-Csrf`, or in the form that is sent. */
  readonly csrf?: string;
  /** Of a person's session, while an operator acts by it as somebody else. */
  readonly acting?: Acting;
  /** Asked again at each use and after the body has arrived: revocation holds at once. */
  isUsable(): boolean;
}

type Found = Credential | undefined | Promise<Credential | undefined>;

/** What a route wants to know of the person behind a session. */
export interface Wanted {
  /** The account itself, the operator of the installation, or the account in one environment. */
  readonly as: "account" | "operator" | "environment";
  /** The environment that the request names; null where it names none. */
  readonly environment: string | null;
}

export interface Renewal {
  readonly credential: Credential | undefined;
  /** Values of `Set-Cookie`, for the browser to keep or to forget. */
  readonly cookies: readonly string[];
}

/** Finds who a credential is; undefined where it is wrong, expired or revoked. What is known is answered at once. */
export interface Authenticate {
  /** A secret key, a publishable key, or a token of a member's browser. */
  bearer(secret: string): Found;
  /** The cookies of a person's session. Throws a refusal where the person may not enter the environment. */
  session(cookies: string, wanted: Wanted): Found;
  /**
   * For a page: where the cookies prove a session no more, what the one that renews it does. The session's credential is
   * absent where it is over. Throws like `session`.
   */
  renew?(request: Request, wanted: Wanted): Promise<Renewal>;
  /** Whether any credential in force is for pages of this origin. */
  isKnownOrigin?(origin: string): Promise<boolean>;
}

/** W3C Trace Context, version 00: neither id all zeros. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** By which of our sockets a request came; where there is but one, by that. */
export type Listener = "only" | "public" | "operators";

/** All that is known of one request while it is answered. */
export class Exchange implements RequestInfo {
  readonly id: string;
  readonly request: Request;
  /** As it stands in the request line, without the query. */
  readonly path: string;
  readonly startedAt: MonotonicMs;
  readonly listener: Listener;
  readonly #findAddress: () => string | undefined;
  #address: string | undefined;
  /** The pattern of the route that was found, for metrics. */
  route = "none";
  credential: Credential | undefined;
  principal: Caller | undefined;
  /** Why the request was refused, as it was told. */
  refusal: AppError | undefined;
  /** Values of `Set-Cookie` beside those of the answer itself. */
  cookies: readonly string[] = [];
  /** Lets the request in by a key that stands in its body; absent where nothing but a header will do. */
  enterByBody: ((secret: string | undefined) => Promise<void>) | undefined;
  /** The body as it was sent; undefined where there was none or the route wants none. */
  sentBody: unknown;
  idempotency: IdempotencyClaim | undefined;
  /** Lets repeats of this request go on. */
  endClaim: (() => void) | undefined;

  constructor(
    request: Request,
    options: {
      readonly id: string;
      readonly path: string;
      readonly startedAt: MonotonicMs;
      readonly listener: Listener;
      readonly findAddress: () => string | undefined;
    },
  ) {
    this.request = request;
    this.id = options.id;
    this.path = options.path;
    this.startedAt = options.startedAt;
    this.listener = options.listener;
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
