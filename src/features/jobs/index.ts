/** The door of the room for app.ts. */
export { createJobsFeature } from "./feature.ts";
export { JOBS_REFERENCE } from "./reference.ts";
