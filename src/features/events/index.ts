export { createEvents, type EventsOptions, eventTypeChecks } from "./feature.ts";
export { EVENTS_REFERENCE } from "./reference.ts";
