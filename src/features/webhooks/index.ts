/** The door of the room for app.ts: other rooms are handed what they need of it. */
export { type Catalogue, createCatalogue } from "./catalogue.ts";
export { type DeliveryOfEvent, listDeliveriesOfEvents } from "./deliveries/show.ts";
export type { DigestPlan } from "./digest/plan.ts";
export { createWebhooks, type Webhooks } from "./feature.ts";
export { FAN_OUT, reportInstance } from "./health/instance.ts";
export { OPERATIONS_EVENTS } from "./operations-events.ts";
export { WEBHOOKS_REFERENCE } from "./reference.ts";
export { checkSignature } from "./signature-check/check.ts";
export type { SignatureAnswer } from "./signature-check/question.ts";
export { SIGNATURE_CHECK_BOUNDS } from "./signature-check/schema.ts";
export { type Deviation, deviationsOf } from "./signatures/deviations.ts";
export { PRETTY, writeJson, writeUnusually } from "./signatures/json-text.ts";
export {
  type Family as SignatureFamily,
  type SignatureHeaders,
  type SignedMessage,
  signedWith,
} from "./signatures/recipe.ts";
export { createSigningSecret, type SigningSecret, signatureHeaders, standardKeyOf } from "./signing.ts";
export { followWorkspace } from "./workspaces/follow.ts";
