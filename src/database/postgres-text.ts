/** Kept rewritings. The product's SQL is fixed text, far fewer than this; over it they are made anew. */
const TEXTS_MAX = 2_000;

/** What a `?` may not be taken for a parameter in: text, quoted names, comments. */
const QUOTED_OR_MARK = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?/g;

const SCHEMA_CHANGE = /^(?:\s|--[^\n]*\n)*(?:CREATE|ALTER|DROP)\s/i;

export const isSchemaChange = (sql: string): boolean => SCHEMA_CHANGE.test(sql);

function numberParameters(sql: string): string {
  let count = 0;
  return sql.replace(QUOTED_OR_MARK, (found) => {
    if (found !== "?") return found;
    count += 1;
    return `$${count}`;
  });
}

/**
 * Text is compared by its bytes, as SQLite does, whatever order the operator's database was made with: pages and
 * cursors are then the same on both engines, and no update of a system library can spoil an index.
 */
const orderByBytes = (sql: string): string =>
  sql.replace(/'(?:[^']|'')*'|--[^\n]*|\bTEXT\b/g, (found) => (found === "TEXT" ? 'TEXT COLLATE "C"' : found));

const translated = new Map<string, string>();

/** Portable SQL as Postgres reads it. */
export function postgresText(sql: string): string {
  const known = translated.get(sql);
  if (known !== undefined) return known;
  const text = numberParameters(isSchemaChange(sql) ? orderByBytes(sql) : sql);
  if (translated.size >= TEXTS_MAX) translated.clear();
  translated.set(sql, text);
  return text;
}
