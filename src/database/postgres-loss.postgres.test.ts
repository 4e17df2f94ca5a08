import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../tests/support/clock.ts";
import { type PostgresServer, sharedPostgres, startPostgres } from "../../tests/support/postgres.ts";
import { startTcpProxy, type TcpProxy } from "../../tests/support/tcp-proxy.ts";
import { systemClock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import type { Database, Writer } from "./database.ts";
import { openPostgres } from "./postgres.ts";

setDefaultTimeout(60_000);

/** No key: a row that was written twice is there twice. */
const TABLE = "CREATE TABLE kept (id BIGINT NOT NULL)";
const insert = (writer: Writer, id: number): Promise<void> =>
  writer.insertMany({ table: "kept", columns: ["id"], rows: [[id]] });
const idsOf = async (database: Database): Promise<number[]> =>
  (await database.read((reader) => reader.all<{ id: number }>("SELECT id FROM kept ORDER BY id"))).map(({ id }) => id);

const unavailable = (error: unknown): boolean => error instanceof AppError && error.code === "unavailable";
const mayBeKept = (error: unknown): boolean => error instanceof Error && error.message.includes("may have been kept");

async function refusalOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!unavailable(error)) throw new Error("was to be refused as unavailable", { cause: error });
  return error as AppError;
}

/** Writes without a pause, each id once, and keeps account of what it was told. */
function startLoad(database: Database, workers: number) {
  const acknowledged: number[] = [];
  const refused: number[] = [];
  const unknown: number[] = [];
  let next = 0;
  let stopping = false;
  const work = async (): Promise<void> => {
    while (!stopping) {
      const id = next++;
      try {
        await database.write((writer) => insert(writer, id));
        acknowledged.push(id);
      } catch (error) {
        if (!unavailable(error)) throw error;
        (mayBeKept(error) ? unknown : refused).push(id);
        await Bun.sleep(2);
      }
    }
  };
  const running = Promise.all(Array.from({ length: workers }, work));
  return {
    acknowledged,
    async stop() {
      stopping = true;
      await running;
      return { acknowledged, refused, unknown };
    },
  };
}

async function expectNothingLostOrDoubled(database: Database, load: ReturnType<typeof startLoad>) {
  const { acknowledged, refused, unknown } = await load.stop();
  const ids = await eventually(() => idsOf(database));
  const kept = new Set(ids);
  expect(ids.length - kept.size).toBe(0);
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  expect(refused.filter((id) => kept.has(id))).toEqual([]);
  expect(kept.size).toBeLessThanOrEqual(acknowledged.length + unknown.length);
  return { acknowledged, refused, unknown };
}

describe("a connection that is cut", () => {
  let server: PostgresServer;
  let name: string;
  let database: Database;
  const told: string[] = [];
  beforeEach(async () => {
    server = await sharedPostgres();
    name = await server.createDatabase();
    told.length = 0;
    database = await openPostgres({
      url: server.urlOf(name),
      clock: systemClock,
      observer: {
        committed() {},
        disconnected: (reason) => told.push(reason),
        reconnected: () => told.push("back"),
      },
    });
    await database.write((writer) => writer.run(TABLE));
  });
  afterEach(async () => {
    await database.close();
    await server.dropDatabase(name);
  });

  test("while nothing is asked comes back by itself, and is told of", async () => {
    expect(await server.cut(name)).toBeGreaterThan(0);
    await eventually(() => expect(told).toEqual(["The connection to the database was lost.", "back"]));
    await database.write((writer) => insert(writer, 1));
    expect(await idsOf(database)).toEqual([1]);
  });

  test("in the middle of a change leaves nothing of it, and of its neighbours in the group", async () => {
    const group = [
      database.write((writer) => insert(writer, 1)),
      database.write(async (writer) => {
        await insert(writer, 2);
        await server.cut(name);
        await insert(writer, 3);
      }),
      database.write((writer) => insert(writer, 4)),
    ];
    const results = await Promise.allSettled(group);
    for (const result of results) expect(result.status === "rejected" && unavailable(result.reason)).toBeTrue();
    await eventually(() => database.write((writer) => insert(writer, 5)));
    expect(await idsOf(database)).toEqual([5]);
  });

  test("makes what was remembered from inside the transaction forgotten, and calls nothing back", async () => {
    let forgotten = 0;
    let called = 0;
    database.onRollback(() => {
      forgotten += 1;
    });
    const change = database.write(async (writer) => {
      writer.afterCommit(() => {
        called += 1;
      });
      await insert(writer, 1);
      await server.cut(name);
      await insert(writer, 2);
    });
    await refusalOf(change);
    expect([forgotten, called]).toEqual([1, 0]);
  });

  test("is no matter for a question: it is asked again on another connection", async () => {
    await database.write((writer) => insert(writer, 1));
    await idsOf(database);
    await server.cut(name);
    expect(await idsOf(database)).toEqual([1]);
  });

  test("a change that waited too long within its transaction is refused, and the next one is done", async () => {
    await database.write(async (writer) => void (await writer.run("SET SESSION statement_timeout = 100")));
    const slow = database.write((writer) => writer.all("SELECT pg_sleep(10)"));
    expect((await refusalOf(slow)).message).toBe("The database took too long.");
    await database.write((writer) => insert(writer, 1));
    expect(await idsOf(database)).toEqual([1]);
  });

  test("five times under load loses nothing that was acknowledged and doubles nothing", async () => {
    const load = startLoad(database, 16);
    for (let cut = 0; cut < 5; cut += 1) {
      const before = load.acknowledged.length;
      await eventually(() => expect(load.acknowledged.length).toBeGreaterThan(before + 50));
      await server.cut(name);
    }
    const { acknowledged, unknown } = await expectNothingLostOrDoubled(database, load);
    expect(acknowledged.length).toBeGreaterThan(250);
    expect(unknown).toEqual([]);
  });
});

