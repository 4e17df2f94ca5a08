import { afterEach, beforeEach, expect, test } from "bun:test";
import { createRecovering, type Recovering } from "../../../tests/support/recovering.ts";
import type { Id } from "../../kernel/ids.ts";
import { addMs, DAY, SECOND } from "../../kernel/units.ts";
import { JOBS_RETENTION } from "./retention.ts";

const FAILED = 300;
const SLOW = { rate: { count: 20, per: "1s" } };

let hatch: Recovering;
let id: Id<"sub">;
beforeEach(async () => {
  hatch = await createRecovering();
  id = await hatch.subscribe({ endpoint: "https://127.0.0.1:9443/" });
  await hatch.announceMany(FAILED);
  await hatch.endAll("failed");
});
afterEach(() => hatch.close());

const show = async (job: string) => (await hatch.job("GET", `/v1/jobs/${job}`)).body;
const pending = async () => (await hatch.deliveries("status = 'pending'")).length;
const actions = async () =>
  (await hatch.rows("SELECT action, details FROM audit_entries ORDER BY sequence"))
    .filter((row) => String(row.action).startsWith("job."))
    .map((row) => [row.action, JSON.parse(String(row.details))] as const);

test("a paused job does nothing more, also over a restart; resumed it goes on exactly where it was", async () => {
  const job = (await hatch.recover(id, SLOW)).body.id;
  await hatch.pass(3);
  const paused = await hatch.job("POST", `/v1/jobs/${job}/pause`);
  expect([paused.status, paused.body.status]).toEqual([200, "paused"]);
  const held = await pending();
  expect(held).toBeGreaterThan(0);
  expect(paused.body.progress).toMatchObject({ total: FAILED, done: held, recovered: held });
  await hatch.pass(10);
  await hatch.reborn();
  await hatch.pass(10);
  expect(await pending()).toBe(held);
  expect((await hatch.job("POST", `/v1/jobs/${job}/pause`)).body).toEqual(paused.body);
  const resumed = await hatch.job("POST", `/v1/jobs/${job}/resume`);
  expect(resumed.body).toMatchObject({ status: "running", progress: paused.body.progress });
  const done = await hatch.ended(job);
  expect(done).toMatchObject({ status: "done", progress: { done: FAILED, recovered: FAILED } });
  expect((await actions()).map(([action]) => action)).toEqual(["job.paused", "job.resumed"]);
});

test("a canceled job stops at once and says how many it had done; they stay done", async () => {
  const job = (await hatch.recover(id, SLOW)).body.id;
  await hatch.pass(3);
  const canceled = await hatch.job("POST", `/v1/jobs/${job}/cancel`);
  const done = await pending();
  expect(canceled.body).toMatchObject({
    status: "canceled",
    reason: "canceled on request",
    progress: { total: FAILED, done, recovered: done },
  });
  await hatch.pass(10);
  expect(await pending()).toBe(done);
  expect((await hatch.job("POST", `/v1/jobs/${job}/cancel`)).status).toBe(200);
  for (const way of ["pause", "resume"]) {
    const refused = await hatch.job("POST", `/v1/jobs/${job}/${way}`);
    expect([refused.status, refused.body.error.message]).toEqual([409, "The job has ended already: it is canceled."]);
  }
  expect(await actions()).toEqual([["job.canceled", { kind: "webhooks.recover", total: FAILED, done }]]);
  const next = await hatch.ended((await hatch.recover(id)).body.id);
  expect(next.progress).toMatchObject({ total: FAILED - done, recovered: FAILED - done });
});

test("pauses and resumes that come thick and fast neither lose nor double anything", async () => {
  const job = (await hatch.recover(id, { rate: { count: 100, per: "1s" } })).body.id;
  let before = 0;
  for (let n = 0; n < 12; n++) {
    const asked = ["pause", "resume", "pause", "resume"].map((way) => hatch.job("POST", `/v1/jobs/${job}/${way}`));
    await hatch.context.clock.advance(SECOND);
    for (const answer of await Promise.all(asked)) expect(answer.status).toBeOneOf([200, 409]);
    const { progress } = await show(job);
    expect(progress.done).toBeGreaterThanOrEqual(before);
    before = progress.done;
  }
  await hatch.job("POST", `/v1/jobs/${job}/resume`);
  const done = await hatch.ended(job);
  expect(done.progress).toMatchObject({ total: FAILED, done: FAILED, recovered: FAILED });
});

