import { afterEach, beforeEach, expect, test } from "bun:test";
import { createTestContext, createTestWorkspace, type TestContext } from "../../tests/support/context.ts";
import { createKeyring } from "../kernel/crypto.ts";
import type { KeyPrincipal } from "../kernel/principal.ts";
import { HOUR } from "../kernel/units.ts";
import type { AuditDraft } from "./audit.ts";
import { signAllHeads, signNewHeads } from "./audit-checkpoint.ts";
import { lineOf, listEntries, showEntry } from "./audit-read.ts";
import { verifyAudit } from "./audit-verify.ts";
import type { KeptFile } from "./audit-witness.ts";
import { mutate } from "./mutate.ts";

let context: TestContext;
let principal: KeyPrincipal;
let workspaceId: KeyPrincipal["workspaceId"];
beforeEach(async () => {
  context = await createTestContext();
  principal = (await createTestWorkspace(context)).principal("live");
  workspaceId = principal.workspaceId;
  for (const target of ["a", "b", "c", "d"]) {
    await leave(target);
    await context.clock.advance(HOUR);
  }
});
afterEach(() => context.close());

const leaveDraft = (draft: Partial<AuditDraft>) =>
  mutate(context, principal, async () => ({
    result: undefined,
    audit: [{ workspaceId, action: "thing.changed", target: "t", ...draft }],
    announce: [],
    jobs: [],
  }));
const leave = (target: string) => leaveDraft({ target, before: { size: 1 }, after: { size: 2 } });
const sql = (text: string) => context.database.write((writer) => writer.run(text));
const verdict = (kept?: readonly KeptFile[]) => context.database.read((reader) => verifyAudit(context, reader, kept));
const faults = async (kept?: readonly KeptFile[]) => (await verdict(kept)).faults.map(({ message }) => message);
const keptAs = (name: string, text: string): KeptFile => ({
  name,
  lines: (async function* () {
    yield* text.split("\n");
  })(),
});
/** Rows and head set back together: the chain is whole by itself. */
async function cutTail(last: number): Promise<void> {
  await sql(`DELETE FROM audit_entries WHERE sequence > ${last}`);
  await sql(
    `UPDATE audit_heads SET sequence = ${last}, digest = (SELECT digest FROM audit_entries WHERE sequence = ${last})`,
  );
}
const forgetWitnesses = async () => {
  await sql("DELETE FROM audit_checkpoints");
  await sql("DELETE FROM audit_marks");
};

test("an untouched chain holds, from the first entry to its head", async () => {
  await signNewHeads(context);
  expect(await verdict()).toEqual({
    chains: [{ chain: workspaceId, entries: 4, lastAt: expect.any(Number), unexplained: 0 }],
    checkpoints: { count: 1, lastAt: "2026-11-20T22:04:00.000Z" },
    witnesses: 2,
    faults: [],
  });
});

test("an entry as an earlier version wrote it still holds, and shows what it has", async () => {
  await leaveDraft({ target: "e", details: { before: "sum-1", after: "sum-2" } });
  await leaveDraft({ target: "f", details: { before: null, after: "sum-1", note: "x" } });
  expect(await faults()).toEqual([]);
  const { rows } = await context.database.read((reader) =>
    listEntries(reader, workspaceId, {}, { below: undefined, limit: 3 }),
  );
  expect(rows.map(showEntry).map(({ before, after, details }) => ({ before, after, details }))).toEqual([
    { before: null, after: null, details: { before: null, after: "sum-1", note: "x" } },
    { before: null, after: null, details: { before: "sum-1", after: "sum-2" } },
    { before: { size: 1 }, after: { size: 2 }, details: null },
  ]);
});

test("details that were dropped break nothing; without a retention run to explain it they are counted", async () => {
  await sql("UPDATE audit_entries SET details = NULL WHERE sequence < 3");
  const { faults: found, chains } = await verdict();
  expect([found, chains[0]?.unexplained]).toEqual([[], 2]);
});

