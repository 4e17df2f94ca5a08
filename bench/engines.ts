import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Database, SqlValue, Writer } from "../src/database/database.ts";
import { migrate, planMigrations } from "../src/database/migrate.ts";
import { MIGRATIONS } from "../src/database/migrations.ts";
import { openPostgres } from "../src/database/postgres.ts";
import { openSqlite } from "../src/database/sqlite.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { startPostgres } from "../tests/support/postgres.ts";

// The database port alone, on both engines, with rows like those of ingest: what the second engine costs before anything
// else is counted. Both commit to the disk. Prints a table; `bun bench/engines.ts [seconds per cell]`.

const SECONDS = Number(process.argv[2] ?? 3);
const ENVIRONMENT = "env_01m7x22am0e00bw6rnhwsqq3yr";
const MEMBERS = 5_000;
const STATE = JSON.stringify({
  balances: { xp: 1_234, coins: 77 },
  counts: { lesson_completed: 99 },
  badges: ["first", "tenth"],
});

interface Rows {
  readonly inputs: SqlValue[][];
  readonly transfers: SqlValue[][];
  readonly outbound: SqlValue[][];
  readonly deliveries: SqlValue[][];
  readonly members: SqlValue[][];
  readonly memberKeys: SqlValue[][];
  readonly hashKeys: SqlValue[][];
}

const names = (text: string): string[] => text.split(" ");
const INPUT = names(
  "environment_id sequence kind id id_hash content_hash type user_id occurred_at received_at local_date actor request_id backfill payload program_version effects",
);
const TRANSFER = names(
  "environment_id input_sequence effect_key revision id member_id currency debit credit amount at available_at reason",
);
const OUTBOUND = names("id environment_id type body created_at user_id input_sequence");
const DELIVERY = names(
  "id environment_id subscription_id outbound_event_id event status due_at attempts failures interruptions prefers_newest epoch created_at",
);
const MEMBER = names("id environment_id user_id attributes state created_at updated_at");

let sequence = 0;

function makeRows(count: number): Rows {
  const rows: Rows = {
    inputs: [],
    transfers: [],
    outbound: [],
    deliveries: [],
    members: [],
    memberKeys: [],
    hashKeys: [],
  };
  const now = Date.now();
  const users = new Set<string>();
  for (let index = 0; index < count; index += 1) {
    const n = ++sequence;
    const id = String(n).padStart(26, "0");
    const user = `user_${(n * 7919) % MEMBERS}`;
    const hash = crypto.getRandomValues(new Uint8Array(32));
    const payload = JSON.stringify({ lesson: `algebra-${n % 40}`, score: n % 101 });
    const effects = JSON.stringify([{ key: "lesson_xp", kind: "credit", currency: "xp", amount: 10 }]);
    rows.hashKeys.push([ENVIRONMENT, hash]);
    const member = `mem_${user}`;
    const event = `evt_${id}`;
    rows.inputs.push([
      ...[ENVIRONMENT, n, "event", `event-${n}`, hash, hash, "lesson_completed", user, now, now, "2026-11-20"],
      ...["key_1", `req_${n}`, 0, payload, 3, effects],
    ]);
    rows.transfers.push([
      ...[ENVIRONMENT, n, "lesson_xp", 0, `txn_${id}`, member, "xp", "program", member, 10, now, now, "rule:lesson_xp"],
    ]);
    rows.outbound.push([event, ENVIRONMENT, "lesson_completed", `{"data":${payload}}`, now, user, n]);
    rows.deliveries.push([
      ...[`dlv_${id}`, ENVIRONMENT, "sub_1", event, "lesson_completed", "pending", now, 0, 0, 0, 0, 0, now],
    ]);
    if (!users.has(user)) rows.members.push([`mem_${user}`, ENVIRONMENT, user, "{}", STATE, now, now]);
    users.add(user);
  }
  rows.memberKeys.push(...[...users].sort().map((user) => [ENVIRONMENT, user]));
  return rows;
}

