import type { OutboundEventType } from "../../kernel/catalogue.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { DIGEST_EVENT_TYPE } from "./digest/event-type.ts";

const TEXT: JsonObject = { type: "string" };
const TIME: JsonObject = { type: "string", format: "date-time" };
const WHOLE: JsonObject = { type: "integer", minimum: 0 };

const SUBSCRIPTION: JsonObject = {
  subscriptionId: TEXT,
  endpoint: { type: ["string", "null"], description: "Without its query. Null for a pull subscription." },
};
const SUBSCRIPTION_EXAMPLE: JsonObject = {
  subscriptionId: "sub_01kag6w8r4n6t8vhxm3c5q7d9e",
  endpoint: "https://hooks.example.com/hatch",
};

/** Whether an event tells how deliveries fare: its own are not told of again. */
export const isOperational = (event: string): boolean => NAMES.has(event);

const operation = (name: string, description: string, fields: JsonObject, example: JsonObject): OutboundEventType => ({
  name,
  family: "operations",
  description,
  schema: { type: "object", required: Object.keys(fields), properties: fields },
  example,
  planned: true,
});

function ofSubscription(name: string, description: string, fields: JsonObject, example: JsonObject): OutboundEventType {
  const { planned: _, ...event } = operation(
    name,
    description,
    { ...SUBSCRIPTION, ...fields },
    { ...SUBSCRIPTION_EXAMPLE, ...example },
  );
  return event;
}

const INCIDENT: JsonObject = {
  incidentId: TEXT,
  title: TEXT,
  severity: { enum: [1, 2, 3, 4], description: "1 concerns all users, 2 most, 3 some, 4 is a question." },
  state: { enum: ["investigating", "identified", "monitoring", "resolved", "post_mortem"] },
  components: { type: "array", items: TEXT, description: "What is affected." },
  message: { type: "string", description: "What there is to say now." },
  startedAt: TIME,
};
const INCIDENT_EXAMPLE: JsonObject = {
  incidentId: "inc_01kag6w95t3b7f1k4p8s2v6xzc",
  title: "Deliveries are late",
  severity: 3,
  state: "investigating",
  components: ["Webhooks"],
  message: "Deliveries leave up to five minutes late. We are looking for the cause.",
  startedAt: "2026-11-20T17:52:00.000Z",
};

const incident = (name: string, description: string, time: string, example: JsonObject): OutboundEventType =>
  operation(name, description, { ...INCIDENT, [time]: TIME }, { ...INCIDENT_EXAMPLE, ...example });

const TICKET: JsonObject = {
  ticketId: TEXT,
  subject: TEXT,
  severity: { enum: [1, 2, 3, 4] },
  channel: { enum: ["development", "production"] },
  status: { enum: ["open", "waiting", "resolved", "closed"], description: "`waiting` is for the customer." },
};
const TICKET_EXAMPLE: JsonObject = {
  ticketId: "tkt_01kag6w96q9m2r5w8z1d4g7jvn",
  subject: "Why was this event refused?",
  severity: 4,
  channel: "development",
  status: "open",
};

/** Of the status page and of support, whose rooms are still to come; nobody forwards events under their names. */
const STATUS_AND_SUPPORT: readonly OutboundEventType[] = [
  incident("incident.opened", "An incident was opened.", "openedAt", { openedAt: "2026-11-20T17:55:00.000Z" }),
  incident("incident.updated", "There is news of an incident.", "updatedAt", {
    state: "identified",
    message: "A full disk was found and is being emptied.",
    updatedAt: "2026-11-20T18:10:00.000Z",
  }),
  incident("incident.resolved", "An incident is over.", "resolvedAt", {
    state: "resolved",
    message: "Deliveries leave on time again.",
    resolvedAt: "2026-11-20T18:31:00.000Z",
  }),
  operation(
    "maintenance.scheduled",
    "Maintenance was planned, or its time was moved.",
    { incidentId: TEXT, title: TEXT, components: { type: "array", items: TEXT }, startsAt: TIME, endsAt: TIME },
    {
      incidentId: "inc_01kag6w97c6h9n2q5t8v1y4bdf",
      title: "A larger disk",
      components: ["API", "Webhooks"],
      startsAt: "2026-11-27T02:00:00.000Z",
      endsAt: "2026-11-27T02:30:00.000Z",
    },
  ),
  operation(
    "ticket.created",
    "A ticket was opened.",
    { ...TICKET, createdAt: TIME },
    { ...TICKET_EXAMPLE, createdAt: "2026-11-20T18:04:00.000Z" },
  ),
  operation(
    "ticket.updated",
    "A ticket was answered, or its status or severity changed.",
    { ...TICKET, updatedAt: TIME },
    { ...TICKET_EXAMPLE, status: "waiting", updatedAt: "2026-11-20T18:22:00.000Z" },
  ),
];

/** How deliveries fare, and what is to come of status and support. Never sent to the subscription that they are about. */
export const OPERATIONS_EVENTS: readonly OutboundEventType[] = [
  ofSubscription(
    "subscription.failing",
    "Several deliveries to a subscription have failed in a row.",
    { failuresInRow: WHOLE, lastFailure: TEXT },
    { failuresInRow: 4, lastFailure: "answered 503" },
  ),
  ofSubscription(
    "subscription.paused",
    "Deliveries to a subscription wait, because too many have failed in a row.",
    { failuresInRow: WHOLE, lastFailure: TEXT, pausedUntil: TIME },
    { failuresInRow: 10, lastFailure: "answered 503", pausedUntil: "2026-11-20T18:05:00.000Z" },
  ),
  ofSubscription(
    "subscription.recovered",
    "A paused subscription has answered: its deliveries go on.",
    { pausedSince: TIME },
    { pausedSince: "2026-11-20T18:04:00.000Z" },
  ),
  ofSubscription(
    "subscription.disabled",
    "A subscription was disabled: its endpoint answered 410, or with failures only for five days.",
    { reason: TEXT },
    { reason: "answered 410" },
  ),
  ofSubscription(
    "delivery.exhausted",
    "A delivery has failed for good: nothing more is tried unless it is replayed.",
    { deliveryId: TEXT, outboundEventId: TEXT, event: TEXT, attemptCount: WHOLE, reason: TEXT },
    {
      deliveryId: "dlv_01kag6w91xe0jbq4zt8n5r2mvc",
      outboundEventId: "evt_01kag6w8zq4d6c2x9mhs7ykt3e",
      event: "level.changed",
      attemptCount: 6,
      reason: "answered 503",
    },
  ),
  DIGEST_EVENT_TYPE,
  ...STATUS_AND_SUPPORT,
];

const NAMES: ReadonlySet<string> = new Set(OPERATIONS_EVENTS.map(({ name }) => name));
