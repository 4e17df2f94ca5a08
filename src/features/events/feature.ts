import { Elysia } from "elysia";
import type { Context } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import type { ProgramCache, ProgramSurroundings, Recorder } from "../progression/index.ts";
import { createEventTypes } from "./event-types.ts";
import { createIngest } from "./ingest.ts";
import { RefusedEvents } from "./refused/keep.ts";
import { createRefusedEventRoutes } from "./refused/routes.ts";
import { EVENTS_RETENTION } from "./retention/rules.ts";
import { EVENTS_FORGET } from "./retention/store.ts";
import { createEventRoutes, type FindDeliveries } from "./routes.ts";
import { compileSchema } from "./schema.ts";
import { createSegmentRoutes } from "./segment/routes.ts";
import { listEventTypeRows } from "./store.ts";

export interface EventsOptions {
  readonly programs: ProgramCache;
  readonly recorder: Recorder;
  /** Whether a name belongs to the catalogue of outbound events. */
  readonly isReserved: (name: string) => boolean;
  readonly findDeliveries: FindDeliveries;
}

/** What a program is checked against: types registered one by one, and what a schema may be. */
export const eventTypeChecks: Pick<ProgramSurroundings, "registeredEventTypes" | "schemaProblem"> = {
  registeredEventTypes: async (reader, environmentId) =>
    new Set((await listEventTypeRows(reader, environmentId)).map(({ name }) => name)),
  schemaProblem(schema) {
    const compiled = compileSchema(schema);
    return "problem" in compiled ? compiled.problem : undefined;
  },
};

export function createEvents(context: Context, options: EventsOptions): Feature {
  const ingest = createIngest(context, options.recorder);
  const types = createEventTypes(context, options);
  context.metrics.gauge("ingest_waiting", "Events that wait for their commit.", () => ingest.waiting);
  const room = {
    context,
    types,
    ingest,
    recorder: options.recorder,
    refused: new RefusedEvents(context),
    segmentMessages: context.metrics.counter(
      "segment_messages_total",
      "Messages of Segment's libraries, by type and outcome.",
    ),
    outcomes: context.metrics.counter("events_total", "Events by outcome: accepted, duplicate, rejected."),
    personalUserIds: context.metrics.counter(
      "events_personal_user_id_total",
      "Events whose userId looks like an e-mail address or a phone number.",
    ),
  };
  return {
    name: "events",
    routes: (guard) =>
      new Elysia({ name: "all-events" })
        .use(createRefusedEventRoutes(context.database, guard))
        .use(createEventRoutes(room, options, guard))
        .use(createSegmentRoutes(room, guard)),
    retention: EVENTS_RETENTION,
    forget: EVENTS_FORGET,
  };
}
