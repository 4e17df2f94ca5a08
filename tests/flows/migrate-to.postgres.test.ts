import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import {
  call,
  cleanEnvironment,
  hatchCommand,
  type Installation,
  type RunningHatch,
  runHatch,
  setUpHatch,
  startHatch,
} from "../support/hatch.ts";
import { type PostgresServer, sharedPostgres } from "../support/postgres.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";

const EVENTS = 3_000;
const BATCH = 500;
const USERS = 40;
const OLD_SECRET = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const NEW_SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;

const PROGRAM = {
  timezone: "UTC",
  eventTypes: { lesson_completed: { schema: { type: "object" }, forward: true } },
  currencies: { coins: { kind: "spendable" } },
  rules: {
    lesson: {
      on: "lesson_completed",
      then: [{ credit: "coins", amount: "int(event.properties.score)" }],
      limits: [{ per: "member", every: "day", credits: 5_000, currency: "coins" }],
    },
  },
  badges: { first: { title: "First", when: "progress.counts['lesson_completed'] >= 1" } },
};

let server: PostgresServer;
let installation: Installation;
let receiver: Receiver;
let isUp = false;
let hatch: RunningHatch;
let subscription = "";
let before: unknown;
let rotated = "";

const api = (method: string, path: string, body?: unknown, key = installation.keys.test) =>
  call(hatch, key, method, path, body);
const insist = async (method: string, path: string, body?: unknown) => {
  const answer = await api(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};

/** What customers see: every member with balances and ledger, what became of events, who is subscribed. */
async function look(): Promise<unknown> {
  const members = [];
  for (let user = 0; user < USERS; user++) {
    members.push(await insist("GET", `/v1/members/user-${user}`));
    members.push(await insist("GET", `/v1/members/user-${user}/ledger?limit=200`));
  }
  const events = [];
  for (const event of ["e-0", "e-1234", `e-${EVENTS - 1}`]) {
    const { deliveries, ...rest } = await insist("GET", `/v1/events/${event}?explain=true`);
    events.push(
      rest,
      deliveries.map(({ id }: { id: string }) => id),
    );
  }
  return {
    members,
    events,
    webhooks: await insist("GET", "/v1/webhooks"),
    program: await insist("GET", "/v1/program"),
  };
}

const moveArgs = (...more: string[]): string[] => ["migrate-to", "--data", installation.directory, ...more];
const to = (database: string) => ({ env: { HATCH_DATABASE_URL: server.urlOf(database) } });
const rootKey = (): string => readFileSync(join(installation.directory, "root.key"), "utf8").trim();

/** Kills a move once it is in the middle of a table. */
async function killInTheMiddle(database: string): Promise<void> {
  const readMark = async (): Promise<string> => {
    const [mark] = await server.ask<{ state: string }>("SELECT state FROM hatch_move", database).catch(() => []);
    return mark?.state ?? "{}";
  };
  const atFirst = await readMark();
  const child = Bun.spawn([...hatchCommand(), ...moveArgs()], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    env: cleanEnvironment(to(database).env),
  });
  for (;;) {
    const mark = await readMark();
    const { tablesDone = 0, after } = JSON.parse(mark) as { tablesDone?: number; after?: unknown };
    if (mark !== atFirst && after && tablesDone >= 5) break;
    if (child.exitCode !== null) throw new Error(`it was over before: ${await new Response(child.stderr).text()}`);
  }
  child.kill("SIGKILL");
  await child.exited;
}

beforeAll(async () => {
  server = await sharedPostgres();
  receiver = startReceiver(() => new Response(null, { status: isUp ? 200 : 503 }));
  installation = await setUpHatch();
  hatch = await startHatch(installation.directory, { args: ["--set", "webhooks.retryJitter=0"] });
  await insist("PUT", "/v1/program/draft", PROGRAM);
  await insist("POST", "/v1/program/publish", {});
  subscription = (
    await insist("POST", "/v1/webhooks", {
      endpoint: receiver.url,
      events: ["lesson_completed"],
      secret: OLD_SECRET,
      retryDelays: Array.from({ length: 20 }, () => "10s"),
    })
  ).id;
  await insist("POST", `/v1/webhooks/${subscription}/rotate-secret`, { secret: NEW_SECRET });
  for (let from = 0; from < EVENTS; from += BATCH) {
    const events = Array.from({ length: BATCH }, (_, index) => ({
      id: `e-${from + index}`,
      type: "lesson_completed",
      userId: `user-${(from + index) % USERS}`,
      properties: { score: 1 + ((from + index) % 90), note: "ünïcødé 🐣 \u0001" },
    }));
    const { results } = await insist("POST", "/v1/events/batch", { events });
    expect(results.every(({ status }: { status: string }) => status === "accepted")).toBe(true);
  }
  await receiver.arrived(EVENTS, 60_000);
  const keys = await runHatch(["keys", "list", "--data", installation.directory, "--environment", "test", "--json"]);
  const id = JSON.parse(keys.stdout).keys[0].id;
  const rotation = await runHatch(["keys", "rotate", id, "--data", installation.directory, "--json"]);
  rotated = JSON.parse(rotation.stdout).secretKey;
  before = await look();
  expect(await hatch.kill()).toBe(0);
}, 120_000);

afterAll(async () => {
  await hatch?.kill("SIGKILL");
  receiver?.stop();
  installation?.remove();
});

