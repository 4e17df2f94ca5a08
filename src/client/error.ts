/** What a server says is wrong; `network`, `timeout` and `unexpected_answer` are the client's own. */
export type HatchErrorCode =
  | "malformed_json"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "event_conflict"
  | "idempotency_conflict"
  | "out_of_stock"
  | "has_stubs"
  | "version_conflict"
  | "payload_too_large"
  | "unsupported_media_type"
  | "validation_failed"
  | "insufficient_balance"
  | "rate_limited"
  | "internal"
  | "not_configured"
  | "unavailable"
  | "network"
  | "timeout"
  | "unexpected_answer";

/** One thing that is wrong with what was sent: where (`properties.score`) and why, in words. */
export interface HatchErrorDetail {
  readonly path: string;
  readonly message: string;
}

export interface HatchErrorFacts {
  readonly status: number;
  readonly code: HatchErrorCode;
  readonly requestId?: string | undefined;
  readonly details?: readonly HatchErrorDetail[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/** A call that did not succeed, after its retries. */
export class HatchError extends Error {
  override readonly name = "HatchError";
  /** 0 where no answer came. */
  readonly status: number;
  readonly code: HatchErrorCode;
  /** Finds the request again in the server's log and in its audit. */
  readonly requestId: string | undefined;
  readonly details: readonly HatchErrorDetail[];
  /** What the server asked to wait, where that is longer than the client waits by itself. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, facts: HatchErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.status = facts.status;
    this.code = facts.code;
    this.requestId = facts.requestId;
    this.details = facts.details ?? [];
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}