describe("a server that is killed", () => {
  let server: PostgresServer;
  beforeEach(async () => {
    server = await startPostgres();
  });
  afterEach(() => server.remove());

  test("five times under load loses nothing that was acknowledged and doubles nothing", async () => {
    const name = await server.createDatabase();
    const database = await openPostgres({ url: server.urlOf(name), clock: systemClock });
    await database.write((writer) => writer.run(TABLE));
    await database.write((writer) => writer.run("CREATE TABLE instance (name TEXT PRIMARY KEY, value TEXT NOT NULL)"));
    await database.probe();
    const load = startLoad(database, 16);
    for (let kill = 0; kill < 5; kill += 1) {
      const before = load.acknowledged.length;
      await eventually(() => expect(load.acknowledged.length).toBeGreaterThan(before + 50));
      await server.kill();
      await refusalOf(database.probe());
      await server.start();
      await eventually(() => database.probe());
    }
    const { acknowledged } = await expectNothingLostOrDoubled(database, load);
    expect(acknowledged.length).toBeGreaterThan(250);
    await database.close();
  });

  test("does not keep the database from closing", async () => {
    const database = await openPostgres({ url: server.urlOf("postgres"), clock: systemClock });
    await server.kill();
    await database.close();
    await database.close();
    await server.start();
  });
});

describe("a commit whose answer never comes", () => {
  let server: PostgresServer;
  let proxy: TcpProxy;
  let name: string;
  let database: Database;
  beforeEach(async () => {
    server = await sharedPostgres();
    name = await server.createDatabase();
    proxy = await startTcpProxy(server.port);
    const url = server.urlOf(name).replace(`:${server.port}/`, `:${proxy.port}/`);
    database = await openPostgres({ url, clock: systemClock, statementTimeoutMs: 500 });
    await database.write((writer) => writer.run(TABLE));
  });
  afterEach(async () => {
    await database.close();
    await proxy.close();
    await server.dropDatabase(name);
  });
  const onFirstCommit = (verdict: "cut" | "pass and cut" | "swallow"): void => {
    let done = false;
    proxy.watch((bytes) => {
      if (done || !bytes.includes("COMMIT")) return "pass";
      done = true;
      return verdict;
    });
  };

  test("is answered as kept where the server had kept it", async () => {
    onFirstCommit("pass and cut");
    await database.write((writer) => insert(writer, 1));
    expect(await idsOf(database)).toEqual([1]);
  });

  test("is refused where the server never heard of it", async () => {
    onFirstCommit("cut");
    expect(mayBeKept(await refusalOf(database.write((writer) => insert(writer, 1))))).toBeFalse();
    await database.write((writer) => insert(writer, 2));
    expect(await idsOf(database)).toEqual([2]);
  });

  test("counts only its own number: what an earlier change was kept as says nothing about a later one", async () => {
    for (let id = 1; id <= 3; id += 1) await database.write((writer) => insert(writer, id));
    await database.write(() => Promise.reject(new Error("taken back"))).catch(() => {});
    onFirstCommit("cut");
    await refusalOf(database.write((writer) => insert(writer, 4)));
    onFirstCommit("pass and cut");
    await database.write((writer) => insert(writer, 5));
    expect(await idsOf(database)).toEqual([1, 2, 3, 5]);
  });

  test("over a cable that was unplugged is given up, and the session that still holds the lock is ended", async () => {
    onFirstCommit("swallow");
    const change = database.write((writer) => insert(writer, 1));
    await refusalOf(change);
    await database.write((writer) => insert(writer, 2));
    expect(await idsOf(database)).toEqual([2]);
  });

  test("is said to be unknown where another node wrote in between", async () => {
    proxy.watch((bytes) => {
      if (!bytes.includes("COMMIT")) return "pass";
      proxy.unplug();
      return "cut";
    });
    const change = refusalOf(database.write((writer) => insert(writer, 1)));
    const other = await openPostgres({ url: server.urlOf(name), clock: systemClock, lockWaitMs: 5_000 });
    await other.write((writer) => insert(writer, 2));
    await other.close();
    proxy.watch(() => "pass");
    proxy.plugIn();
    expect(mayBeKept(await change)).toBeTrue();
    await eventually(() => database.write((writer) => insert(writer, 3)));
    // The connection that reads was unplugged as well: one question finds out, the next one has another.
    expect(await eventually(() => idsOf(database))).toEqual([2, 3]);
  });
});
