import { afterEach, beforeEach, expect, test } from "bun:test";
import { createTestContext, createTestWorkspace, type TestContext } from "../../tests/support/context.ts";
import type { KeyPrincipal } from "../kernel/principal.ts";
import { verifyAudit } from "./audit.ts";
import { mutate } from "./mutate.ts";

let context: TestContext;
let principal: KeyPrincipal;
beforeEach(async () => {
  context = await createTestContext();
  principal = (await createTestWorkspace(context)).principal("live");
  for (const target of ["a", "b", "c", "d"]) await leave(target);
});
afterEach(() => context.close());

const leave = (target: string) =>
  mutate(context, principal, async () => ({
    result: target,
    audit: [{ workspaceId: principal.workspaceId, action: "thing.changed", target, details: { after: target } }],
    announce: [],
    jobs: [],
  }));
const sql = (text: string) => context.database.write((writer) => writer.run(text));
const faults = async () =>
  (await context.database.read((reader) => verifyAudit(context, reader))).map(({ fault }) => fault);

test("an untouched chain holds, from the first entry to its head", async () => {
  expect(await context.database.read((reader) => verifyAudit(context, reader))).toEqual([
    { workspaceId: principal.workspaceId, entries: 4, fault: undefined },
  ]);
});

test("details that were dropped break nothing", async () => {
  await sql("UPDATE audit_entries SET details = NULL WHERE sequence < 3");
  expect(await faults()).toEqual([undefined]);
});

test.each([
  ["a changed entry", ["UPDATE audit_entries SET target = 'z' WHERE sequence = 2"], "entry 2 was changed"],
  [
    "changed details",
    [`UPDATE audit_entries SET details = '{"after":"z"}' WHERE sequence = 3`],
    "the details of entry 3 were changed",
  ],
  ["an entry taken from the middle", ["DELETE FROM audit_entries WHERE sequence = 2"], "entry 2 is missing"],
  [
    "the last entry taken",
    ["DELETE FROM audit_entries WHERE sequence = 4"],
    "the chain ends at entry 3, its head says 4",
  ],
  [
    "the last entry taken and the head's number set back",
    ["DELETE FROM audit_entries WHERE sequence = 4", "UPDATE audit_heads SET sequence = 3"],
    "the head does not match the last entry",
  ],
  ["a head that was taken", ["DELETE FROM audit_heads"], "the chain has no head"],
])("%s is found", async (_, changes, fault) => {
  for (const change of changes) await sql(change);
  expect(await faults()).toEqual([fault]);
});

test("an entry can't be made anew without the key", async () => {
  const other = await createTestContext({ seed: "another key" });
  const verdicts = await context.database.read((reader) => verifyAudit(other, reader));
  expect(verdicts[0]?.fault).toBe("entry 1 was changed");
  await other.close();
});

test("a change that fails leaves nothing behind, and the chain goes on", async () => {
  const failing = mutate(context, principal, async (writer) => {
    await writer.run("UPDATE workspaces SET name = 'lost'");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  await leave("e");
  expect(await faults()).toEqual([undefined]);
  const workspace = await context.database.read((reader) =>
    reader.get<{ name: string }>("SELECT name FROM workspaces"),
  );
  expect(workspace?.name).toBe("Acme");
});
