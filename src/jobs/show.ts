import { isoTime } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { JobRow } from "./control.ts";
import type { ShownKind, ShownProgress } from "./job.ts";

export const JOB_STATUSES = ["queued", "running", "paused", "done", "failed", "canceled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** A job as its callers see it. */
export interface JobView {
  readonly id: Id<"job">;
  readonly kind: string;
  readonly status: JobStatus;
  readonly progress: ShownProgress;
  readonly details: JsonObject;
  readonly reason: string | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** Between two of its chunks a job waits for its turn or for its own rate: to whoever looks, it runs. */
function statusOf({ status, started_at }: JobRow): JobStatus {
  if (status !== "waiting") return status;
  return started_at === null ? "queued" : "running";
}

const parsed = (text: string): JsonObject => JSON.parse(text) as JsonObject;

export function showJob(row: JobRow, kind: ShownKind): JobView {
  const status = statusOf(row);
  const { progress, details } = kind.show({
    payload: parsed(row.payload),
    progress: row.progress === null ? undefined : parsed(row.progress),
  });
  return {
    id: row.id,
    kind: row.kind,
    status,
    progress,
    details,
    // A run that is tried again has a reason too, which is no concern of whoever looks.
    reason: row.ended_at === null ? null : row.reason,
    createdAt: isoTime(row.created_at),
    startedAt: row.started_at === null ? null : isoTime(row.started_at),
    endedAt: row.ended_at === null ? null : isoTime(row.ended_at),
  };
}
