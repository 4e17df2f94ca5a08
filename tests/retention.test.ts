import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { seededChance } from "../src/kernel/chance.ts";
import { firstIdAt } from "../src/kernel/ids.ts";
import { DAY, formatDuration, HOUR, unixMs } from "../src/kernel/units.ts";
import { claim, type OpenApp, openApp } from "./support/app.ts";
import { FakeClock } from "./support/clock.ts";
import { TEST_CONFIG } from "./support/context.ts";
import { retain } from "./support/retention.ts";
import { retentionTable } from "./support/retention-table.ts";

let app: OpenApp;
let clock: FakeClock;
let key: string;

beforeEach(async () => {
  clock = new FakeClock();
  app = await openApp({}, { clock });
  key = (await claim(app)).live;
});
afterEach(() => app.close());

// biome-ignore lint/suspicious/noExplicitAny: a test says by its expectation what it takes a row for
type Row = any;
const rows = (sql: string): Promise<Row[]> => app.context.database.read((reader) => reader.all<Row>(sql));
const pass = (durationMs: number): void => clock.set(unixMs(clock.now() + durationMs));
const purge = () => retain(app.context, app.retention);

async function call(method: string, path: string, body?: unknown): Promise<Row> {
  const response = await app.fetch(
    new Request(`http://localhost${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  );
  return { http: response.status, ...((await response.json().catch(() => ({}))) as object) };
}

const PROGRAM = {
  timezone: "UTC",
  eventTypes: { lesson: { schema: { type: "object", properties: { score: { type: "integer" } } }, forward: true } },
  currencies: { xp: { kind: "progress" } },
  rules: { score: { on: "lesson", then: [{ credit: "xp", amount: "event.properties.score" }] } },
};
const publish = () => call("POST", "/v1/program/publish", { program: PROGRAM });
const send = (id: string, score = 7) =>
  call("POST", "/v1/events", { id, type: "lesson", userId: "u1", properties: { score } });

/** What has its time, as it stands; one line for each thing that may go. */
async function inventory() {
  const events = await rows("SELECT id, body, created_at FROM outbound_events ORDER BY id");
  const deliveries = await rows(
    "SELECT id, outbound_event_id, status, ended_at, due_at, replay_from FROM deliveries ORDER BY id",
  );
  return {
    inputs: await rows("SELECT sequence, kind, payload, received_at FROM inputs ORDER BY sequence"),
    events,
    deliveries,
    attempts: await rows("SELECT delivery_id, number FROM attempts ORDER BY delivery_id, number"),
    refused: await rows("SELECT id, at FROM refused_events ORDER BY id"),
    jobs: await rows("SELECT id, ended_at FROM jobs ORDER BY id"),
  };
}

type Inventory = Awaited<ReturnType<typeof inventory>>;

const endOf = ({ replay_from }: Row, now: number) =>
  replay_from === null
    ? { status: "failed", ended_at: now }
    : { status: "delivered", ended_at: JSON.parse(replay_from).endedAt };

/** What has to be left of it at this time, by the words of the documents and nothing of the code. */
function leftOf(before: Inventory, now: number): Inventory {
  const age = (at: number): number => now - at;
  const hasFailed = ({ status, due_at }: Row): boolean => status === "pending" && age(due_at) > 30 * DAY;
  const deliveries = before.deliveries
    // All are of a pull subscription: what nobody pulled for 30 days has failed now, or is what it was before a replay.
    .map((row) => (hasFailed(row) ? { ...row, ...endOf(row, now), replay_from: null } : row))
    .filter((row) => row.ended_at === null || row.id >= firstIdAt("dlv", unixMs(now - 400 * DAY)));
  const waits = new Set(deliveries.filter(({ ended_at }) => ended_at === null).map((row) => row.outbound_event_id));
  const used = new Set(deliveries.map((row) => row.outbound_event_id));
  const ended = new Map(deliveries.map((row) => [row.id, row.ended_at]));
  return {
    inputs: before.inputs.map((row) =>
      row.kind === "event" && age(row.received_at) > 400 * DAY ? { ...row, payload: null } : row,
    ),
    events: before.events
      .map((row) => (age(row.created_at) > 30 * DAY && !waits.has(row.id) ? { ...row, body: null } : row))
      .filter((row) => row.body !== null || used.has(row.id) || row.id >= firstIdAt("evt", unixMs(now - 400 * DAY))),
    deliveries,
    attempts: before.attempts.filter(({ delivery_id }) => {
      if (!ended.has(delivery_id)) return false;
      const end = ended.get(delivery_id);
      return end === null || age(end) <= DAY;
    }),
    refused: before.refused.filter(({ at }) => age(at) <= 7 * DAY),
    jobs: before.jobs.filter(({ ended_at }) => ended_at === null || age(ended_at) <= 30 * DAY),
  };
}

test.each([1, 2])(
  "through twenty months of traffic what has had its time goes, and nothing else does (seed %d)",
  async (seed) => {
    await publish();
    const subscription = (await call("POST", "/v1/webhooks", { mode: "pull", events: ["*"] })).id;
    const chance = seededChance(`retention-${seed}`);
    const roll = (sides: number): number => (chance.bytes(1)[0] ?? 0) % sides;
    let sent = 0;
    for (let now = 0; now < 600; ) {
      for (let count = roll(4); count > 0; count -= 1) {
        pass(roll(60) * 60_000);
        await send(`e${sent++}`);
        if (roll(4) === 0) await send(`wrong${sent++}`, 0.5);
      }
      if (roll(2) === 0) {
        const { deliveries } = await call("GET", `/v1/webhooks/${subscription}/pull?limit=3`);
        const ids = deliveries.slice(0, roll(4)).map(({ id }: Row) => id);
        if (ids.length > 0) await call("POST", `/v1/webhooks/${subscription}/ack`, { deliveries: ids });
        if (ids.length > 0 && roll(3) === 0) await call("POST", `/v1/deliveries/${ids[0]}/replay`);
      }
      const days = 1 + roll(40);
      now += days;
      pass(days * DAY + roll(24) * HOUR);
      const before = await inventory();
      const purged = await purge();
      const after = await inventory();
      const expected = leftOf(before, clock.now());
      expect({ now, ...after }).toEqual({ now, ...expected });
      expect(purged.attempts).toBe(before.attempts.length - after.attempts.length);
      expect(purged.deliveries).toBe(before.deliveries.length - after.deliveries.length);
      const bodies = ({ events }: Inventory): number => events.filter(({ body }) => body !== null).length;
      expect(purged.outboundBodies).toBe(bodies(before) - bodies(after));
      const again = await purge();
      expect(Object.values(again).every((count) => count === 0)).toBe(true);
    }
    const { inputs } = await inventory();
    expect(inputs.some(({ payload }) => payload === null)).toBe(true);
    expect(inputs.some(({ payload }) => payload !== null)).toBe(true);
  },
  120_000,
);

test("a repeat of an event whose properties are gone is still known, and other content still refused", async () => {
  await publish();
  const first = await send("e1");
  expect([first.http, first.status]).toEqual([201, "accepted"]);
  pass(401 * DAY);
  expect((await purge()).inboundPayloads).toBe(1);
  const again = await send("e1");
  expect([again.http, again.status]).toEqual([200, "duplicate"]);
  expect((await send("e1", 8)).error.code).toBe("event_conflict");
  const member = await call("GET", "/v1/members/u1");
  expect(member.balances.xp.available).toBe(7);
  const shown = await call("GET", "/v1/events/e1");
  expect([shown.propertiesPurged, shown.properties]).toEqual([true, undefined]);
});

test("a replay of what has no body any more says so in words", async () => {
  await publish();
  const { id } = await call("POST", "/v1/webhooks", { mode: "pull", events: ["points.earned"] });
  await send("e1");
  const [pulled] = (await call("GET", `/v1/webhooks/${id}/pull`)).deliveries;
  await call("POST", `/v1/webhooks/${id}/ack`, { deliveries: [pulled.id] });
  pass(31 * DAY);
  expect((await purge()).outboundBodies).toBe(1);
  const replay = await call("POST", `/v1/deliveries/${pulled.id}/replay`);
  expect([replay.http, replay.error.message]).toEqual([409, "The body of this event is no longer kept."]);
});

describe("a deleted workspace", () => {
  test("is gone with all that it held when its time of grace is over; the other one and the audit log stay", async () => {
    await publish();
    await call("POST", "/v1/webhooks", { mode: "pull", events: ["*"] });
    await call("POST", "/v1/keys", { name: "Second" });
    for (let n = 0; n < 30; n += 1) await send(`e${n}`);
    await send("wrong", 0.5);
    const operator = { kind: "operator", request: { id: "test" } } as const;
    const other = await app.access.createWorkspace(operator, { name: "Other" });
    const [{ id: gone }] = await rows(`SELECT id FROM workspaces WHERE id <> '${other.workspace.id}'`);
    const [{ before }] = await rows(`SELECT COUNT(*) AS before FROM audit_entries WHERE workspace_id = '${gone}'`);
    await app.context.database.write((writer) =>
      writer.run("UPDATE workspaces SET deleted_at = ? WHERE id = ?", [writer.now, gone]),
    );
    await app.context.database.write((writer) => writer.run("UPDATE subscriptions SET deleted_at = ?", [writer.now]));
    const { forgetting } = app;
    pass(30 * DAY);
    await retain(app.context, [], forgetting);
    expect(await rows(`SELECT id FROM workspaces WHERE id = '${gone}'`)).toHaveLength(1);
    pass(1);
    const purged = await retain(app.context, [], forgetting);
    expect(purged.workspaces).toBeGreaterThan(60);
    const left = [];
    for (const { name } of await rows(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    )) {
      const columns = (await rows(`SELECT name FROM pragma_table_info('${name}')`)).map((column) => column.name);
      if (columns.includes("environment_id") || columns.includes("workspace_id")) {
        const column = columns.includes("workspace_id") ? "workspace_id" : "environment_id";
        const ours =
          column === "workspace_id" ? [other.workspace.id, ""] : Object.values(other.environments).map(({ id }) => id);
        const [{ count }] = await rows(
          `SELECT COUNT(*) AS count FROM ${name} WHERE ${column} IS NOT NULL AND ${column} NOT IN (${ours.map((id) => `'${id}'`).join(", ")})`,
        );
        if (count > 0) left.push(name);
      }
    }
    // Of these some have a time of their own, and the audit log is for ever.
    expect(
      left.filter((name) => !["idempotency_claims", "refused_requests", "jobs", "mails"].includes(name)).sort(),
    ).toEqual(["audit_entries", "audit_heads"]);
    const [{ after }] = await rows(`SELECT COUNT(*) AS after FROM audit_entries WHERE workspace_id = '${gone}'`);
    expect(after).toBe(before);
    expect(await rows("PRAGMA foreign_key_check")).toEqual([]);
    expect(await rows(`SELECT id FROM environments`)).toHaveLength(2);
  });
});

describe("keys that are over", () => {
  test("go after 30 days, those of the command line after one; what is in force stays", async () => {
    const { id } = await call("POST", "/v1/keys", { name: "Revoked" });
    await call("DELETE", `/v1/keys/${id}`);
    const [{ environment_id }] = await rows(`SELECT environment_id FROM api_keys WHERE id = '${id}'`);
    const operator = { kind: "operator", request: { id: "test" } } as const;
    const expiresAt = new Date(clock.now() + 15 * 60_000).toISOString();
    const { key: passing } = await app.access.createKey(operator, {
      ...{ name: "hatch events send", expiresAt, environmentId: environment_id },
    } as never);
    await app.access.revokeKey(operator, { environmentId: environment_id, keyId: passing.id });
    const count = async () => (await rows("SELECT id FROM api_keys")).length;
    expect(await count()).toBe(4);
    pass(DAY + 1);
    expect(await purge()).toMatchObject({ passingKeys: 1, revokedKeys: 0 });
    pass(29 * DAY);
    expect(await purge()).toMatchObject({ passingKeys: 0, revokedKeys: 1 });
    expect(await count()).toBe(2);
    expect((await call("GET", "/v1/keys")).http).toBe(200);
  });
});

/** Every statement of a purge, with the plan that SQLite makes for it: nothing may walk a whole table that grows. */
test("no purge looks at more than an index leads it to", async () => {
  const seen = new Set<string>();
  const { database } = app.context;
  const spied: typeof database = {
    ...database,
    write: (change) =>
      database.write((writer) =>
        change(
          new Proxy(writer, {
            get(target, name) {
              const own = Reflect.get(target, name);
              if (name !== "run" && name !== "all" && name !== "get") {
                return typeof own === "function" ? own.bind(target) : own;
              }
              return (sql: string, parameters: never[]) => {
                seen.add(sql);
                return own.call(target, sql, parameters);
              };
            },
          }),
        ),
      ),
  };
  await publish();
  await call("POST", "/v1/webhooks", { mode: "pull", events: ["*"] });
  await send("e1");
  pass(402 * DAY);
  await retain({ ...app.context, database: spied }, app.retention, app.forgetting);
  expect(seen.size).toBeGreaterThan(25);
  const small = /^SCAN (?:h|s|token_keys|subscriptions)\b/;
  const scans = [];
  for (const sql of seen) {
    const plan = await rows(`EXPLAIN QUERY PLAN ${sql.replaceAll("?", "1")}`);
    const bad = plan
      .map(({ detail }) => detail as string)
      .filter((text) => /^SCAN (?!.*USING (?:COVERING )?INDEX)/.test(text));
    scans.push(
      ...bad
        .filter((text) => !small.test(text) && !/^SCAN (?:open|own|first|CONSTANT|\(subquery)/.test(text))
        .map((text) => `${text}: ${sql}`),
    );
    const sorts = plan
      .map(({ detail }) => detail as string)
      .filter((text) => text.includes("TEMP B-TREE FOR ORDER BY"));
    scans.push(...sorts.map((text) => `${text}: ${sql}`));
  }
  expect(scans).toEqual([]);
});

describe("the document", () => {
  const guide = readFileSync(join(import.meta.dir, "..", "docs", "guides", "retention.md"), "utf8");

  test("says of everything how long it is kept, as the rooms declare it", () => {
    // The columns of a table are lined up for those who read it as text.
    const plain = guide.replace(/ {2,}\|/g, " |").replace(/-{3,}/g, "---");
    expect(plain).toContain(retentionTable(app.retention, TEST_CONFIG));
  });

  test("leaves no table out, and no rule has a name twice", async () => {
    const tables = await rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
    const declared = new Set(app.retention.flatMap((rule) => rule.tables));
    const made = ["schema_migrations", "migrations", "moves"];
    expect(tables.map(({ name }) => name).filter((name) => !declared.has(name) && !made.includes(name))).toEqual([]);
    const names = app.retention.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(
      app.retention.every(
        ({ kept, purge: take, name }) => kept === undefined || take || ["auditDetails", "workspaces"].includes(name),
      ),
    ).toBe(true);
  });

  test("is not the place where a duration could differ from the setting's default", () => {
    for (const { setting, kept } of app.retention) {
      if (!setting || !kept) continue;
      expect(guide).toContain(`${formatDuration(kept(TEST_CONFIG))} (\`${setting}\`)`);
    }
  });
});
