import type { JobDefinition } from "../../../jobs/job.ts";
import { addMs, DAY, MINUTE } from "../../../kernel/units.ts";
import { TOKEN_LIFE_MAX_MS } from "./signing.ts";
import { purgeTokenKeys, purgeWidgetSessions } from "./store.ts";

/** How long a token that is over can still be asked about. */
const KEPT_MS = 7 * DAY;
/** Rows of one transaction: others wait for it. */
const PURGE_ROWS_MAX = 1_000;

/** Tokens that are long over, and keys that no token can be signed with any more. */
export const purgeTokensJob: JobDefinition = {
  kind: "access.purge_tokens",
  schedule: { cron: "43 * * * *", timezone: "UTC" },
  async run({ database, clock }, { signal }) {
    let removed = 0;
    await database.write((writer) => purgeTokenKeys(writer, addMs(writer.now, -TOKEN_LIFE_MAX_MS - KEPT_MS)));
    for (;;) {
      if (signal.aborted) return { kind: "snooze", until: addMs(clock.now(), MINUTE) };
      const count = await database.write((writer) =>
        purgeWidgetSessions(writer, addMs(writer.now, -KEPT_MS), PURGE_ROWS_MAX),
      );
      removed += count;
      if (count < PURGE_ROWS_MAX) return { kind: "done", progress: { removed } };
    }
  },
};
