import { serverOf } from "../app.ts";
import type { Database } from "../database/database.ts";
import { planMigrations } from "../database/migrate.ts";
import { MIGRATIONS } from "../database/migrations.ts";
import { hasInstallation, openForReading } from "../database/open.ts";
import { openKeyring } from "../database/unlock.ts";
import { listEnvironments } from "../features/access/index.ts";
import { listHeads } from "../journal/audit-marks.ts";
import type { AuditFilter } from "../journal/audit-read.ts";
import { systemChance } from "../kernel/chance.ts";
import { parseIsoTime, systemClock } from "../kernel/clock.ts";
import type { Keyring } from "../kernel/crypto.ts";
import { AppError, notFound } from "../kernel/errors.ts";
import { addMs, parseDuration, type UnixMs } from "../kernel/units.ts";
import type { Invocation, Options } from "./command.ts";
import { UsageError } from "./exit.ts";
import { rootKeyFinder } from "./open-app.ts";

/** The options that `audit list` and `audit export` share. */
export const AUDIT_OPTIONS: Options = {
  workspace: { value: "NAME", description: "The chain of this workspace, by name or id; all chains if not given." },
  installation: { description: "The chain of the installation itself: sign-ins, accounts, settings." },
  actor: { value: "ID", description: "Who did it, or in whose name it was done." },
  action: { value: "NAME", description: "What was done, such as key.created, or key.* for all that begin so." },
  target: { value: "ID", description: "What it was done to." },
  request: { value: "ID", description: "The X-Request-Id of the request that did it." },
  since: { value: "TIME", description: "From then on: 24h, 30d, or an ISO 8601 time." },
  until: { value: "TIME", description: "Before then, written the same way." },
};

function timeOf(invocation: Invocation, name: "since" | "until"): UnixMs | undefined {
  const text = invocation.text(name);
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  const at = ago === undefined ? parseIsoTime(text) : addMs(systemClock.now(), -ago);
  if (at !== undefined) return at;
  throw new UsageError(`--${name} ${text}: expected a duration such as 24h, or a time such as 2026-11-20T18:04:00Z.`);
}

export function filterOf(invocation: Invocation): AuditFilter {
  const filter: Record<string, string | UnixMs | undefined> = {
    actor: invocation.text("actor"),
    action: invocation.text("action"),
    target: invocation.text("target"),
    requestId: invocation.text("request"),
    since: timeOf(invocation, "since"),
    until: timeOf(invocation, "until"),
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** Looks into an installation without writing to it, whether a server runs on it or not. */
export async function lookInto<T>(invocation: Invocation, look: (database: Database) => Promise<T>): Promise<T> {
  const { config, databaseUrl } = await invocation.loadConfig();
  const server = serverOf(config, databaseUrl);
  if (!(await hasInstallation(config.dataDirectory, server))) {
    const place = databaseUrl === undefined ? config.dataDirectory : "that database";
    throw new AppError("not_found", `There is no installation in ${place}.`, {
      hint: "Name its folder with --data or its database with --database.",
    });
  }
  const database = await openForReading(config.dataDirectory, server);
  try {
    const { pending } = await planMigrations(database, MIGRATIONS);
    if (pending.length > 0) {
      throw new AppError("conflict", "An older version wrote this installation.", {
        hint: "Start the server once: it brings the database up to date.",
      });
    }
    return await look(database);
  } finally {
    await database.close();
  }
}

/** The key that the entries are signed with. */
export async function keyringOf(invocation: Invocation, database: Database): Promise<Keyring> {
  const { config } = await invocation.loadConfig();
  return openKeyring(database, rootKeyFinder(invocation, config)(), systemChance);
}

/** A chain with the name that people know it by. */
interface NamedChain {
  readonly chain: string;
  readonly name: string;
}

/** The names of the workspaces by their ids. */
export async function findNames(database: Database): Promise<ReadonlyMap<string, string>> {
  const environments = await database.read(listEnvironments);
  return new Map([
    ["", "installation"],
    ...environments.map(({ workspaceId, workspaceName }) => [workspaceId, workspaceName] as const),
  ]);
}

/** The chains that the flags name. */
export async function findChains(invocation: Invocation, database: Database): Promise<readonly NamedChain[]> {
  const names = await findNames(database);
  const wanted = invocation.text("workspace");
  const ownOnly = invocation.yes("installation");
  if (wanted !== undefined && ownOnly) throw new UsageError("Either --workspace or --installation, not both.");
  if (wanted !== undefined) {
    const [found, another] = [...names].filter(([id, name]) => id !== "" && (id === wanted || name === wanted));
    if (!found) throw notFound(`The workspace ${JSON.stringify(wanted)}`);
    if (another) throw new UsageError(`Several workspaces have the name ${wanted}: give its id.`);
    return [{ chain: found[0], name: found[1] }];
  }
  const heads = ownOnly ? [{ chain: "" }] : await database.read(listHeads);
  return heads.map(({ chain }) => ({ chain, name: names.get(chain) ?? chain }));
}
