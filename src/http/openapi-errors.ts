import { ERROR_STATUS, type ErrorCode } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { DocumentAnswer, DocumentReference } from "./openapi-types.ts";

interface ErrorMeaning {
  /** When a caller meets it and what to do, in one or two sentences. */
  readonly meaning: string;
  /** A message as it would be answered. */
  readonly example: string;
}

export const ERROR_MEANINGS: Readonly<Record<ErrorCode, ErrorMeaning>> = {
  malformed_json: {
    meaning:
      "The body is not JSON in UTF-8, or is nested deeper than 32 levels; or the path holds a broken `%` escape.",
    example: "The body is not valid JSON.",
  },
  unauthenticated: {
    meaning:
      "There is no credential, or it is wrong, expired or revoked. A wrong one is refused on public routes too: it is never treated as none.",
    example: "This route needs a secret key: Authorization: Bearer hk_….",
  },
  forbidden: {
    meaning:
      "The credential is right but lacks the scope, which the message names; or a secret key came from a browser.",
    example: "This key does not have the scope events:write.",
  },
  not_found: {
    meaning: "There is no such thing in this key's environment. What belongs to another workspace looks the same.",
    example: "The event was not found.",
  },
  method_not_allowed: {
    meaning: "The path exists but not with this method. `Allow` lists those it has.",
    example: "DELETE is not possible here.",
  },
  conflict: {
    meaning:
      "It contradicts what is there already; the message says what. With `Retry-After`: the first request under this `Idempotency-Key` is still running.",
    example: "It exists already.",
  },
  event_conflict: {
    meaning: "An event with this id was accepted before, with other content. The first one stands.",
    example: "The event id was used before with other content.",
  },
  idempotency_conflict: {
    meaning: "This `Idempotency-Key` was used before for another request. Use a fresh one.",
    example: "The Idempotency-Key was used before with another request.",
  },
  out_of_stock: {
    meaning: "The last one is gone. Nothing was taken from the member.",
    example: "The reward is sold out.",
  },
  has_stubs: {
    meaning: "The score is preliminary: some of its signals have no answer yet.",
    example: "The score still has stubs.",
  },
  version_conflict: {
    meaning: "`If-Match` names a version that is no longer the current one. Read again, then repeat.",
    example: "It was changed in the meantime.",
  },
  payload_too_large: {
    meaning: "The body is over 1 MiB (8 MiB for batches).",
    example: "The body is larger than 1 MiB.",
  },
  unsupported_media_type: {
    meaning: "The body must be sent as `Content-Type: application/json`.",
    example: "Send the body as application/json.",
  },
  validation_failed: {
    meaning: "A field is missing, unknown or out of range. `details` names each by its path and says why.",
    example: "The request is not valid.",
  },
  insufficient_balance: {
    meaning: "The member does not have that much.",
    example: "The balance is too small.",
  },
  rate_limited: {
    meaning: "Too many requests. `Retry-After` says after how many seconds the next one is answered.",
    example: "Too many requests.",
  },
  internal: {
    meaning:
      "A fault of the server. Repeat the request with the same id or `Idempotency-Key`; quote `requestId` when you report it.",
    example: "Something went wrong on our side.",
  },
  not_configured: {
    meaning: "This installation has not been set up for it. The message says what is missing.",
    example: "This is not configured here.",
  },
  unavailable: {
    meaning: "The server is starting, stopping or not yet set up. Repeat it shortly.",
    example: "The server is shutting down.",
  },
};

export const ERROR_SCHEMA: JsonObject = {
  type: "object",
  description: "Every refusal has this shape, on every route.",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "requestId"],
      properties: {
        code: {
          type: "string",
          enum: Object.keys(ERROR_STATUS),
          description: "Stable: programs decide by it.",
        },
        message: { type: "string", description: "For people; its wording may change." },
        requestId: { type: "string", description: "The `X-Request-Id` of this answer." },
        details: {
          type: "array",
          description: "What is wrong with which field.",
          items: {
            type: "object",
            required: ["path", "message"],
            properties: {
              path: { type: "string", description: "Where, for instance `properties.score`." },
              message: { type: "string" },
            },
          },
        },
      },
    },
  },
};

/** What of a route decides how it can refuse. */
export interface RouteShape {
  readonly public: boolean;
  readonly hasBody: boolean;
  readonly hasQuery: boolean;
  readonly hasPathParameters: boolean;
  readonly errors: readonly ErrorCode[];
}

/** The refusals that any route can give; the reference explains them once and does not repeat them. */
export const COMMON_ERRORS: readonly ErrorCode[] = ["unauthenticated", "rate_limited", "internal", "unavailable"];

/** All codes that a route can answer, in the order of their status. */
export function errorsOf(shape: RouteShape): readonly ErrorCode[] {
  const codes = new Set<ErrorCode>([...COMMON_ERRORS, ...shape.errors]);
  if (!shape.public) codes.add("forbidden");
  if (shape.hasBody) {
    for (const code of ["malformed_json", "payload_too_large", "unsupported_media_type"] as const) codes.add(code);
  }
  if (shape.hasBody || shape.hasQuery) codes.add("validation_failed");
  if (shape.hasPathParameters) {
    codes.add("malformed_json");
    codes.add("not_found");
  }
  return [...codes].sort((a, b) => ERROR_STATUS[a] - ERROR_STATUS[b]);
}

const EXAMPLE_REQUEST_ID = "req_01kag6w8yhf2ss0m8g3cnv5d7a";

function exampleOf(code: ErrorCode): JsonObject {
  const { example } = ERROR_MEANINGS[code];
  const base = { code, message: example, requestId: EXAMPLE_REQUEST_ID };
  if (code !== "validation_failed") return { error: base };
  return { error: { ...base, details: [{ path: "userId", message: "must be a string" }] } };
}

const pascal = (code: string): string =>
  code.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The refusals of the whole document: what many routes share is written once. */
export class RefusalAnswers {
  readonly components: Record<string, DocumentAnswer> = {};

  /** One answer per status, by reference. */
  of(codes: readonly ErrorCode[]): Readonly<Record<string, DocumentReference>> {
    const answers: Record<string, DocumentReference> = {};
    for (const [status, group] of Map.groupBy(codes, (code) => ERROR_STATUS[code])) {
      const name = group.map(pascal).join("Or");
      this.components[name] ??= refusalAnswer(status, group);
      answers[status] = { $ref: `#/components/responses/${name}` };
    }
    return answers;
  }
}

/** With an example for each code that shares the status. */
function refusalAnswer(status: number, codes: readonly ErrorCode[]): DocumentAnswer {
  return {
    description: codes.map((code) => `\`${code}\`: ${ERROR_MEANINGS[code].meaning}`).join("\n\n"),
    headers: {
      "X-Request-Id": { $ref: "#/components/headers/RequestId" },
      ...(status === 401 ? { "WWW-Authenticate": { $ref: "#/components/headers/WwwAuthenticate" } } : {}),
      ...(status === 429 ? { "Retry-After": { $ref: "#/components/headers/RetryAfter" } } : {}),
    },
    content: {
      "application/json": {
        schema: { $ref: "#/components/schemas/Error" },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  };
}
