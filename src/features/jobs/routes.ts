import { Elysia } from "elysia";
import * as v from "valibot";
import { callerOf, type Guard } from "../../http/guard.ts";
import { listQuery, pageOf, parsePage } from "../../http/pages.ts";
import { findJob, listJobs } from "../../jobs/control.ts";
import { type JobView, showJob } from "../../jobs/show.ts";
import { notFound } from "../../kernel/errors.ts";
import { type Id, isId } from "../../kernel/ids.ts";
import type { EnvironmentPrincipal } from "../../kernel/principal.ts";
import { kindsFor, type Room } from "./shown.ts";
import { steerJob } from "./steer.ts";

const TAGS = ["Jobs"];
/** Every kind that is shown so far asks for these; the verbs look at the kind's own besides. */
const READ = { scope: "webhooks:read" } as const;
const WRITE = { scope: "webhooks:write" } as const;

function jobIdOf(text: string | undefined): Id<"job"> {
  if (text === undefined || !isId("job", text)) throw notFound("The job");
  return text;
}

async function findJobView(room: Room, caller: EnvironmentPrincipal, id: Id<"job">): Promise<JobView> {
  const kinds = kindsFor(room, caller, "read");
  const row = await room.database.read((reader) => findJob(reader, caller.environmentId, { id, kinds }));
  const kind = row && room.shown.get(row.kind);
  if (!row || !kind) throw notFound("The job");
  return showJob(row, kind);
}

export const createJobRoutes = (room: Room, guard: Guard) =>
  new Elysia({ name: "jobs" })
    .use(guard)
    .get(
      "/v1/jobs",
      async ({ request, query }) => {
        const { limit, after } = parsePage(query);
        const caller = callerOf(request);
        const filter = { kinds: kindsFor(room, caller, "read"), after, rows: limit + 1 };
        const rows = await room.database.read((reader) => listJobs(reader, caller.environmentId, filter));
        const page = pageOf(rows, limit, (row) => row.id);
        const data = page.data.flatMap((row) => {
          const kind = room.shown.get(row.kind);
          return kind ? [showJob(row, kind)] : [];
        });
        return { data, next: page.next };
      },
      {
        access: READ,
        query: v.object(listQuery),
        detail: {
          operationId: "listJobs",
          summary: "List long-running jobs, newest first",
          description: "Those of the environment that the credential may see.",
          tags: TAGS,
        },
      },
    )
    .get("/v1/jobs/:id", ({ request, params }) => findJobView(room, callerOf(request), jobIdOf(params.id)), {
      access: READ,
      detail: {
        operationId: "getJob",
        summary: "Read a job and how far it is",
        tags: TAGS,
      },
    })
    .post(
      "/v1/jobs/:id/pause",
      ({ request, params }) => steerJob(room, callerOf(request), jobIdOf(params.id), "paused"),
      {
        access: WRITE,
        detail: {
          operationId: "pauseJob",
          summary: "Pause a job",
          description: "From this answer on it does nothing more, also over a restart, until it is resumed.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/jobs/:id/resume",
      ({ request, params }) => steerJob(room, callerOf(request), jobIdOf(params.id), "resumed"),
      {
        access: WRITE,
        detail: {
          operationId: "resumeJob",
          summary: "Let a paused job go on",
          description: "Exactly where it was.",
          tags: TAGS,
        },
      },
    )
    .post(
      "/v1/jobs/:id/cancel",
      ({ request, params }) => steerJob(room, callerOf(request), jobIdOf(params.id), "canceled"),
      {
        access: WRITE,
        detail: {
          operationId: "cancelJob",
          summary: "End a job",
          description: "What it has done stays done; `progress` says how much that is.",
          tags: TAGS,
        },
      },
    );
