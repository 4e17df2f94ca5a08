import { systemClock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import { PostgresSession, type SessionOptions } from "./postgres-session.ts";
import { rowsOf } from "./postgres-values.ts";

/**
 * The right to write: a session that holds the advisory lock of this database and schema. Lock and pen are one session,
 * so whoever loses the one has lost the other, at once and on the server's side; no writer can go on beside a second one.
 */
export interface Seat {
  readonly session: PostgresSession;
  readonly backend: Backend;
  /** Rises each time the seat is taken. */
  readonly epoch: number;
  /** The number of the last commit before it was taken. */
  readonly commitsBefore: number;
}

/** One session as the server knows it; a pid alone may be another's by now. */
interface Backend {
  readonly pid: number;
  readonly startedAt: string;
}

interface Holder extends Backend {
  readonly name: string;
  readonly address: string;
}

interface ServerFacts extends Backend {
  readonly version: number;
  readonly encoding: string;
  readonly standby: number;
  readonly durable: string;
}

const OLDEST_VERSION = 140_000;
const ATTEMPT_EVERY_MS = 50;

const FACTS = `SELECT a.pid, a.backend_start::text AS "startedAt", current_setting('server_version_num')::int AS version,
    current_setting('server_encoding') AS encoding, pg_is_in_recovery()::int AS standby,
    current_setting('synchronous_commit') AS durable
  FROM pg_stat_activity a WHERE a.pid = pg_backend_pid()`;

/** Two installations in two schemas of one database do not meet. */
const LOCK_KEY = "hashtextextended('hatch writer ' || current_schema(), 0)";
const TRY_LOCK = `SELECT pg_try_advisory_lock(${LOCK_KEY})::int AS taken`;

const HOLDER = `SELECT a.pid, a.backend_start::text AS "startedAt", COALESCE(a.application_name, '') AS name,
    COALESCE(host(a.client_addr), '') AS address
  FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    AND (l.classid::bigint << 32 | l.objid::bigint) = ${LOCK_KEY}`;

const TERMINATE = `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
  WHERE a.pid = $1::int AND a.backend_start::text = $2`;

/** One row: who writes, and how far. Of this engine alone, so it is no migration. */
const FENCE = `CREATE TABLE IF NOT EXISTS hatch_writer (
  one SMALLINT PRIMARY KEY CHECK (one = 1),
  epoch BIGINT NOT NULL,
  commits BIGINT NOT NULL
)`;
const FENCE_KNOWN = "SELECT to_regclass(quote_ident(current_schema()) || '.hatch_writer')::text AS name";
const RAISE_EPOCH = `INSERT INTO hatch_writer (one, epoch, commits) VALUES (1, 1, 0)
  ON CONFLICT (one) DO UPDATE SET epoch = hatch_writer.epoch + 1 RETURNING epoch, commits`;

/** Part of every transaction: it fails where another has taken the seat, and tells later whether the commit was kept. */
export const MARK_COMMIT = "UPDATE hatch_writer SET commits = $1 WHERE epoch = $2";

async function rows<T>(session: PostgresSession, sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
  return rowsOf<T>(await session.query(sql, parameters));
}

async function inspect(session: PostgresSession): Promise<ServerFacts> {
  const [facts] = await rows<ServerFacts>(session, FACTS);
  if (!facts) throw new AppError("unavailable", "The database does not tell about its own sessions.");
  if (facts.version < OLDEST_VERSION) {
    throw new AppError("not_configured", `The database is Postgres ${Math.floor(facts.version / 10_000)}.`, {
      hint: `Use Postgres ${OLDEST_VERSION / 10_000} or newer.`,
    });
  }
  if (facts.encoding !== "UTF8") {
    throw new AppError("not_configured", `The database keeps text as ${facts.encoding}.`, {
      hint: "Make one with: CREATE DATABASE hatch TEMPLATE template0 ENCODING 'UTF8'",
    });
  }
  if (facts.standby === 1) throw new AppError("unavailable", "The database server is a standby.");
  // An answer of success means that it is on the disk.
  if (facts.durable === "off") await session.query("SET synchronous_commit = on");
  return facts;
}

function taken(shown: string, holder: Holder | undefined): AppError {
  const who = holder
    ? `${holder.name || `session ${holder.pid}`}${holder.address && ` (${holder.address})`}`
    : "another";
  return new AppError("conflict", `The database ${shown} is in use by another node: ${who}.`, {
    hint: "One node writes to a database. Stop the other one first, or name another database.",
  });
}

/** A process that was killed leaves its session for a moment; a cut network leaves ours, which we may end ourselves. */
async function lock(
  session: PostgresSession,
  { address }: SessionOptions,
  previous: Backend | undefined,
  waitMs: number,
): Promise<void> {
  const giveUpAt = systemClock.monotonic() + waitMs;
  for (;;) {
    const [answer] = await rows<{ taken: number }>(session, TRY_LOCK);
    if (answer?.taken === 1) return;
    const [holder] = await rows<Holder>(session, HOLDER);
    if (holder && previous && holder.pid === previous.pid && holder.startedAt === previous.startedAt) {
      await session.query(TERMINATE, [String(previous.pid), previous.startedAt]);
    } else if (systemClock.monotonic() >= giveUpAt) {
      throw taken(address.shown, holder);
    }
    await systemClock.sleep(ATTEMPT_EVERY_MS);
  }
}

async function raiseEpoch(session: PostgresSession): Promise<{ readonly epoch: number; readonly commits: number }> {
  // Asked first: whoever may write but not create tables finds it there.
  const [known] = await rows<{ name: string | null }>(session, FENCE_KNOWN);
  if (!known?.name) await session.query(FENCE);
  const [fence] = await rows<{ epoch: number; commits: number }>(session, RAISE_EPOCH);
  if (!fence) throw new AppError("unavailable", "The database did not keep who writes to it.");
  return fence;
}

/**
 * Opens a session and takes the seat.
 * @throws AppError `conflict` naming the node that has it, once `waitMs` are over
 */
export async function takeSeat(
  options: SessionOptions,
  { previous, waitMs }: { readonly previous?: Seat | undefined; readonly waitMs: number },
): Promise<Seat> {
  const session = await PostgresSession.open(options);
  try {
    const { pid, startedAt } = await inspect(session);
    await lock(session, options, previous?.backend, waitMs);
    const { epoch, commits } = await raiseEpoch(session);
    return { session, backend: { pid, startedAt }, epoch, commitsBefore: commits };
  } catch (error) {
    session.abandon();
    throw error;
  }
}

/** Lets the next one in before the session has ended. */
export async function leaveSeat({ session }: Seat): Promise<void> {
  if (!session.lost) await session.query("SELECT pg_advisory_unlock_all()").catch(() => {});
  session.abandon();
}
