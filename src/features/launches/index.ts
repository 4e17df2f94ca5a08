export { LAUNCH_EVENTS } from "./catalogue.ts";
export { createLaunchesFeature } from "./feature.ts";
