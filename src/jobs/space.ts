import type { StorageSize } from "../database/database.ts";
import { gatherFor, startStopwatch } from "../kernel/clock.ts";
import { MINUTE } from "../kernel/units.ts";
import type { JobDefinition } from "./job.ts";

const MEBIBYTE = 1024 * 1024;
/** What is written next takes free pages first: so much of them stays, for taking them anew costs more. */
const FREE_KEPT_SHARE = 0.05;
const FREE_KEPT_MIN = MEBIBYTE;
const STEP_BYTES_MIN = 64 * 1024;
const STEP_BYTES_MAX = 4 * MEBIBYTE;
/** What a step may hold up others for. */
const STEP_MS = 6;
const REST_SHARE = 2;
const RUN_MS_MAX = MINUTE;
/** Below it a warning is due: a full disk stops every write. */
const DISK_FREE_MIN = 512 * MEBIBYTE;
const DISK_FREE_SHARE = 0.1;

/** What of the free space within the database may go. */
const excessOf = ({ databaseBytes, freeBytes, canShrink }: StorageSize): number =>
  canShrink ? Math.max(0, freeBytes - Math.max(FREE_KEPT_MIN, databaseBytes * FREE_KEPT_SHARE)) : 0;

export const isDiskLow = ({ databaseBytes, diskFreeBytes }: StorageSize): boolean =>
  diskFreeBytes !== undefined && diskFreeBytes < Math.max(DISK_FREE_MIN, databaseBytes * DISK_FREE_SHARE);

/** Gives the space of what was purged back to the disk, in steps between which others write, and warns of a full disk. */
export const spaceJob: JobDefinition = {
  kind: "database.space",
  schedule: { cron: "5-59/10 * * * *", timezone: "UTC" },
  async run({ database, log }, { signal }) {
    const { storage } = database;
    const elapsed = startStopwatch();
    let given = 0;
    let step = STEP_BYTES_MIN * 4;
    for (;;) {
      const size = storage.measure();
      if (size && given === 0 && isDiskLow(size)) {
        log.warn("the disk is nearly full", { freeBytes: size.diskFreeBytes, databaseBytes: size.databaseBytes });
      }
      const excess = size ? excessOf(size) : 0;
      if (excess < STEP_BYTES_MIN || signal.aborted || elapsed() > RUN_MS_MAX) break;
      const took = startStopwatch();
      const now = await storage.giveBack(Math.min(step, excess));
      if (now === 0) break;
      given += now;
      const tookMs = took();
      step = tookMs > STEP_MS ? Math.max(STEP_BYTES_MIN, step / 2) : Math.min(STEP_BYTES_MAX, step * 2);
      await gatherFor(tookMs * REST_SHARE);
    }
    return { kind: "done", progress: { givenBytes: given } };
  },
};
