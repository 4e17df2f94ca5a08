import { assert } from "../kernel/assert.ts";
import type { TableShape } from "./copy-rows.ts";
import type { Database, Reader } from "./database.ts";

const FAULTS_MAX = 5;

/** Reads every page and every reference. @returns what is wrong, in words; at most a few */
export async function findDamage(database: Database): Promise<readonly string[]> {
  return database.read(async (reader) => {
    const pages = await reader.all<{ integrity_check: string }>(`PRAGMA integrity_check(${FAULTS_MAX})`);
    const references = await reader.all<{ table: string; parent: string }>("PRAGMA foreign_key_check");
    return [
      ...pages.map((row) => row.integrity_check).filter((text) => text !== "ok"),
      ...references.slice(0, FAULTS_MAX).map(({ table, parent }) => `a row of ${table} refers to no row of ${parent}`),
    ];
  });
}

/** Every table, in the order of their making: after those that it refers to. */
export async function listSqliteTables(reader: Reader): Promise<readonly TableShape[]> {
  const names = await reader.all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
  );
  const tables: TableShape[] = [];
  for (const { name } of names) {
    const columns = await reader.all<{ name: string; pk: number }>("SELECT name, pk FROM pragma_table_info(?)", [name]);
    const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
    assert(key.length > 0, `the table ${name} has no primary key`);
    tables.push({ name, columns: columns.map((column) => column.name), key: key.map((column) => column.name) });
  }
  return tables;
}
