import type { Context } from "../../context.ts";
import type { Feature } from "../../feature.ts";
import type { JobDefinition } from "../../jobs/job.ts";
import { JOBS_RETENTION } from "./retention.ts";
import { createJobRoutes } from "./routes.ts";
import { type Room, shownKinds } from "./shown.ts";

/** Long work as its callers see and steer it. @param definitions those of the other rooms */
export function createJobsFeature(context: Context, definitions: readonly JobDefinition[]): Feature {
  const room: Room = { ...context, shown: shownKinds(definitions) };
  return { name: "jobs", routes: (guard) => createJobRoutes(room, guard), retention: JOBS_RETENTION };
}
