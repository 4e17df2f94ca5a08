import type { Config } from "../../../config/config.ts";
import type { Context } from "../../../context.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { AddressPolicy, FailureKind, OutboundResult } from "../../../outbound/outbound.ts";
import { judge, type Verdict } from "../deliver.ts";
import { type SigningSecret, signatureHeaders, validSecrets } from "../signing.ts";
import { NO_HEADERS } from "../types.ts";
import type { Claim } from "./claim.ts";

/** What came of one request, or why there was none. */
export interface Outcome {
  readonly claim: Claim;
  readonly startedAt: UnixMs;
  readonly endedAt: UnixMs;
  /** As sent; values of custom headers are masked. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** Several secrets were valid. */
  readonly overlap: boolean;
  readonly result: OutboundResult;
  readonly verdict: Verdict;
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "[::1]", "localhost"]);
const MASKED = "***";

/** Where requests of an environment may go. Loopback without a setting only where nobody else can reach the server. */
export function addressPolicy(config: Config, kind: EnvironmentKind): AddressPolicy {
  return {
    allowNetworks: config.webhooks.allowNetworks,
    allowLoopback: kind === "test" && LOOPBACK_HOSTS.has(config.server.host),
  };
}

/** Makes the one request of an attempt. Never throws: whatever happens is an outcome. */
export async function sendClaim(
  context: Pick<Context, "clock" | "outbound" | "config">,
  claim: Claim,
  options: { readonly userAgent: string; readonly signal: AbortSignal },
): Promise<Outcome> {
  const { target } = claim;
  const startedAt = context.clock.now();
  const secrets = validSecrets(target.secrets, startedAt);
  // Most subscriptions have no headers of their own: then what is sent is what is shown.
  const plain = target.headers === NO_HEADERS;
  let own: Readonly<Record<string, string>> = NO_HEADERS;
  let result: OutboundResult;
  try {
    own = ownHeaders(claim, { secrets, startedAt, userAgent: options.userAgent });
    result = await context.outbound.send(
      {
        url: target.endpoint ?? "",
        method: "POST",
        headers: plain ? own : { ...target.headers, ...own },
        body: claim.body ?? "",
        timeout: context.config.webhooks.timeout,
        policy: addressPolicy(context.config, target.environmentKind),
      },
      options.signal,
    );
  } catch {
    result = failed("The request could not be made.");
  }
  const endedAt = context.clock.now();
  return {
    claim,
    startedAt,
    endedAt,
    requestHeaders: plain ? own : { ...masked(target.headers), ...own },
    overlap: secrets.length > 1,
    result,
    verdict: claim.body === undefined ? { kind: "purged" } : judge(result, endedAt),
  };
}

/** The headers that a delivery has of us; a pulled one has the same. */
export function ownHeaders(
  claim: Claim,
  made: { readonly secrets: readonly SigningSecret[]; readonly startedAt: UnixMs; readonly userAgent: string },
): Record<string, string> {
  const headers: Record<string, string> = { "Content-Type": "application/json", "User-Agent": made.userAgent };
  if (claim.traceparent !== undefined) headers.traceparent = claim.traceparent;
  return Object.assign(
    headers,
    signatureHeaders({
      event: claim.event,
      deliveryId: claim.id,
      attempt: claim.attempt,
      timestamp: Math.floor(made.startedAt / 1000),
      body: claim.body ?? "",
      secrets: made.secrets,
      prefersNewest: claim.prefersNewest,
    }),
  );
}

/** The outcome of a request that we gave up ourselves. */
export function abandoned(claim: Claim, now: UnixMs, failure: "aborted" | "timeout", message: string): Outcome {
  const result = failed(message, failure);
  return {
    claim,
    startedAt: now,
    endedAt: now,
    requestHeaders: NO_HEADERS,
    overlap: false,
    result,
    verdict: judge(result, now),
  };
}

const failed = (message: string, failure: FailureKind = "protocol"): OutboundResult => ({
  kind: "failed",
  failure,
  message,
  timings: { dns: 0, firstByte: 0, body: 0 },
  address: undefined,
});

export const masked = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.keys(headers).map((name) => [name, MASKED]));
