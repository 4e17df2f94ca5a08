import type { Context } from "../../context.ts";
import type { Counter } from "../../kernel/metrics.ts";
import type { Recorder } from "../progression/index.ts";
import type { EventTypes } from "./event-types.ts";
import type { Ingest } from "./ingest.ts";
import type { RefusedEvents } from "./refused/keep.ts";

/** What the verbs of this room share beside the context. */
export interface EventsRoom {
  readonly context: Context;
  readonly types: EventTypes;
  readonly ingest: Ingest;
  readonly recorder: Pick<Recorder, "recall">;
  readonly refused: RefusedEvents;
  readonly outcomes: Counter;
  readonly personalUserIds: Counter;
  readonly segmentMessages: Counter;
}
