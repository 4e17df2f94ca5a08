/** The door of the room for app.ts: other rooms are handed what they need of it. */
export { type Catalogue, createCatalogue } from "./catalogue.ts";
export { type DeliveryOfEvent, listDeliveriesOfEvents } from "./deliveries/show.ts";
export { createWebhooks, type Webhooks } from "./feature.ts";
export { OPERATIONS_EVENTS } from "./operations-events.ts";
export { WEBHOOKS_REFERENCE } from "./reference.ts";
export { createSigningSecret, type SigningSecret, signatureHeaders, standardKeyOf } from "./signing.ts";
