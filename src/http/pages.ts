import * as v from "valibot";
import { validationFailed } from "../kernel/errors.ts";
import { parseInput } from "./validate.ts";

const PAGE_ROWS_MAX = 200;
const PAGE_ROWS = 50;
const CURSOR_CHARACTERS_MAX = 512;

/** 1 to 200. */
const LIMIT = /^(?:[1-9]\d?|1\d\d|200)$/;
const LIMIT_WORDS = `Must be a whole number from 1 to ${PAGE_ROWS_MAX}.`;

/**
 * The query of every list, for a route that declares its query with filters of its own:
 * `query: v.object({ ...listQuery, type: … })`. Values stay text; {@link parsePage} reads them.
 */
export const listQuery = {
  limit: v.optional(v.pipe(v.string(), v.regex(LIMIT, LIMIT_WORDS))),
  after: v.optional(v.pipe(v.string(), v.maxLength(CURSOR_CHARACTERS_MAX))),
};

export interface PageRequest {
  readonly limit: number;
  /** The key of the last row that the caller has seen. */
  readonly after: string | undefined;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly next: string | null;
}

export const cursorOf = (key: string | number): string => Buffer.from(String(key)).toString("base64url");

const wrongCursor = () =>
  validationFailed([{ path: "after", message: "Is no cursor of this list: send `next` as it was received." }]);

function decodeCursor(cursor: string): string {
  const key = Buffer.from(cursor, "base64url").toString("utf8");
  if (key === "" || cursorOf(key) !== cursor) throw wrongCursor();
  return key;
}

/** The key of a list that is ordered by a number and goes down; without one, above them all. */
export function numberBefore(after: string | undefined): number {
  if (after === undefined) return Number.MAX_SAFE_INTEGER;
  const number = /^\d{1,16}$/.test(after) ? Number(after) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw wrongCursor();
  return number;
}

const ListQuery = v.object(listQuery);

/** `limit` and `after` of a query; what else stands there is the room's. */
export function parsePage(query: Readonly<Record<string, unknown>>): PageRequest {
  const { limit, after } = parseInput(ListQuery, query);
  return {
    limit: limit === undefined ? PAGE_ROWS : Number(limit),
    after: after === undefined ? undefined : decodeCursor(after),
  };
}

/**
 * One page of rows, as `view` shows them. Ask the store for `limit + 1` rows: the one over tells that there is a next
 * page, and is left out.
 */
export function pageOf<T, V = T>(
  rows: readonly T[],
  limit: number,
  keyOfRow: (row: T) => string | number,
  view: (row: T) => V = (row) => row as unknown as V,
): Page<V> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const next = rows.length > limit && last !== undefined ? cursorOf(keyOfRow(last)) : null;
  return { data: kept.map(view), next };
}
