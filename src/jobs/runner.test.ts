import { afterEach, expect, test } from "bun:test";
import { eventually } from "../../tests/support/clock.ts";
import { createTestContext, type TestContext } from "../../tests/support/context.ts";
import { withFaults } from "../../tests/support/faults.ts";
import { AppError } from "../kernel/errors.ts";
import { addMs, DAY, MINUTE, SECOND } from "../kernel/units.ts";
import type { JobDefinition, JobOutcome, JobRun } from "./job.ts";
import { createJobRunner } from "./runner.ts";
import { enqueueJobs } from "./store.ts";

let context: TestContext;
afterEach(() => context.close());

const never = new AbortController().signal;
const enqueue = (...drafts: Parameters<typeof enqueueJobs>[2]) =>
  context.database.write((writer) => enqueueJobs(context, writer, drafts));
const rows = () =>
  context.database.read((reader) =>
    reader.all<{ kind: string; status: string; failures: number; run_at: number; reason: string | null }>(
      "SELECT kind, status, failures, run_at, reason FROM jobs ORDER BY id",
    ),
  );

/** Jumps to a time and lets one tick of the scheduler pass there. */
async function tickAt(at: number): Promise<void> {
  context.clock.set(at);
  await context.clock.advance(SECOND);
}

/** Waits until the first job has this status, letting ticks pass. */
const until = (status: string) =>
  eventually(async () => {
    await context.clock.advance(SECOND);
    expect((await rows())[0]?.status).toBe(status);
  });

async function start(run: JobDefinition["run"], extra: Partial<JobDefinition> = {}, claimant = "boot-1") {
  const runner = createJobRunner(context, [{ kind: "work", run, ...extra }], claimant);
  await runner.start();
  return runner;
}

test("a job runs once, with its payload, and is recorded as done", async () => {
  context = await createTestContext();
  const seen: JobRun[] = [];
  const runner = await start(async (_, job) => {
    seen.push(job);
    return { kind: "done" };
  });
  await enqueue({ kind: "work", payload: { of: "mice" } });
  await until("done");
  await context.clock.advance(5 * SECOND);
  expect(seen.map(({ payload }) => payload)).toEqual([{ of: "mice" }]);
  expect(await rows()).toMatchObject([{ status: "done", failures: 0 }]);
  await runner.stop(never);
});

test("a job that asks for another try gets it at its time, not before", async () => {
  context = await createTestContext();
  const at = addMs(context.clock.now(), 10 * MINUTE);
  const outcomes: JobOutcome[] = [{ kind: "retry", at, reason: "busy" }, { kind: "done" }];
  let runs = 0;
  const runner = await start(async () => outcomes[runs++] ?? { kind: "done" });
  await enqueue({ kind: "work", payload: {} });
  await eventually(async () => {
    await context.clock.advance(SECOND);
    expect(await rows()).toMatchObject([{ status: "waiting", failures: 1, reason: "busy", run_at: at }]);
  });
  await tickAt(at - 2 * SECOND);
  expect(runs).toBe(1);
  await tickAt(at);
  await until("done");
  expect(runs).toBe(2);
  await runner.stop(never);
});

test("a throw is logged and tried again later; the scheduler goes on", async () => {
  context = await createTestContext();
  let runs = 0;
  const runner = await start(async () => {
    runs += 1;
    if (runs < 3) throw new Error("broken");
    return { kind: "done" };
  });
  await enqueue({ kind: "work", payload: {} });
  await until("done");
  expect(runs).toBe(3);
  expect(await rows()).toMatchObject([{ failures: 2 }]);
  expect(context.logged.filter((line) => line.includes("a job threw"))).toHaveLength(2);
  await runner.stop(never);
});

