/*
 * What becomes of a delivery, told in order.
 *
 *   pending ──claim──▶ sending ──2xx──────────────▶ delivered
 *      ▲                  │ ├──3xx 408 425 429 5xx, no answer──▶ pending, later on the ladder; after its last step failed
 *      │                  │ ├──other 4xx────────▶ failed at once
 *      │                  │ ├──no way through the egress proxy──▶ pending, until there is one; no retry is used up
 *      │                  │ ├──401 403 while another secret is valid──▶ pending, due now, signed with that one
 *      │                  │ └──410──────────────▶ skipped, and the subscription is disabled
 *      └──cut off─────────┘   (three in a row count as one failure)
 *
 * A replay sends an ended or waiting delivery once more. When that fails, the delivery is again what it was: what was
 * delivered stays delivered, what waited on the ladder waits for the same time. Only what was never tried to its end
 * (skipped, canceled) walks the ladder from where it stood.
 *
 * Everything here is a function of values; the claims and the rows are in dispatch/.
 */
import { withAddedJitter } from "../../kernel/backoff.ts";
import type { Chance } from "../../kernel/chance.ts";
import { parseHttpDate } from "../../kernel/http-date.ts";
import { addMs, DAY, type DurationMs, type UnixMs } from "../../kernel/units.ts";
import type { OutboundResult } from "../../outbound/outbound.ts";
import type { DeliveryProgress, DeliveryStatus, ReplayOrigin, WaitingFor } from "./types.ts";
import type { Verdict } from "./verdict.ts";

export type { Verdict } from "./verdict.ts";

/** A receiver may ask to be left alone, but not for ever. */
const RETRY_AFTER_MAX_MS = DAY;
/** A delivery in whose attempts the process keeps dying may be what kills it. */
const INTERRUPTIONS_COUNTED = 3;

/** Whether it says how the endpoint does: not where nothing was sent, or we gave up ourselves. */
export const isOfEndpoint = ({ kind }: Verdict): boolean =>
  kind !== "interrupted" && kind !== "purged" && kind !== "unsendable" && kind !== "waits";

/**
 * Seconds or an HTTP date in any of its three forms; undefined for anything else and for the past. Of two that differ
 * neither can be believed, and a header that was sent twice arrives as one text with a comma: it is anything else.
 */
export function parseRetryAfter(value: string | undefined, now: UnixMs): UnixMs | undefined {
  const text = value?.replace(/^[ \t]+|[ \t]+$/g, "") ?? "";
  const latest = addMs(now, RETRY_AFTER_MAX_MS);
  if (/^\d+$/.test(text)) return addMs(now, Math.min(Number(text) * 1_000, RETRY_AFTER_MAX_MS));
  const at = parseHttpDate(text, now);
  if (at === undefined || at <= now) return undefined;
  return Math.min(at, latest) as UnixMs;
}

const header = (headers: Readonly<Record<string, string>>, name: string): string | undefined =>
  headers[name] ?? Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];

/** What an answer means. @param now the end of the attempt */
export function judge(result: OutboundResult, now: UnixMs): Verdict {
  if (result.kind === "failed") {
    if (result.failure === "aborted") return { kind: "interrupted", counted: false };
    if (result.failure === "proxy") {
      return { kind: "waits", reason: result.message, notBefore: result.notBefore ?? now };
    }
    return { kind: "retry", reason: result.message };
  }
  const { status } = result;
  const reason = `answered ${status}`;
  if (status >= 200 && status < 300) return { kind: "delivered", reason };
  if (status === 410) return { kind: "gone", reason };
  if (status === 408 || status === 425 || status === 429 || status === 503) {
    const notBefore = parseRetryAfter(header(result.headers, "retry-after"), now);
    return notBefore === undefined ? { kind: "retry", reason } : { kind: "retry", reason, notBefore };
  }
  if (status >= 400 && status < 500) {
    return { kind: "refused", reason, signatureRefused: status === 401 || status === 403 };
  }
  if (status >= 300 && status < 400) return { kind: "retry", reason: `${reason}: redirects are not followed` };
  return { kind: "retry", reason };
}

/** What a waiting delivery of the subscription may be: it waits, unless the subscription is no more. */
export type Resting = "waits" | "disabled" | "deleted";

export interface Rules {
  /** The end of the attempt: the ladder counts from it. */
  readonly endedAt: UnixMs;
  readonly retryDelays: readonly DurationMs[];
  readonly retryJitter: number;
  readonly chance: Chance;
  readonly resting: Resting;
  /** How many secrets the request could have been signed with. */
  readonly validSecrets: number;
}

/** The delivery after an attempt. */
export interface Settled {
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly waitingFor: WaitingFor | null;
  readonly dueAt: UnixMs;
  readonly failures: number;
  readonly interruptions: number;
  readonly refusals: number;
  readonly replayFrom: ReplayOrigin | undefined;
  readonly endedAt: UnixMs | null;
}

export const REASON_DISABLED = "the subscription is disabled";
export const REASON_DELETED = "the subscription was deleted";
const REASON_PURGED = "the event's body is no longer kept";
export const REASON_CANCELED = "canceled on request";