test("a move that can't be is refused before anything is written", async () => {
  const none = await runHatch(moveArgs());
  expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("--database is missing")]);

  const full = await server.createDatabase();
  await server.ask("CREATE TABLE theirs (id INT)", full);
  for (const more of [[], ["--dry-run"]]) {
    const refused = await runHatch(moveArgs(...more), to(full));
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("not empty: it has a table theirs")]);
  }

  const away = await runHatch(moveArgs("--database", "postgres://hatch:s3cret-word@127.0.0.1:1/x"));
  expect([away.code, away.stderr]).toEqual([1, expect.stringContaining("can't be opened")]);
  expect(away.stderr).not.toContain("s3cret-word");
  const doctor = await runHatch(["doctor", "--data", installation.directory]);
  expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringContaining("All is well")]);
});

test("a rehearsal tells what would be moved and writes nothing", async () => {
  const database = await server.createDatabase();
  const rehearsed = await runHatch(moveArgs("--dry-run", "--json"), to(database));
  expect(rehearsed.code).toBe(0);
  const report = JSON.parse(rehearsed.stdout);
  expect(report).toMatchObject({ moved: false });
  expect(report.tables).toContainEqual(expect.objectContaining({ name: "inputs", rows: EVENTS }));
  expect(
    await server.ask("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace", database),
  ).toEqual([]);
});

test("a move that was killed goes on, and then everything is there and nothing is here", async () => {
  const database = await server.createDatabase();
  const env = { HATCH_DATABASE_URL: server.urlOf(database), WEBHOOK_ENCRYPTION_KEY: rootKey() };
  const serveThere = ["serve", "--port", "0", "--data", installation.directory];

  await killInTheMiddle(database);
  const early = await runHatch(serveThere, { env });
  expect([early.code, early.stderr]).toEqual([3, expect.stringContaining("is being moved into this database")]);
  // The source is still the truth: started in between, it is moved anew.
  hatch = await startHatch(installation.directory);
  await insist("POST", "/v1/events", {
    id: "late",
    type: "lesson_completed",
    userId: "user-0",
    properties: { score: 7 },
  });
  before = await look();
  expect(await hatch.kill()).toBe(0);
  await killInTheMiddle(database);
  await killInTheMiddle(database);

  const moved = await runHatch(moveArgs("--json"), to(database));
  expect([moved.code, moved.stderr]).toEqual([0, ""]);
  const report = JSON.parse(moved.stdout);
  expect(report).toMatchObject({ moved: true, to: expect.stringContaining(database) });
  expect(report.tables).toContainEqual(expect.objectContaining({ name: "inputs", rows: EVENTS + 1 }));
  expect(await server.ask("SELECT to_regclass('hatch_move')::text AS there", database)).toEqual([{ there: null }]);

  for (const args of [
    ["serve", "--port", "0"],
    ["keys", "list"],
  ]) {
    const here = await runHatch([...args, "--data", installation.directory]);
    expect([here.code, here.stderr]).toEqual([3, expect.stringContaining(`was moved to ${database} on`)]);
  }
  const again = await runHatch(moveArgs(), to(database));
  expect([again.code, again.stderr]).toEqual([3, expect.stringContaining("was moved to")]);

  // On another machine: nothing but the URL and the key.
  const elsewhere = mkdtempSync(join(tmpdir(), "hatch-moved-"));
  try {
    const { WEBHOOK_ENCRYPTION_KEY: _, ...keyless } = env;
    const refused = await runHatch(["serve", "--port", "0", "--data", elsewhere], { env: keyless });
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("No root key was found")]);

    const sentBefore = receiver.received.length;
    isUp = true;
    hatch = await startHatch(elsewhere, { env });
    expect(await look()).toEqual(before);
    expect((await api("GET", "/v1/members/user-1", undefined, rotated)).status).toBe(200);
    const repeated = {
      id: "e-7",
      type: "lesson_completed",
      userId: "user-7",
      properties: { score: 8, note: "ünïcødé 🐣 \u0001" },
    };
    expect(await api("POST", "/v1/events", repeated)).toMatchObject({ status: 200, body: { status: "duplicate" } });

    const arrived = (await receiver.arrived(sentBefore + EVENTS + 1, 60_000)).slice(sentBefore);
    expect(new Set(arrived.map(({ headers }) => headers.get("x-hatch-delivery"))).size).toBe(EVENTS + 1);
    for (const { body, headers } of [...arrived.slice(0, 20), ...arrived.slice(-20)]) {
      for (const secret of [OLD_SECRET, NEW_SECRET]) {
        expect(new Webhook(secret).verify(body, Object.fromEntries(headers.entries()))).toEqual(JSON.parse(body));
      }
    }
    await Bun.sleep(200);
    expect(receiver.received.length).toBe(sentBefore + EVENTS + 1);
    const running = await runHatch(["doctor", "--data", elsewhere], { env });
    expect([running.code, running.stdout]).toEqual([0, expect.stringContaining("Postgres 18")]);
    expect(await hatch.kill()).toBe(0);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }

  // Whoever insists may go on here.
  hatch = await startHatch(installation.directory, { args: ["--reopen-moved"] });
  expect(await hatch.kill()).toBe(0);
  hatch = await startHatch(installation.directory);
  expect(await hatch.kill()).toBe(0);
}, 240_000);
