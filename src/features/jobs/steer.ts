import type { Writer } from "../../database/database.ts";
import { cancelJob, findJob, type JobRow, pauseJob, resumeJob } from "../../jobs/control.ts";
import { type JobView, showJob } from "../../jobs/show.ts";
import { mutate } from "../../journal/mutate.ts";
import { AppError, notFound } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../kernel/principal.ts";
import { kindsFor, type Room } from "./shown.ts";

const REASON_CANCELED = "canceled on request";

type Way = "paused" | "resumed" | "canceled";

interface Step {
  /** What it is already when there is nothing left to do. */
  readonly isThere: (row: JobRow) => boolean;
  readonly change: (writer: Writer, id: Id<"job">) => Promise<boolean>;
}

const STEPS: Readonly<Record<Way, Step>> = {
  paused: { isThere: ({ status }) => status === "paused", change: pauseJob },
  resumed: { isThere: ({ status }) => status === "waiting" || status === "running", change: resumeJob },
  canceled: {
    isThere: ({ status }) => status === "canceled",
    change: (writer, id) => cancelJob(writer, id, REASON_CANCELED),
  },
};

/**
 * Pauses a job, lets it go on, or ends it. It holds from the commit on: a chunk that is being written at that moment is
 * taken back whole. Asked twice it is the same; what has ended stays as it is.
 */
export function steerJob(room: Room, principal: EnvironmentPrincipal, id: Id<"job">, way: Way): Promise<JobView> {
  const { environmentId, workspaceId } = principal;
  const kinds = kindsFor(room, principal, "write");
  return mutate(room, principal, async (writer) => {
    const before = await findJob(writer, environmentId, { id, kinds });
    if (!before) throw notFound("The job");
    const { isThere, change } = STEPS[way];
    const changed = !isThere(before) && (await change(writer, id));
    if (!changed && !isThere(before)) {
      throw new AppError("conflict", `The job has ended already: it is ${before.status}.`);
    }
    const after = changed ? await findJob(writer, environmentId, { id, kinds }) : before;
    const kind = room.shown.get(before.kind);
    if (!after || !kind) throw notFound("The job");
    const view = showJob(after, kind);
    const { total, done } = view.progress;
    const details = { kind: before.kind, done, ...(total === null ? {} : { total }) };
    if (changed) writer.afterCommit(() => room.log.info(`a job was ${way}`, { job: id, ...details }));
    return {
      result: view,
      audit: changed ? [{ workspaceId, environmentId, action: `job.${way}`, target: id, details }] : [],
      announce: [],
      jobs: [],
    };
  });
}
