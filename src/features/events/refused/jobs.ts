import type { JobDefinition } from "../../../jobs/job.ts";
import { addMs, DAY, MINUTE } from "../../../kernel/units.ts";
import { purgeRefusedEvents } from "./store.ts";

const KEPT_MS = 7 * DAY;
/** Rows of one transaction: others wait for it. */
const PURGE_ROWS_MAX = 1_000;

export const purgeRefusedEventsJob: JobDefinition = {
  kind: "events.purge_refused",
  schedule: { cron: "10 * * * *", timezone: "UTC" },
  async run({ database, clock }, { signal }) {
    const before = addMs(clock.now(), -KEPT_MS);
    let removed = 0;
    for (;;) {
      if (signal.aborted) return { kind: "snooze", until: addMs(clock.now(), MINUTE) };
      const count = await database.write((writer) => purgeRefusedEvents(writer, before, PURGE_ROWS_MAX));
      removed += count;
      if (count < PURGE_ROWS_MAX) return { kind: "done", progress: { removed } };
    }
  },
};
