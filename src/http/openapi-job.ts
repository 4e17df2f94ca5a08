import * as v from "valibot";
import { JOB_STATUSES } from "../jobs/show.ts";
import { json, said, text, textOrNull, time, timeOrNull, whole } from "./openapi-fields.ts";
import type { AnswerReference } from "./openapi-types.ts";

/** A job as every room that starts one answers it. */
export const Job = v.object({
  id: text("`job_…`"),
  kind: text("What it does, such as `webhooks.recover`."),
  status: said(
    v.picklist(JOB_STATUSES),
    "`queued` waits for its turn; `running` goes on over restarts; `paused` waits for you; the others have ended.",
  ),
  progress: said(
    v.object({
      total: said(v.nullable(v.pipe(v.number(), v.integer())), "How much there is to do; `null` while it is counted."),
      done: whole("How much of it is done. It never falls."),
      recovered: v.optional(whole("Of a recovery: deliveries sent again under their ids.")),
      added: v.optional(whole("Of a recovery: deliveries made of events that were missed.")),
      skipped: v.optional(whole("Of a recovery: what was not sent, for one of the three reasons that follow.")),
      bodyPurged: v.optional(whole("The body is no longer kept.")),
      unwanted: v.optional(
        whole(
          "It was skipped before anything was sent, and the subscription's filter does not want it, or still fails.",
        ),
      ),
      leftAlone: v.optional(
        whole("Somebody replayed or canceled it meanwhile, or its subscription was deleted or disabled."),
      ),
      subscriptions: v.optional(
        said(v.nullable(v.pipe(v.number(), v.integer())), "Of a recovery: for how many; `null` while it is counted."),
      ),
      subscriptionsDone: v.optional(whole("Of a recovery: how many of them are done.")),
    }),
    "How far it is, with what its kind counts besides.",
  ),
  details: json("What was asked for, and what there is to say besides."),
  reason: textOrNull("Why it failed or was canceled."),
  createdAt: time("When it was asked for."),
  startedAt: timeOrNull("When it began."),
  endedAt: timeOrNull("When it ended. It is kept for 30 days after that."),
});

export const JOB_ID = "job_01kag6w9b5f8m1q4t7w0z3c6xd";

export const JOB_EXAMPLE = {
  id: JOB_ID,
  kind: "webhooks.recover",
  status: "running",
  progress: {
    total: 1_204,
    done: 700,
    recovered: 688,
    added: 12,
    skipped: 0,
    bodyPurged: 0,
    unwanted: 0,
    leftAlone: 0,
    subscriptions: 1,
    subscriptionsDone: 0,
  },
  details: {
    since: "2026-11-19T00:00:00.000Z",
    until: "2026-11-20T18:04:00.000Z",
    statuses: ["failed", "skipped"],
    rate: { count: 50, per: "1s" },
    subscriptions: ["sub_01kag6w8zr5s1v4y7b0e3h6k9m"],
    leftOut: [],
  },
  reason: null,
  createdAt: "2026-11-20T18:04:00.000Z",
  startedAt: "2026-11-20T18:04:00.611Z",
  endedAt: null,
};

/** The answer of whatever begins long work. */
export const jobStarted = (description: string): AnswerReference => ({
  description,
  schema: Job,
  example: {
    ...JOB_EXAMPLE,
    status: "queued",
    progress: { ...JOB_EXAMPLE.progress, total: null, done: 0, recovered: 0, added: 0, subscriptions: null },
    startedAt: null,
  },
  headers: { Location: { description: "Where the job can be looked at.", example: `/v1/jobs/${JOB_ID}` } },
});
