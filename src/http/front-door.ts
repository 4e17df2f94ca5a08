import type { Context } from "../context.ts";
import { AppError } from "../kernel/errors.ts";
import type { KeyPrincipal } from "../kernel/principal.ts";
import { createHostCheck, limitKeyOf } from "./addresses.ts";
import type { Authenticate, Credential, Exchange, KeyIdentity } from "./exchange.ts";
import { unauthenticated, WRONG_CREDENTIAL } from "./guard.ts";
import { PROBE_PATHS } from "./probes.ts";
import { RateLimit } from "./rate-limit.ts";

export interface FrontDoorOptions {
  readonly context: Context;
  readonly authenticate: Authenticate;
  readonly isDraining: () => boolean;
  readonly isClosedTo: (exchange: Exchange) => boolean;
}

/** `Bearer` in any case, one token. Undefined for every other scheme: nothing else is a credential here. */
function bearerOf(authorization: string): string | undefined {
  if (authorization.startsWith("Bearer ") && !authorization.includes(" ", 7)) return authorization.slice(7);
  return /^bearer +(\S+)$/i.exec(authorization)?.[1];
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
const principalOf = (identity: KeyIdentity, request: Exchange): KeyPrincipal => ({
  kind: "key",
  keyId: identity.keyId,
  name: identity.name,
  workspaceId: identity.workspaceId,
  environmentId: identity.environmentId,
  environmentKind: identity.environmentKind,
  scopes: identity.scopes,
  request,
});

/**
 * What every request passes before it is routed, unknown paths included: is it for us, are we open, is its credential
 * good, has it any left. Throws the refusal. Answers without a promise where the key is known: the hot path.
 */
export function createFrontDoor({ context, authenticate, isDraining, isClosedTo }: FrontDoorOptions) {
  const { clock, config, metrics } = context;
  const isOurHost = createHostCheck(config);
  const perKey = new RateLimit(clock, config.limits.secretKeyPerMinute);
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
    exchange.credential = credential;
    exchange.principal = principalOf(credential.identity, exchange);
    if (isFromBrowser(exchange.request.headers)) {
      throw new AppError(
        "forbidden",
        "A secret key must not be used in a browser: this request carries Origin or Sec-Fetch-Site. Call from your server, and rotate the key if it was ever sent to a page.",
      );
    }
    const wait = perKey.take(credential.identity.keyId);
    if (wait > 0) throw limited(wait, "The key has used up its requests of this minute.");
  };

  return (exchange: Exchange): Promise<void> | undefined => {
    const { path, request } = exchange;
    const host = request.headers.get("host");
    if (host !== null && !isOurHost(host)) {
      throw new AppError("forbidden", "The Host header names no host of this server (setting http.allowedHosts).");
    }
    if (isDraining() && !PROBE_PATHS.has(path)) throw new AppError("unavailable", "The server is stopping.");
    if (isClosedTo(exchange)) throw new AppError("not_configured", "This installation is not set up yet.");
    const authorization = request.headers.get("authorization");
    if (authorization === null) {
      admitAnonymous(exchange);
      checkPath(path);
      return undefined;
    }
    const secret = bearerOf(authorization);
    const found = secret === undefined ? undefined : authenticate(secret);
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
}
