import { Database as SqliteFile } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePlace, PASSWORD, runHere, setUpArgs } from "../../tests/support/command-line.ts";

let place: ReturnType<typeof makePlace>;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.remove());

const setUp = async () =>
  JSON.parse((await runHere(setUpArgs(place.data), { stdin: PASSWORD })).out) as {
    environments: Record<"live" | "test", { id: string; secretKey: string }>;
  };
const hatch = (line: string, env: Record<string, string> = {}) =>
  runHere([...line.split(" "), "--data", place.data, "--json"], { env });
const database = (): string => join(place.data, "hatch.db");
const change = (sql: string): void => {
  const file = new SqliteFile(database());
  file.run(sql);
  file.close();
};

describe("keys, with the server stopped", () => {
  test("are made, listed, rotated and revoked; a secret is shown once", async () => {
    const { environments } = await setUp();
    const made = JSON.parse((await hatch("keys create --environment live --name backend --scope events:write")).out);
    expect(made).toMatchObject({
      environment: environments.live.id,
      name: "backend",
      status: "active",
      scopes: ["events:write"],
      createdBy: "operator",
      expiresAt: null,
    });
    expect(made.secretKey).toStartWith("hk_live_");
    const rotated = JSON.parse((await hatch(`keys rotate ${made.id} --overlap 1h`)).out);
    expect(rotated.id).toBe(made.id);
    expect(rotated.secretKey).not.toBe(made.secretKey);
    expect(rotated.prefixes).toHaveLength(2);
    expect(JSON.parse((await hatch(`keys revoke --key ${made.id}`)).out)).toMatchObject({
      id: made.id,
      status: "revoked",
    });

    const listed = await hatch("keys list");
    const { keys } = JSON.parse(listed.out) as { keys: { id: string; kind: string; status: string; name: string }[] };
    expect(keys.map(({ kind, name, status }) => [kind, name, status])).toEqual([
      ["live", "backend", "revoked"],
      ["live", "First key", "active"],
      ["test", "First key", "active"],
    ]);
    for (const secret of [made.secretKey, rotated.secretKey, environments.live.secretKey]) {
      expect(listed.out).not.toContain(secret);
    }
    expect(JSON.parse((await hatch("keys list --environment test")).out).keys).toHaveLength(1);
  });

  test("an expiry is a length of time", async () => {
    await setUp();
    const { createdAt, expiresAt } = JSON.parse(
      (await hatch("keys create --environment test --name x --expires 90d")).out,
    );
    expect(Math.round((Date.parse(expiresAt) - Date.parse(createdAt)) / 86_400_000)).toBe(90);
  });

  test.each([
    ["keys create --environment env_01jd8m3v6zf5q8r1n2b3c4d5e6 --name x", 1, "environment was not found"],
    ["keys create --environment live --name x --workspace Umbrella", 1, "environment was not found"],
    ["keys create --environment prod --name x", 2, "--environment prod: expected live, test or an env_… id"],
    ["keys list --environment prod", 2, "--environment prod: expected live, test or an env_… id"],
    ["keys create --environment live --name x --scope events:eat", 2, "--scope events:eat: expected some of events:wr"],
    ["keys create --environment live --name x --expires tomorrow", 2, "--expires: Expected a duration"],
    ["keys create --environment live --name x --expires 0d", 2, "--expires: Expected a duration"],
    [`keys create --environment live --name ${"x".repeat(101)}`, 2, "--name: Must have at most 100 characters."],
    ["keys rotate key_01jd8m3v6zf5q8r1n2b3c4d5e6", 1, "key was not found"],
    ["keys rotate everything", 2, "--key everything: expected a key_… id"],
    ["keys revoke key_nope", 2, "--key key_nope: expected a key_… id"],
    ["keys revoke key_01jd8m3v6zf5q8r1n2b3c4d5e6", 1, "key was not found"],
  ])("%s is refused with exit %d", async (line, exit, message) => {
    await setUp();
    const ended = await hatch(line);
    expect([ended.exit, ended.out]).toEqual([exit, ""]);
    const { error } = JSON.parse(ended.error);
    expect(error.message).toContain(message);
    if (exit === 2) expect(error.example).toStartWith(`hatch ${line.split(" ", 2).join(" ")} `);
  });
});

describe("the root key", () => {
  test("is made by the first opening, for its owner only", async () => {
    await setUp();
    expect(statSync(join(place.data, "root.key")).mode & 0o777).toBe(0o600);
  });

  test("is not made where the environment brings one", async () => {
    const env = { WEBHOOK_ENCRYPTION_KEY: "k".repeat(40) };
    await runHere(setUpArgs(place.data), { stdin: PASSWORD, env });
    expect(existsSync(join(place.data, "root.key"))).toBeFalse();
    expect((await hatch("keys list", env)).exit).toBe(0);
  });

  test("that is another one is refused with exit 3, and so is none at all; none is made in its place", async () => {
    await setUp();
    const before = readFileSync(database());
    const wrong = await hatch("keys list", { WEBHOOK_ENCRYPTION_KEY: "w".repeat(40) });
    expect([wrong.exit, wrong.out]).toEqual([3, ""]);
    expect(JSON.parse(wrong.error).error).toMatchObject({
      code: "wrong_key",
      hint: expect.stringContaining("root.key"),
    });
    rmSync(join(place.data, "root.key"));
    const none = await hatch("keys list");
    expect(none.exit).toBe(3);
    expect(JSON.parse(none.error).error.message).toContain("no key was found");
    expect(existsSync(join(place.data, "root.key"))).toBeFalse();
    expect(readFileSync(database()).equals(before)).toBeTrue();
  });
});

