import { ParseError, ValidationError } from "elysia";
import * as v from "valibot";
import { AppError, ERROR_STATUS, type ErrorDetail, validationFailed } from "../kernel/errors.ts";
import { maskCredentials } from "../kernel/log.ts";
import { detailsOf } from "./validate.ts";

interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly requestId: string;
    readonly details?: readonly ErrorDetail[];
  };
}

/** The one shape of every refusal. */
const errorBody = ({ code, message, details }: AppError, requestId: string): ErrorBody => ({
  error: { code, message: maskCredentials(message), requestId, ...(details.length === 0 ? {} : { details }) },
});

export function errorResponse(
  error: AppError,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const own: Record<string, string> = { ...headers };
  if (error.code === "unauthenticated") own["www-authenticate"] = 'Bearer realm="hatch"';
  if (error.retryAfterSeconds !== undefined) own["retry-after"] = String(error.retryAfterSeconds);
  return Response.json(errorBody(error, requestId), { status: ERROR_STATUS[error.code], headers: own });
}

const internalError = (cause: unknown): AppError =>
  new AppError("internal", "Something failed on our side. The request id helps support to find it.", { cause });

/** Elysia checks query and path by itself, and keeps of the issues only the first: ask the schema again. */
function issuesOf({ validator, value }: ValidationError): ErrorDetail[] {
  const schema: unknown = (validator as { schema?: unknown }).schema ?? validator;
  const result = v.safeParse(schema as v.GenericSchema, value);
  return result.success ? [] : detailsOf(result.issues);
}

/** What a thrown value is to the caller: refusals as they are, everything else is our fault and says nothing more. */
export function refusalOf(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof ParseError)
    return thrown.cause instanceof AppError ? thrown.cause : internalError(thrown.cause);
  if (thrown instanceof ValidationError && thrown.type !== "response") return validationFailed(issuesOf(thrown));
  return internalError(thrown);
}
