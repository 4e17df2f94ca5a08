import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createCertificates } from "../../tests/support/certificates.ts";
import { FakeClock } from "../../tests/support/clock.ts";
import { type PostgresServer, sharedPostgres, startPostgres } from "../../tests/support/postgres.ts";
import { AppError } from "../kernel/errors.ts";
import { describeConformance } from "./conformance.ts";
import { ConstraintError, type SqlValue, type Writer } from "./database.ts";
import { migrate, planMigrations } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";
import { openPostgres, openPostgresReadOnly, type PostgresDatabase } from "./postgres.ts";

setDefaultTimeout(30_000);

async function openFresh() {
  const server = await sharedPostgres();
  const name = await server.createDatabase();
  const clock = new FakeClock();
  const database = await openPostgres({ url: server.urlOf(name), clock });
  return {
    server,
    name,
    clock,
    database,
    async dispose() {
      await database.close();
      await server.dropDatabase(name);
    },
  };
}

describeConformance("Postgres", async () => {
  const { clock, ...rest } = await openFresh();
  return { ...rest, setTime: (at) => clock.set(at) };
});

const COLUMNS = ["id", "place", "number", "bytes", "flag"] as const;
const TABLE = `CREATE TABLE things (
  id TEXT NOT NULL,
  place TEXT NOT NULL,
  number BIGINT,
  bytes BYTEA,
  flag SMALLINT NOT NULL,
  PRIMARY KEY (id, place)
)`;
const things = (rows: readonly (readonly SqlValue[])[]) => ({ table: "things", columns: COLUMNS, rows });
const keyed = (rows: readonly (readonly SqlValue[])[]) => ({ ...things(rows), keyColumns: ["id", "place"] });

