import { describe, expect, test } from "bun:test";
import { isSchemaChange, postgresText } from "./postgres-text.ts";

describe("portable SQL for Postgres", () => {
  test.each([
    ["SELECT id FROM t WHERE a = ? AND b = ?", "SELECT id FROM t WHERE a = $1 AND b = $2"],
    ["SELECT '?' AS mark, ? AS given", "SELECT '?' AS mark, $1 AS given"],
    ["SELECT 'it''s ?' , ?", "SELECT 'it''s ?' , $1"],
    ['SELECT "odd?name" FROM t WHERE x = ?', 'SELECT "odd?name" FROM t WHERE x = $1'],
    ['SELECT "a""?" FROM t WHERE x = ?', 'SELECT "a""?" FROM t WHERE x = $1'],
    ["SELECT 1 -- why?\n WHERE x = ?", "SELECT 1 -- why?\n WHERE x = $1"],
    ["SELECT /* ? */ ?", "SELECT /* ? */ $1"],
    ["SELECT 'a' || '?' || ?", "SELECT 'a' || '?' || $1"],
    ["SELECT TEXT FROM t", "SELECT TEXT FROM t"],
  ])("%s", (portable, expected) => {
    expect(postgresText(portable)).toBe(expected);
    // The second time it comes from memory.
    expect(postgresText(portable)).toBe(expected);
  });

  test("columns of text are ordered by their bytes, and nothing else of a table is touched", () => {
    expect(
      postgresText(
        "CREATE TABLE t (\n  id TEXT PRIMARY KEY,\n  kind TEXT CHECK (kind IN ('TEXT', 'x')), n BIGINT -- TEXT\n)",
      ),
    ).toBe(
      `CREATE TABLE t (\n  id TEXT COLLATE "C" PRIMARY KEY,\n  kind TEXT COLLATE "C" CHECK (kind IN ('TEXT', 'x')), n BIGINT -- TEXT\n)`,
    );
    expect(postgresText("ALTER TABLE t ADD COLUMN name TEXT")).toBe('ALTER TABLE t ADD COLUMN name TEXT COLLATE "C"');
  });

  test("what changes the schema is told from what does not", () => {
    for (const sql of ["CREATE TABLE t (id TEXT)", "  -- why\n  alter table t add x TEXT", "DROP INDEX i"]) {
      expect(isSchemaChange(sql)).toBeTrue();
    }
    for (const sql of ["SELECT 1", "INSERT INTO t VALUES ('CREATE ')", "UPDATE created SET x = 1"]) {
      expect(isSchemaChange(sql)).toBeFalse();
    }
  });

  test("memory has a bound", () => {
    for (let n = 0; n < 5_000; n += 1) expect(postgresText(`SELECT ${n} WHERE x = ?`)).toEndWith("$1");
  });
});
