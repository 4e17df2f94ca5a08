import { afterEach, expect, test } from "bun:test";
import { eventually } from "../../tests/support/clock.ts";
import { createTestContext, type TestContext } from "../../tests/support/context.ts";
import { withFaults } from "../../tests/support/faults.ts";
import { AppError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { addMs, DAY, MINUTE, SECOND } from "../kernel/units.ts";
import { pauseJob } from "./control.ts";
import { type JobDefinition, JobLostError, type JobOutcome, type JobRun } from "./job.ts";
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

const progressOf = (id: Id<"job">) =>
  context.database.read(
    async (reader) =>
      (await reader.get<{ progress: string }>("SELECT progress FROM jobs WHERE id = ?", [id]))?.progress,
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

test("what takes long has places of its own: however much of it runs, short work does not wait", async () => {
  context = await createTestContext();
  const open = Promise.withResolvers<void>();
  let long = 0;
  let short = 0;
  const definitions: JobDefinition[] = [
    {
      kind: "long",
      lane: "long",
      run: async () => {
        long += 1;
        await open.promise;
        return { kind: "done" };
      },
    },
    {
      kind: "short",
      run: async () => {
        short += 1;
        return { kind: "done" };
      },
    },
  ];
  const runner = createJobRunner(context, definitions, "boot-1");
  await runner.start();
  await enqueue(...Array.from({ length: 12 }, () => ({ kind: "long", payload: {} })), { kind: "short", payload: {} });
  await eventually(async () => {
    await context.clock.advance(SECOND);
    expect([long, short]).toEqual([8, 1]);
  });
  await eventually(() => expect([runner.running("long"), runner.running("short")]).toEqual([8, 0]));
  open.resolve();
  await eventually(async () => {
    await context.clock.advance(SECOND);
    expect(long).toBe(12);
  });
  await runner.stop(never);
});

test("a chunk and its checkpoint are kept together or not at all, and a job that was paused writes neither", async () => {
  context = await createTestContext();
  const gate = Promise.withResolvers<void>();
  const written: unknown[] = [];
  const runner = await start(async (_, job) => {
    const write = (progress: JsonObject) =>
      context.database.write(async (writer) => {
        await writer.run("UPDATE instance SET value = ? WHERE name = 'probe'", [JSON.stringify(progress)]);
        await job.checkpoint(writer, progress);
      });
    await write({ done: 1 });
    await gate.promise;
    await write({ done: 2 }).catch((error) => {
      written.push(error);
      throw error;
    });
    return { kind: "done" };
  });
  await enqueue({ kind: "work", payload: {} });
  await until("running");
  const [row] = await context.database.read((reader) => reader.all<{ id: Id<"job"> }>("SELECT id FROM jobs"));
  const id = row?.id ?? "job_none";
  await eventually(async () => expect(await progressOf(id)).toBe('{"done":1}'));
  await context.database.write((writer) => pauseJob(writer, id));
  gate.resolve();
  await eventually(() => expect(written).toHaveLength(1));
  expect(written[0]).toBeInstanceOf(JobLostError);
  await context.clock.advance(5 * SECOND);
  expect(await rows()).toMatchObject([{ status: "paused", failures: 0, reason: null }]);
  expect(await progressOf(id)).toBe('{"done":1}');
  const probe = await context.database.read((reader) =>
    reader.get<{ value: string }>("SELECT value FROM instance WHERE name = 'probe'"),
  );
  expect(probe?.value).toBe('{"done":1}');
  await runner.stop(never);
});

test("throws in a row without a step forward end a job as failed, where it says so; a step forward starts the count anew", async () => {
  context = await createTestContext();
  let runs = 0;
  const runner = await start(
    async (_, job) => {
      runs += 1;
      if (runs === 2) await context.database.write((writer) => job.checkpoint(writer, { done: 1 }));
      throw new Error("broken");
    },
    { throwsMax: 3 },
  );
  await enqueue({ kind: "work", payload: {} });
  await until("failed");
  expect(runs).toBe(4);
  expect(await rows()).toMatchObject([{ status: "failed", reason: expect.stringContaining("on our side") }]);
  await runner.stop(never);
});

test("a job that somebody rings for begins at once, and one that snoozes until now goes on at once", async () => {
  context = await createTestContext();
  let runs = 0;
  const runner = await start(async () =>
    ++runs < 3 ? { kind: "snooze", until: context.clock.now() } : { kind: "done" },
  );
  await context.clock.advance(0);
  await enqueue({ kind: "work", payload: {} });
  runner.wake();
  await eventually(async () => {
    // Whatever is due fires, and no time passes.
    await context.clock.advance(0);
    expect((await rows())[0]?.status).toBe("done");
  });
  expect(runs).toBe(3);
  await runner.stop(never);
});

test("a runner that was not started, or is stopped, does nothing when it is rung for", async () => {
  context = await createTestContext();
  let runs = 0;
  const runner = createJobRunner(
    context,
    [{ kind: "work", run: async () => ({ kind: "done", progress: { runs: ++runs } }) }],
    "boot-1",
  );
  await enqueue({ kind: "work", payload: {} });
  runner.wake();
  await context.clock.advance(2 * SECOND);
  await runner.start();
  await runner.stop(never);
  runner.wake();
  await context.clock.advance(2 * SECOND);
  expect(runs).toBe(0);
});

test("more jobs than there are places follow each other, and none waits for the next look", async () => {
  context = await createTestContext();
  let runs = 0;
  const runner = await start(async () => {
    runs += 1;
    return { kind: "done" };
  });
  await context.clock.advance(0);
  await enqueue(...Array.from({ length: 30 }, () => ({ kind: "work", payload: {} })));
  runner.wake();
  await eventually(async () => {
    // Whatever is due fires, and no time passes.
    await context.clock.advance(0);
    expect(runs).toBe(30);
  });
  await runner.stop(never);
});

test("who rings again and again does not put the next look off", async () => {
  context = await createTestContext();
  let runs = 0;
  const runner = await start(async () => {
    runs += 1;
    return { kind: "done" };
  });
  await context.clock.advance(0);
  await enqueue({ kind: "work", payload: {} });
  const { after } = context.clock;
  let timers = 0;
  context.clock.after = (waitMs, run) => {
    timers += 1;
    return after.call(context.clock, waitMs, run);
  };
  for (let n = 0; n < 100; n++) runner.wake();
  expect(timers).toBe(1);
  await eventually(async () => {
    await context.clock.advance(0);
    expect(runs).toBe(1);
  });
  await runner.stop(never);
});
