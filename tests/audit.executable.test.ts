import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, type Installation, runHatch, setUpHatch, startHatch } from "./support/hatch.ts";

setDefaultTimeout(60_000);

/** Every entry of the workspace's chain from here on is gone, and its head says nothing of them. */
const CUT_AT = 3;
const CUT_TAIL = [
  `DELETE FROM audit_entries WHERE workspace_id <> '' AND sequence > ${CUT_AT}`,
  `UPDATE audit_heads SET sequence = ${CUT_AT}, digest =
     (SELECT digest FROM audit_entries WHERE workspace_id <> '' AND sequence = ${CUT_AT}) WHERE workspace_id <> ''`,
];

let installation: Installation;
let checkpoint: string;
beforeAll(async () => {
  installation = await setUpHatch();
  const { directory, keys } = installation;
  const hatch = await startHatch(directory);
  for (const name of ["Backend", "Reports"]) {
    const made = await call(hatch, keys.live, "POST", "/v1/keys", { name, scopes: ["events:write"] });
    expect(made.status).toBe(201);
    expect((await call(hatch, keys.live, "DELETE", `/v1/keys/${made.body.id}`)).status).toBe(200);
  }
  const printed = await runHatch(["audit", "checkpoint", "--data", directory]);
  checkpoint = printed.stdout;
  expect(await hatch.kill()).toBe(0);
});
afterAll(() => installation.remove());

/** Tampers with a copy of the stopped installation, by SQL and past the product, and asks the executable. */
async function verifyAfter(statements: readonly string[], ...args: string[]) {
  const directory = `${installation.directory}-tampered`;
  cpSync(installation.directory, directory, { recursive: true });
  try {
    const database = new Database(join(directory, "hatch.db"));
    for (const statement of statements) database.run(statement);
    database.close();
    writeFileSync(join(directory, "kept.json"), checkpoint);
    const { code, stdout } = await runHatch(["audit", "verify", "--data", directory, ...args], { cwd: directory });
    return { code, faults: stdout.split("\n").filter((line) => line.startsWith("FAULT")) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test("an untouched log holds", async () => {
  expect(await verifyAfter([], "--checkpoint", "kept.json")).toEqual({ code: 0, faults: [] });
});

test.each([
  [
    "a changed entry",
    ["UPDATE audit_entries SET actor = 'operator' WHERE action = 'key.revoked' AND sequence = 6"],
    /^FAULT {2}Acme \(ws_\w+\): entry 6 was changed \(20\S+Z\)$/,
  ],
  [
    "a removed middle",
    ["DELETE FROM audit_entries WHERE action = 'key.revoked' AND sequence = 6"],
    /^FAULT {2}Acme \(ws_\w+\): entry 6 is missing, from after 20\S+Z and before 20\S+Z$/,
  ],
  [
    "a removed last row",
    ["DELETE FROM audit_entries WHERE action = 'key.revoked' AND sequence = 8"],
    /^FAULT {2}Acme \(ws_\w+\): entry 8 was removed from the end: the last one left is entry 7 \(20\S+Z\), and the head says 8$/,
  ],
  [
    "a tail that was cut off together with its head",
    CUT_TAIL,
    /^FAULT {2}Acme \(ws_\w+\): the tail was cut off together with the head: it ends at entry 3 \(20\S+Z\), but entry 8 was seen by checkpoint \d of 20\S+Z$/,
  ],
])("the executable finds and names %s", async (_, statements, message) => {
  const { code, faults } = await verifyAfter(statements);
  expect([code, faults]).toEqual([1, [expect.stringMatching(message)]]);
});

test("a tail that was cut off with every trace is found with a checkpoint that was kept elsewhere", async () => {
  const everyTrace = [...CUT_TAIL, "DELETE FROM audit_checkpoints", "DELETE FROM audit_marks"];
  expect((await verifyAfter(everyTrace)).code).toBe(0);
  const { code, faults } = await verifyAfter(everyTrace, "--checkpoint", "kept.json");
  expect(code).toBe(1);
  expect(faults[0]).toMatch(/but entry 8 was seen by checkpoint \d of 20\S+Z in kept\.json:1$/);
});
