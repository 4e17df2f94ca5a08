import { Elysia } from "elysia";
import type { Context } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import { PROGRESS_EVENTS } from "./catalogue.ts";
import { examineLedger } from "./examine.ts";
import { createRecorder, type Recorder } from "./inputs/record.ts";
import { createMemberRoutes } from "./members/routes.ts";
import type { ProgramCache } from "./program/cache.ts";
import type { ProgramRoom, ProgramSurroundings } from "./program/room.ts";
import { createProgramRoutes } from "./program/routes.ts";
import { PROGRESSION_RETENTION } from "./retention/rules.ts";
import { PROGRESSION_FORGET } from "./retention/store.ts";

export interface Progression {
  readonly programs: ProgramCache;
  readonly recorder: Recorder;
  /** For what publishes a program without a request: the configuration file, the demo. */
  readonly room: ProgramRoom;
  readonly feature: Feature;
}

/** @param programs made before, since what the room is handed may need it */
export function createProgression(
  context: Context,
  programs: ProgramCache,
  surroundings: ProgramSurroundings,
): Progression {
  const recorder = createRecorder(context, programs);
  const room: ProgramRoom = { context, programs, surroundings };
  return {
    programs,
    recorder,
    room,
    feature: {
      name: "progression",
      emits: PROGRESS_EVENTS,
      routes: (guard) =>
        new Elysia({ name: "progression" })
          .use(createProgramRoutes(room, guard))
          .use(createMemberRoutes({ context, recorder, programs }, guard)),
      retention: PROGRESSION_RETENTION,
      forget: PROGRESSION_FORGET,
      examine: examineLedger,
    },
  };
}
