import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "../../tests/support/clock.ts";
import { describeConformance } from "./conformance.ts";
import { openSqlite, openSqliteReadOnly } from "./sqlite.ts";

function openFolder() {
  const directory = mkdtempSync(join(tmpdir(), "hatch-sqlite-"));
  const clock = new FakeClock();
  const file = join(directory, "hatch.db");
  return { clock, file, database: openSqlite({ file, clock }), remove: () => rmSync(directory, { recursive: true }) };
}

describeConformance("SQLite", async () => {
  const { clock, database, remove } = openFolder();
  return {
    database,
    setTime: (at) => clock.set(at),
    async dispose() {
      await database.close();
      remove();
    },
  };
});

/** Writes until it is killed; tells of every row that the database said was kept. */
const WRITER = `
import { openSqlite } from ${JSON.stringify(join(import.meta.dir, "sqlite.ts"))};
import { systemClock } from ${JSON.stringify(join(import.meta.dir, "../kernel/clock.ts"))};
const database = openSqlite({ file: process.argv[1], clock: systemClock });
await database.write((writer) => writer.run("CREATE TABLE kept (id BIGINT PRIMARY KEY)"));
let next = 0;
const work = async () => {
  for (;;) {
    const id = next++;
    await database.write((writer) => writer.run("INSERT INTO kept (id) VALUES (?)", [id]));
    process.stdout.write(id + "\\n");
  }
};
await Promise.all(Array.from({ length: 8 }, work));
`;

test("a row that was acknowledged is there after kill -9", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hatch-kill-"));
  const file = join(directory, "hatch.db");
  const child = Bun.spawn([process.execPath, "-e", WRITER, file], { stdout: "pipe", stderr: "inherit" });
  let output = "";
  for await (const chunk of child.stdout) {
    output += new TextDecoder().decode(chunk);
    if (output.split("\n").length > 200) break;
  }
  child.kill("SIGKILL");
  await child.exited;
  const acknowledged = output.split("\n").slice(0, -1).map(Number);
  const database = openSqliteReadOnly(file);
  const kept = await database.read((reader) => reader.all<{ id: number }>("SELECT id FROM kept"));
  const ids = new Set(kept.map(({ id }) => id));
  expect(acknowledged.length).toBeGreaterThanOrEqual(200);
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  await database.close();
  rmSync(directory, { recursive: true });
});

test("a commit is synced to the disk and the log is a write-ahead log", async () => {
  const { database, remove } = openFolder();
  // The pragmas of the writing connection; the reading one has its own.
  const pragmas = await database.write(async (writer) => ({
    ...(await writer.get<object>("PRAGMA synchronous")),
    ...(await writer.get<object>("PRAGMA journal_mode")),
    ...(await writer.get<object>("PRAGMA foreign_keys")),
  }));
  expect(pragmas).toEqual({ synchronous: 2, journal_mode: "wal", foreign_keys: 1 });
  await database.close();
  remove();
});

test("the reading connection can't write", async () => {
  const { database, remove } = openFolder();
  await database.write((writer) => writer.run("CREATE TABLE things (id TEXT)"));
  await expect(database.read((reader) => reader.all("INSERT INTO things VALUES ('x') RETURNING id"))).rejects.toThrow();
  await database.close();
  remove();
});

test("a database opened for reading only refuses to write and sees what another connection commits", async () => {
  const { database, file, remove } = openFolder();
  await database.write((writer) => writer.run("CREATE TABLE things (id TEXT)"));
  const reading = openSqliteReadOnly(file);
  await database.write((writer) => writer.run("INSERT INTO things VALUES ('x')"));
  expect(await reading.read((reader) => reader.all("SELECT id FROM things"))).toEqual([{ id: "x" }]);
  await expect(reading.write(async () => {})).rejects.toThrow("for reading only");
  const seen = await reading.read(async (reader) => {
    const before = await reader.all("SELECT id FROM things");
    await database.write((writer) => writer.run("INSERT INTO things VALUES ('y')"));
    return [before, await reader.all("SELECT id FROM things")];
  });
  expect(seen).toEqual([[{ id: "x" }], [{ id: "x" }]]);
  expect(await reading.read((reader) => reader.all("SELECT id FROM things"))).toHaveLength(2);
  await reading.close();
  await database.close();
  remove();
});
