import type { Feature } from "../../feature.ts";
import { LAUNCH_EVENTS } from "./catalogue.ts";

/** The launch programme. Its events can be subscribed to; its routes and jobs come with it. */
export const createLaunchesFeature = (): Feature => ({ name: "launches", emits: LAUNCH_EVENTS });