/** Moves a delivery on by one verdict. */
export function settle(progress: DeliveryProgress, verdict: Verdict, rules: Rules): Settled {
  return atRest(afterVerdict(progress, verdict, rules), progress, rules);
}

function afterVerdict(progress: DeliveryProgress, verdict: Verdict, rules: Rules): Settled {
  const { failures, refusals, replayFrom } = progress;
  const same = { failures, interruptions: 0, refusals, replayFrom, waitingFor: null, dueAt: rules.endedAt };
  const ended = { ...same, replayFrom: undefined, endedAt: rules.endedAt };
  switch (verdict.kind) {
    case "delivered":
      return { ...ended, status: "delivered", reason: verdict.reason };
    case "interrupted": {
      const interruptions = progress.interruptions + (verdict.counted ? 1 : 0);
      if (interruptions < INTERRUPTIONS_COUNTED) {
        return { ...same, interruptions, status: "pending", reason: null, dueAt: progress.dueAt, endedAt: null };
      }
      const reason = `cut off ${INTERRUPTIONS_COUNTED} times in a row by a restart`;
      return afterVerdict({ ...progress, interruptions: 0 }, { kind: "retry", reason }, rules);
    }
    case "waits": {
      const { reason, notBefore } = verdict;
      const dueAt = Math.max(notBefore, rules.endedAt) as UnixMs;
      const { interruptions } = progress;
      return { ...same, interruptions, status: "pending", reason, waitingFor: "proxy", dueAt, endedAt: null };
    }
    case "purged":
      return restored(progress, rules) ?? { ...ended, status: "skipped", reason: REASON_PURGED };
    case "unsendable":
      return restored(progress, rules, verdict.reason) ?? { ...ended, status: "skipped", reason: verdict.reason };
    case "gone":
      return (
        restored(progress, rules) ?? { ...ended, status: "skipped", reason: `${verdict.reason}: ${REASON_DISABLED}` }
      );
    case "refused":
      if (verdict.signatureRefused && refusals + 1 < rules.validSecrets) {
        return { ...same, refusals: refusals + 1, status: "pending", reason: null, waitingFor: "retry", endedAt: null };
      }
      return (
        restored(progress, rules, verdict.reason) ?? {
          ...ended,
          failures: failures + 1,
          status: "failed",
          reason: `${verdict.reason}: not retried`,
        }
      );
    case "retry":
      return restored(progress, rules, verdict.reason) ?? laterOnTheLadder(progress, verdict, rules);
  }
}

function laterOnTheLadder(
  progress: DeliveryProgress,
  { reason, notBefore }: Extract<Verdict, { kind: "retry" }>,
  { endedAt, retryDelays, retryJitter, chance }: Rules,
): Settled {
  const failures = progress.failures + 1;
  const after = { failures, interruptions: 0, refusals: progress.refusals, replayFrom: undefined };
  const delay = retryDelays[failures - 1];
  if (delay === undefined) {
    const text = failures === 1 ? reason : `${reason.replace(/\.$/, "")}: the last of ${failures} failures`;
    return { ...after, status: "failed", reason: text, waitingFor: null, dueAt: endedAt, endedAt };
  }
  const step = addMs(endedAt, withAddedJitter(delay, retryJitter, chance));
  const dueAt = notBefore !== undefined && notBefore > step ? notBefore : step;
  return { ...after, status: "pending", reason, waitingFor: "retry", dueAt, endedAt: null };
}

/** What a failed replay goes back to; undefined where the ladder decides. */
function restored(progress: DeliveryProgress, rules: Rules, reason?: string): Settled | undefined {
  const { replayFrom, failures, refusals } = progress;
  const same = { failures, interruptions: 0, refusals, replayFrom: undefined };
  switch (replayFrom?.status) {
    case "delivered":
      return { ...same, ...replayFrom };
    case "failed":
      return {
        ...same,
        status: "failed",
        reason: reason === undefined ? replayFrom.reason : `${reason}: replayed once`,
        waitingFor: null,
        dueAt: rules.endedAt,
        endedAt: rules.endedAt,
      };
    case "pending":
      return { ...same, ...replayFrom, endedAt: null };
    default:
      return undefined;
  }
}

/** What would wait may not, where somebody canceled it meanwhile or its subscription is gone. */
function atRest(next: Settled, progress: DeliveryProgress, { endedAt, resting }: Rules): Settled {
  if (next.status !== "pending") return next;
  const end = (status: DeliveryStatus, reason: string): Settled => {
    const origin = next.replayFrom?.status === "delivered" ? next.replayFrom : undefined;
    if (origin) return { ...next, ...origin, replayFrom: undefined };
    return { ...next, status, reason, waitingFor: null, endedAt, replayFrom: undefined };
  };
  if (progress.cancelRequested) return end("canceled", REASON_CANCELED);
  if (resting === "disabled") return end("skipped", REASON_DISABLED);
  if (resting === "deleted") return end("canceled", REASON_DELETED);
  return next;
}