test("jobs are listed newest first; only kinds that are shown, only of the environment, only by their scope", async () => {
  const first = (await hatch.recover(id)).body.id;
  const second = (await hatch.recover("all")).body.id;
  const { enqueueJobs } = await import("../../jobs/store.ts");
  const { environmentId } = hatch.principal;
  const own = hatch.context.ids.next("job");
  await hatch.context.database.write((writer) =>
    enqueueJobs(hatch.context, writer, [{ id: own, kind: "webhooks.fan_out", environmentId, payload: {} }]),
  );
  const page = (await hatch.job("GET", "/v1/jobs?limit=1")).body;
  expect(page.data.map((job: { id: string }) => job.id)).toEqual([second]);
  const rest = (await hatch.job("GET", `/v1/jobs?after=${page.next}`)).body;
  expect([rest.data.map((job: { id: string }) => job.id), rest.next]).toEqual([[first], null]);
  expect((await hatch.job("GET", `/v1/jobs/${own}`)).status).toBe(404);
  expect((await hatch.job("POST", `/v1/jobs/${own}/cancel`)).status).toBe(404);

  const foreign = hatch.keyForJobs(hatch.workspace.principal("test"));
  expect((await hatch.job("GET", "/v1/jobs", foreign)).body).toEqual({ data: [], next: null });
  for (const [method, way] of [
    ["GET", ""],
    ["POST", "/pause"],
    ["POST", "/resume"],
    ["POST", "/cancel"],
  ] as const) {
    expect((await hatch.job(method, `/v1/jobs/${first}${way}`, foreign)).status).toBe(404);
  }
  const reader = hatch.keyForJobs({ ...hatch.principal, scopes: new Set(["webhooks:read"]) });
  expect((await hatch.job("GET", `/v1/jobs/${first}`, reader)).status).toBe(200);
  expect((await hatch.job("POST", `/v1/jobs/${first}/cancel`, reader)).status).toBe(403);
  const other = hatch.keyForJobs({ ...hatch.principal, scopes: new Set(["events:read"]) });
  expect((await hatch.job("GET", "/v1/jobs", other)).status).toBe(403);
  for (const wrong of ["job_x", "sub_1", "job_%2E", `${first}0`]) {
    expect((await hatch.job("GET", `/v1/jobs/${wrong}`)).status).toBe(404);
  }
});

test("a job that has ended is kept for 30 days with all that hangs on it, one that has not for ever", async () => {
  const done = (await hatch.recover(id)).body.id;
  await hatch.ended(done);
  await hatch.endAll("failed");
  const open = (await hatch.recover(id, { rate: { count: 1, per: "24h" } })).body.id;
  await hatch.pass(2);
  await hatch.stopRunner();
  const [rule] = JOBS_RETENTION;
  const purge = async () => {
    const before = addMs(hatch.context.clock.now(), -30 * DAY);
    await hatch.context.database.write(async (writer) =>
      rule?.purge?.(writer, { before, limit: 100, cursor: undefined }),
    );
    return (await hatch.rows("SELECT DISTINCT job_id FROM recovery_parts ORDER BY job_id")).map((row) => row.job_id);
  };
  const endedAt = Date.parse((await show(done)).endedAt);
  hatch.context.clock.set(endedAt + 30 * DAY);
  expect(await purge()).toEqual([done, open]);
  hatch.context.clock.set(endedAt + 30 * DAY + 1);
  expect(await purge()).toEqual([open]);
  expect((await hatch.job("GET", `/v1/jobs/${done}`)).status).toBe(404);
  expect((await show(open)).status).toBe("running");
});