test.each([
  [
    "a changed entry",
    ["UPDATE audit_entries SET target = 'z' WHERE sequence = 2"],
    "changed",
    "entry 2 was changed (2026-11-20T19:04:00.000Z)",
  ],
  [
    "a changed time",
    ["UPDATE audit_entries SET at = at + 1 WHERE sequence = 2"],
    "changed",
    "entry 2 was changed (2026-11-20T19:04:00.001Z)",
  ],
  [
    "an actor put in another's place",
    ["UPDATE audit_entries SET as_whom = 'acc_x' WHERE sequence = 1"],
    "changed",
    "entry 1 was changed (2026-11-20T18:04:00.000Z)",
  ],
  [
    "changed details",
    [`UPDATE audit_entries SET details = '{"after":{"size":9}}' WHERE sequence = 3`],
    "changed",
    "the details of entry 3 were changed (2026-11-20T20:04:00.000Z)",
  ],
  [
    "an entry taken from the middle",
    ["DELETE FROM audit_entries WHERE sequence = 2"],
    "missing",
    "entry 2 is missing, from after 2026-11-20T18:04:00.000Z and before 2026-11-20T20:04:00.000Z",
  ],
  [
    "entries taken from the beginning",
    ["DELETE FROM audit_entries WHERE sequence < 3"],
    "missing",
    "entries 1 to 2 are missing, from before 2026-11-20T20:04:00.000Z",
  ],
  [
    "an entry put in another's place",
    [
      "DELETE FROM audit_entries WHERE sequence = 2",
      "UPDATE audit_entries SET sequence = sequence - 1 WHERE sequence = 3",
      "UPDATE audit_entries SET sequence = sequence - 1 WHERE sequence = 4",
      "UPDATE audit_heads SET sequence = 3",
    ],
    "changed",
    "entry 2 was changed (2026-11-20T20:04:00.000Z)",
  ],
  [
    "the last entry taken",
    ["DELETE FROM audit_entries WHERE sequence = 4"],
    "last_removed",
    "entry 4 was removed from the end: the last one left is entry 3 (2026-11-20T20:04:00.000Z), and the head says 4",
  ],
  [
    "all entries taken",
    ["DELETE FROM audit_entries"],
    "last_removed",
    "entries 1 to 4 were removed from the end: nothing is left, and the head says 4",
  ],
  [
    "the last entry taken and the head's number set back",
    ["DELETE FROM audit_entries WHERE sequence = 4", "UPDATE audit_heads SET sequence = 3"],
    "head",
    "the head does not match the last entry, 3 (2026-11-20T20:04:00.000Z)",
  ],
  ["a head that was taken", ["DELETE FROM audit_heads"], "head", "the chain has no head: it was removed"],
  [
    "a head set back alone",
    ["UPDATE audit_heads SET sequence = 2"],
    "head",
    "the head says 2, the chain goes on to entry 4 (2026-11-20T21:04:00.000Z)",
  ],
])("%s is found and named", async (_, changes, kind, message) => {
  for (const change of changes) await sql(change);
  const [first] = (await verdict()).faults;
  expect({ kind: first?.kind, chain: first?.chain, message: first?.message } as unknown).toEqual({
    kind,
    chain: workspaceId,
    message,
  });
});

test("every fault of a chain is told, not only the first", async () => {
  await sql("UPDATE audit_entries SET actor = 'z' WHERE sequence = 1");
  await sql("DELETE FROM audit_entries WHERE sequence = 3");
  expect((await verdict()).faults.map(({ kind, sequence }) => [kind, sequence])).toEqual([
    ["changed", 1],
    ["missing", 3],
  ]);
});

test("a tail that was cut off together with the head is found by a signed checkpoint", async () => {
  await signNewHeads(context);
  await cutTail(2);
  expect(await faults()).toEqual([
    "the tail was cut off together with the head: it ends at entry 2 (2026-11-20T19:04:00.000Z), but entry 4 was seen by checkpoint 1 of 2026-11-20T22:04:00.000Z",
  ]);
  expect((await verdict()).faults[0]?.kind).toBe("tail_cut");
});

test("a whole chain that was taken away with its head is found by a signed checkpoint", async () => {
  await signNewHeads(context);
  await sql("DELETE FROM audit_entries");
  await sql("DELETE FROM audit_heads");
  expect(await faults()).toEqual([
    "the tail was cut off together with the head: nothing is left of the chain, but entry 4 was seen by checkpoint 1 of 2026-11-20T22:04:00.000Z",
  ]);
});

test("a tail that was cut off is found though the chain went on past it", async () => {
  await signNewHeads(context);
  await cutTail(2);
  for (const target of ["x", "y", "z"]) await leave(target);
  expect(await faults()).toEqual([
    "entry 4 is not the one that was seen by checkpoint 1 of 2026-11-20T22:04:00.000Z: the tail was cut off before it, and the chain went on",
  ]);
});

test("nobody is suspected where a checkpoint is older than the chain", async () => {
  await signNewHeads(context);
  for (const target of ["x", "y"]) await leave(target);
  await signNewHeads(context);
  expect(await faults()).toEqual([]);
});

test("what was signed or streamed once is remembered by number, though the checkpoint was taken away", async () => {
  await signNewHeads(context);
  await sql("DELETE FROM audit_checkpoints");
  await cutTail(3);
  expect(await faults()).toEqual([expect.stringContaining("but entry 4 was seen by the signing, which covered it")]);
});

test("without any witness a cut tail is not found: that takes something that was kept elsewhere", async () => {
  const printed = JSON.stringify(await signAllHeads(context));
  await forgetWitnesses();
  await cutTail(2);
  expect(await faults()).toEqual([]);
  expect(await faults([keptAs("kept.json", printed)])).toEqual([
    "the tail was cut off together with the head: it ends at entry 2 (2026-11-20T19:04:00.000Z), but entry 4 was seen by checkpoint 1 of 2026-11-20T22:04:00.000Z in kept.json:1",
    "checkpoint 1 is missing: the last one there is 0",
  ]);
});

