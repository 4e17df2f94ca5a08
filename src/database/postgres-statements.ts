import { assert } from "../kernel/assert.ts";
import type { UnixMs } from "../kernel/units.ts";
import type { Lookup, Reader, RowSet, SqlValue, Writer } from "./database.ts";
import type { ColumnCatalogue, ColumnTypes } from "./postgres-columns.ts";
import {
  insertStatements,
  lookupStatements,
  type SetStatement,
  updateStatements,
  upsertStatements,
} from "./postgres-sets.ts";
import { isSchemaChange, postgresText } from "./postgres-text.ts";
import { parameterOf, type RawResult, rowsOf } from "./postgres-values.ts";

/** Where statements go: one transaction, or whichever connection of a pool is free. Rejects with the port's errors. */
export interface Channel {
  query(text: string, parameters: readonly unknown[]): Promise<RawResult>;
}

/** Its fields are no `#` ones: the write lane gives each change an object that inherits from the writer. */
export class PostgresReader implements Reader {
  protected readonly channel: Channel;
  private readonly catalogue: ColumnCatalogue;

  constructor(channel: Channel, catalogue: ColumnCatalogue) {
    this.channel = channel;
    this.catalogue = catalogue;
  }

  async all<T>(sql: string, parameters: readonly SqlValue[] = []): Promise<T[]> {
    return rowsOf<T>(await this.channel.query(postgresText(sql), parameters.map(parameterOf)));
  }

  async get<T>(sql: string, parameters: readonly SqlValue[] = []): Promise<T | undefined> {
    const [row] = await this.all<T>(sql, parameters);
    return row;
  }

  findMany<T>(lookup: Lookup): Promise<T[]> {
    return this.lookUp(lookup, { lock: false });
  }

  async hasTable(name: string): Promise<boolean> {
    const row = await this.get<{ there: number }>(
      `SELECT COUNT(*) AS there FROM pg_class c
       WHERE c.relname = ? AND c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace`,
      [name],
    );
    return row?.there === 1;
  }

  protected async lookUp<T>(lookup: Lookup, options: { readonly lock: boolean }): Promise<T[]> {
    if (lookup.keys.length === 0) return [];
    const found: T[] = [];
    for (const { sql, parameters } of lookupStatements(lookup, await this.typesOf(lookup.table), options)) {
      const rows = rowsOf<T>(await this.channel.query(sql, parameters));
      for (const row of rows) found.push(row);
    }
    return found;
  }

  protected typesOf(table: string): Promise<ColumnTypes> {
    return this.catalogue.typesOf(table, async (sql, parameters) => rowsOf(await this.channel.query(sql, parameters)));
  }
}

export class PostgresWriter extends PostgresReader implements Writer {
  readonly now: UnixMs;
  private readonly schemaChange: (text: string) => Promise<number>;

  constructor(
    channel: Channel,
    catalogue: ColumnCatalogue,
    options: { readonly now: UnixMs; readonly schemaChange: (text: string) => Promise<number> },
  ) {
    super(channel, catalogue);
    this.now = options.now;
    this.schemaChange = options.schemaChange;
  }

  async run(sql: string, parameters: readonly SqlValue[] = []): Promise<number> {
    if (isSchemaChange(sql)) return this.schemaChange(postgresText(sql));
    return (await this.channel.query(postgresText(sql), parameters.map(parameterOf))).affectedRows;
  }

  async insertMany(set: RowSet): Promise<void> {
    if (set.rows.length === 0) return;
    await this.sum(insertStatements(set, await this.typesOf(set.table)));
  }

  async upsertMany(set: RowSet & { readonly keyColumns: readonly string[] }): Promise<void> {
    if (set.rows.length === 0) return;
    await this.sum(upsertStatements(set, await this.typesOf(set.table)));
  }

  async updateMany(set: RowSet & { readonly keyColumns: readonly string[] }): Promise<number> {
    if (set.rows.length === 0) return 0;
    return this.sum(updateStatements(set, await this.typesOf(set.table)));
  }

  lockMany<T>(lookup: Lookup): Promise<T[]> {
    return this.lookUp(lookup, { lock: true });
  }

  afterCommit(_callback: () => void): void {
    assert(false, "the write lane gives each change its own afterCommit");
  }

  private async sum(statements: Iterable<SetStatement>): Promise<number> {
    let changed = 0;
    for (const { sql, parameters } of statements) changed += (await this.channel.query(sql, parameters)).affectedRows;
    return changed;
  }
}
