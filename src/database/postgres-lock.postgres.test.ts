import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { hostname } from "node:os";
import { join } from "node:path";
import { eventually } from "../../tests/support/clock.ts";
import { type PostgresServer, sharedPostgres } from "../../tests/support/postgres.ts";
import { systemClock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { Database } from "./database.ts";
import { openPostgres, openPostgresReadOnly, type PostgresOptions } from "./postgres.ts";

setDefaultTimeout(30_000);

let server: PostgresServer;
let name: string;
let url: string;
const opened: Database[] = [];

beforeEach(async () => {
  server = await sharedPostgres();
  name = await server.createDatabase();
  url = server.urlOf(name);
});
afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
  await server.dropDatabase(name);
});

async function open(options: Partial<PostgresOptions> = {}): Promise<Database> {
  const database = await openPostgres({ url, clock: systemClock, lockWaitMs: 200, ...options });
  opened.push(database);
  return database;
}

async function refusalOf(opening: Promise<unknown>): Promise<AppError> {
  const error = await opening.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

test("a second node is refused and told who has the database", async () => {
  const first = await open();
  const refusal = await refusalOf(open());
  expect([refusal.code, refusal.message]).toEqual([
    "conflict",
    `The database ${name} on 127.0.0.1:${server.port} is in use by another node: hatch ${process.pid}@${hostname()} (127.0.0.1).`,
  ]);
  expect(refusal.hint).toContain("Stop the other one first");
  // The first one did not notice.
  await first.write((writer) => writer.run("CREATE TABLE t (id TEXT)"));
});

test("a node that closes lets the next one in at once", async () => {
  for (let turn = 0; turn < 3; turn += 1) {
    const database = await open({ lockWaitMs: 0 });
    await database.close();
  }
});

test("a node that was killed does not keep the next one out", async () => {
  const script = `
    import { openPostgres } from ${JSON.stringify(join(import.meta.dir, "postgres.ts"))};
    import { systemClock } from ${JSON.stringify(join(import.meta.dir, "../kernel/clock.ts"))};
    globalThis.kept = await openPostgres({ url: process.env.DATABASE, clock: systemClock });
    console.log("held");
    setInterval(() => {}, 1000);`;
  const holder = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", env: { DATABASE: url } });
  await holder.stdout.getReader().read();
  expect((await refusalOf(open())).message).toContain(`hatch ${holder.pid}@`);
  holder.kill("SIGKILL");
  await holder.exited;
  await open({ lockWaitMs: 2_000 });
});

test("another database of the same server, or another schema of the same database, is another seat", async () => {
  await open();
  const second = await server.createDatabase();
  const elsewhere = await openPostgres({ url: server.urlOf(second), clock: systemClock });
  await elsewhere.close();
  await server.dropDatabase(second);
  await server.ask("CREATE ROLE tenant LOGIN");
  await server.ask("ALTER ROLE tenant SET search_path = tenant");
  await server.ask("CREATE SCHEMA tenant AUTHORIZATION tenant", name);
  const beside = await openPostgres({ url: url.replace("hatch@", "tenant@"), clock: systemClock });
  await beside.write((writer) => writer.run("CREATE TABLE t (id TEXT)"));
  expect(await server.ask("SELECT schemaname FROM pg_tables WHERE tablename = 't'", name)).toMatchObject([
    { schemaname: "tenant" },
  ]);
  await beside.close();
  await server.ask("DROP OWNED BY tenant", name);
  await server.ask("DROP ROLE tenant");
});

test("a node whose seat was taken writes no more, says so, and comes back when the other has gone", async () => {
  const told: string[] = [];
  const first = await open({
    observer: { committed() {}, disconnected: (reason) => told.push(reason), reconnected: () => told.push("back") },
  });
  await first.write((writer) => writer.run("CREATE TABLE t (id BIGINT)"));
  // Nobody is let in until the first one's pauses between its attempts have grown; then the second one is quicker.
  await server.ask(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await server.cut(name);
  await eventually(() => expect(told.length).toBeGreaterThan(5));
  await server.ask(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  const second = await open({ lockWaitMs: 0 });
  await second.write((writer) => writer.run("INSERT INTO t (id) VALUES (1)"));
  const refusal = await refusalOf(first.write((writer) => writer.run("INSERT INTO t (id) VALUES (2)")));
  expect(refusal.code).toBe("unavailable");
  await refusalOf(first.probe());
  await eventually(() => expect(told.at(-1)).toContain("is in use by another node: hatch "));
  expect(await first.read((reader) => reader.all("SELECT id FROM t"))).toEqual([{ id: 1 }]);
  await second.close();
  await eventually(() => first.write((writer) => writer.run("INSERT INTO t (id) VALUES (3)")));
  expect(told.at(-1)).toBe("back");
});

test("where the lock were no lock, the row of the epoch keeps an older writer out", async () => {
  const first = await open();
  await first.write((writer) => writer.run("CREATE TABLE t (id BIGINT)"));
  await server.ask("UPDATE hatch_writer SET epoch = epoch + 1", name);
  const refusal = await refusalOf(first.write((writer) => writer.run("INSERT INTO t (id) VALUES (1)")));
  expect([refusal.code, refusal.message]).toEqual(["unavailable", "Another node has begun to write to the database."]);
  expect(await first.read((reader) => reader.all("SELECT id FROM t"))).toEqual([]);
});

test("reading goes on beside a node that writes, and can't write", async () => {
  const first = await open();
  await first.write((writer) => writer.run("CREATE TABLE t (id BIGINT)"));
  const reading = await openPostgresReadOnly({ url });
  opened.push(reading);
  expect(await reading.read((reader) => reader.all("SELECT id FROM t"))).toEqual([]);
  await expect(reading.write(async () => {})).rejects.toThrow("for reading only");
  await expect(reading.probe()).rejects.toThrow("for reading only");
  for (const database of [reading, first]) {
    const sneaked = database.read((reader) => reader.all("INSERT INTO t (id) VALUES (1) RETURNING id"));
    await expect(sneaked).rejects.toThrow("standby or read-only");
  }
});

test("a session is named and bounded on the server", async () => {
  await open();
  const sessions = await server.ask<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_activity WHERE datname = '${name}'`,
  );
  expect(new Set(sessions.map((session) => session.name))).toEqual(new Set([`hatch ${process.pid}@${hostname()}`]));
  const bounds = await opened[0]?.write((writer) =>
    writer.get(`SELECT current_setting('statement_timeout') AS statement,
      current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('synchronous_commit') AS sync`),
  );
  expect(bounds).toEqual({ statement: "30s", idle: "1min", sync: "on" });
});

test("an answer of success means the disk, also where the role was set up for less", async () => {
  await server.ask(`ALTER DATABASE ${name} SET synchronous_commit = off`);
  const database = await open();
  const setting = await database.write((writer) => writer.get("SELECT current_setting('synchronous_commit') AS sync"));
  expect(setting).toEqual({ sync: "on" });
});

test.each([
  ["a host where nobody listens", () => "postgres://hatch@127.0.0.1:1/x", "Failed to connect"],
  ["a database that is not there", () => server.urlOf("nothing"), 'database "nothing" does not exist'],
  ["a user that is not there", () => url.replace("hatch@", "nobody@"), 'role "nobody" does not exist'],
  ["a server without TLS", () => `${url}?sslmode=require`, "does not support SSL"],
])("%s is an operator's error with a hint", async (_, urlOf, reason) => {
  for (const opening of [openPostgres, openPostgresReadOnly]) {
    const refusal = await refusalOf(opening({ url: urlOf(), clock: systemClock }));
    expect([refusal.code, refusal.message]).toEqual(["unavailable", expect.stringContaining(reason)]);
    expect(refusal.hint).toContain("Check that the server runs");
  }
});

test("a database that keeps its text otherwise than as UTF-8 is refused", async () => {
  const latin = await server.createDatabase({ suffix: "ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc" });
  const refusal = await refusalOf(openPostgres({ url: server.urlOf(latin), clock: systemClock }));
  expect([refusal.code, refusal.message]).toEqual(["not_configured", "The database keeps text as LATIN1."]);
  await server.dropDatabase(latin);
});

test.each([0, 65, 1.5, Number.NaN])("%p reading connections are refused", async (readConnections) => {
  expect((await refusalOf(openPostgres({ url, clock: systemClock, readConnections }))).code).toBe("validation_failed");
});
