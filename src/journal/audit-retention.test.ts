import { afterEach, beforeEach, expect, test } from "bun:test";
import { createTestContext, createTestWorkspace, type TestContext } from "../../tests/support/context.ts";
import type { KeyPrincipal } from "../kernel/principal.ts";
import { DAY } from "../kernel/units.ts";
import { dropAuditDetailsJob } from "./audit-retention.ts";
import { verifyAudit } from "./audit-verify.ts";
import { mutate } from "./mutate.ts";

let context: TestContext;
let principal: KeyPrincipal;
beforeEach(async () => {
  context = await createTestContext();
  principal = (await createTestWorkspace(context)).principal("live");
});
afterEach(() => context.close());

const leave = (count: number) =>
  mutate(context, principal, async () => ({
    result: undefined,
    audit: Array.from({ length: count }, (_, at) => ({
      workspaceId: principal.workspaceId,
      action: "thing.changed",
      target: String(at),
      after: { at },
    })),
    announce: [],
    jobs: [],
  }));
const run = (signal = new AbortController().signal) =>
  dropAuditDetailsJob.run(context, {
    id: context.ids.next("job"),
    environmentId: undefined,
    payload: {},
    progress: undefined,
    failures: 0,
    signal,
    checkpoint: async () => {},
  });
const withDetails = async () =>
  (
    await context.database.read((reader) =>
      reader.all<{ action: string }>("SELECT action FROM audit_entries WHERE details IS NOT NULL ORDER BY at"),
    )
  ).map(({ action }) => action);

test("details older than three years are dropped in small batches; the entries stay and the chain holds", async () => {
  await leave(600);
  await context.clock.advance(1_000 * DAY);
  await leave(1);
  expect(await run()).toEqual({ kind: "done" });
  expect(await withDetails()).toHaveLength(601);
  await context.clock.advance(96 * DAY);
  expect(await run()).toEqual({ kind: "done", progress: { dropped: 600 } });
  expect(await withDetails()).toEqual(["thing.changed", "audit.details_dropped"]);
  const { chains, faults } = await context.database.read((reader) => verifyAudit(context, reader));
  expect(faults).toEqual([]);
  expect(chains).toMatchObject([
    { chain: "", entries: 1, unexplained: 0 },
    { chain: principal.workspaceId, entries: 601, unexplained: 0 },
  ]);
});

test("a run that is told to stop hands the rest back", async () => {
  await leave(1);
  await context.clock.advance(1_096 * DAY);
  expect((await run(AbortSignal.abort())).kind).toBe("snooze");
  expect(await withDetails()).toHaveLength(2);
});

test("what is taken away sooner is no work of a retention run, and is counted", async () => {
  await leave(2);
  await context.clock.advance(1_096 * DAY);
  await run();
  await leave(2);
  await context.database.write((writer) => writer.run("UPDATE audit_entries SET details = NULL WHERE sequence = 4"));
  const { chains } = await context.database.read((reader) => verifyAudit(context, reader));
  expect(chains.map(({ unexplained }) => unexplained)).toEqual([0, 1]);
});

test("how long details are kept is a setting", async () => {
  context = { ...context, config: { ...context.config, audit: { ...context.config.audit, keepDetails: DAY } } };
  await leave(1);
  await context.clock.advance(2 * DAY);
  expect(await run()).toEqual({ kind: "done", progress: { dropped: 1 } });
});
