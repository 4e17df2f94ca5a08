import { assert } from "../kernel/assert.ts";

export type ColumnTypes = ReadonlyMap<string, string>;

/** Asks the server; rows of name and type. */
export type AskColumns = (sql: string, parameters: readonly string[]) => Promise<readonly ColumnRow[]>;

interface ColumnRow {
  readonly name: string;
  readonly type: string;
}

const COLUMNS_OF = `SELECT a.attname::text AS name, format_type(a.atttypid, NULL) AS type FROM pg_attribute a
  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`;

/**
 * Sets of rows travel as typed arrays, so the types of the columns must be known. Asked once for each table, and again
 * after the schema changed.
 */
export class ColumnCatalogue {
  readonly #known = new Map<string, ColumnTypes>();

  async typesOf(table: string, ask: AskColumns): Promise<ColumnTypes> {
    const known = this.#known.get(table);
    if (known) return known;
    const rows = await ask(COLUMNS_OF, [table]);
    assert(rows.length > 0, `there is no table ${table}`);
    const types = new Map(rows.map(({ name, type }) => [name, type]));
    this.#known.set(table, types);
    return types;
  }

  forget(): void {
    this.#known.clear();
  }
}
