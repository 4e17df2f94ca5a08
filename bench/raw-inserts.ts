import { Database, type SQLQueryBindings } from "bun:sqlite";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The baseline of batches: the rows that the product wrote for so many events, taken from its own database, inserted by
// bun:sqlite alone into the same tables with the same indexes, a transaction for each batch. Prints events per second.

const [source, events, batch] = [process.argv[2] as string, Number(process.argv[3]), Number(process.argv[4])];

type Row = Record<string, SQLQueryBindings>;
const written = new Database(source, { readonly: true });
const inputs = written.query("SELECT * FROM inputs ORDER BY sequence DESC LIMIT ?").all(events) as Row[];
const first = inputs.at(-1)?.sequence as number;
const bySequence = (table: string, column: string): Map<unknown, Row[]> =>
  Map.groupBy(written.query(`SELECT * FROM ${table} WHERE ${column} >= ?`).all(first) as Row[], (row) => row[column]);
const transfers = bySequence("ledger_transfers", "input_sequence");
const outbound = bySequence("outbound_events", "input_sequence");
const deliveries = Map.groupBy(
  written.query("SELECT * FROM deliveries").all() as Row[],
  (row) => row.outbound_event_id,
);
const members = new Map((written.query("SELECT * FROM members").all() as Row[]).map((row) => [row.user_id, row]));
written.close();

const folder = mkdtempSync(join(tmpdir(), "hatch-bench-raw-"));
const database = new Database(join(folder, "raw.db"), { create: true, strict: true });
database.run("PRAGMA journal_mode = WAL");
database.run("PRAGMA synchronous = FULL");
database.run("PRAGMA wal_autocheckpoint = 4000");
const migrations = join(import.meta.dir, "..", "migrations");
for (const name of readdirSync(migrations).sort()) database.run(readFileSync(join(migrations, name), "utf8"));

function inserter(table: string, row: Row | undefined, conflict = ""): (row: Row) => void {
  const columns = Object.keys(row ?? {});
  if (columns.length === 0) return () => {};
  const statement = database.prepare(
    `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")}) ${conflict}`,
  );
  return (values) => void statement.run(...columns.map((column) => values[column] as SQLQueryBindings));
}
const [anyTransfers] = transfers.values();
const [anyOutbound] = outbound.values();
const [anyDeliveries] = deliveries.values();
const [anyMember] = members.values();
const insert = {
  input: inserter("inputs", inputs[0]),
  transfer: inserter("ledger_transfers", anyTransfers?.[0]),
  outbound: inserter("outbound_events", anyOutbound?.[0]),
  delivery: inserter("deliveries", anyDeliveries?.[0]),
  member: inserter(
    "members",
    anyMember,
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at",
  ),
};

const ordered = inputs.reverse();
const begun = performance.now();
for (let from = 0; from < ordered.length; from += batch) {
  database.run("BEGIN IMMEDIATE");
  for (const input of ordered.slice(from, from + batch)) {
    insert.input(input);
    for (const transfer of transfers.get(input.sequence) ?? []) insert.transfer(transfer);
    for (const event of outbound.get(input.sequence) ?? []) {
      insert.outbound(event);
      for (const delivery of deliveries.get(event.id) ?? []) insert.delivery(delivery);
    }
    const member = members.get(input.user_id);
    if (member) insert.member(member);
  }
  database.run("COMMIT");
}
const seconds = (performance.now() - begun) / 1000;
database.close();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`${ordered.length / seconds}\n`);
