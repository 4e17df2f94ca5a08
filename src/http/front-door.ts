import type { Context } from "../context.ts";
import { equalBytes } from "../kernel/crypto.ts";
import { AppError } from "../kernel/errors.ts";
import { createHostCheck, isAddressHost, isLocal, limitKeyOf, networkMatcher } from "./addresses.ts";
import type { Authenticate, Caller, Credential, Exchange, Identity, Wanted } from "./exchange.ts";
import { type Access, unauthenticated, WRONG_CREDENTIAL } from "./guard.ts";
import { PROBE_PATHS } from "./probes.ts";
import { RateLimit } from "./rate-limit.ts";

export interface FrontDoorOptions {
  readonly context: Context;
  readonly authenticate: Authenticate;
  readonly isDraining: () => boolean;
  readonly isClosedTo: (exchange: Exchange) => boolean;
  /** What the route that the request is for asks of its caller; undefined where there is none. */
  readonly findAccess: (exchange: Exchange) => Access | undefined;
  /** Whether that route answers with a page. */
  readonly isPage: (exchange: Exchange) => boolean;
  /** Whether that route is for whoever signs in, or is about to. */
  readonly isForPeople: (exchange: Exchange) => boolean;
  /** Whether that route takes its key as Segment's libraries send it. */
  readonly takesWriteKey: (exchange: Exchange) => boolean;
  /** Whether a browser asks if a page may call: that is answered without a credential, and by how well it is known. */
  readonly isPreflight: (exchange: Exchange) => boolean;
}

export interface FrontDoor {
  /** Throws the refusal. Answers without a promise where the key is known: the hot path. */
  enter(exchange: Exchange): Promise<void> | undefined;
  /** Counts a request without a credential. Throws where its address has used up its own. */
  admitAnonymous(exchange: Exchange): void;
}

/** `Bearer` in any case, one token. Undefined for every other scheme: nothing else is a credential here. */
function bearerOf(authorization: string): string | undefined {
  if (authorization.startsWith("Bearer ") && !authorization.includes(" ", 7)) return authorization.slice(7);
  return /^bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** The user name of Basic, where it has no password: how Segment's libraries send their write key. */
function writeKeyOf(authorization: string): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  const decoded = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("latin1");
  return decoded.endsWith(":") ? decoded.slice(0, -1) : undefined;
}

function checkPath(path: string): void {
  if (!path.includes("%")) return;
  try {
    if (!decodeURIComponent(path).includes("\0")) return;
  } catch {
    // Told below, in one way for both.
  }
  throw new AppError("malformed_json", "The path is not percent-encoded UTF-8.");
}

const limited = (retryAfterSeconds: number, what: string): AppError =>
  new AppError("rate_limited", `${what} Try again in ${retryAfterSeconds} s.`, { retryAfterSeconds });

/** A browser says so by itself, and pages can't take it back. A key that got there is no secret any more. */
const isFromBrowser = (headers: Headers): boolean => headers.has("origin") || headers.has("sec-fetch-site");

/** Field by field: this is the hot path, and copying by spread costs as much as looking the key up. */
function principalOf(identity: Identity, request: Exchange): Caller {
  if (identity.kind !== "key") return { ...identity, request };
  return {
    kind: "key",
    keyId: identity.keyId,
    name: identity.name,
    workspaceId: identity.workspaceId,
    environmentId: identity.environmentId,
    environmentKind: identity.environmentKind,
    scopes: identity.scopes,
    request,
  };
}

/** What requests of one credential are counted by. */
function subjectOf(principal: Caller, { address }: Exchange): string {
  switch (principal.kind) {
    case "key":
      return principal.keyId;
    case "person":
    case "account":
      return principal.sessionId;
    case "publishable":
      // Many share it, and anybody can read it: nobody is to use it up for all the others.
      return address === undefined ? principal.credentialId : `${principal.credentialId} ${limitKeyOf(address)}`;
    default:
      return principal.credentialId;
  }
}

const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** The middle of the session cookie's name: `hatch_session`, or `__Host-hatch_session` under https. */
export const SESSION_COOKIE = "hatch_session";