test("a newer schema is refused with exit 3 and not a byte is changed", async () => {
  await setUp();
  change("INSERT INTO schema_migrations VALUES (9999, 'from the future', '', 0)");
  change("PRAGMA wal_checkpoint(TRUNCATE)");
  const before = readFileSync(database());
  const { exit, error } = await hatch("keys list");
  expect(exit).toBe(3);
  expect(JSON.parse(error).error).toMatchObject({ code: "newer_schema" });
  expect(error).toContain("Start the newer program");
  expect(readFileSync(database()).equals(before)).toBeTrue();
  expect(readdirSync(place.data)).not.toContain("snapshots");
});

describe("the doctor, with the server stopped", () => {
  const examine = async (env: Record<string, string> = {}) => {
    const { exit, out, error } = await hatch("doctor", env);
    const { ok, findings } = JSON.parse(out) as {
      ok: boolean;
      findings: { check: string; ok: boolean; message: string }[];
    };
    expect(exit).toBe(ok ? 0 : 1);
    expect(error).toBe("");
    return { findings, faults: findings.filter((finding) => !finding.ok) };
  };

  test("finds nothing wrong with a fresh installation, and writes nothing", async () => {
    const { environments } = await setUp();
    const before = readFileSync(database());
    const { findings, faults } = await examine();
    expect(faults).toEqual([]);
    const checks = findings.map(({ check }) => check);
    for (const check of [
      "owner",
      "permissions",
      "disk space",
      "server",
      "integrity",
      "schema",
      "root key",
      "audit",
      "ledger",
    ]) {
      expect(checks).toContain(check);
    }
    expect(JSON.stringify(findings)).not.toContain(environments.live.secretKey);
    expect(JSON.stringify(findings)).not.toContain(readFileSync(join(place.data, "root.key"), "utf8").trim());
    expect(readFileSync(database()).equals(before)).toBeTrue();
  });

  test("finds a file that others may read", async () => {
    await setUp();
    chmodSync(join(place.data, "root.key"), 0o644);
    expect((await examine()).faults).toMatchObject([
      { check: "permissions", message: expect.stringContaining("root.key (644)") },
    ]);
  });

  test("finds an audit entry that was changed", async () => {
    await setUp();
    change("UPDATE audit_entries SET action = 'nothing.happened' WHERE sequence = 2");
    expect((await examine()).faults).toMatchObject([
      { check: "audit", message: expect.stringContaining("entry 2 was changed") },
    ]);
  });

  test("finds a balance that the ledger does not know", async () => {
    const { environments } = await setUp();
    change(
      `INSERT INTO members (id, environment_id, user_id, attributes, state, created_at, updated_at)
       VALUES ('mem_01jd8m3v6zf5q8r1n2b3c4d5e6', '${environments.test.id}', 'u', '{}',
         '{"balances":{"coins":{"available":5,"pending":0,"owed":0,"total":5}},"counts":{},"levels":{},"badges":{},"limits":{}}', 0, 0)`,
    );
    expect((await examine()).faults).toMatchObject([{ check: "ledger" }]);
  });

  test("finds a wrong key, a waiting migration, a damaged file", async () => {
    await setUp();
    expect((await examine({ WEBHOOK_ENCRYPTION_KEY: "w".repeat(40) })).faults).toMatchObject([{ check: "root key" }]);
    change("DELETE FROM schema_migrations WHERE version = (SELECT MAX(version) FROM schema_migrations)");
    expect((await examine()).faults).toMatchObject([
      { check: "schema", message: expect.stringContaining("start the server") },
    ]);
    change("UPDATE schema_migrations SET checksum = 'another'");
    change("UPDATE audit_entries SET action = 'nothing.happened' WHERE sequence = 2");
    const { findings, faults } = await examine();
    expect(faults).toMatchObject([
      { check: "schema", message: expect.stringContaining("Start the version of the program that wrote the data, or") },
      { check: "audit" },
    ]);
    expect(findings.map(({ check }) => check)).toContain("ledger");
    change("DROP TABLE audit_entries");
    expect((await examine()).faults).toMatchObject([
      { check: "schema" },
      { check: "audit", message: expect.stringContaining("Could not be examined") },
    ]);
    writeFileSync(database(), "no database".repeat(1_000));
    expect((await examine()).faults).toMatchObject([{ check: "database" }]);
  });
});
