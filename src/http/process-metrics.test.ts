import { afterEach, beforeEach, expect, test } from "bun:test";
import { createTestContext, type TestContext } from "../../tests/support/context.ts";
import { createDatabaseObserver, observeProcess } from "./process-metrics.ts";

let context: TestContext;
beforeEach(async () => {
  context = await createTestContext();
});
afterEach(() => context.close());

const readingOf = async (name: string): Promise<number> => {
  const line = (await context.metrics.render()).split("\n").find((text) => text.startsWith(`hatch_${name} `));
  return Number(line?.split(" ")[1]);
};

test("a timer that comes late is the loop's lag, told once", async () => {
  const end = observeProcess(context);
  await context.clock.advance(1_000);
  expect(await readingOf("event_loop_lag_seconds")).toBe(0);
  context.clock.set(context.clock.now() + 550);
  await context.clock.advance(0);
  expect(await readingOf("event_loop_lag_seconds")).toBe(0.3);
  expect(await readingOf("event_loop_lag_seconds")).toBe(0);
  end();
  expect(context.clock.nextTimer()).toBeUndefined();
});

test("memory and the database show their size", async () => {
  observeProcess(context)();
  for (const name of ["process_resident_memory_bytes", "process_heap_used_bytes", "database_bytes"]) {
    expect(await readingOf(name)).toBeGreaterThan(10_000);
  }
  expect(await readingOf("database_waiting")).toBe(0);
});

test("each commit is counted with its changes and its time", async () => {
  const observer = createDatabaseObserver(context);
  observer.committed(3, 2);
  observer.committed(300, 20);
  const text = await context.metrics.render();
  expect(text).toContain('hatch_commit_operations_bucket{le="4"} 1');
  expect(text).toContain("hatch_commit_operations_sum 303");
  expect(text).toContain('hatch_commit_duration_seconds_bucket{le="0.0025"} 1');
  expect(text).toContain("hatch_commit_duration_seconds_count 2");
});

test("a database that goes away is logged once and seen until it is back", async () => {
  const observer = createDatabaseObserver(context);
  expect(await readingOf("database_connected")).toBe(1);
  observer.disconnected?.("The connection to the database was lost.");
  observer.disconnected?.("Connection refused");
  expect(await readingOf("database_connected")).toBe(0);
  await context.clock.advance(1_500);
  observer.reconnected?.();
  expect(await readingOf("database_connected")).toBe(1);
  expect(await readingOf("database_connection_losses_total")).toBe(1);
  const lines = context.logged.map((line) => JSON.parse(line)).filter(({ level }) => level !== "debug");
  expect(lines).toMatchObject([
    { level: "error", reason: "The connection to the database was lost." },
    { level: "info", message: "the database is back", awayMs: 1_500 },
  ]);
});