/** A key that got into a browser is no secret any more; what is made for browsers works from its own pages only. */
function checkOrigin({ headers }: Request, { kind }: Caller, { origins }: Credential): void {
  if (kind === "key") {
    if (!isFromBrowser(headers)) return;
    throw new AppError(
      "forbidden",
      "A secret key must not be used in a browser: this request carries Origin or Sec-Fetch-Site. Call from your server, and rotate the key if it was ever sent to a page.",
    );
  }
  if (origins === undefined) return;
  const origin = headers.get("origin");
  if (origin !== null && origins.includes(origin)) return;
  throw new AppError(
    "forbidden",
    origin === null
      ? "The credential works from pages of its origins only, and this request has no Origin."
      : "The credential is not for pages of this origin.",
  );
}

/** A page of somebody else's may send a form or a request with our cookies, but it can't hide where it comes from. */
function assertSameOrigin({ headers, url }: Request): void {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const host = headers.get("host");
  const isOwn =
    site === "same-origin" || (site === null && origin !== null && isOriginOf(origin, host ?? new URL(url).host));
  if (!isOwn) throw new AppError("forbidden", "The request comes from a page of another origin.");
}

const FORM = /^application\/x-www-form-urlencoded\b/i;

/** A form carries the token in a field, which whoever reads the form compares; everything else in a header. */
function assertCsrfHeader({ headers }: Request, { csrf }: Credential): void {
  if (FORM.test(headers.get("content-type") ?? "")) return;
  const given = headers.get("x-hatch-csrf");
  if (csrf !== undefined && given !== null && equalBytes(Buffer.from(given), Buffer.from(csrf))) return;
  throw new AppError("forbidden", "Send the session's token as `X-Hatch-Csrf`: `GET /v1/me` tells it.");
}

const isOriginOf = (origin: string, host: string): boolean => {
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
};

const SESSION_OVER = "Sign in: the session is over.";

const wantedOf = ({ url }: Request, { account }: Exclude<Access, "public">): Wanted => ({
  as: account === undefined ? "environment" : account === "self" ? "account" : "operator",
  environment: new URL(url, "http://localhost").searchParams.get("environment"),
});

/**
 * What every request passes before it is routed, unknown paths included: is it for us, are we open, is its credential
 * good, has it any left.
 */
