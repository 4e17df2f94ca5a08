import { fromTheFront, type RetentionRule } from "../../../jobs/retention.ts";
import { purgeRefusedEvents } from "../refused/store.ts";

export const EVENTS_RETENTION: readonly RetentionRule[] = [
  {
    name: "refusedEvents",
    what: "Events that were not accepted, and why; without their properties",
    tables: ["refused_events"],
    kept: ({ retention }) => retention.refused,
    setting: "retention.refused",
    after: "they came",
    purge: fromTheFront(purgeRefusedEvents),
  },
  {
    name: "eventTypes",
    what: "Event types",
    tables: ["event_types"],
    kept: undefined,
    after: "",
  },
];
