import { existsSync } from "node:fs";
import { join } from "node:path";
import { serverOf } from "../app.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { checkMove, listTables, type MovedTable, moveInstallation } from "../database/copy.ts";
import { digestTable } from "../database/copy-rows.ts";
import type { Database } from "../database/database.ts";
import { lockFolder } from "../database/lock.ts";
import { planMigrations } from "../database/migrate.ts";
import { MIGRATIONS } from "../database/migrations.ts";
import { databaseFileOf, hasDatabase } from "../database/open.ts";
import { openPostgres, openPostgresReadOnly, type PostgresConnectionOptions } from "../database/postgres.ts";
import { parsePostgresAddress } from "../database/postgres-address.ts";
import { openSqlite, openSqliteReadOnly } from "../database/sqlite.ts";
import { systemChance } from "../kernel/chance.ts";
import { systemClock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import { createIds } from "../kernel/ids.ts";
import type { Command, Invocation } from "./command.ts";
import { EXIT, UsageError } from "./exit.ts";

interface Ends {
  readonly dataDirectory: string;
  readonly server: PostgresConnectionOptions;
  /** Where to, for people. */
  readonly to: string;
}

function endsOf({ config, databaseUrl }: LoadedConfig): Ends {
  const server = serverOf(config, databaseUrl);
  if (!server) throw new UsageError("--database is missing: where to move to.");
  const { dataDirectory } = config;
  if (!hasDatabase(dataDirectory)) {
    throw new AppError("not_found", `There is no installation in ${dataDirectory}.`, {
      hint: "Name the folder that is to be moved with --data.",
    });
  }
  return { dataDirectory, server, to: parsePostgresAddress(server).shown };
}

/** Closes both sides, whatever comes. */
async function between<T>(
  source: Database,
  opening: Promise<Database>,
  work: (source: Database, target: Database) => Promise<T>,
): Promise<T> {
  try {
    const target = await opening;
    try {
      return await work(source, target);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Looks, and writes nothing on either side. */
const rehearse = ({ dataDirectory, server }: Ends): Promise<readonly MovedTable[]> =>
  between(openSqliteReadOnly(databaseFileOf(dataDirectory)), openPostgresReadOnly(server), async (source, target) => {
    // Refuses what is newer than this program.
    await planMigrations(source, MIGRATIONS);
    await checkMove({ source, target });
    const tables: MovedTable[] = [];
    for (const table of await listTables(source)) {
      tables.push({ name: table.name, ...(await digestTable(source, table)) });
    }
    return tables;
  });

const move = ({ dataDirectory, server, to }: Ends, say: (line: string) => void) =>
  between(
    openSqlite({ file: databaseFileOf(dataDirectory), clock: systemClock }),
    openPostgres({ ...server, clock: systemClock }),
    async (source, target) => {
      const plan = await planMigrations(source, MIGRATIONS);
      if (plan.pending.length > 0) {
        throw new AppError("conflict", `The installation in ${dataDirectory} has an older schema than this program.`, {
          hint: "Start it once with this program, which copies the database before it changes it; then stop it and run this again.",
        });
      }
      const ids = createIds(systemClock, systemChance);
      return moveInstallation({ source, target, to, migrations: MIGRATIONS, newId: () => ids.uuid(), say });
    },
  );

const rowsOf = (tables: readonly MovedTable[]): number => tables.reduce((sum, { rows }) => sum + rows, 0);

const keyHint = (dataDirectory: string): string =>
  existsSync(join(dataDirectory, "root.key"))
    ? `With another data folder, take ${join(dataDirectory, "root.key")} along: the same root key is needed there.`
    : "The same root key is needed there.";

function tell(
  invocation: Invocation,
  { dataDirectory, to }: Ends,
  tables: readonly MovedTable[],
  moved: boolean,
): void {
  const rows = rowsOf(tables);
  if (invocation.json) {
    invocation.terminal.out(JSON.stringify({ moved, from: dataDirectory, to, rows, tables }));
    return;
  }
  const lines = moved
    ? [
        `${rows} rows in ${tables.length} tables were moved to ${to}, and are the same on both sides.`,
        "",
        `Start it there: hatch serve --data ${dataDirectory}, with HATCH_DATABASE_URL or HATCH_DATABASE_URL_FILE.`,
        keyHint(dataDirectory),
        `${databaseFileOf(dataDirectory)} is left as it is, and does not start any more: keep it until you have a backup.`,
      ]
    : [`${rows} rows in ${tables.length} tables would be moved to ${to}. Nothing was written.`];
  invocation.terminal.out(lines.join("\n"));
}

export const command: Command = {
  name: "migrate-to",
  summary: "Moves a stopped installation from its file to an empty Postgres database.",
  options: { "dry-run": { description: "Looks whether it could be moved, and writes nothing." } },
  example: "HATCH_DATABASE_URL_FILE=/run/secrets/database-url hatch migrate-to --data ./hatch-data",
  async run(invocation) {
    const ends = endsOf(await invocation.loadConfig());
    const { terminal, json } = invocation;
    const lock = lockFolder(ends.dataDirectory);
    try {
      if (invocation.yes("dry-run")) {
        tell(invocation, ends, await rehearse(ends), false);
        return EXIT.done;
      }
      const { tables, resumed } = await move(ends, (line) => void (json || terminal.error(line)));
      if (resumed && !json) terminal.error("It went on from where the run before had ended.");
      tell(invocation, ends, tables, true);
      return EXIT.done;
    } finally {
      lock.release();
    }
  },
};
