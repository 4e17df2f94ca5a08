import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTestContext, type TestContext } from "../../../tests/support/context.ts";
import { findRootKey, type RootKey, replaceRootKeyFile } from "../../config/root-key.ts";
import type { Context } from "../../context.ts";
import { openKeyring, unlock } from "../../database/unlock.ts";
import { systemChance } from "../../kernel/chance.ts";
import { derivedKey, KEY_PURPOSES, keyIdOf, sealedBy, WrongKeyError } from "../../kernel/crypto.ts";
import { createMetrics } from "../../kernel/metrics.ts";
import type { Principal } from "../../kernel/principal.ts";
import { createEncryption, type Encryption } from "./index.ts";

const OPERATOR: Principal = { kind: "operator", request: { id: "req_1" } } as Principal;
const COLUMN = { table: "token_keys", column: "secret", key: "id" };
const ROWS = 450;

// Each life of the process waits for real commits, many of them on Postgres.
setDefaultTimeout(30_000);

let base: TestContext;
beforeEach(async () => {
  base = await createTestContext();
});
afterEach(() => base.close());

const key = (fill: number): string => Buffer.alloc(32, fill).toString("base64");
const idOf = (fill: number): string => keyIdOf(new Uint8Array(32).fill(fill));
const [FIRST, SECOND, THIRD] = [1, 2, 3];

const keysOf = (sealing: number | undefined, previous?: number): Record<string, string> => ({
  ...(sealing === undefined ? {} : { WEBHOOK_ENCRYPTION_KEY: key(sealing) }),
  ...(previous === undefined ? {} : { WEBHOOK_ENCRYPTION_KEY_PREVIOUS: key(previous) }),
});

interface House {
  readonly context: Context;
  readonly encryption: Encryption;
}

/** A life of the process on the same database, with what the environment gives it. */
async function open(environment: Record<string, string>, overrides: Partial<Context> = {}): Promise<House> {
  const find = (): RootKey | undefined =>
    findRootKey({ environment, dataDirectory: base.directory, workingDirectory: base.directory });
  const { keyring } = await unlock({
    database: base.database,
    dataDirectory: base.directory,
    findRootKey: find,
    chance: systemChance,
  });
  const context: Context = { ...base, chance: systemChance, metrics: createMetrics(), keyring, ...overrides };
  return { context, encryption: createEncryption(context, [{ sealed: [COLUMN] }], { findRootKey: find }) };
}

/** The clock goes on while it is waited for. */
async function passing<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  while (!isOver) {
    await base.clock.advance(100);
    await Bun.sleep(0);
  }
  return over;
}

const rotate = ({ encryption }: House, leaveDamaged = false) => passing(encryption.rotate(OPERATOR, { leaveDamaged }));

const rowOf = (index: number): string => `tk_${String(index).padStart(4, "0")}`;
const placeOf = (row: string) => ({ table: COLUMN.table, column: COLUMN.column, row });
const textOf = (row: string): string => `the secret of ${row}`;

async function fill({ context }: House, count = ROWS): Promise<void> {
  const rows = Array.from({ length: count }, (_, index) => rowOf(index));
  await context.database.write((writer) =>
    writer.insertMany({
      table: COLUMN.table,
      columns: ["id", "secret", "created_at", "retired_at"],
      rows: rows.map((row) => [row, context.keyring.seal(placeOf(row), textOf(row)), 0, null]),
    }),
  );
}

const values = () =>
  base.database.read((reader) =>
    reader.all<{ id: string; secret: string }>("SELECT id, secret FROM token_keys ORDER BY id"),
  );
const put = (row: string, sealed: string) =>
  base.database.write((writer) => writer.run("UPDATE token_keys SET secret = ? WHERE id = ?", [sealed, row]));
const actions = async () =>
  (
    await base.database.read((reader) =>
      reader.all<{ action: string }>("SELECT action FROM audit_entries WHERE workspace_id = '' ORDER BY sequence"),
    )
  ).map(({ action }) => action);

async function expectAllOpen({ context }: House): Promise<void> {
  for (const { id, secret } of await values()) expect(context.keyring.open(placeOf(id), secret)).toBe(textOf(id));
}

/** The first batch gets through, then the process is gone. */
async function rotateHalfway(environment: Record<string, string>): Promise<void> {
  let batches = 0;
  const write: Context["database"]["write"] = (change) => {
    if (batches > 0) throw new Error("killed");
    return base.database.write(async (writer) => {
      const result = await change({
        ...writer,
        now: writer.now,
        all: writer.all.bind(writer),
        get: writer.get.bind(writer),
        findMany: writer.findMany.bind(writer),
        lockMany: writer.lockMany.bind(writer),
        hasTable: writer.hasTable.bind(writer),
        run: writer.run.bind(writer),
        insertMany: writer.insertMany.bind(writer),
        upsertMany: writer.upsertMany.bind(writer),
        afterCommit: writer.afterCommit.bind(writer),
        updateMany(set) {
          if (set.table === COLUMN.table) batches += 1;
          return writer.updateMany(set);
        },
      });
      return result;
    });
  };
  const house = await open(environment, { database: { ...base.database, write } });
  await expect(rotate(house)).rejects.toThrow("killed");
}

