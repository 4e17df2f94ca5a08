export { HatchError, type HatchErrorCode, type HatchErrorDetail } from "./error.ts";
export type * from "./format-types.ts";
export { createHatch, type Hatch, type HatchOptions } from "./hatch.ts";
export type * from "./program.ts";
export type { Answer, Call, CallOptions, Fetch, FetchInit } from "./request.ts";
export type * from "./token-types.ts";
export type * from "./types.ts";
export {
  type VerifyOptions,
  verifyWebhook,
  type WebhookEvent,
  type WebhookHeaders,
  type WebhookRefusal,
  WebhookVerificationError,
} from "./verify-webhook.ts";
export type * from "./webhook-types.ts";