describe("Postgres itself", () => {
  let fresh: Awaited<ReturnType<typeof openFresh>>;
  let database: PostgresDatabase;
  const all = <T>(sql: string, parameters: readonly SqlValue[] = []): Promise<T[]> =>
    database.read((reader) => reader.all<T>(sql, parameters));
  const refusalOf = (change: (writer: Writer) => Promise<unknown>): Promise<unknown> =>
    database.write(change).then(
      () => undefined,
      (error: unknown) => error,
    );

  beforeEach(async () => {
    fresh = await openFresh();
    database = fresh.database;
    await database.write((writer) => writer.run(TABLE));
  });
  afterEach(() => fresh.dispose());

  describe("values", () => {
    test("the character NUL is refused wherever it stands, and the change with it", async () => {
      const changes: ((writer: Writer) => Promise<unknown>)[] = [
        (writer) => writer.run("INSERT INTO things (id, place, flag) VALUES (?, '', 0)", ["a\0b"]),
        (writer) => writer.insertMany(things([["a\0", "", 1, null, 0]])),
        (writer) => writer.insertMany(things(Array.from({ length: 20 }, (_, n) => [`${n}\0`, "", 1, null, 0]))),
        (writer) => writer.get("SELECT id FROM things WHERE id = ?", ["\0"]),
      ];
      for (const change of changes) {
        const refusal = await refusalOf(async (writer) => {
          await writer.insertMany(things([["neighbour", "", 1, null, 0]]));
          await change(writer);
        });
        expect(refusal).toBeInstanceOf(AppError);
        expect(refusal).toMatchObject({
          code: "validation_failed",
          message: "Text must not contain the character U+0000.",
        });
      }
      expect(await all("SELECT id FROM things")).toEqual([]);
    });

    test.each([2 ** 53, -(2 ** 53), 1.5, Number.NaN, Number.POSITIVE_INFINITY])("%p is a bug", async (number) => {
      for (const change of [
        (writer: Writer) => writer.run("INSERT INTO things (id, place, number, flag) VALUES ('', '', ?, 0)", [number]),
        (writer: Writer) => writer.insertMany(things([["a", "", number, null, 0]])),
        (writer: Writer) =>
          writer.insertMany(things(Array.from({ length: 9 }, (_, n) => [`${n}`, "", number, null, 0]))),
      ]) {
        expect(await refusalOf(change)).toMatchObject({ name: "AssertionError" });
      }
    });

    test("a number of 2⁵³ or more in the database is refused, not rounded", async () => {
      await database.write((writer) => writer.insertMany(things([["a", "", Number.MAX_SAFE_INTEGER, null, 0]])));
      expect(await all("SELECT number AS n FROM things")).toEqual([{ n: Number.MAX_SAFE_INTEGER }]);
      for (const sql of ["SELECT number + 1 AS n FROM things", "SELECT SUM(number) * 2 AS n FROM things"]) {
        await expect(all(sql)).rejects.toThrow("2⁵³ or more");
      }
    });

    test("whatever a number comes back as on the wire, it is a number; a truth is 1 or 0", async () => {
      await database.write((writer) =>
        writer.insertMany(
          things([
            ["a", "", 1, null, 1],
            ["b", "", 2, null, 0],
          ]),
        ),
      );
      const [row] = await all(`SELECT COUNT(*) AS c, SUM(number) AS s, AVG(number) AS a, MAX(flag) AS f, SUM(flag) AS g,
        1 AS one, COUNT(*) = 2 AS yes, COUNT(*) = 3 AS no, NULL AS nothing, CASE WHEN 1 > 2 THEN 1 ELSE 0 END AS z FROM things`);
      expect(row).toEqual({ c: 2, s: 3, a: 1.5, f: 1, g: 1, one: 1, yes: 1, no: 0, nothing: null, z: 0 });
    });

    test("rows are plain objects in a plain list, with bytes of the usual kind", async () => {
      await database.write((writer) => writer.insertMany(things([["a", "", 1, new Uint8Array([7]), 1]])));
      const rows = await all<{ bytes: Uint8Array }>("SELECT bytes FROM things");
      expect(Object.getPrototypeOf(rows)).toBe(Array.prototype);
      expect(Object.getPrototypeOf(rows[0])).toBe(Object.prototype);
      expect(Object.getPrototypeOf(rows[0]?.bytes)).toBe(Uint8Array.prototype);
      expect(rows).toStrictEqual([{ bytes: new Uint8Array([7]) }]);
    });

    test.each([1, 8, 9, 600])("a set of %p rows comes back as it went in", async (count) => {
      const awkward = [
        '"',
        "\\",
        "{",
        "}",
        ",",
        "NULL",
        "null",
        "",
        " ",
        "'",
        "\n",
        "ü🐣",
        "\\x00",
        '\\"',
        "a,b",
        "{a}",
      ];
      const rows = Array.from({ length: count }, (_, n): SqlValue[] => [
        `${awkward[n % awkward.length]}${n < awkward.length ? "" : n}`,
        awkward[(n * 7) % awkward.length] as string,
        n % 3 === 0 ? null : n * (n % 2 === 0 ? 1 : -1) * 1_000_000_007,
        n % 4 === 0 ? null : new Uint8Array([0, 34, 92, 44, 125, n % 256]).subarray(0, n % 7),
        n % 2,
      ]);
      await database.write((writer) => writer.insertMany(things(rows)));
      const found = await database.read((reader) =>
        reader.findMany<Record<string, SqlValue>>({
          table: "things",
          columns: COLUMNS,
          keyColumns: ["id", "place"],
          keys: rows.map(([id, place]) => [id as string, place as string]),
        }),
      );
      const texts = (list: readonly (readonly unknown[])[]) => list.map((row) => JSON.stringify(row)).sort();
      expect(texts(found.map((row) => COLUMNS.map((column) => row[column])))).toEqual(texts(rows));
    });

    test("text is ordered and compared by its bytes, whatever the order of the server", async () => {
      const ids = ["b", "a", "B", "A", "_", "~", "-", "10", "9", "é", "z", "Z", "🐣", "ﬀ", "", "a b", "ab"];
      await database.write((writer) => writer.insertMany(things(ids.map((id) => [id, "", null, null, 0]))));
      const ordered = [...ids].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      const rows = await all<{ id: string }>("SELECT id FROM things ORDER BY id");
      expect(rows.map(({ id }) => id)).toEqual(ordered);
      expect(await all("SELECT COUNT(*) AS n FROM things WHERE id < ?", ["a"])).toEqual([{ n: ordered.indexOf("a") }]);
      const [server] = await fresh.server.ask<{ first: string }>(
        "SELECT MIN(x) AS first FROM (VALUES ('a'), ('B')) v (x)",
      );
      expect(server?.first).toBe("a");
    });
  });

  describe("sets", () => {
    test("of a set with the same key twice the last row holds, for an upsert and an update, in few rows and in many", async () => {
      for (const filler of [0, 20]) {
        const others = Array.from({ length: filler }, (_, n): SqlValue[] => [`${n}`, "x", n, null, 0]);
        await database.write((writer) =>
          writer.upsertMany(keyed([["a", "", 1, null, 0], ...others, ["a", "", 2, null, 1], ["b", "", 3, null, 0]])),
        );
        expect(await all("SELECT number, flag FROM things WHERE id = 'a'")).toEqual([{ number: 2, flag: 1 }]);
        await database.write((writer) =>
          writer.updateMany({
            table: "things",
            columns: ["number"],
            keyColumns: ["id", "place"],
            rows: [[10, "a", ""], ...others.map(([id]): SqlValue[] => [0, id as string, "x"]), [11, "a", ""]],
          }),
        );
        expect(await all("SELECT number, flag FROM things WHERE id = 'a'")).toEqual([{ number: 11, flag: 1 }]);
      }
    });

    test("keys that only look alike are not taken for each other", async () => {
      await database.write((writer) =>
        writer.upsertMany(
          keyed([
            ["a", "b,c", 1, null, 0],
            ["a,b", "c", 2, null, 0],
            ['a","b', "c", 3, null, 0],
          ]),
        ),
      );
      expect(await all("SELECT number FROM things ORDER BY number")).toHaveLength(3);
    });

    test("an upsert of nothing but keys inserts what is new", async () => {
      await database.write((writer) => writer.run("CREATE TABLE pairs (a TEXT, b BIGINT, PRIMARY KEY (a, b))"));
      const set = { table: "pairs", columns: ["a", "b"], keyColumns: ["a", "b"] };
      await database.write((writer) => writer.upsertMany({ ...set, rows: [["x", 1]] }));
      await database.write((writer) =>
        writer.upsertMany({
          ...set,
          rows: [
            ["x", 1],
            ["x", 2],
          ],
        }),
      );
      expect(await all("SELECT a, b FROM pairs ORDER BY b")).toEqual([
        { a: "x", b: 1 },
        { a: "x", b: 2 },
      ]);
    });

    test("one row of thousands that breaks a constraint keeps all of them out", async () => {
      const rows = Array.from({ length: 5_000 }, (_, n): SqlValue[] => [`${n % 4_999}`, "", n, null, 0]);
      expect(await refusalOf((writer) => writer.insertMany(things(rows)))).toBeInstanceOf(ConstraintError);
      expect(await all("SELECT COUNT(*) AS n FROM things")).toEqual([{ n: 0 }]);
      await database.write((writer) => writer.insertMany(things(rows.slice(0, 4_999))));
      expect(await all("SELECT COUNT(*) AS n FROM things")).toEqual([{ n: 4_999 }]);
      const keys = rows.slice(0, 4_999).map(([id]): SqlValue[] => [id as string, ""]);
      const lookup = { table: "things", columns: ["id"], keyColumns: ["id", "place"], keys };
      expect(await database.write((writer) => writer.lockMany(lookup))).toHaveLength(4_999);
    });

    test("rows are locked in the order of their keys", async () => {
      const ids = Array.from({ length: 50 }, (_, n) => `${(n * 37) % 50}`);
      await database.write((writer) => writer.insertMany(things(ids.map((id) => [id, "", 1, null, 0]))));
      const locked = await database.write((writer) =>
        writer.lockMany<{ id: string }>({
          table: "things",
          columns: ["id"],
          keyColumns: ["id", "place"],
          keys: ids.map((id) => [id, ""]),
        }),
      );
      expect(locked.map(({ id }) => id)).toEqual([...ids].sort());
    });

    test("a table or a column that is not there is a bug of the caller's", async () => {
      await expect(
        database.write((writer) => writer.insertMany({ table: "nothing", columns: ["a"], rows: [[1]] })),
      ).rejects.toThrow("there is no table nothing");
      await expect(
        database.write((writer) => writer.insertMany({ table: "things", columns: ["nothing"], rows: [[1]] })),
      ).rejects.toThrow("table things has no column nothing");
    });

    test("a column that a migration adds or changes is known from then on, and forgotten if it was taken back", async () => {
      await database.write((writer) => writer.insertMany(things([["a", "", 1, null, 0]])));
      await refusalOf(async (writer) => {
        await writer.run("ALTER TABLE things ADD COLUMN note TEXT");
        await writer.insertMany({ ...things([["b", "", 1, null, 0, "x"]]), columns: [...COLUMNS, "note"] });
        throw new Error("changed my mind");
      });
      const withNote = { ...things([["b", "", 1, null, 0, "x"]]), columns: [...COLUMNS, "note"] };
      await expect(database.write((writer) => writer.insertMany(withNote))).rejects.toThrow("no column note");
      await database.write((writer) => writer.run("ALTER TABLE things ADD COLUMN note TEXT"));
      await database.write((writer) => writer.insertMany(withNote));
      expect(await all("SELECT note FROM things WHERE id = 'b'")).toEqual([{ note: "x" }]);
    });
  });

  describe("a change", () => {
    const twice = async (writer: Writer): Promise<void> => {
      await writer.insertMany(things([["a", "", 1, null, 0]]));
      await writer.insertMany(things([["a", "", 1, null, 0]])).catch(() => {});
    };

    test("that swallows the failure of a statement is refused with that failure, alone and beside others", async () => {
      expect(await refusalOf(twice)).toBeInstanceOf(ConstraintError);
      const results = await Promise.allSettled([
        database.write((writer) => writer.insertMany(things([["x", "", 1, null, 0]]))),
        database.write(twice),
        database.write((writer) => writer.insertMany(things([["y", "", 1, null, 0]]))),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(results[1]?.status === "rejected" && results[1].reason).toBeInstanceOf(ConstraintError);
      expect(await all("SELECT id FROM things ORDER BY id")).toEqual([{ id: "x" }, { id: "y" }]);
    });

    test("that goes on after a failure hears of the first one", async () => {
      const told: unknown[] = [];
      await refusalOf(async (writer) => {
        await writer.insertMany(things([["a", "", 1, null, 0]]));
        await writer.insertMany(things([["a", "", 1, null, 0]])).catch((error) => told.push(error));
        await writer.all("SELECT id FROM things").catch((error) => told.push(error));
      });
      expect(told).toHaveLength(2);
      for (const error of told) expect(error).toBeInstanceOf(ConstraintError);
    });

    test("that does not wait for a statement is kept with it, or refused with it", async () => {
      await database.write(async (writer) => {
        void writer.insertMany(things([["a", "", 1, null, 0]]));
      });
      expect(await all("SELECT id FROM things")).toEqual([{ id: "a" }]);
      const refusal = await refusalOf(async (writer) => {
        writer.run("INSERT INTO things (id, place, flag) VALUES ('a', '', 0)").catch(() => {});
      });
      expect(refusal).toBeInstanceOf(ConstraintError);
    });

    test("can't use its writer once it is over", async () => {
      let kept: Writer | undefined;
      await database.write(async (writer) => {
        kept = writer;
      });
      await expect(kept?.run("DELETE FROM things") ?? Promise.resolve()).rejects.toThrow("the change is over");
    });

    test("of many statements at once runs them in their order", async () => {
      await database.write((writer) => writer.insertMany(things([["a", "", 0, null, 0]])));
      await database
        .write(async (writer) => {
          await Promise.all(
            Array.from({ length: 50 }, (_, n) => writer.run("UPDATE things SET number = number * 3 + ?", [n % 2])),
          ).catch(() => {});
          await writer.run("UPDATE things SET number = 0");
          await Promise.all(
            Array.from({ length: 20 }, (_, n) => writer.run("UPDATE things SET number = number * 2 + ?", [n % 2])),
          );
        })
        .catch(() => {});
      await database.write(async (writer) => {
        await writer.run("UPDATE things SET number = 0");
        await Promise.all(
          Array.from({ length: 20 }, (_, n) => writer.run("UPDATE things SET number = number * 2 + ?", [n % 2])),
        );
      });
      let expected = 0;
      for (let n = 0; n < 20; n += 1) expected = expected * 2 + (n % 2);
      expect(await all("SELECT number FROM things")).toEqual([{ number: expected }]);
    });

    test("costs one message for each statement, and with its neighbours three for the frame and one each", async () => {
      const insert = (id: string) => (writer: Writer) => writer.insertMany(things([[id, "", 1, null, 0]]));
      await database.write(insert("warm"));
      const before = database.writtenMessages();
      await database.write(insert("alone"));
      expect(database.writtenMessages() - before).toBe(4);
      const commits = database.statistics().commits;
      const middle = database.writtenMessages();
      await Promise.all(Array.from({ length: 10 }, (_, n) => database.write(insert(`${n}`))));
      const groups = database.statistics().commits - commits;
      expect(database.writtenMessages() - middle).toBeLessThanOrEqual(3 * groups + 2 * 10);
    });
  });

  test("no error of the server's quotes a row", async () => {
    await database.write((writer) => writer.insertMany(things([["s3cr3t", "", 1, null, 0]])));
    const refusal = await refusalOf((writer) => writer.insertMany(things([["s3cr3t", "", 1, null, 0]])));
    expect(refusal).toBeInstanceOf(ConstraintError);
    expect(Bun.inspect(refusal)).not.toContain("s3cr3t");
  });

  test("tells its size", () => {
    expect(database.statistics().bytes).toBeGreaterThan(1_000_000);
  });

  test("takes every migration as it stands, once", async () => {
    const plan = await planMigrations(database, MIGRATIONS);
    expect(plan.existing).toBeFalse();
    expect(await migrate(database, plan)).toEqual(MIGRATIONS.map(({ version }) => version));
    expect(await planMigrations(database, MIGRATIONS)).toEqual({ existing: true, pending: [] });
    await database.probe();
    const collations = await fresh.server.ask<{ collation: string }>(
      `SELECT DISTINCT c.collname AS collation FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
       JOIN pg_collation c ON c.oid = a.attcollation JOIN pg_namespace n ON n.oid = t.relnamespace
       WHERE n.nspname = 'public' AND a.attnum > 0`,
      fresh.name,
    );
    expect(collations).toMatchObject([{ collation: "C" }]);
  });

  test("a migration that fails leaves nothing of itself", async () => {
    const migrations = [
      { version: 1, name: "broken", sql: "CREATE TABLE one (id TEXT);\nCREATE TABLE one (id TEXT);\n" },
    ];
    await expect(migrate(database, await planMigrations(database, migrations))).rejects.toThrow("already exists");
    await expect(all("SELECT id FROM one")).rejects.toThrow("does not exist");
  });
});

describe("a server that wants TLS and a password", () => {
  const certificates = createCertificates();
  const { key, cert } = certificates.issue("127.0.0.1");
  const PASSWORD = "p@ss/word%";
  let server: PostgresServer;
  const open = (parameters: string, tlsCaFile?: string) =>
    openPostgres({
      url: `${server.urlOf("postgres")}${parameters}`,
      clock: new FakeClock(),
      ...(tlsCaFile === undefined ? {} : { tlsCaFile }),
    });

  test("is believed by its certificate only, and knows us by our password only", async () => {
    server = await startPostgres({
      password: PASSWORD,
      files: { "server.key": key, "server.crt": cert },
      settings: ["ssl=on"],
    });
    try {
      for (const [parameters, caFile] of [
        ["", undefined],
        ["?sslmode=require", undefined],
        ["?sslmode=verify-full", certificates.caFile],
        ["?sslmode=verify-ca", certificates.caFile],
        [`?sslmode=verify-full&sslrootcert=${encodeURIComponent(certificates.caFile)}`, undefined],
      ] as const) {
        const database = await open(parameters, caFile);
        const encrypted = await database.write((writer) =>
          writer.get("SELECT ssl AS yes FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
        );
        expect([parameters, encrypted]).toEqual([parameters, { yes: 1 }]);
        expect(await database.read((reader) => reader.get("SELECT 1 AS one"))).toEqual({ one: 1 });
        await database.close();
      }
      await expect(open("?sslmode=verify-full")).rejects.toThrow("can't be opened");
      await expect(open("?sslmode=verify-ca")).rejects.toThrow("can't be opened");
      // The certificate is for 127.0.0.1: by another name it is refused, unless only the authority is looked at.
      const byName = server.urlOf("postgres").replace("127.0.0.1", "localhost");
      const named = (mode: "verify-ca" | "verify-full") =>
        openPostgres({ url: byName, tls: mode, tlsCaFile: certificates.caFile, clock: new FakeClock() });
      await expect(named("verify-full")).rejects.toThrow("can't be opened");
      await (await named("verify-ca")).close();
      const wrong = server.urlOf("postgres").replace(encodeURIComponent(PASSWORD), "wr0ng");
      for (const opening of [openPostgres, openPostgresReadOnly]) {
        const refusal = await opening({ url: wrong, clock: new FakeClock() }).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(refusal).toMatchObject({
          code: "unavailable",
          message: expect.stringContaining("password authentication failed"),
        });
        expect(Bun.inspect(refusal)).not.toContain("wr0ng");
      }
    } finally {
      await server.remove();
      certificates.remove();
    }
  });
});
