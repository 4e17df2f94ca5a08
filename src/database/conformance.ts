import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { unixMs } from "../kernel/units.ts";
import { ConstraintError, type Database, type Writer } from "./database.ts";

/** A fresh, empty database of the engine under test. */
export interface ConformanceSubject {
  readonly database: Database;
  /** Moves the wall clock that the engine was given. */
  setTime(at: number): void;
  /** Closes it and takes everything away. */
  dispose(): Promise<void>;
}

const TABLE = `CREATE TABLE things (
  id TEXT PRIMARY KEY,
  number BIGINT,
  bytes BYTEA,
  flag SMALLINT NOT NULL CHECK (flag IN (0, 1)),
  label TEXT UNIQUE
)`;

interface Thing {
  readonly id: string;
  readonly number: number | null;
  readonly bytes: Uint8Array | null;
  readonly flag: number;
  readonly label: string | null;
}

const COLUMNS = ["id", "number", "bytes", "flag", "label"] as const;
const COUNTED = "SELECT COUNT(*) AS n FROM things";

const insert = (writer: Writer, id: string, label: string | null = null, number: number | null = null): Promise<void> =>
  writer.insertMany({ table: "things", columns: COLUMNS, rows: [[id, number, null, 0, label]] });

/** What every engine has to do alike; rooms are written against this and against nothing else. */
export function describeConformance(engine: string, open: () => Promise<ConformanceSubject>): void {
  describe(`${engine} as the database port`, () => {
    let subject: ConformanceSubject;
    let database: Database;
    const count = async (): Promise<number> =>
      (await database.read((reader) => reader.get<{ n: number }>(COUNTED)))?.n ?? -1;
    const find = (id: string): Promise<Thing | undefined> =>
      database.read((reader) =>
        reader.get<Thing>("SELECT id, number, bytes, flag, label FROM things WHERE id = ?", [id]),
      );

    beforeEach(async () => {
      subject = await open();
      database = subject.database;
      await database.write(async (writer) => void (await writer.run(TABLE)));
    });
    afterEach(() => subject.dispose());

    describe("values", () => {
      test("come back as they went in: the largest integers, bytes, text of every plane, nulls", async () => {
        const bytes = new Uint8Array([0, 1, 127, 128, 255]);
        await database.write((writer) =>
          writer.insertMany({
            table: "things",
            columns: COLUMNS,
            rows: [
              ["a", Number.MAX_SAFE_INTEGER, bytes, 1, "ünïcødé 🐣 'quoted' \"twice\" \\ % _ ?"],
              ["b", -Number.MAX_SAFE_INTEGER, new Uint8Array(0), 0, ""],
              ["c", null, null, 0, null],
            ],
          }),
        );
        const a = await find("a");
        expect(a?.number).toBe(Number.MAX_SAFE_INTEGER);
        expect(new Uint8Array(a?.bytes ?? [])).toEqual(bytes);
        expect(a?.label).toBe("ünïcødé 🐣 'quoted' \"twice\" \\ % _ ?");
        expect((await find("b"))?.number).toBe(-Number.MAX_SAFE_INTEGER);
        expect((await find("b"))?.bytes?.length).toBe(0);
        expect((await find("b"))?.label).toBe("");
        expect(await find("c")).toEqual({ id: "c", number: null, bytes: null, flag: 0, label: null });
      });

      test("aggregates are numbers, and a sum of nothing is null", async () => {
        await database.write(async (writer) => {
          await insert(writer, "a", null, 2);
          await insert(writer, "b", null, 40);
        });
        const sums = await database.read((reader) =>
          reader.get("SELECT COUNT(*) AS n, SUM(number) AS total, MIN(number) AS least FROM things"),
        );
        expect(sums).toEqual({ n: 2, total: 42, least: 2 });
        const none = await database.read((reader) =>
          reader.get("SELECT SUM(number) AS total FROM things WHERE id = 'x'"),
        );
        expect(none).toEqual({ total: null });
      });

      test("a question mark inside quoted text is no parameter", async () => {
        const row = await database.read((reader) => reader.get("SELECT '?' AS mark, ? AS given", ["x"]));
        expect(row).toEqual({ mark: "?", given: "x" });
      });
    });

    describe("asking", () => {
      test("`get` of nothing is undefined and `all` of nothing is empty", async () => {
        expect(await find("nobody")).toBeUndefined();
        expect(await database.read((reader) => reader.all("SELECT id FROM things"))).toEqual([]);
      });

      test("`findMany` gives the rows that there are, by one or more key columns", async () => {
        await database.write(async (writer) => {
          await insert(writer, "a", "one", 1);
          await insert(writer, "b", "two", 2);
          await insert(writer, "c", "three", 3);
        });
        const lookup = { table: "things", columns: ["id"], keyColumns: ["id", "number"] };
        const keys = [
          ["a", 1],
          ["b", 99],
          ["c", 3],
          ["z", 1],
        ];
        const found = await database.read((reader) => reader.findMany<{ id: string }>({ ...lookup, keys }));
        expect(found.map(({ id }) => id).sort()).toEqual(["a", "c"]);
        expect(await database.read((reader) => reader.findMany({ ...lookup, keys: [] }))).toEqual([]);
      });

      test("a reader sees nothing of a change that is not committed", async () => {
        let seen = -1;
        await database.write(async (writer) => {
          await insert(writer, "a");
          seen = await count();
        });
        expect(seen).toBe(0);
        expect(await count()).toBe(1);
      });

      test("a table is there once it was committed, under its own name, and is gone when it was dropped", async () => {
        const has = (name: string): Promise<boolean> => database.read((reader) => reader.hasTable(name));
        expect(await has("things")).toBe(true);
        for (const name of ["thing", "things_pkey", "thing_", "%", ""]) expect(await has(name)).toBe(false);
        await database.write(async (writer) => {
          await writer.run("CREATE TABLE others (id TEXT PRIMARY KEY)");
          await writer.run("CREATE INDEX others_by_nothing ON others (id)");
          expect(await writer.hasTable("others")).toBe(true);
          expect(await has("others")).toBe(false);
        });
        expect(await has("others")).toBe(true);
        expect(await has("others_by_nothing")).toBe(false);
        await database.write(async (writer) => void (await writer.run("DROP TABLE others")));
        expect(await has("others")).toBe(false);
      });

      test("SQL that is wrong rejects, and the database goes on", async () => {
        await expect(database.read((reader) => reader.all("SELECT nothing FROM nowhere"))).rejects.toThrow();
        expect(await count()).toBe(0);
      });
    });

    describe("writing", () => {
      test("what a change returns comes after its rows are there for everybody", async () => {
        const answer = await database.write(async (writer) => {
          await insert(writer, "a");
          return "done";
        });
        expect(answer).toBe("done");
        expect(await count()).toBe(1);
      });

      test("a writer sees its own rows and those of the changes before it", async () => {
        const seen = await Promise.all(
          ["a", "b", "c"].map((id) =>
            database.write(async (writer) => {
              await insert(writer, id);
              return (await writer.get<{ n: number }>(COUNTED))?.n;
            }),
          ),
        );
        expect(seen).toEqual([1, 2, 3]);
      });

      test("`run` tells how many rows changed", async () => {
        await database.write(async (writer) => {
          await insert(writer, "a");
          await insert(writer, "b");
          expect(await writer.run("UPDATE things SET flag = 1")).toBe(2);
          expect(await writer.run("DELETE FROM things WHERE id = ?", ["b"])).toBe(1);
          expect(await writer.run("DELETE FROM things WHERE id = ?", ["b"])).toBe(0);
        });
      });

      test("`upsertMany` inserts what is new and replaces the other columns of what is not", async () => {
        await database.write((writer) => insert(writer, "a", "kept", 1));
        await database.write((writer) =>
          writer.upsertMany({
            table: "things",
            columns: ["id", "number", "flag"],
            keyColumns: ["id"],
            rows: [
              ["a", 10, 1],
              ["b", 20, 0],
            ],
          }),
        );
        expect(await find("a")).toEqual({ id: "a", number: 10, bytes: null, flag: 1, label: "kept" });
        expect(await find("b")).toEqual({ id: "b", number: 20, bytes: null, flag: 0, label: null });
      });

      test("`updateMany` changes the rows of its keys, tells how many, and makes none", async () => {
        await database.write(async (writer) => {
          await insert(writer, "a");
          await insert(writer, "b");
          const changed = await writer.updateMany({
            table: "things",
            columns: ["number", "label"],
            keyColumns: ["id"],
            rows: [
              [1, "first", "a"],
              [2, "nobody's", "z"],
            ],
          });
          expect(changed).toBe(1);
        });
        expect(await find("a")).toMatchObject({ number: 1, label: "first" });
        expect(await find("b")).toMatchObject({ number: null, label: null });
        expect(await count()).toBe(2);
      });

      test("empty sets are nothing to do", async () => {
        const set = { table: "things", columns: COLUMNS, rows: [] };
        await database.write(async (writer) => {
          await writer.insertMany(set);
          await writer.upsertMany({ ...set, keyColumns: ["id"] });
          expect(await writer.updateMany({ ...set, keyColumns: ["id"] })).toBe(0);
          expect(await writer.lockMany({ ...set, keyColumns: ["id"], keys: [] })).toEqual([]);
        });
        expect(await count()).toBe(0);
      });

      test("counters that many changes raise at once lose nothing", async () => {
        await database.write((writer) => insert(writer, "a", null, 0));
        const raise = (): Promise<void> =>
          database.write(async (writer) => {
            const [row] = await writer.lockMany<{ number: number }>({
              table: "things",
              columns: ["number"],
              keyColumns: ["id"],
              keys: [["a"]],
            });
            await writer.run("UPDATE things SET number = ? WHERE id = 'a'", [(row?.number ?? 0) + 1]);
          });
        await Promise.all(Array.from({ length: 300 }, raise));
        expect((await find("a"))?.number).toBe(300);
      });
    });

    describe("a commit", () => {
      test("is shared by changes that wait together", async () => {
        const before = database.statistics();
        await Promise.all(
          Array.from({ length: 50 }, (_, index) => database.write((writer) => insert(writer, `${index}`))),
        );
        const after = database.statistics();
        expect(after.operations - before.operations).toBe(50);
        expect(after.commits - before.commits).toBeLessThan(10);
        expect(await count()).toBe(50);
      });

      test("one change that throws fails alone, and its neighbours are kept", async () => {
        const results = await Promise.allSettled(
          ["a", "b", "a", "c"].map((id, index) =>
            database.write(async (writer) => {
              await insert(writer, `before-${index}`);
              await insert(writer, id);
            }),
          ),
        );
        expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
        // The third one's first row went with its second.
        expect(await count()).toBe(6);
      });

      test("a change that throws on its own leaves nothing", async () => {
        const change = database.write(async (writer) => {
          await insert(writer, "a");
          throw new Error("changed my mind");
        });
        await expect(change).rejects.toThrow("changed my mind");
        expect(await count()).toBe(0);
      });

      test("a change whose second row breaks a constraint leaves none of its rows", async () => {
        await database.write((writer) => insert(writer, "a", "taken"));
        const change = database.write(async (writer) => {
          await insert(writer, "b");
          await insert(writer, "c", "taken");
        });
        await expect(change).rejects.toBeInstanceOf(ConstraintError);
        expect(await find("b")).toBeUndefined();
      });

      test("unique, check and not-null faults are ConstraintErrors", async () => {
        const broken: ((writer: Writer) => Promise<unknown>)[] = [
          async (writer) => {
            await insert(writer, "a");
            await insert(writer, "a");
          },
          (writer) => writer.run("INSERT INTO things (id, flag) VALUES ('b', 2)"),
          (writer) => writer.run("INSERT INTO things (id, flag) VALUES ('c', NULL)"),
        ];
        for (const change of broken) await expect(database.write(change)).rejects.toBeInstanceOf(ConstraintError);
        expect(await count()).toBe(0);
      });

      test("an error of the caller's own comes out as it is", async () => {
        class OwnError extends Error {}
        await expect(database.write(() => Promise.reject(new OwnError("mine")))).rejects.toBeInstanceOf(OwnError);
      });

      test("a write inside a write throws instead of waiting for itself", async () => {
        const change = database.write(async (writer) => {
          await insert(writer, "a");
          await database.write((inner) => insert(inner, "b"));
        });
        await expect(change).rejects.toThrow("a write inside a write");
        expect(await count()).toBe(0);
      });

      test("a change may be asked for again after it, outside of it", async () => {
        await database
          .write((writer) => insert(writer, "a"))
          .then(() => database.write((writer) => insert(writer, "b")));
        expect(await count()).toBe(2);
      });
    });

    describe("time", () => {
      test("stands still within a change", async () => {
        subject.setTime(1_000);
        await database.write(async (writer) => {
          const first = writer.now;
          subject.setTime(2_000);
          await insert(writer, "a");
          expect(writer.now).toBe(first);
          expect(first).toBe(unixMs(1_000));
        });
        await database.write(async (writer) => expect(writer.now).toBe(unixMs(2_000)));
      });
    });

    describe("what follows a commit", () => {
      test("runs in the order registered, after the rows are there and before the callers go on", async () => {
        const told: string[] = [];
        const change = (id: string): Promise<void> =>
          database
            .write(async (writer) => {
              writer.afterCommit(() => told.push(`${id}1`));
              await insert(writer, id);
              writer.afterCommit(() => told.push(`${id}2`));
            })
            .then(() => void told.push(`${id} answered`));
        await Promise.all([change("a"), change("b")]);
        expect(told).toEqual(["a1", "a2", "b1", "b2", "a answered", "b answered"]);
      });

      test("never runs for a change that was taken back, alone or beside others", async () => {
        const told: string[] = [];
        const failing = (): Promise<void> =>
          database.write(async (writer) => {
            writer.afterCommit(() => told.push("wrong"));
            await insert(writer, "x");
            throw new Error("no");
          });
        const good = database.write(async (writer) => {
          writer.afterCommit(() => told.push("right"));
          await insert(writer, "a");
        });
        await Promise.allSettled([failing(), good, failing()]);
        await expect(failing()).rejects.toThrow("no");
        expect(told).toEqual(["right"]);
      });

      test("a change that is taken back makes everybody forget", async () => {
        let forgotten = 0;
        database.onRollback(() => {
          forgotten += 1;
        });
        await database.write((writer) => insert(writer, "a"));
        expect(forgotten).toBe(0);
        await expect(database.write((writer) => insert(writer, "a"))).rejects.toThrow();
        expect(forgotten).toBe(1);
        const beside = [
          database.write((writer) => insert(writer, "b")),
          database.write((writer) => insert(writer, "a")),
        ];
        await Promise.allSettled(beside);
        expect(forgotten).toBe(2);
      });
    });

    describe("closing", () => {
      test("waits for the writes under way, may be done twice, and refuses what comes later", async () => {
        const pending = database.write((writer) => insert(writer, "a"));
        await database.close();
        await pending;
        await database.close();
        expect(() => database.write((writer) => insert(writer, "b"))).toThrow("closed");
      });
    });
  });
}