describe("with both keys at the start", () => {
  test("the given key seals from then on, and the rest is sealed anew until the former one is not needed", async () => {
    await fill(await open(keysOf(FIRST)));
    const both = await open(keysOf(SECOND, FIRST));
    expect(sealedBy(both.context.keyring.seal(placeOf("x"), "x"))).toBe(idOf(SECOND));
    await expectAllOpen(both);
    expect(await rotate(both)).toMatchObject({ state: "done", keyId: idOf(SECOND), left: 0, formerKeyIds: [] });
    expect(new Set((await values()).map(({ secret }) => sealedBy(secret)))).toEqual(new Set([idOf(SECOND)]));
    await expectAllOpen(await open(keysOf(SECOND)));
    await expect(open(keysOf(FIRST))).rejects.toThrow(`sealed by key ${idOf(SECOND)}, this key is ${idOf(FIRST)}`);
    expect(await actions()).toEqual(["encryption.rotation_started", "encryption.rotation_finished"]);
  });

  test("half-way neither key alone is enough, nor a strange one: the sentence names what is missing", async () => {
    await fill(await open(keysOf(FIRST)));
    await rotateHalfway(keysOf(SECOND, FIRST));
    const sealers = Map.groupBy(await values(), ({ secret }) => sealedBy(secret));
    expect(sealers.get(idOf(SECOND))?.length).toBe(200);
    const way = `from key ${idOf(FIRST)} to key ${idOf(SECOND)} is not finished and needs both`;
    for (const [given, missing] of [
      [keysOf(SECOND), idOf(FIRST)],
      [keysOf(FIRST), idOf(SECOND)],
      [keysOf(THIRD, SECOND), idOf(FIRST)],
      [keysOf(THIRD), `${idOf(SECOND)}, ${idOf(FIRST)}`],
    ] as const) {
      const refused = open(given);
      await expect(refused).rejects.toBeInstanceOf(WrongKeyError);
      await expect(refused).rejects.toThrow(way);
      await expect(refused).rejects.toThrow(`${missing} is missing`);
    }
    await expect(open({})).rejects.toThrow("no key was found");
    const both = await open(keysOf(SECOND, FIRST));
    expect((await passing(both.encryption.status())).left).toBeGreaterThanOrEqual(250);
  });

  test("what was cut off goes on from the rows themselves, and is told of once", async () => {
    await fill(await open(keysOf(FIRST)));
    await rotateHalfway(keysOf(SECOND, FIRST));
    await rotateHalfway(keysOf(SECOND, FIRST));
    const both = await open(keysOf(SECOND, FIRST));
    expect(await rotate(both)).toMatchObject({ state: "done" });
    await expectAllOpen(await open(keysOf(SECOND)));
    expect(await actions()).toEqual(["encryption.rotation_started", "encryption.rotation_finished"]);
  });

  test("the keys exchanged half-way go back; a third key takes over from two", async () => {
    await fill(await open(keysOf(FIRST)));
    await rotateHalfway(keysOf(SECOND, FIRST));
    expect(await rotate(await open(keysOf(FIRST, SECOND)))).toMatchObject({ state: "done", keyId: idOf(FIRST) });
    await expectAllOpen(await open(keysOf(FIRST)));
    await rotateHalfway(keysOf(SECOND, FIRST));
    writeFileSync(join(base.directory, `root.key.${idOf(FIRST)}`), key(FIRST));
    const third = await open(keysOf(THIRD, SECOND));
    expect((await third.encryption.progress()).formerKeyIds.toSorted()).toEqual([idOf(FIRST), idOf(SECOND)].toSorted());
    expect(await rotate(third)).toMatchObject({ state: "done", keyId: idOf(THIRD) });
    await expectAllOpen(await open(keysOf(THIRD)));
  });

  test("asked for when it is over already, nothing is refused", async () => {
    await fill(await open(keysOf(FIRST)), 3);
    await rotate(await open(keysOf(SECOND, FIRST)));
    expect(await rotate(await open(keysOf(SECOND, FIRST)))).toMatchObject({ state: "done", keyId: idOf(SECOND) });
  });

  test("one key from outside alone begins nothing, and says how", async () => {
    const house = await open(keysOf(FIRST));
    await expect(rotate(house)).rejects.toMatchObject({
      code: "conflict",
      hint: expect.stringContaining("WEBHOOK_ENCRYPTION_KEY_PREVIOUS"),
    });
    expect(await house.encryption.progress()).toMatchObject({ state: "none", formerKeyIds: [] });
  });
});

