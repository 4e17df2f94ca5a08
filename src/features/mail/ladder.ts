import { assertNever } from "../../kernel/assert.ts";
import { addMs, DAY, durationMs, HOUR, MINUTE, type UnixMs } from "../../kernel/units.ts";
import { isOfTheServer, type MailOutcome } from "../../outbound/mail/transport.ts";

/** After each try that the server put off or that broke; then a mail is given up, some four days old. */
export const RETRY_DELAYS = [
  MINUTE,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  DAY,
  DAY,
].map(durationMs);

/** How long nothing is tried after a failure that is the server's: a wrong password repeated often locks an account. */
const SERVER_PAUSES = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE].map(durationMs);

/** @param failuresInRow counts from 1 */
export function pauseAfter(failuresInRow: number): number {
  return SERVER_PAUSES[Math.min(failuresInRow, SERVER_PAUSES.length) - 1] ?? MINUTE;
}

export interface Tried {
  /** This try included. */
  readonly attempts: number;
  readonly failures: number;
  readonly expiresAt: UnixMs;
}

/** What a try means for its mail. */
export interface Verdict {
  readonly state: "waiting" | "sent" | "failed";
  readonly attempts: number;
  readonly failures: number;
  readonly dueAt: UnixMs;
  readonly lastError: string | null;
  /** For the metrics. */
  readonly outcome: "sent" | "held" | "retried" | "failed";
}

/**
 * Only what concerns this mail brings it nearer to its end: while the server can't be used, or none is set, it waits
 * until it expires. @param resumeAt when the server may be tried again, after a failure that is the server's
 */
export function judge(outcome: MailOutcome, mail: Tried, now: UnixMs, resumeAt: UnixMs): Verdict {
  const { attempts, failures, expiresAt } = mail;
  const waiting = (at: UnixMs, lastError: string): Verdict => ({
    state: "waiting",
    attempts,
    failures,
    // No later than it expires, so that the end comes in time.
    dueAt: at < expiresAt ? at : expiresAt,
    lastError,
    outcome: "retried",
  });
  const failed = (lastError: string): Verdict => ({
    state: "failed",
    attempts,
    failures: failures + 1,
    dueAt: now,
    lastError,
    outcome: "failed",
  });

  switch (outcome.kind) {
    case "sent":
      return { state: "sent", attempts, failures, dueAt: now, lastError: null, outcome: "sent" };
    case "held":
      return { ...waiting(expiresAt, outcome.message), attempts: attempts - 1, outcome: "held" };
    case "failed": {
      if (outcome.failure === "aborted") return waiting(now, outcome.message);
      if (isOfTheServer(outcome.failure)) return waiting(resumeAt, outcome.message);
      if (outcome.permanent) return failed(outcome.message);
      const delay = RETRY_DELAYS[failures];
      if (delay === undefined) return failed(`Given up after ${attempts} tries. ${outcome.message}`);
      return { ...waiting(addMs(now, delay), outcome.message), failures: failures + 1 };
    }
    default:
      return assertNever(outcome);
  }
}