test("the server's own log proves a cut tail by its heads, and by its checkpoints", async () => {
  const heads = context.logged.filter((line) => line.includes("audit head")).join("\n");
  await signNewHeads(context);
  const checkpoints = context.logged.filter((line) => line.includes("audit checkpoint")).join("\n");
  await forgetWitnesses();
  await cutTail(3);
  const log = `not JSON\n${heads}{"message":"request refused","workspaceId":1}\n`;
  expect(await faults([keptAs("hatch.log", log)])).toEqual([
    expect.stringContaining("but entry 4 was seen by hatch.log:8 of 2026-11-20T21:04:00.000Z"),
  ]);
  expect(await faults([keptAs("hatch.log", checkpoints)])).toEqual([
    expect.stringContaining("but entry 4 was seen by checkpoint 1 of"),
    "checkpoint 1 is missing: the last one there is 0",
  ]);
});

test("an export or the stream proves a cut tail and a rewritten one", async () => {
  const { rows } = await context.database.read((reader) =>
    listEntries(reader, workspaceId, {}, { below: undefined, limit: 9 }),
  );
  const stream = rows.map((row) => lineOf(showEntry(row))).join("");
  expect(await faults([keptAs("audit.jsonl", stream)])).toEqual([]);
  await cutTail(3);
  await leave("another");
  expect(await faults([keptAs("audit.jsonl", stream)])).toEqual([
    "entry 4 is not the one that was seen by audit.jsonl:1 of 2026-11-20T21:04:00.000Z: the tail was cut off before it, and the chain went on",
  ]);
});

test("checkpoints that were changed, taken from the middle or forged are found", async () => {
  for (const target of ["x", "y", "z"]) {
    await signNewHeads(context);
    await leave(target);
  }
  expect((await verdict()).checkpoints.count).toBe(3);
  await sql("UPDATE audit_checkpoints SET at = at + 1 WHERE number = 1");
  expect(await faults()).toEqual(["checkpoint 1 was changed"]);
  await sql("DELETE FROM audit_checkpoints WHERE number = 2");
  expect(await faults()).toEqual(["checkpoint 1 was changed", "checkpoint 2 is missing"]);
  await sql("UPDATE audit_checkpoints SET heads = 'nothing' WHERE number = 3");
  expect(await faults()).toEqual(["checkpoint 1 was changed", "checkpoint 2 is missing", "checkpoint 3 was changed"]);
});

test("a kept checkpoint that somebody touched, or of another installation, is told as such", async () => {
  const checkpoint = await signAllHeads(context);
  const [head] = checkpoint.heads;
  const forged = { ...checkpoint, heads: [{ ...head, sequence: 3 }] };
  expect(await faults([keptAs("kept.json", JSON.stringify(forged))])).toEqual([
    "the checkpoint in kept.json:1 was not signed by this installation's key, or was changed",
  ]);
});

test("only chains that grew are signed again, and a chain that was cut back is told in the log", async () => {
  const { checkpointJob } = await import("./audit-checkpoint.ts");
  const run = () =>
    checkpointJob.run(context, {
      id: context.ids.next("job"),
      environmentId: undefined,
      payload: {},
      progress: undefined,
      failures: 0,
      signal: new AbortController().signal,
      checkpoint: async () => {},
    });
  expect(await run()).toEqual({ kind: "done", progress: { signed: 1, cut: 0 } });
  expect(await run()).toEqual({ kind: "done", progress: { signed: 0, cut: 0 } });
  await leave("e");
  expect(await run()).toEqual({ kind: "done", progress: { signed: 1, cut: 0 } });
  await cutTail(3);
  expect(await run()).toEqual({ kind: "done", progress: { signed: 0, cut: 1 } });
  expect(context.logged.at(-1)).toContain(`"workspaceId":"${workspaceId}","was":5,"is":3`);
});

test("an entry can't be made anew without the key", async () => {
  const keyring = createKeyring(new Uint8Array(32).fill(7), context.chance);
  const { faults: found } = await context.database.read((reader) => verifyAudit({ keyring }, reader));
  expect(found.map(({ message }) => message.split(" (")[0])).toEqual([
    "entry 1 was changed",
    "entry 2 was changed",
    "entry 3 was changed",
    "entry 4 was changed",
  ]);
});

test("a change that fails leaves nothing behind, and the chain goes on", async () => {
  const failing = mutate(context, principal, async (writer) => {
    await writer.run("UPDATE workspaces SET name = 'lost'");
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  await leave("e");
  expect(await faults()).toEqual([]);
  const workspace = await context.database.read((reader) =>
    reader.get<{ name: string }>("SELECT name FROM workspaces"),
  );
  expect(workspace?.name).toBe("Acme");
});