async function insertFour(writer: Writer, rows: Rows): Promise<void> {
  await writer.insertMany({ table: "inputs", columns: INPUT, rows: rows.inputs });
  await writer.insertMany({ table: "ledger_transfers", columns: TRANSFER, rows: rows.transfers });
  await writer.insertMany({ table: "outbound_events", columns: OUTBOUND, rows: rows.outbound });
  await writer.insertMany({ table: "deliveries", columns: DELIVERY, rows: rows.deliveries });
}

/** As ingest does: who was here before, the members as they are, then all that follows. */
async function wholePath(writer: Writer, rows: Rows): Promise<void> {
  const inputs = { table: "inputs", columns: ["sequence"], keyColumns: ["environment_id", "id_hash"] };
  await writer.findMany({ ...inputs, keys: rows.hashKeys });
  const members = { table: "members", columns: MEMBER, keyColumns: ["environment_id", "user_id"] };
  await writer.lockMany({ ...members, keys: rows.memberKeys });
  await insertFour(writer, rows);
  await writer.upsertMany({ ...members, rows: rows.members });
}

interface Cell {
  readonly name: string;
  /** Events in a change, changes under way at once. */
  readonly batch: number;
  readonly callers: number;
  readonly change: (writer: Writer, rows: Rows) => Promise<void>;
}

const CELLS: readonly Cell[] = [
  { name: "4 inserts, 64 callers with one event each", batch: 1, callers: 64, change: insertFour },
  { name: "4 inserts, one caller of 64", batch: 64, callers: 1, change: insertFour },
  { name: "4 inserts, one caller of 512", batch: 512, callers: 1, change: insertFour },
  { name: "whole path, one caller of 64", batch: 64, callers: 1, change: wholePath },
  { name: "whole path, one caller of 512", batch: 512, callers: 1, change: wholePath },
];

interface Measured {
  readonly eventsPerSecond: number;
  readonly messagesPerChange: number;
}

async function measure(database: Database, messages: () => number, cell: Cell): Promise<Measured> {
  const run = async (seconds: number): Promise<Measured> => {
    const begun = performance.now();
    const sentBefore = messages();
    const before = database.statistics().operations;
    let events = 0;
    const work = async (): Promise<void> => {
      while (performance.now() - begun < seconds * 1_000) {
        const rows = makeRows(cell.batch);
        await database.write((writer) => cell.change(writer, rows));
        events += cell.batch;
      }
    };
    await Promise.all(Array.from({ length: cell.callers }, work));
    const changes = database.statistics().operations - before;
    return {
      eventsPerSecond: events / ((performance.now() - begun) / 1_000),
      messagesPerChange: (messages() - sentBefore) / changes,
    };
  };
  await run(SECONDS / 3);
  return run(SECONDS);
}

const folder = mkdtempSync(join(tmpdir(), "hatch-engines-"));
const server = await startPostgres({ durable: true, settings: ["shared_buffers=256MB", "max_wal_size=2GB"] });
const sqlite = openSqlite({ file: join(folder, "hatch.db"), clock: systemClock });
const postgres = await openPostgres({ url: server.urlOf(await server.createDatabase()), clock: systemClock });
for (const database of [sqlite, postgres]) await migrate(database, await planMigrations(database, MIGRATIONS));

process.stdout.write(
  "| events per second | SQLite | Postgres | ratio | messages per change |\n|---|---|---|---|---|\n",
);
for (const cell of CELLS) {
  const first = await measure(sqlite, () => 0, cell);
  const second = await measure(postgres, () => postgres.writtenMessages(), cell);
  const ratio = second.eventsPerSecond / first.eventsPerSecond;
  const numbers = [first.eventsPerSecond, second.eventsPerSecond].map((value) =>
    Math.round(value).toLocaleString("en"),
  );
  process.stdout.write(
    `| ${cell.name} | ${numbers.join(" | ")} | ${ratio.toFixed(2)} | ${second.messagesPerChange.toFixed(1)} |\n`,
  );
}
await sqlite.close();
await postgres.close();
await server.remove();
rmSync(folder, { recursive: true, force: true });
