import { Cron } from "croner";
import { isoTime } from "../kernel/clock.ts";
import { type UnixMs, unixMs } from "../kernel/units.ts";
import type { JobDefinition } from "./job.ts";

/** The first time after `from` that the schedule names; undefined where it names none any more. */
export function nextRunAt(schedule: NonNullable<JobDefinition["schedule"]>, from: UnixMs): UnixMs | undefined {
  const next = new Cron(schedule.cron, { timezone: schedule.timezone, paused: true }).nextRun(isoTime(from));
  return next ? unixMs(next.getTime()) : undefined;
}
