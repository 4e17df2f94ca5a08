import type { Context } from "../../context.ts";
import type { Writer } from "../../database/database.ts";
import type { JobDefinition, JobRun } from "../../jobs/job.ts";
import { addMs, DAY } from "../../kernel/units.ts";
import { dropContents, purgeMails } from "./store.ts";

/** After its end: to whom, what for, what came of it. What it said is gone long before. */
const MAILS_KEPT = 30 * DAY;
const CHUNK = 500;
const BATCHES_PER_RUN_MAX = 2_000;

async function inBatches(context: Context, job: JobRun, take: (writer: Writer) => Promise<number>): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < BATCHES_PER_RUN_MAX && !job.signal.aborted; batch++) {
    const count = await context.database.write(take);
    total += count;
    if (count < CHUNK) break;
  }
  return total;
}

export const RETENTION: JobDefinition = {
  kind: "mail.retention",
  schedule: { cron: "15 * * * *", timezone: "UTC" },
  async run(context, job) {
    const endedBefore = addMs(context.clock.now(), -MAILS_KEPT);
    const contents = await inBatches(context, job, (writer) => dropContents(writer, CHUNK));
    const mails = await inBatches(context, job, (writer) => purgeMails(writer, endedBefore, CHUNK));
    const progress = { contents, mails };
    return job.signal.aborted ? { kind: "snooze", until: context.clock.now(), progress } : { kind: "done", progress };
  },
};
