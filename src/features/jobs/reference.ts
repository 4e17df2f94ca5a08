import { page } from "../../http/openapi-fields.ts";
import { JOB_EXAMPLE, JOB_ID, Job } from "../../http/openapi-job.ts";
import type { OperationReference, RoomReference } from "../../http/openapi-types.ts";

const PATH = { id: { description: "The job's id.", example: JOB_ID } };

const steered = (description: string, example: object): OperationReference => ({
  path: PATH,
  answers: { 200: { description, schema: Job, example: { ...JOB_EXAMPLE, ...example } } },
  errors: ["conflict"],
});

export const JOBS_REFERENCE: RoomReference = {
  tags: [
    {
      name: "Jobs",
      description:
        "Work that takes longer than a request is answered with 202 and a job to look at. A job goes on over restarts from where it was, and can be paused, resumed and canceled.",
    },
  ],
  sections: [],
  schemas: { Job },
  operations: {
    listJobs: {
      answers: {
        200: { description: "A page of jobs.", schema: page(Job), example: { data: [JOB_EXAMPLE], next: null } },
      },
    },
    getJob: { path: PATH, answers: { 200: { description: "The job.", schema: Job, example: JOB_EXAMPLE } } },
    pauseJob: steered("The job, paused.", { status: "paused" }),
    resumeJob: steered("The job, going on.", { status: "running" }),
    cancelJob: steered("The job, ended.", {
      status: "canceled",
      reason: "canceled on request",
      endedAt: "2026-11-20T18:05:20.000Z",
    }),
  },
};
