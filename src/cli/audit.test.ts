import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../tests/support/clock.ts";
import { type Child, makePlace, PASSWORD, runHere, setUpArgs, spawnHatch } from "../../tests/support/command-line.ts";

// Each test has a copy of one installation: setting one up takes a second.

let template: ReturnType<typeof makePlace>;
let made: { workspace: { id: string }; environments: Record<"live" | "test", { id: string; secretKey: string }> };
beforeAll(async () => {
  template = makePlace();
  const setUp = await runHere(setUpArgs(template.data), { stdin: PASSWORD });
  made = JSON.parse(setUp.out);
  for (const name of ["Backend", "=SUM(A1)"]) {
    await runHere(["keys", "create", "--data", template.data, "--environment", "live", "--name", name]);
  }
});
afterAll(() => template.remove());

let place: ReturnType<typeof makePlace>;
let data: string;
const children: Child[] = [];
beforeEach(() => {
  place = makePlace();
  data = place.data;
  cpSync(template.data, data, { recursive: true });
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  place.remove();
});

const audit = (...args: string[]) => runHere(["audit", ...args, "--data", data], { cwd: place.root });
const tamper = (...statements: string[]): void => {
  const database = new Database(join(data, "hatch.db"));
  for (const statement of statements) database.run(statement);
  database.close();
};
const CUT_TAIL = [
  "DELETE FROM audit_entries WHERE sequence > 2",
  "UPDATE audit_heads SET sequence = 2, digest = (SELECT digest FROM audit_entries WHERE sequence = 2)",
];
const listed = async (...args: string[]) =>
  (JSON.parse((await audit("list", "--json", ...args)).out).entries as { action: string; target: string }[]).map(
    ({ action }) => action,
  );

