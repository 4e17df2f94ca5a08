import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeClock } from "../../tests/support/clock.ts";
import { seededChance } from "../kernel/chance.ts";
import { createKeyring, WrongKeyError } from "../kernel/crypto.ts";
import { AppError } from "../kernel/errors.ts";
import { checkCanaries, findCanaries, findCanary, sealCanary } from "./canary.ts";
import { lockFolder, readHolder } from "./lock.ts";
import { type Migration, SchemaRefusedError } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";
import { databaseFileOf, type OpenedDatabase, openDatabase } from "./open.ts";
import { openSqliteReadOnly } from "./sqlite.ts";

const FIRST: Migration = {
  version: 1,
  name: "first",
  sql: "CREATE TABLE one (id TEXT);\n\nINSERT INTO one VALUES ('kept');\n",
};
const SECOND: Migration = { version: 2, name: "second", sql: "-- two\nCREATE TABLE two (id TEXT);\n" };
const BROKEN: Migration = {
  version: 2,
  name: "broken",
  sql: "CREATE TABLE two (id TEXT);\nCREATE TABLE one (id TEXT);\n",
};

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("opening a data folder", () => {
  let parent: string;
  let dataDirectory: string;
  const clock = new FakeClock();
  const open = (...migrations: Migration[]): Promise<OpenedDatabase> =>
    openDatabase({ dataDirectory, clock, migrations });
  const openAndClose = async (...migrations: Migration[]): Promise<OpenedDatabase> => {
    const opened = await open(...migrations);
    await opened.database.close();
    return opened;
  };
  const bytesOf = (): Buffer => readFileSync(databaseFileOf(dataDirectory));

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "hatch-open-"));
    dataDirectory = join(parent, "data");
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  test("makes the folder and its files for their owner only", async () => {
    const { database } = await open(...MIGRATIONS);
    expect(modeOf(dataDirectory)).toBe(0o700);
    for (const name of readdirSync(dataDirectory).filter((name) => name.startsWith("hatch.db"))) {
      expect([name, modeOf(join(dataDirectory, name))]).toEqual([name, 0o600]);
    }
    await database.close();
  });

  test("leaves the mode of a folder alone that holds other things", async () => {
    writeFileSync(join(parent, "mine"), "");
    chmodSync(parent, 0o755);
    dataDirectory = parent;
    await openAndClose(FIRST);
    expect(modeOf(parent)).toBe(0o755);
  });

  test("applies every migration once, and none on the next start", async () => {
    expect((await openAndClose(FIRST, SECOND)).migrated).toEqual([1, 2]);
    expect((await openAndClose(FIRST, SECOND)).migrated).toEqual([]);
  });

  test("a new database is not copied before its first migrations", async () => {
    expect((await openAndClose(FIRST)).snapshot).toBeUndefined();
    expect(existsSync(join(dataDirectory, "snapshots"))).toBeFalse();
  });

  test("copies an existing database before migrations change it", async () => {
    await openAndClose(FIRST);
    const { snapshot, migrated } = await openAndClose(FIRST, SECOND);
    expect(migrated).toEqual([2]);
    expect(modeOf(snapshot ?? "")).toBe(0o600);
    const copy = openSqliteReadOnly(snapshot ?? "");
    expect(await copy.read((reader) => reader.all("SELECT id FROM one"))).toEqual([{ id: "kept" }]);
    await expect(copy.read((reader) => reader.all("SELECT id FROM two"))).rejects.toThrow("no such table");
    await copy.close();
    expect(readdirSync(join(dataDirectory, "snapshots"))).toHaveLength(1);
  });

  test("a migration that fails leaves nothing of itself, and the next start tries again", async () => {
    await openAndClose(FIRST);
    await expect(open(FIRST, BROKEN)).rejects.toThrow("already exists");
    expect((await openAndClose(FIRST, SECOND)).migrated).toEqual([2]);
  });

  test("refuses a newer schema and writes not a byte", async () => {
    await openAndClose(FIRST, SECOND);
    const before = bytesOf();
    await expect(open(FIRST)).rejects.toBeInstanceOf(SchemaRefusedError);
    expect(bytesOf().equals(before)).toBeTrue();
    expect(existsSync(join(dataDirectory, "snapshots"))).toBeFalse();
    expect((await openAndClose(FIRST, SECOND)).migrated).toEqual([]);
  });

  test("refuses a migration that is not the one that was applied", async () => {
    await openAndClose(FIRST);
    await expect(open({ ...FIRST, sql: `${FIRST.sql}-- changed` })).rejects.toBeInstanceOf(SchemaRefusedError);
  });

  test("a file that is no database is refused and stays as it is", async () => {
    await openAndClose(FIRST);
    writeFileSync(
      databaseFileOf(dataDirectory),
      "this is a letter to my grandmother, and not a database at all".repeat(100),
    );
    await expect(open(FIRST)).rejects.toThrow("is not a database, or it is damaged");
    expect(bytesOf().toString()).toStartWith("this is a letter");
  });

  test("a second process is refused with the holder's pid, and may come in when the first has left", async () => {
    const { database } = await open(FIRST);
    const script = `
      import { lockFolder } from ${JSON.stringify(join(import.meta.dir, "lock.ts"))};
      try { lockFolder(${JSON.stringify(dataDirectory)}); console.log("got it"); }
      catch (error) { console.log(error.code, error.message, error.hint); }`;
    const second = (): string => Bun.spawnSync([process.execPath, "-e", script]).stdout.toString();
    expect(second()).toContain(`conflict The data folder ${dataDirectory} is in use by process ${process.pid}.`);
    await database.close();
    expect(second()).toBe("got it\n");
  });

  test("the folder is free again after its holder was killed", async () => {
    await openAndClose(FIRST);
    const script = `
      import { lockFolder } from ${JSON.stringify(join(import.meta.dir, "lock.ts"))};
      globalThis.kept = lockFolder(${JSON.stringify(dataDirectory)});
      console.log("held");
      setInterval(() => {}, 1000);`;
    const holder = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    await holder.stdout.getReader().read();
    expect(() => lockFolder(dataDirectory)).toThrow(`in use by process ${holder.pid}`);
    expect(readHolder(dataDirectory)).toBe(holder.pid);
    holder.kill("SIGKILL");
    await holder.exited;
    const lock = lockFolder(dataDirectory);
    expect(readHolder(dataDirectory)).toBe(process.pid);
    lock.release();
    lock.release();
    expect(readHolder(dataDirectory)).toBeUndefined();
  });

  test("an opening that fails lets go of the folder", async () => {
    await openAndClose(FIRST, SECOND);
    await expect(open(FIRST)).rejects.toBeInstanceOf(SchemaRefusedError);
    lockFolder(dataDirectory).release();
  });

  test("a lock that is taken is an AppError", () => {
    dataDirectory = parent;
    const lock = lockFolder(dataDirectory);
    expect(() => lockFolder(dataDirectory)).toThrow(AppError);
    lock.release();
  });

  describe("the canary", () => {
    const chance = seededChance("canary");
    const right = createKeyring(chance.bytes(32), chance);
    const wrong = createKeyring(chance.bytes(32), chance);

    test("opens with the key that sealed it and with no other", async () => {
      const { database } = await open(...MIGRATIONS);
      expect(await findCanary(database)).toBeUndefined();
      await database.write((writer) => sealCanary(writer, right));
      const canaries = (await database.read(findCanaries)) ?? { canary: "", former: new Map() };
      checkCanaries(right, canaries);
      expect(() => checkCanaries(wrong, canaries)).toThrow(WrongKeyError);
      expect(() => checkCanaries(wrong, canaries)).toThrow(`sealed by key ${right.keyId}, this key is ${wrong.keyId}`);
      await database.close();
    });

    test("a single changed bit is refused, also under the right key's name", async () => {
      const { database } = await open(...MIGRATIONS);
      await database.write((writer) => sealCanary(writer, right));
      const canary = (await findCanary(database)) ?? "";
      const changed = `${canary.slice(0, -1)}${canary.endsWith("A") ? "Q" : "A"}`;
      expect(() => checkCanaries(right, { canary: changed, former: new Map() })).toThrow(WrongKeyError);
      await database.close();
    });
  });
});
