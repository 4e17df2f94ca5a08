import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { makePlace, PASSWORD, runHere, setUpArgs, spawnHatch } from "../../tests/support/command-line.ts";
import { type PostgresServer, sharedPostgres } from "../../tests/support/postgres.ts";

let server: PostgresServer;
let place: ReturnType<typeof makePlace>;
let name: string;
let env: Record<string, string>;
beforeAll(async () => {
  server = await sharedPostgres();
});
beforeEach(async () => {
  place = makePlace();
  name = await server.createDatabase();
  env = { HATCH_DATABASE_URL: server.urlOf(name), WEBHOOK_ENCRYPTION_KEY: Buffer.alloc(32, 5).toString("base64") };
});
afterEach(() => place.remove());

const hatch = (line: string, more: Record<string, string> = {}) =>
  runHere([...line.split(" "), "--data", place.data, "--json"], { env: { ...env, ...more } });
const setUp = async () => {
  const { exit, out, error } = await runHere(setUpArgs(place.data), { stdin: PASSWORD, env });
  expect([exit, error]).toEqual([0, expect.not.stringContaining("postgres://")]);
  return JSON.parse(out) as { environments: Record<"live" | "test", { id: string; secretKey: string }> };
};

describe("an installation whose database is on a server", () => {
  test("is set up, and its keys are made and listed, with nothing in the data folder", async () => {
    await setUp();
    const again = await runHere(setUpArgs(place.data), { stdin: PASSWORD, env });
    expect([again.exit, again.error]).toEqual([3, expect.stringContaining("is set up already")]);
    const made = JSON.parse((await hatch("keys create --environment live --name backend")).out);
    expect(made.secretKey).toStartWith("hk_live_");
    expect(JSON.parse((await hatch("keys list")).out).keys).toHaveLength(3);
    expect(readdirSync(place.data)).toEqual([]);
    const doctor = await hatch("doctor");
    expect([doctor.exit, JSON.parse(doctor.out).ok]).toEqual([0, true]);
    expect(doctor.out).toContain("Postgres 18");
  });

  test("is refused with another key, and is as it was", async () => {
    await setUp();
    const WEBHOOK_ENCRYPTION_KEY = Buffer.alloc(32, 6).toString("base64");
    for (const command of ["serve", "keys list"]) {
      const { exit, error } = await hatch(command, { WEBHOOK_ENCRYPTION_KEY });
      expect([command, exit, JSON.parse(error).error.code]).toEqual([command, 3, "wrong_key"]);
    }
    expect((await hatch("doctor", { WEBHOOK_ENCRYPTION_KEY })).exit).toBe(1);
    expect((await hatch("doctor")).exit).toBe(0);
  });

  test("that nobody has begun is not begun by a look at it", async () => {
    const listed = await hatch("keys list");
    expect([listed.exit, JSON.parse(listed.error).error.code]).toEqual([1, "not_found"]);
    expect((await hatch("doctor")).exit).toBe(1);
    expect(await server.ask("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace", name)).toEqual(
      [],
    );
  });

  test("is used through its running server; from elsewhere it is in use", async () => {
    await setUp();
    const child = spawnHatch(["serve", "--data", place.data, "--port", "0"], { env });
    try {
      await child.firstLine();
      expect(JSON.parse((await hatch("keys create --environment test --name beside")).out).name).toBe("beside");
      expect(JSON.parse((await hatch("doctor")).out)).toMatchObject({ ok: true });
      const other = makePlace();
      const away = await runHere(["keys", "list", "--data", other.data, "--json"], { env });
      expect([away.exit, JSON.parse(away.error).error]).toEqual([
        3,
        expect.objectContaining({ code: "conflict", message: expect.stringContaining("in use by another node") }),
      ]);
      other.remove();
    } finally {
      child.kill("SIGTERM");
      expect(await child.exited).toBe(0);
    }
    expect(existsSync(`${place.data}/hatch.db`)).toBeFalse();
    expect(child.error()).not.toContain("postgres://");
  });

  test("written by a newer program is refused before anything is written", async () => {
    await setUp();
    await server.ask("INSERT INTO schema_migrations VALUES (99, 'later', 'x', 1)", name);
    const { exit, error } = await hatch("serve");
    expect([exit, JSON.parse(error).error.code]).toEqual([3, "newer_schema"]);
  });
});