describe("with the key in the data folder", () => {
  const keyFiles = (): string[] => readdirSync(base.directory).filter((name) => name.startsWith("root.key"));

  test("another one is made in its place, for its owner only; the former one stays beside it", async () => {
    const house = await open({});
    await fill(house);
    const before = readFileSync(join(base.directory, "root.key"), "utf8");
    const { keyId } = house.context.keyring;
    expect(await rotate(house)).toMatchObject({ state: "done" });
    expect(house.context.keyring.keyId).not.toBe(keyId);
    expect(keyFiles().toSorted()).toEqual(["root.key", `root.key.${keyId}`]);
    for (const name of keyFiles()) expect(statSync(join(base.directory, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(base.directory, `root.key.${keyId}`), "utf8")).toBe(before);
    const status = await passing(house.encryption.status());
    expect(status.formerKeys).toEqual([{ keyId, source: join(base.directory, `root.key.${keyId}`), isNeeded: false }]);
    await expectAllOpen(await open({}));
  });

  test("what is sealed a moment before and written a moment later is found as well", async () => {
    const house = await open({});
    await fill(house, 3);
    await house.encryption.feature.start?.();
    const late = house.context.keyring.seal(placeOf(rowOf(0)), textOf(rowOf(0)));
    expect(await house.encryption.rotate(OPERATOR, { leaveDamaged: false })).toMatchObject({ state: "running" });
    await base.clock.advance(1_000);
    await put(rowOf(0), late);
    while ((await house.encryption.progress()).state !== "done") await base.clock.advance(100);
    for (const { secret } of await values()) expect(sealedBy(secret)).toBe(house.context.keyring.keyId);
  });

  test("a try that ended between the files and the database is taken up", async () => {
    const house = await open({});
    await fill(house, 3);
    const former = findRootKey({ environment: {}, dataDirectory: base.directory, workingDirectory: "" }) as RootKey;
    const { keyId: id } = house.context.keyring;
    const next = replaceRootKeyFile(base.directory, { key: former.key, id }, systemChance);
    expect(await rotate(house)).toMatchObject({ state: "done", keyId: keyIdOf(next.key) });
    expect(keyFiles()).toHaveLength(2);

    const again = await open({});
    const second = replaceRootKeyFile(base.directory, { key: next.key, id: keyIdOf(next.key) }, systemChance);
    const restarted = await open({});
    expect(restarted.context.keyring.keyId).toBe(keyIdOf(second.key));
    await expectAllOpen(restarted);
    expect(await rotate(restarted)).toMatchObject({ state: "done", keyId: keyIdOf(second.key) });
    expect(again.context.keyring.keyId).toBe(keyIdOf(next.key));
  });

  test("twice at once is one rotation after the other, and no key is lost", async () => {
    const house = await open({});
    await fill(house, 3);
    await passing(Promise.all([1, 2, 3].map(() => house.encryption.rotate(OPERATOR, { leaveDamaged: false }))));
    const restarted = await open({});
    await expectAllOpen(restarted);
    expect(restarted.context.keyring.keyId).toBe(house.context.keyring.keyId);
  });

  test("a key file that somebody exchanged under the running server is refused", async () => {
    const house = await open({});
    writeFileSync(join(base.directory, "root.key"), key(THIRD));
    await expect(rotate(house)).rejects.toMatchObject({ code: "conflict" });
    expect(existsSync(join(base.directory, `root.key.${idOf(THIRD)}`))).toBe(false);
  });

  test.skipIf(process.getuid?.() === 0)("a folder that takes no file leaves everything as it was", async () => {
    const house = await open({});
    const { keyId } = house.context.keyring;
    chmodSync(base.directory, 0o500);
    await expect(rotate(house)).rejects.toThrow();
    chmodSync(base.directory, 0o700);
    expect((await open({})).context.keyring.keyId).toBe(keyId);
  });
});

describe("keys that can't be made again", () => {
  const all = ({ context }: House): string[] =>
    KEY_PURPOSES.map((purpose) => Buffer.from(context.keyring.keyFor(purpose)).toString("hex"));

  test("stay the same over every rotation, and are not to be had from the root key", async () => {
    const first = await open(keysOf(FIRST));
    const before = all(first);
    const derived = KEY_PURPOSES.map((purpose) =>
      Buffer.from(derivedKey(new Uint8Array(32).fill(FIRST), purpose)).toString("hex"),
    );
    expect(before.filter((one) => derived.includes(one))).toEqual([]);
    const second = await open(keysOf(SECOND, FIRST));
    expect(all(second)).toEqual(before);
    await rotate(second);
    expect(all(await open(keysOf(SECOND)))).toEqual(before);
  });

  test("of an installation that derived them are kept as they were", async () => {
    const derived = KEY_PURPOSES.map((purpose) =>
      Buffer.from(derivedKey(new Uint8Array(32).fill(FIRST), purpose)).toString("hex"),
    );
    await open(keysOf(FIRST));
    await base.database.write((writer) => writer.run("DELETE FROM data_keys"));
    const given = findRootKey({
      environment: keysOf(SECOND, FIRST),
      dataDirectory: base.directory,
      workingDirectory: "",
    });
    const looking = await openKeyring(base.database, given, systemChance);
    expect(KEY_PURPOSES.map((purpose) => Buffer.from(looking.keyFor(purpose)).toString("hex"))).toEqual(derived);
    const upgraded = await open(keysOf(SECOND, FIRST));
    expect(all(upgraded)).toEqual(derived);
    await rotate(upgraded);
    expect(all(await open(keysOf(SECOND)))).toEqual(derived);
  });
});

describe("a value that was changed while it was sealed anew", () => {
  test("is left as it is", async () => {
    await fill(await open(keysOf(FIRST)), 30);
    let isChanged = false;
    const house = await open(keysOf(SECOND, FIRST));
    const read: Context["database"]["read"] = async (ask) => {
      const found = await base.database.read(ask);
      const isValues = Array.isArray(found) && found.some((row) => typeof row === "object" && row && "sealed" in row);
      if (isValues && !isChanged) {
        isChanged = true;
        await put(rowOf(7), house.context.keyring.seal(placeOf(rowOf(7)), "changed meanwhile"));
      }
      return found;
    };
    const racing = await open(keysOf(SECOND, FIRST), { database: { ...base.database, read } });
    expect(await rotate(racing)).toMatchObject({ state: "done" });
    expect(isChanged).toBe(true);
    const row = (await values()).find(({ id }) => id === rowOf(7));
    expect(racing.context.keyring.open(placeOf(rowOf(7)), row?.secret ?? "")).toBe("changed meanwhile");
  });
});

describe("values that stand in each other's place", () => {
  async function exchange(): Promise<void> {
    const [first, second] = await values();
    await put(first?.id ?? "", second?.secret ?? "");
    await put(second?.id ?? "", first?.secret ?? "");
  }

  test("hold up the end, by name, until they are mended", async () => {
    await fill(await open(keysOf(FIRST)), 5);
    await exchange();
    const house = await open(keysOf(SECOND, FIRST));
    expect(await rotate(house)).toMatchObject({
      state: "damaged",
      left: 2,
      damaged: [placeOf(rowOf(0)), placeOf(rowOf(1))],
    });
    await expect(open(keysOf(SECOND))).rejects.toBeInstanceOf(WrongKeyError);
    await exchange();
    expect(await rotate(house)).toMatchObject({ state: "done", left: 0, damaged: [] });
    await expectAllOpen(await open(keysOf(SECOND)));
  });

  test("can be given up knowingly", async () => {
    await fill(await open(keysOf(FIRST)), 5);
    await exchange();
    expect(await rotate(await open(keysOf(SECOND, FIRST)), true)).toMatchObject({ state: "done" });
    const house = await open(keysOf(SECOND));
    const [first] = await values();
    expect(() => house.context.keyring.open(placeOf(rowOf(0)), first?.secret ?? "")).toThrow(WrongKeyError);
  });

  test("are named by the doctor, whichever key sealed them", async () => {
    const house = await open(keysOf(FIRST));
    await fill(house, 5);
    const examine = async () => await passing(house.encryption.feature.examine?.(house.context) ?? Promise.resolve([]));
    expect((await examine()).map(({ ok }) => ok)).toEqual([true, true]);
    await exchange();
    expect((await examine()).filter(({ ok }) => !ok)).toMatchObject([
      {
        check: "encryption.values",
        message: expect.stringContaining(`token_keys.secret of ${rowOf(0)}; token_keys.secret of ${rowOf(1)}`),
      },
    ]);
  });
});

test("the figures say how much is left, and which key seals how much", async () => {
  await fill(await open(keysOf(FIRST)), 5);
  const house = await open(keysOf(SECOND, FIRST));
  await passing(house.encryption.status());
  const rendered = await house.context.metrics.render();
  expect(rendered).toContain(`hatch_encryption_values{key="${idOf(FIRST)}"}`);
  await rotate(house);
  const status = await passing(house.encryption.status());
  const counted = status.counts.find(({ column }) => column.table === "token_keys");
  expect(Object.fromEntries(counted?.byKey ?? [])).toEqual({ [idOf(SECOND)]: 5 });
  expect(await house.context.metrics.render()).toContain("hatch_encryption_values_left 0");
});