test("what another life left running is due at once, and that life's outcome is void", async () => {
  context = await createTestContext();
  const stuck = Promise.withResolvers<JobOutcome>();
  const first = await start(() => stuck.promise, {}, "boot-1");
  await enqueue({ kind: "work", payload: {} });
  await until("running");
  const stopped = first.stop(never);

  let runs = 0;
  const second = await start(
    async () => {
      runs += 1;
      return { kind: "done" };
    },
    {},
    "boot-2",
  );
  await until("done");
  expect(runs).toBe(1);
  stuck.resolve({ kind: "cancel", reason: "too late" });
  await stopped;
  expect(await rows()).toMatchObject([{ status: "done", reason: null }]);
  await second.stop(never);
});

test("an unfinished job's key keeps a second one out; a finished one's does not", async () => {
  context = await createTestContext();
  const draft = { kind: "work", payload: {}, uniqueKey: "only" };
  const runner = await start(async () => ({ kind: "done" }));
  await enqueue(draft, draft);
  expect(await rows()).toHaveLength(1);
  await until("done");
  await enqueue(draft);
  expect(await rows()).toHaveLength(2);
  await runner.stop(never);
});

test("a calendar job runs at its times in its zone, once each, also over restarts", async () => {
  context = await createTestContext();
  let runs = 0;
  const schedule = { cron: "0 3 * * *", timezone: "Europe/Berlin" };
  const run = async (): Promise<JobOutcome> => {
    runs += 1;
    return { kind: "done" };
  };
  const three = Date.parse("2026-11-21T03:00:00+01:00");
  const first = await start(run, { schedule });
  await first.stop(never);
  const second = await start(run, { schedule }, "boot-2");
  expect(await rows()).toMatchObject([{ status: "waiting", run_at: three }]);
  await tickAt(three - 5 * SECOND);
  expect(runs).toBe(0);
  await tickAt(three);
  await until("done");
  expect(runs).toBe(1);
  expect(await rows()).toMatchObject([{ status: "done" }, { status: "waiting", run_at: three + DAY }]);
  await second.stop(never);
});

test("stopping aborts what runs and waits for it; a stopped runner claims nothing", async () => {
  context = await createTestContext();
  let runs = 0;
  const runner = await start(
    (_, job) =>
      new Promise((resolve) => {
        runs += 1;
        job.signal.addEventListener("abort", () => resolve({ kind: "snooze", until: context.clock.now() }));
      }),
  );
  await enqueue({ kind: "work", payload: {} });
  await until("running");
  await runner.stop(never);
  await runner.stop(never);
  expect((await rows())[0]).toMatchObject({ status: "waiting", failures: 0 });
  await context.clock.advance(3 * SECOND);
  expect(runs).toBe(1);
});

test("a commit that was kept though its answer was lost neither loses a job nor runs one twice", async () => {
  for (let write = 1; ; write++) {
    context = await createTestContext();
    const faulty = withFaults(context.database);
    let runs = 0;
    const run = async (): Promise<JobOutcome> => {
      runs += 1;
      return { kind: "done" };
    };
    const runner = createJobRunner({ ...context, database: faulty }, [{ kind: "work", run }], "boot-1");
    await runner.start();
    await enqueue({ kind: "work", payload: {} });
    faulty.loseAnswer(write);
    await until("done");
    await context.clock.advance(5 * SECOND);
    expect([write, runs]).toEqual([write, 1]);
    await runner.stop(never);
    if (!faulty.struck()) return;
    await context.close();
  }
});

test("while the database is away an outcome waits for it, and the work is not done again", async () => {
  context = await createTestContext();
  let away = false;
  const write: typeof context.database.write = (change) =>
    away ? Promise.reject(new AppError("unavailable", "The database is away.")) : context.database.write(change);
  let runs = 0;
  const run = async (): Promise<JobOutcome> => {
    runs += 1;
    away = true;
    return { kind: "done" };
  };
  const database = { ...context.database, write };
  const runner = createJobRunner({ ...context, database }, [{ kind: "work", run }], "boot-1");
  await runner.start();
  await enqueue({ kind: "work", payload: {} });
  await until("running");
  await context.clock.advance(10 * SECOND);
  expect(await rows()).toMatchObject([{ status: "running" }]);
  away = false;
  await until("done");
  expect(runs).toBe(1);
  await runner.stop(never);
});