export function createFrontDoor(options: FrontDoorOptions): FrontDoor {
  const { context, authenticate, isDraining, isClosedTo, findAccess, isPage, isForPeople } = options;
  const { takesWriteKey, isPreflight } = options;
  const { clock, config, metrics } = context;
  const isOurHost = createHostCheck(config);
  const perKey = new RateLimit(clock, config.limits.secretKeyPerMinute);
  const perBrowser = new RateLimit(clock, config.limits.browserPerMinute);
  const perAddress = new RateLimit(clock, config.limits.anonymousPerMinute);
  const failures = new RateLimit(clock, config.limits.failedAuthPerMinute);
  const failedTotal = metrics.counter(
    "auth_failures_total",
    "Requests whose credential was wrong, expired or revoked.",
  );

  const take = (limit: RateLimit, address: string | undefined): number =>
    address === undefined ? 0 : limit.take(limitKeyOf(address));

  const admitAnonymous = (exchange: Exchange): void => {
    if (PROBE_PATHS.has(exchange.path)) return;
    const wait = take(perAddress, exchange.address);
    if (wait > 0) throw limited(wait, "Too many requests without a credential from this address.");
  };

  const admitCredential = (exchange: Exchange, credential: Credential | undefined): void => {
    if (!credential) {
      failedTotal.add();
      const wait = take(failures, exchange.address);
      if (wait > 0) throw limited(wait, "Too many wrong credentials from this address.");
      throw unauthenticated(WRONG_CREDENTIAL);
    }
    const principal = principalOf(credential.identity, exchange);
    exchange.credential = credential;
    exchange.principal = principal;
    checkOrigin(exchange.request, principal, credential);
    const isServers = principal.kind === "key";
    const wait = (isServers ? perKey : perBrowser).take(subjectOf(principal, exchange));
    if (wait > 0) {
      throw limited(wait, `The ${isServers ? "key" : "credential"} has used up its requests of this minute.`);
    }
  };

  /**
   * The key may stand in the body, which was not read yet. Until it is known to be good the request counts as one
   * without: a stranger can't have us read more than that.
   */
  const letInByBody = (exchange: Exchange): void => {
    exchange.enterByBody = async (secret) => {
      if (secret === undefined) throw unauthenticated("Send a secret key as `Authorization: Bearer hk_…`.");
      admitCredential(exchange, await authenticate.bearer(secret));
      if (exchange.address !== undefined) perAddress.giveBack(limitKeyOf(exchange.address));
    };
  };

  /** Those who watch over many servers call each by its address, whatever its name is. */
  const isForMachines = ({ path, listener }: Exchange): boolean => listener === "operators" || PROBE_PATHS.has(path);

  const isBounded = config.http.adminNetworks.length > 0;
  const isPeoplesNetwork = networkMatcher(config.http.adminNetworks);
  const isFromPeople = ({ address, request }: Exchange): boolean =>
    !isBounded || isLocal(address, request.headers) || (address !== undefined && isPeoplesNetwork(address));
  const assertPeoplesNetwork = (exchange: Exchange): void => {
    if (isFromPeople(exchange)) return;
    throw new AppError("forbidden", "People are not let in from this network (setting http.adminNetworks).");
  };

  const letInPerson = (exchange: Exchange, credential: Credential): void => {
    exchange.credential = credential;
    exchange.principal = principalOf(credential.identity, exchange);
    const wait = perBrowser.take(subjectOf(exchange.principal, exchange));
    if (wait > 0) throw limited(wait, "The session has used up its requests of this minute.");
    checkPath(exchange.path);
  };

  /** Of what a person asked for by their cookies; on public routes a cookie is no credential. */
  const enterBySession = async (exchange: Exchange, cookies: string, access: Exclude<Access, "public">) => {
    const { request } = exchange;
    assertPeoplesNetwork(exchange);
    if (!SAFE_METHODS.has(request.method)) assertSameOrigin(request);
    const credential = await authenticate.session(cookies, wantedOf(request, access));
    if (!credential) throw unauthenticated(SESSION_OVER);
    if (!SAFE_METHODS.has(request.method)) assertCsrfHeader(request, credential);
    letInPerson(exchange, credential);
  };

  /** A page renews the session on the way. Where it is public it is shown to everybody, and knows who is signed in. */
  const enterPage = async (exchange: Exchange, cookies: string, access: Access) => {
    const { request } = exchange;
    if (!SAFE_METHODS.has(request.method)) assertSameOrigin(request);
    const wanted = wantedOf(request, access === "public" ? { account: "self" } : access);
    const known = await authenticate.session(cookies, wanted);
    if (known) return letInPerson(exchange, known);
    admitAnonymous(exchange);
    const renewal = await authenticate.renew?.(request, wanted);
    exchange.cookies = renewal?.cookies ?? [];
    if (renewal?.credential) return letInPerson(exchange, renewal.credential);
    checkPath(exchange.path);
    if (access !== "public") throw unauthenticated(SESSION_OVER);
  };

  const enter = (exchange: Exchange): Promise<void> | undefined => {
    const { path, request } = exchange;
    const host = request.headers.get("host");
    if (host !== null && !isOurHost(host) && !(isForMachines(exchange) && isAddressHost(host))) {
      throw new AppError(
        "forbidden",
        "The Host header names no host of this server: set server.publicUrl or http.allowedHosts.",
      );
    }
    if (isDraining() && !PROBE_PATHS.has(path)) throw new AppError("unavailable", "The server is stopping.");
    if (isClosedTo(exchange)) throw new AppError("not_configured", "This installation is not set up yet.");
    if (isBounded && isForPeople(exchange)) assertPeoplesNetwork(exchange);
    const authorization = request.headers.get("authorization");
    if (authorization === null) {
      const cookies = request.headers.get("cookie");
      // Their own listener knows nobody in particular.
      if (exchange.listener !== "operators" && cookies?.includes(SESSION_COOKIE)) {
        const access = findAccess(exchange);
        // What everybody may read is read from elsewhere too, by nobody in particular.
        if (access !== undefined && isFromPeople(exchange) && isPage(exchange)) {
          return enterPage(exchange, cookies, access);
        }
        if (access !== undefined && access !== "public") return enterBySession(exchange, cookies, access);
      }
      if (!isPreflight(exchange)) admitAnonymous(exchange);
      checkPath(path);
      if (takesWriteKey(exchange)) letInByBody(exchange);
      return undefined;
    }
    const secret = bearerOf(authorization) ?? (takesWriteKey(exchange) ? writeKeyOf(authorization) : undefined);
    const found = secret === undefined ? undefined : authenticate.bearer(secret);
    if (found instanceof Promise) {
      return found.then((credential) => {
        admitCredential(exchange, credential);
        checkPath(path);
      });
    }
    admitCredential(exchange, found);
    checkPath(path);
    return undefined;
  };
  return { enter, admitAnonymous };
}