async function serve(...args: string[]): Promise<Child & { readonly url: string }> {
  const child = spawnHatch(["serve", "--data", data, "--port", "0", ...args]);
  children.push(child);
  return { ...child, url: JSON.parse(await child.firstLine()).url };
}
const makeKey = (url: string, name: string) =>
  fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${made.environments.live.secretKey}`, "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });

describe("hatch audit verify", () => {
  test("tells what holds, and what it can't see", async () => {
    const { exit, out } = await audit("verify");
    expect(exit).toBe(0);
    expect(out).toStartWith(`ok     Acme (${made.workspace.id}): 6 entries, the last of 20`);
    expect(out).toContain("What was cut off since the last checkpoint that you keep elsewhere can't be seen here.");
    expect(JSON.parse((await audit("verify", "--json")).out)).toMatchObject({ ok: true, faults: [] });
  });

  test.each([
    ["a changed entry", ["UPDATE audit_entries SET actor = 'key_x' WHERE sequence = 2"], /: entry 2 was changed \(20/],
    [
      "a removed middle",
      ["DELETE FROM audit_entries WHERE sequence = 3"],
      /: entry 3 is missing, from after 20\S+Z and before 20\S+Z$/m,
    ],
    [
      "a removed last row",
      ["DELETE FROM audit_entries WHERE sequence = 6"],
      /: entry 6 was removed from the end: the last one left is entry 5 \(20\S+Z\), and the head says 6$/m,
    ],
    [
      "a cut tail",
      CUT_TAIL,
      /: the tail was cut off together with the head: it ends at entry 2 \(20\S+Z\), but entry 6 was seen by checkpoint 3 of 20/,
    ],
  ])("finds and names %s, and fails", async (_, statements, message) => {
    tamper(...statements);
    const { exit, out } = await audit("verify");
    expect(exit).toBe(1);
    expect(out).toContain(`FAULT  Acme (${made.workspace.id})`);
    expect(out).toMatch(message);
    expect(out).toEndWith("The audit log was tampered with.\n");
    const { ok, faults } = JSON.parse((await audit("verify", "--json")).out);
    expect([ok, faults[0].workspaceId, faults[0].workspace]).toEqual([false, made.workspace.id, "Acme"]);
  });

  test("with a checkpoint that was kept elsewhere finds a tail that was cut off with every trace", async () => {
    const printed = await audit("checkpoint");
    const file = join(place.root, "kept.json");
    writeFileSync(file, printed.out);
    tamper(...CUT_TAIL, "DELETE FROM audit_checkpoints", "DELETE FROM audit_marks");
    expect((await audit("verify")).exit).toBe(0);
    const { exit, out } = await audit("verify", "--checkpoint", "kept.json");
    expect(exit).toBe(1);
    expect(out).toContain("but entry 6 was seen by checkpoint 4 of");
    expect(out).toContain("FAULT  checkpoints 1 to 4 are missing: the last one there is 0");
  });

  test("with the server's log finds the same", async () => {
    const loud = ["--set", "log.level=info"];
    const created = await runHere(["keys", "create", "--data", data, "--environment", "live", "--name", "L", ...loud]);
    writeFileSync(join(place.root, "hatch.log"), created.error);
    tamper(...CUT_TAIL, "DELETE FROM audit_checkpoints", "DELETE FROM audit_marks");
    expect((await audit("verify", "--checkpoint", "hatch.log")).out).toContain("but entry 7 was seen by");
  });

  test("refuses a file that is not there, a folder without an installation and a wrong key", async () => {
    expect(await audit("verify", "--checkpoint", "none.json")).toMatchObject({
      exit: 2,
      error: expect.stringContaining("--checkpoint none.json: no such file."),
    });
    expect((await runHere(["audit", "verify", "--data", join(place.root, "none")])).exit).toBe(1);
    const wrong = { WEBHOOK_ENCRYPTION_KEY: "ab".repeat(32) };
    expect((await runHere(["audit", "verify", "--data", data], { env: wrong })).exit).toBe(3);
  });

  test("works beside a running server, and writes nothing", async () => {
    const { url } = await serve();
    expect((await makeKey(url, "While it runs")).status).toBe(201);
    const { exit, out } = await audit("verify");
    expect([exit, out]).toEqual([0, expect.stringContaining("7 entries")]);
    const checkpoint = JSON.parse((await audit("checkpoint")).out);
    expect(checkpoint.heads).toEqual([{ workspaceId: made.workspace.id, sequence: 7, digest: expect.any(String) }]);
  }, 20_000);
});

describe("hatch audit list", () => {
  test("shows who did what and what changed, newest first", async () => {
    const { exit, out } = await audit("list", "--limit", "1");
    expect(exit).toBe(0);
    const [what, who, change] = out.split("\n");
    expect(what).toMatch(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d {2}key\.created {2}key_\w+$/);
    expect(who).toMatch(/^ {4}by operator, request req_\w+, in Acme$/);
    expect(change).toContain('nothing → {"expiresAt":null');
  });

  test("is narrowed by its options", async () => {
    expect(await listed()).toEqual([
      ...["key.created", "key.created", "account.created"],
      ...["key.created", "key.created", "workspace.created"],
    ]);
    expect(await listed("--action", "account.*")).toEqual(["account.created"]);
    expect(await listed("--actor", "nobody")).toEqual([]);
    expect(await listed("--since", "1h", "--limit", "2")).toHaveLength(2);
    expect(await listed("--until", "1h")).toEqual([]);
    expect(await listed("--workspace", "Acme")).toHaveLength(6);
    expect(await listed("--workspace", made.workspace.id, "--target", made.workspace.id)).toEqual([
      "workspace.created",
    ]);
    expect(await listed("--installation")).toEqual([]);
    expect((await audit("list", "--installation")).out).toBe("There are no such entries.\n");
  });

  test.each([
    ["--since", "yesterday"],
    ["--limit", "0"],
  ])("refuses %s %s", async (option, value) => {
    expect((await audit("list", option, value)).exit).toBe(2);
  });

  test("knows no other workspace by a wrong name", async () => {
    expect((await audit("list", "--workspace", "Nobody")).exit).toBe(1);
    expect((await audit("list", "--workspace", "Acme", "--installation")).exit).toBe(2);
  });
});

describe("hatch audit export", () => {
  test("prints every entry as a line of JSON, that of the export itself too", async () => {
    const { exit, out } = await audit("export");
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(exit).toBe(0);
    expect(lines.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(lines.at(-1)).toMatchObject({ action: "audit.exported", actor: "operator", details: { format: "jsonl" } });
    expect((await audit("verify")).exit).toBe(0);
  });

  test("prints CSV whose lines end as they should and whose cells run nothing", async () => {
    tamper("UPDATE audit_entries SET target = '=1+1' WHERE sequence = 6");
    const { out } = await audit("export", "--format", "csv", "--action", "key.*");
    const lines = out.split("\r\n");
    expect(lines[0]).toStartWith("sequence,id,at,workspaceId,");
    expect(lines.map((line) => line.split(",")[0])).toEqual(["sequence", "2", "3", "5", "6", ""]);
    expect(lines[4]).toContain(",key.created,'=1+1,");
  });

  test("refuses another format", async () => {
    expect((await audit("export", "--format", "xml")).exit).toBe(2);
  });
});

describe("the audit stream of a server", () => {
  const targetsIn = (file: string): string[] =>
    existsSync(file)
      ? readFileSync(file, "utf8")
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line))
          .filter(({ kind }) => kind === undefined)
          .map(({ sequence }) => String(sequence))
      : [];

  test("appends to its file, for the owner only, goes on after logrotate and a SIGHUP, and misses nothing", async () => {
    const file = join(place.root, "audit.jsonl");
    const server = await serve("--set", `audit.streamFile=${file}`);
    await eventually(() => expect(targetsIn(file)).toEqual(["1", "2", "3", "4", "5", "6"]));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    renameSync(file, `${file}.1`);
    await makeKey(server.url, "After the rotation");
    server.kill("SIGHUP");
    await eventually(() => expect(targetsIn(file)).toEqual(["7"]));
    expect(server.error()).toContain("files are opened anew");
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);

    await runHere(["keys", "create", "--data", data, "--environment", "live", "--name", "While it is stopped"]);
    const next = await serve("--set", `audit.streamFile=${file}`);
    await eventually(() => expect(targetsIn(file)).toEqual(["7", "8"]));
    next.kill("SIGTERM");
    expect(await next.exited).toBe(0);
    expect((await audit("verify", "--checkpoint", file)).exit).toBe(0);
  }, 30_000);

  test("goes to stdout, where that is asked for", async () => {
    const server = await serve("--set", "audit.streamTo=stdout");
    await eventually(() => expect(server.out().split("\n").length).toBeGreaterThan(7));
    const [listening, ...lines] = server.out().trimEnd().split("\n");
    expect(JSON.parse(listening ?? "").event).toBe("listening");
    expect(lines.map((line) => JSON.parse(line)).filter(({ action }) => action === "key.created")).toHaveLength(4);
  }, 20_000);

  test("is one or the other", async () => {
    const both = ["--set", "audit.streamTo=stdout", "--set", "audit.streamFile=x"];
    const { exit, error } = await runHere(["config", "check", "--data", data, ...both]);
    expect([exit, error]).toEqual([2, expect.stringContaining("expected either it or audit.streamTo, not both")]);
  });
});
