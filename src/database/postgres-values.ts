import { assert } from "../kernel/assert.ts";
import { AppError } from "../kernel/errors.ts";
import type { SqlValue } from "./database.ts";

/** What the driver gives for a row before the port has looked at it. */
export type RawRow = Record<string, unknown>;

export interface RawResult extends Array<RawRow> {
  readonly affectedRows: number;
  readonly command: string | null;
  readonly columns: readonly { readonly name: string; readonly type: number }[] | null;
}

/** The types (by their number in `pg_type`) that come back otherwise than the port promises. */
const BOOL = 16;
const BYTEA = 17;
const INT8 = 20;
const NUMERIC = 1_700;

/** @throws AppError where text holds what Postgres can't keep */
export function refuseNul(text: string): string {
  if (!text.includes("\0")) return text;
  throw new AppError("validation_failed", "Text must not contain the character U+0000.");
}

/** The column would round in silence. */
export function wholeNumber(value: number): number {
  assert(Number.isSafeInteger(value), "a number for the database is not a whole one below 2⁵³");
  return value;
}

/**
 * A parameter as the driver takes it. Numbers always go as BIGINT: by their own size they would be of three types, and
 * each would prepare the statement anew.
 */
export function parameterOf(value: SqlValue): unknown {
  if (typeof value === "number") return BigInt(wholeNumber(value));
  if (typeof value === "string") return refuseNul(value);
  return value;
}

function numberOf(value: unknown): number | null {
  if (value === null) return null;
  const number = Number(value);
  // An average has a fraction and is rounded as any; a whole number must be itself.
  const exact = Number.isSafeInteger(number) || String(value).includes(".");
  assert(exact, "the database holds a number of 2⁵³ or more");
  return number;
}

const bytesOf = (value: unknown): Uint8Array | null => (value === null ? null : new Uint8Array(value as Uint8Array));
const bitOf = (value: unknown): number | null => (value === null ? null : value === true ? 1 : 0);

const CONVERSIONS: ReadonlyMap<number, (value: unknown) => SqlValue> = new Map<number, (value: unknown) => SqlValue>([
  [BOOL, bitOf],
  [BYTEA, bytesOf],
  [INT8, numberOf],
  [NUMERIC, numberOf],
]);

type Conversion = readonly [name: string, convert: (value: unknown) => SqlValue];

/** By the driver's description of a prepared statement, which all its runs share. */
const conversionsOf = new WeakMap<object, readonly Conversion[]>();

function conversions(columns: NonNullable<RawResult["columns"]>): readonly Conversion[] {
  const known = conversionsOf.get(columns);
  if (known) return known;
  const made = columns.flatMap(({ name, type }): Conversion[] => {
    const convert = CONVERSIONS.get(type);
    return convert ? [[name, convert]] : [];
  });
  conversionsOf.set(columns, made);
  return made;
}

/** Turns the driver's values into the port's, in place, and its kind of array into a plain one. */
export function rowsOf<T>(result: RawResult): T[] {
  if (result.length > 0 && result.columns) {
    for (const [name, convert] of conversions(result.columns)) {
      for (const row of result) row[name] = convert(row[name]);
    }
  }
  // What the columns are is the asker's knowledge.
  return Array.from(result) as T[];
}
