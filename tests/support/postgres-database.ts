import { migrate, planMigrations } from "../../src/database/migrate.ts";
import { MIGRATIONS } from "../../src/database/migrations.ts";
import { openPostgres, type PostgresDatabase } from "../../src/database/postgres.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { type PostgresServer, sharedPostgres } from "./postgres.ts";

const TEMPLATE = Symbol.for("hatch.tests.postgres.template");
type Home = { [TEMPLATE]?: Promise<string> };

/** A database with every migration, to be copied: a copy takes a tenth of the time. */
async function makeTemplate(server: PostgresServer): Promise<string> {
  const name = await server.createDatabase();
  const database = await openPostgres({ url: server.urlOf(name), clock: systemClock });
  await migrate(database, await planMigrations(database, MIGRATIONS));
  await database.close();
  return name;
}

export interface TestPostgres {
  readonly database: PostgresDatabase;
  readonly url: string;
  /** Closes it and takes it away. */
  remove(): Promise<void>;
}

/** A fresh, migrated database on the shared server. */
export async function openTestPostgres(clock: Clock): Promise<TestPostgres> {
  const server = await sharedPostgres();
  const home = globalThis as Home;
  home[TEMPLATE] ??= makeTemplate(server);
  const name = await server.createDatabase({ template: await home[TEMPLATE] });
  const url = server.urlOf(name);
  const database = await openPostgres({ url, clock, readConnections: 2 });
  return {
    database,
    url,
    async remove() {
      await database.close();
      await server.dropDatabase(name);
    },
  };
}
