/**
 * Every refusal that a caller can meet. The status of each stands here once; the exit codes of the command line
 * stand in `cli/exit.ts`.
 */
export const ERROR_STATUS = {
  malformed_json: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  event_conflict: 409,
  idempotency_conflict: 409,
  out_of_stock: 409,
  has_stubs: 409,
  version_conflict: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  validation_failed: 422,
  insufficient_balance: 422,
  rate_limited: 429,
  internal: 500,
  not_configured: 503,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** One thing that is wrong with an input: where (`properties.score`) and why, in words. */
export interface ErrorDetail {
  readonly path: string;
  readonly message: string;
}

export interface ErrorExtras {
  readonly details?: readonly ErrorDetail[];
  /** Whole seconds, sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** For an operator at a terminal: what to run or set next. Never sent over HTTP. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** A refusal: expected, explained, answered with its code. Anything else that is thrown is a bug. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  readonly retryAfterSeconds: number | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.code = code;
    this.details = extras.details ?? [];
    this.retryAfterSeconds = extras.retryAfterSeconds;
    this.hint = extras.hint;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

export const notFound = (what: string): AppError => new AppError("not_found", `${what} was not found.`);

/** A message that goes on from its path ("must be a number") as a sentence of its own; names keep their own case. */
function asSentence(message: string): string {
  const begun = /^(?:must|is|lies|looks|holds|has|was|send|should|can) /.test(message)
    ? `${message.charAt(0).toUpperCase()}${message.slice(1)}`
    : message;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

export const validationFailed = (details: readonly ErrorDetail[], message = "The request is not valid."): AppError =>
  new AppError("validation_failed", message, {
    details: details.map((detail) => ({ path: detail.path, message: asSentence(detail.message) })),
  });
