import { furnish, layFloors } from "../app.ts";
import type { Config } from "../config/config.ts";
import type { RootKey } from "../config/root-key.ts";
import type { Context } from "../context.ts";
import { findCanary } from "../database/canary.ts";
import type { Database } from "../database/database.ts";
import { planMigrations, SchemaRefusedError } from "../database/migrate.ts";
import { MIGRATIONS } from "../database/migrations.ts";
import { openForReading } from "../database/open.ts";
import type { PostgresConnectionOptions } from "../database/postgres.ts";
import { findServerVersion } from "../database/postgres-inspect.ts";
import { findDamage } from "../database/sqlite-inspect.ts";
import { openKeyring } from "../database/unlock.ts";
import type { Feature, Finding } from "../feature.ts";
import { countPast } from "../journal/audit-marks.ts";
import { verifyAudit } from "../journal/audit-verify.ts";
import { assert } from "../kernel/assert.ts";
import { systemChance } from "../kernel/chance.ts";
import { systemClock } from "../kernel/clock.ts";
import { type Keyring, WrongKeyError } from "../kernel/crypto.ts";
import type { Log } from "../kernel/log.ts";
import { createMetrics } from "../kernel/metrics.ts";
import { formatBytes } from "../kernel/units.ts";

export interface Examination {
  readonly config: Config;
  /** Where the database is not the file in the data folder. */
  readonly server: PostgresConnectionOptions | undefined;
  readonly log: Log;
  readonly findRootKey: () => RootKey | undefined;
  /** The running server's, which may have work under way; `""` where none runs. */
  readonly claimant: string;
}

const well = (check: string, message: string): Finding => ({ check, ok: true, message });
const ill = (check: string, message: string): Finding => ({ check, ok: false, message });

async function examinePages(database: Database): Promise<Finding> {
  if (database.capabilities.checksItself) {
    return well("database", `${await database.read(findServerVersion)} answers; it watches over its pages itself.`);
  }
  const damage = await findDamage(database);
  if (damage.length === 0) return well("integrity", "Every page and every reference of the database is sound.");
  return ill("integrity", `The database is damaged (${damage.join("; ")}). Stop the server and restore a backup.`);
}

/** How large it is, and what could be given back. */
function examineStorage(database: Database): Finding[] {
  const size = database.storage.measure();
  if (!size) return [];
  const { databaseBytes, journalBytes, freeBytes, canShrink } = size;
  const large = `The database has ${formatBytes(databaseBytes)} and its log ${formatBytes(journalBytes)}`;
  const free = `${formatBytes(freeBytes)} of it are free`;
  const later = canShrink
    ? "what is too much of that is given back while the server runs"
    : "stop the server and run `hatch database compact`, once, and from then on it is given back by itself";
  return [well("size", `${large}; ${free}: ${later}.`)];
}

const FOREIGN_SCHEMA = "Start the version of the program that wrote the data, or restore a backup that this one wrote.";

async function examineSchema(database: Database): Promise<Finding> {
  try {
    const { pending } = await planMigrations(database, MIGRATIONS);
    if (pending.length === 0) return well("schema", `The database has schema ${MIGRATIONS.length}, as this program.`);
    return ill("schema", `${pending.length} migrations wait: start the server, which applies them.`);
  } catch (error) {
    if (!(error instanceof SchemaRefusedError)) throw error;
    const isTold = error.message.includes("restore a backup");
    return ill("schema", isTold ? error.message : `${error.message} ${FOREIGN_SCHEMA}`);
  }
}

async function findKeyring(database: Database, { findRootKey }: Examination): Promise<Keyring | Finding> {
  const canary = await findCanary(database);
  if (canary === undefined) return ill("root key", "The database was never sealed: start the server once.");
  try {
    return await openKeyring(database, findRootKey(), systemChance);
  } catch (error) {
    if (!(error instanceof WrongKeyError)) throw error;
    return ill("root key", `${error.message} Give the key that the data was written with.`);
  }
}

const FAULTS_NAMED_MAX = 5;

async function examineAudit(context: Context): Promise<Finding> {
  const { chains, checkpoints, faults } = await context.database.read((reader) => verifyAudit(context, reader));
  const entries = chains.reduce((sum, chain) => sum + chain.entries, 0);
  const whole = `${entries} entries in ${chains.length} chains hold, and ${checkpoints.count} signed checkpoints.`;
  if (faults.length === 0) return well("audit", whole);
  const named = faults
    .slice(0, FAULTS_NAMED_MAX)
    .map(({ chain, message }) => (chain === undefined ? message : `${chain || "installation"}: ${message}`));
  const more = faults.length > FAULTS_NAMED_MAX ? ", …" : "";
  return ill("audit", `The audit log was tampered with (${named.join("; ")}${more}). Run: hatch audit verify`);
}

/** Entries wait for a moment; many that wait mean that nothing watches over this installation. */
const STREAM_WAITING_MAX = 1_000;

async function examineStream({ database, config }: Context): Promise<Finding[]> {
  const { streamTo, streamFile } = config.audit;
  const to = streamFile ?? streamTo;
  if (to === undefined) return [];
  const waiting = await database.read((reader) => countPast(reader, "stream"));
  const told = `${waiting} audit entries wait to be written to ${to}`;
  if (waiting <= STREAM_WAITING_MAX) return [well("audit stream", `${told}.`)];
  return [
    ill("audit stream", `${told}. Can the server write there, and does it run? Its log says what holds them up.`),
  ];
}

/** Who can't look has found a fault. */
async function orFault<T>(check: string, look: () => Promise<T>): Promise<T | Finding> {
  try {
    return await look();
  } catch (error) {
    return ill(check, `Could not be examined: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What every room finds when it rebuilds what is derived. */
async function examineRooms(context: Context, features: readonly Feature[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, examine } of features) {
    findings.push(...[await orFault(name, async () => (await examine?.(context)) ?? [])].flat());
  }
  return findings;
}

/** Under a schema that is not ours, too: what can't be looked at then is told as such, and the rest is worth knowing. */
async function examineContent(database: Database, examination: Examination): Promise<Finding[]> {
  const keyring = await orFault("root key", () => findKeyring(database, examination));
  if ("check" in keyring) return [keyring];
  const key = well("root key", `The key ${keyring.keyId} opens what is sealed.`);
  const { config, log } = examination;
  const floors = layFloors({ config, log, clock: systemClock, metrics: createMetrics(), database, keyring });
  const rooms = await orFault("rooms", () => furnish(floors, { claimant: examination.claimant, onClaimed() {} }));
  if ("check" in rooms) return [key, rooms];
  const audit = [
    await orFault("audit", () => examineAudit(rooms.context)),
    await orFault("audit stream", () => examineStream(rooms.context)),
  ].flat();
  return [key, ...audit, ...(await examineRooms(rooms.context, rooms.features))];
}

async function examineOpened(database: Database, examination: Examination): Promise<Finding[]> {
  const pages = await examinePages(database);
  const schema = await examineSchema(database);
  return [pages, ...examineStorage(database), schema, ...(await examineContent(database, examination))];
}

/** Examines the database from a connection that can't write, whether a server runs on it or not. */
export async function examineInstallation(examination: Examination): Promise<Finding[]> {
  let database: Database | undefined;
  try {
    database = await openForReading(examination.config.dataDirectory, examination.server);
    return await examineOpened(database, examination);
  } catch (error) {
    assert(error instanceof Error, "what is thrown is an error");
    return [ill("database", `The database could not be read: ${error.message}. Restore a backup if it is damaged.`)];
  } finally {
    await database?.close();
  }
}
