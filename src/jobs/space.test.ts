import { Database as SqliteFile } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestContext, type TestContext } from "../../tests/support/context.ts";
import { compactDatabase } from "../database/compact.ts";
import type { StorageSize } from "../database/database.ts";
import { databaseFileOf } from "../database/open.ts";
import { AppError } from "../kernel/errors.ts";
import { isDiskLow, spaceJob } from "./space.ts";

const KEPT_MIN = 1024 * 1024;

let context: TestContext;
beforeEach(async () => {
  context = await createTestContext({ engine: "sqlite" });
});
afterEach(() => context.close());

const file = () => join(context.directory, "hatch.db");
const measure = (): StorageSize => {
  const size = context.database.storage.measure();
  if (!size) throw new Error("a file has a size");
  return size;
};
const run = (signal = new AbortController().signal) =>
  spaceJob.run(context, {
    id: context.ids.next("job"),
    ...{ environmentId: undefined, payload: {}, progress: undefined, failures: 0, signal },
    checkpoint: async () => {},
  });

async function fillAndEmpty(rows: number): Promise<void> {
  await context.database.write((writer) =>
    writer.insertMany({
      table: "instance",
      columns: ["name", "value"],
      rows: Array.from({ length: rows }, (_, n) => [`row ${n}`, "x".repeat(1_000)]),
    }),
  );
  await context.database.write((writer) => writer.run("DELETE FROM instance WHERE name <> 'probe'"));
}

test("what is free beyond a small rest is given back, and the rows that are left are whole", async () => {
  await fillAndEmpty(8_000);
  const before = measure();
  expect(before.canShrink).toBe(true);
  expect(before.freeBytes).toBeGreaterThan(8_000_000);
  const outcome = await run();
  expect(outcome).toMatchObject({ kind: "done" });
  const after = measure();
  expect(after.freeBytes).toBeLessThanOrEqual(KEPT_MIN + 64 * 1024);
  const given = outcome.kind === "done" ? Number(outcome.progress?.givenBytes) : Number.NaN;
  expect(given).toBe(before.freeBytes - after.freeBytes);
  expect(await run()).toMatchObject({ progress: { givenBytes: 0 } });
  const check = await context.database.read((reader) => reader.all("PRAGMA integrity_check"));
  expect(check).toEqual([{ integrity_check: "ok" }]);
});

test("a stop ends it between two steps, and little that is free stays", async () => {
  await fillAndEmpty(8_000);
  expect(await run(AbortSignal.abort())).toMatchObject({ progress: { givenBytes: 0 } });
  await run();
  await fillAndEmpty(100);
  expect(await run()).toMatchObject({ progress: { givenBytes: 0 } });
});

test("rows are estimated: exact where they go in the order in which they came", async () => {
  const estimate = async () =>
    (await context.database.storage.estimateRows()).find(({ table }) => table === "refused_requests")?.rows;
  expect(await estimate()).toBe(0);
  const insert = (ids: readonly string[]) =>
    context.database.write((writer) =>
      writer.insertMany({
        table: "refused_requests",
        columns: ["id", "at", "request_id", "method", "path", "status", "code", "message"],
        rows: ids.map((id) => [id, 1, "r", "GET", "/", 401, "unauthenticated", ""]),
      }),
    );
  await insert(["a", "b", "c", "d"]);
  await context.database.write((writer) => writer.run("DELETE FROM refused_requests WHERE id IN ('a', 'b')"));
  expect(await estimate()).toBe(2);
});

describe("a disk that is nearly full", () => {
  const size = (diskFreeBytes: number | undefined, databaseBytes = 0): StorageSize => ({
    ...{ databaseBytes, diskFreeBytes, journalBytes: 0, freeBytes: 0, canShrink: true },
  });

  test.each([
    [size(undefined), false],
    [size(10 ** 12), false],
    [size(100 * 1024 * 1024), true],
    [size(10 ** 10, 10 ** 12), true],
  ])("%j: %p", (given, isLow) => {
    expect(isDiskLow(given)).toBe(isLow);
  });

  test("is warned of", async () => {
    const { storage } = context.database;
    const database = {
      ...context.database,
      storage: { ...storage, measure: () => ({ ...measure(), diskFreeBytes: 1 }) },
    };
    await spaceJob.run(
      { ...context, database },
      {
        id: context.ids.next("job"),
        ...{ environmentId: undefined, payload: {}, progress: undefined, failures: 0 },
        signal: new AbortController().signal,
        checkpoint: async () => {},
      },
    );
    expect(context.logged.join("")).toContain("the disk is nearly full");
  });
});

describe("compacting", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hatch-compact-"));
    const old = new SqliteFile(databaseFileOf(folder), { create: true, readwrite: true });
    old.run("PRAGMA journal_mode = WAL");
    old.run("CREATE TABLE things (id TEXT PRIMARY KEY, text TEXT)");
    const insert = old.prepare("INSERT INTO things VALUES (?, ?)");
    old.transaction(() => {
      for (let n = 0; n < 3_000; n += 1) insert.run(`t${n}`, "x".repeat(1_000));
    })();
    old.run("DELETE FROM things WHERE id <> 't7'");
    old.run("PRAGMA wal_checkpoint(TRUNCATE)");
    old.close();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("makes a file small, and from then on one that gives back by itself", () => {
    const { bytesBefore, bytesAfter } = compactDatabase(folder);
    expect(bytesBefore).toBeGreaterThan(3_000_000);
    expect(bytesAfter).toBeLessThan(100_000);
    const now = new SqliteFile(databaseFileOf(folder), { readonly: true });
    expect(now.query("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
    expect(now.query("SELECT id FROM things").all()).toEqual([{ id: "t7" }]);
    now.close();
  });

  test("is refused while a server has the folder", async () => {
    const { lockFolder } = await import("../database/lock.ts");
    const lock = lockFolder(folder);
    expect(() => compactDatabase(folder)).toThrow(AppError);
    lock.release();
    expect(compactDatabase(folder).bytesAfter).toBeLessThan(100_000);
  });
});

test("the log beside the file is cut back once it was written into it", async () => {
  const wide = Array.from({ length: 84 }, (_, n) => [`row ${n}`, "x".repeat(1024 * 1024)]);
  await context.database.write((writer) =>
    writer.insertMany({ table: "instance", columns: ["name", "value"], rows: wide }),
  );
  const most = measure().journalBytes;
  expect(most).toBeGreaterThan(80 * 1024 * 1024);
  // The first commit writes the log into the file, the next one begins it anew.
  for (const name of ["a", "b", "c"]) {
    await context.database.write((writer) =>
      writer.insertMany({ table: "instance", columns: ["name", "value"], rows: [[name, ""]] }),
    );
  }
  expect(statSync(`${file()}-wal`).size).toBeLessThanOrEqual(64 * 1024 * 1024);
});
