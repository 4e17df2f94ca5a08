import { HatchError } from "../client/index.ts";
import { ConfigError } from "../config/errors.ts";
import { SchemaRefusedError } from "../database/migrate.ts";
import { WrongKeyError } from "../kernel/crypto.ts";
import { AppError, type ErrorCode } from "../kernel/errors.ts";

/** What scripts may rely on. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line was not understood. The message says what was expected; an example follows it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const REFUSALS: ReadonlySet<string> = new Set(["conflict", "event_conflict", "version_conflict", "forbidden"]);
const INPUT_FAULTS: ReadonlySet<string> = new Set(["validation_failed", "malformed_json"]);

function exitOf(code: ErrorCode | HatchError["code"]): ExitCode {
  if (REFUSALS.has(code)) return EXIT.refused;
  return INPUT_FAULTS.has(code) ? EXIT.usage : EXIT.failed;
}

/** How a failure ends the process, and what the person reads. */
export interface Failure {
  readonly exit: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  /** A bug: its stack is worth showing. */
  readonly stack: string | undefined;
}

/** The machine said no (`EACCES`, `ENOSPC` …): its sentence names the path, a stack would add nothing. */
const isSystemError = (error: Error): boolean =>
  "syscall" in error && "code" in error && typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code);

/** What the person can do about a refusal by the API. */
const HINTS: Readonly<Partial<Record<HatchError["code"], string>>> = {
  unauthenticated: "Is it a key of this server, whole, and neither revoked nor expired?",
  network: "Is the address right, and does the server run?",
};

function failureOfCall({ code, message, details, requestId }: HatchError): Failure {
  const lines = details.map((detail) => `\n${detail.path}: ${detail.message}`).join("");
  const asked = requestId === undefined ? "" : `\nrequest ${requestId}`;
  return { exit: exitOf(code), code, message: `${message}${lines}${asked}`, hint: HINTS[code], stack: undefined };
}

export function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) {
    return { exit: EXIT.usage, code: "usage", message: error.message, hint: undefined, stack: undefined };
  }
  if (error instanceof ConfigError) {
    return { exit: EXIT.usage, code: "configuration", message: error.message, hint: error.hint, stack: undefined };
  }
  if (error instanceof SchemaRefusedError) {
    return { exit: EXIT.refused, code: "newer_schema", message: error.message, hint: undefined, stack: undefined };
  }
  if (error instanceof WrongKeyError) {
    return {
      exit: EXIT.refused,
      code: "wrong_key",
      message: error.message,
      hint:
        error.hint ??
        "Give the key that the data was written with: WEBHOOK_ENCRYPTION_KEY, WEBHOOK_ENCRYPTION_KEY_FILE, or root.key in the data folder.",
      stack: undefined,
    };
  }
  if (error instanceof AppError) {
    const details = error.details.map(({ path, message }) => `\n${path}: ${message}`).join("");
    return {
      exit: exitOf(error.code),
      code: error.code,
      message: `${error.message}${details}`,
      hint: error.hint,
      stack: undefined,
    };
  }
  if (error instanceof HatchError) return failureOfCall(error);
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error && !isSystemError(error) ? error.stack : undefined;
  return { exit: EXIT.failed, code: "internal", message, hint: undefined, stack };
}
