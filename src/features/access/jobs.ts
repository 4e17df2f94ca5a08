import { purgeRefusedRequests } from "../../http/refused/store.ts";
import type { JobDefinition } from "../../jobs/job.ts";
import { addMs, DAY, MINUTE } from "../../kernel/units.ts";

const REFUSED_KEPT_MS = 7 * DAY;
/** Rows of one transaction: others wait for it. */
const PURGE_ROWS_MAX = 1_000;

export const purgeRefusedRequestsJob: JobDefinition = {
  kind: "access.purge_refused_requests",
  schedule: { cron: "20 3 * * *", timezone: "UTC" },
  async run({ database, clock }, { signal }) {
    const before = addMs(clock.now(), -REFUSED_KEPT_MS);
    let removed = 0;
    for (;;) {
      if (signal.aborted) return { kind: "snooze", until: addMs(clock.now(), MINUTE) };
      const count = await database.write((writer) => purgeRefusedRequests(writer, before, PURGE_ROWS_MAX));
      removed += count;
      if (count < PURGE_ROWS_MAX) return { kind: "done", progress: { removed } };
    }
  },
};
