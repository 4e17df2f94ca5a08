import type { Config } from "../../../config/config.ts";
import type { Context } from "../../../context.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import type { AddressPolicy, FailureKind, OutboundResult } from "../../../outbound/outbound.ts";
import { judge, type Verdict } from "../deliver.ts";
import { JSON_TYPE, type MadeBody } from "../format/body.ts";
import { PRESETS } from "../format/presets/presets.ts";
import { plannedHeaders, type SigningSecret, signatureHeaders, validSecrets } from "../signing.ts";
import { NO_HEADERS, type Target } from "../types.ts";
import type { Claim } from "./claim.ts";

/** What came of one request, or why there was none. */
export interface Outcome {
  readonly claim: Claim;
  readonly startedAt: UnixMs;
  readonly endedAt: UnixMs;
  /** As sent; values of custom headers are masked. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** Size and digest of a body that was made for the receiver, as JSON; null where the event's own was sent. */
  readonly requestBody: string | null;
  /** How many secrets were valid; 0 where nothing was sent. */
  readonly validSecrets: number;
  readonly result: OutboundResult;
  readonly verdict: Verdict;
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "[::1]", "localhost"]);
const MASKED = "***";
const REASON_CHARACTERS_MAX = 500;

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
  let made: MadeBody = AS_IT_IS;
  try {
    made = bodyOf(claim);
    if (claim.body === undefined) return unsent(claim, startedAt, "There is nothing left to send.", { kind: "purged" });
    if ("fault" in made) return unsendable(claim, startedAt, made.fault);
    const { body, contentType } = made;
    own = ownHeaders(claim, { secrets, startedAt, userAgent: options.userAgent, body, contentType });
    result = await context.outbound.send(
      {
        url: target.address ?? "",
        method: "POST",
        headers: plain ? own : { ...target.headers, ...own },
        body,
        timeout: context.config.webhooks.timeout,
        policy: addressPolicy(context.config, target.environmentKind),
        tls: target.tls,
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
    requestBody: digestOf(target, made),
    validSecrets: secrets.length,
    result: target.redact === undefined ? result : redacted(result, target.redact),
    verdict: verdictOf(target, result, endedAt),
  };
}

const AS_IT_IS: MadeBody = { body: "", contentType: JSON_TYPE };

/** The bytes to send: the event's own, or what the subscription as it is now makes of them. */
function bodyOf({ target, body }: Claim): MadeBody {
  if (body === undefined) return AS_IT_IS;
  return target.makeBody === undefined ? { body, contentType: JSON_TYPE } : target.makeBody(body);
}

function digestOf({ makeBody }: Target, made: MadeBody): string | null {
  if (makeBody === undefined || "fault" in made) return null;
  return JSON.stringify({ bytes: Buffer.byteLength(made.body), sha256: sha256Hex(made.body) });
}

/** Nothing was sent, and that is not the endpoint's doing. */
function unsendable(claim: Claim, at: UnixMs, fault: string): Outcome {
  const reason = `the payload failed: ${fault}`.slice(0, REASON_CHARACTERS_MAX);
  return unsent(claim, at, reason, { kind: "unsendable", reason });
}

const unsent = (claim: Claim, at: UnixMs, message: string, verdict: Verdict): Outcome => ({
  claim,
  startedAt: at,
  endedAt: at,
  requestHeaders: NO_HEADERS,
  requestBody: null,
  validSecrets: 0,
  result: failed(message),
  verdict,
});

function verdictOf({ format: { preset }, redact }: Target, result: OutboundResult, now: UnixMs): Verdict {
  const verdict =
    (preset && result.kind === "answered" ? PRESETS[preset.name].judge?.(result, now) : undefined) ??
    judge(result, now);
  return redact !== undefined && "reason" in verdict ? { ...verdict, reason: redact(verdict.reason) } : verdict;
}

/** Receivers like to name the path that they were asked for, and here that is a credential. */
function redacted(result: OutboundResult, redact: (text: string) => string): OutboundResult {
  if (result.kind === "failed") return { ...result, message: redact(result.message) };
  // Byte by byte, so that what is no text stays what it is.
  const body = Buffer.from(redact(Buffer.from(result.body).toString("latin1")), "latin1");
  const headers = Object.fromEntries(Object.entries(result.headers).map(([name, value]) => [name, redact(value)]));
  return { ...result, headers, body };
}

/** The headers that a delivery has of us; a pulled one has the same. */
export function ownHeaders(
  claim: Claim,
  made: {
    readonly secrets: readonly SigningSecret[];
    readonly startedAt: UnixMs;
    readonly userAgent: string;
    readonly body: string;
    readonly contentType: string;
  },
): Record<string, string> {
  const headers: Record<string, string> = { "Content-Type": made.contentType, "User-Agent": made.userAgent };
  if (claim.traceparent !== undefined) headers.traceparent = claim.traceparent;
  const { signingPlan } = claim.target;
  const signable = {
    event: claim.event,
    eventId: claim.outboundEventId,
    deliveryId: claim.id,
    attempt: claim.attempt,
    timestamp: Math.floor(made.startedAt / 1000),
    body: made.body,
    secrets: made.secrets,
    refusals: claim.refusals,
  };
  return Object.assign(
    headers,
    signingPlan === undefined ? signatureHeaders(signable) : plannedHeaders(signingPlan, signable),
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
    requestBody: null,
    validSecrets: 0,
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
