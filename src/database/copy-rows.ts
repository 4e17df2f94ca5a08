import { sha256Hex } from "../kernel/crypto.ts";
import { isSourceMark } from "./copy-marks.ts";
import type { Database, SqlRow, SqlValue } from "./database.ts";

/** As the source describes it. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly string[];
  /** Of the primary key, in its order. */
  readonly key: readonly string[];
}

export interface Page {
  readonly rows: readonly SqlRow[];
  /** The key of its last row. */
  readonly after: SqlRow;
}

type NamedRow = Readonly<Record<string, SqlValue>>;

const ROWS_PER_PAGE = 500;

/** A table in the order of its key, from behind `after` on. Both engines order alike: text by its bytes. */
export async function* walkRows(
  database: Database,
  { name, columns, key }: TableShape,
  after: SqlRow | null,
): AsyncGenerator<Page> {
  const order = key.join(", ");
  const marks = key.map(() => "?").join(", ");
  const select = `SELECT ${columns.join(", ")} FROM ${name}`;
  let from = after;
  for (;;) {
    const where = from === null ? "" : ` WHERE (${order}) > (${marks})`;
    const found = await database.read((reader) =>
      reader.all<NamedRow>(`${select}${where} ORDER BY ${order} LIMIT ?`, [...(from ?? []), ROWS_PER_PAGE]),
    );
    const last = found.at(-1);
    if (!last) return;
    from = key.map((column) => last[column] ?? null);
    const rows = found.filter((row) => !isSourceMark(name, row));
    yield { rows: rows.map((row) => columns.map((column) => row[column] ?? null)), after: from };
    if (found.length < ROWS_PER_PAGE) return;
  }
}

/** What a table holds, whatever the engine and the order: how many rows, and the sum of their hashes. */
export interface TableDigest {
  readonly rows: number;
  /** SHA-256 of each row, added up modulo 2²⁵⁶, in hex. */
  readonly digest: string;
}

const SUM_BITS = 256;

const canonicalValue = (value: SqlValue): unknown =>
  value instanceof Uint8Array ? { bytes: Buffer.from(value).toString("hex") } : value;

const hashRow = (row: SqlRow): bigint => BigInt(`0x${sha256Hex(JSON.stringify(row.map(canonicalValue)))}`);

export async function digestTable(database: Database, table: TableShape): Promise<TableDigest> {
  let rows = 0;
  let sum = 0n;
  for await (const page of walkRows(database, table, null)) {
    rows += page.rows.length;
    for (const row of page.rows) sum = BigInt.asUintN(SUM_BITS, sum + hashRow(row));
  }
  return { rows, digest: sum.toString(16).padStart(SUM_BITS / 4, "0") };
}
