import { assert } from "../kernel/assert.ts";
import type { Lookup, RowSet, SqlRow, SqlValue } from "./database.ts";
import type { ColumnTypes } from "./postgres-columns.ts";
import { refuseNul, wholeNumber } from "./postgres-values.ts";

type KeyedSet = RowSet & { readonly keyColumns: readonly string[] };

/** A statement and what it is run with: text only, each parameter with its type in the statement. */
export interface SetStatement {
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
}

/** So many rows go as single values, which the server plans and reads faster than arrays; each count is a text of its own. */
const FEW_ROWS = 8;
/** More are sent in several statements. */
const ROWS_PER_STATEMENT_MAX = 2_000;

const typesFor = (types: ColumnTypes, table: string, columns: readonly string[]): string[] =>
  columns.map((column) => {
    const type = types.get(column);
    assert(type !== undefined, `table ${table} has no column ${column}`);
    return type;
  });

function textOf(value: SqlValue): string | null {
  if (value === null) return null;
  if (typeof value === "string") return refuseNul(value);
  return typeof value === "number" ? String(wholeNumber(value)) : `\\x${value.toHex()}`;
}

/** An element of an array in the server's text form. */
function elementOf(value: SqlValue): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return String(wholeNumber(value));
  if (typeof value !== "string") return `"\\\\x${value.toHex()}"`;
  return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, "\\$&") : value}"`;
}

function arrayOf(rows: readonly SqlRow[], column: number): string {
  let text = "{";
  for (const row of rows) text += `${text.length > 1 ? "," : ""}${elementOf(row[column] as SqlValue)}`;
  return refuseNul(`${text}}`);
}

const aliases = (count: number): string => Array.from({ length: count }, (_, index) => `c${index + 1}`).join(", ");

/** The rows as something to select from, as few values or as arrays. */
function sourceOf(rows: readonly SqlRow[], types: readonly string[]): SetStatement {
  if (rows.length > FEW_ROWS) {
    const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(", ");
    return { sql: `unnest(${arrays})`, parameters: types.map((_, index) => arrayOf(rows, index)) };
  }
  let number = 0;
  const tuple = (): string => `(${types.map((type) => `$${++number}::${type}`).join(", ")})`;
  return { sql: `VALUES ${rows.map(tuple).join(", ")}`, parameters: rows.flatMap((row) => row.map(textOf)) };
}

const named = ({ sql, parameters }: SetStatement, count: number): SetStatement => ({
  sql: `${sql.startsWith("VALUES") ? `(${sql})` : sql} AS given (${aliases(count)})`,
  parameters,
});

function* chunksOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT_MAX) {
    yield start === 0 && rows.length <= ROWS_PER_STATEMENT_MAX
      ? rows
      : rows.slice(start, start + ROWS_PER_STATEMENT_MAX);
  }
}

/** Of rows with the same key the last one: a statement refuses to touch a row twice. */
function lastOfEachKey(rows: readonly SqlRow[], keyAt: readonly number[]): readonly SqlRow[] {
  if (rows.length < 2) return rows;
  const last = new Map<string, SqlRow>();
  for (const row of rows) last.set(JSON.stringify(keyAt.map((index) => textOf(row[index] as SqlValue))), row);
  return last.size === rows.length ? rows : [...last.values()];
}

const insertOf = (table: string, columns: readonly string[], source: SetStatement): string =>
  `INSERT INTO ${table} (${columns.join(", ")}) ${source.sql.startsWith("VALUES") ? source.sql : `SELECT * FROM ${source.sql}`}`;

export function* insertStatements({ table, columns, rows }: RowSet, known: ColumnTypes): Generator<SetStatement> {
  const types = typesFor(known, table, columns);
  for (const chunk of chunksOf(rows)) {
    const source = sourceOf(chunk, types);
    yield { sql: insertOf(table, columns, source), parameters: source.parameters };
  }
}

export function* upsertStatements(set: KeyedSet, known: ColumnTypes): Generator<SetStatement> {
  const { table, columns, keyColumns } = set;
  const types = typesFor(known, table, columns);
  const rest = columns.filter((column) => !keyColumns.includes(column));
  const replace = rest.map((column) => `${column} = excluded.${column}`).join(", ");
  const resolution = rest.length === 0 ? "NOTHING" : `UPDATE SET ${replace}`;
  const keyAt = keyColumns.map((column) => columns.indexOf(column));
  for (const chunk of chunksOf(lastOfEachKey(set.rows, keyAt))) {
    const source = sourceOf(chunk, types);
    const insert = insertOf(table, columns, source);
    yield {
      sql: `${insert} ON CONFLICT (${keyColumns.join(", ")}) DO ${resolution}`,
      parameters: source.parameters,
    };
  }
}

export function* updateStatements(set: KeyedSet, known: ColumnTypes): Generator<SetStatement> {
  const { table, columns, keyColumns } = set;
  const all = [...columns, ...keyColumns];
  const types = typesFor(known, table, all);
  const assignments = columns.map((column, index) => `${column} = given.c${index + 1}`).join(", ");
  const matches = keyColumns.map((column, index) => `old.${column} = given.c${columns.length + index + 1}`);
  const keyAt = keyColumns.map((_, index) => columns.length + index);
  for (const chunk of chunksOf(lastOfEachKey(set.rows, keyAt))) {
    const source = named(sourceOf(chunk, types), all.length);
    yield {
      sql: `UPDATE ${table} AS old SET ${assignments} FROM ${source.sql} WHERE ${matches.join(" AND ")}`,
      parameters: source.parameters,
    };
  }
}

export function* lookupStatements(
  { table, columns, keyColumns, keys }: Lookup,
  known: ColumnTypes,
  { lock }: { readonly lock: boolean },
): Generator<SetStatement> {
  const types = typesFor(known, table, keyColumns);
  const selected = columns.map((column) => `found.${column}`).join(", ");
  const matches = keyColumns.map((column, index) => `found.${column} = given.c${index + 1}`).join(" AND ");
  // Locked in one order by everybody, so that two writers never wait for each other in a ring.
  const locking = lock
    ? ` ORDER BY ${keyColumns.map((column) => `found.${column}`).join(", ")} FOR UPDATE OF found`
    : "";
  for (const chunk of chunksOf(keys)) {
    const source = named(sourceOf(chunk, types), keyColumns.length);
    yield {
      sql: `SELECT ${selected} FROM ${table} AS found, ${source.sql} WHERE ${matches}${locking}`,
      parameters: source.parameters,
    };
  }
}
