import { purgeJobs } from "../../jobs/control.ts";
import { fromTheFront, type RetentionRule } from "../../jobs/retention.ts";

export const JOBS_RETENTION: readonly RetentionRule[] = [
  {
    name: "jobs",
    what: "Jobs, as they are shown after their end, with the parts of a recovery",
    tables: ["jobs", "recovery_parts"],
    kept: ({ retention }) => retention.jobs,
    setting: "retention.jobs",
    after: "their end",
    purge: fromTheFront(purgeJobs),
  },
];
