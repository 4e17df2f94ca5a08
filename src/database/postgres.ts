import { type Clock, systemClock } from "../kernel/clock.ts";
import { AppError } from "../kernel/errors.ts";
import { MINUTE, SECOND } from "../kernel/units.ts";
import type { Capabilities, Database, Reader, Storage } from "./database.ts";
import { type PostgresAddressOptions, parsePostgresAddress } from "./postgres-address.ts";
import { ColumnCatalogue } from "./postgres-columns.ts";
import { translatePostgres } from "./postgres-errors.ts";
import { estimatePostgresRows } from "./postgres-inspect.ts";
import { ReadingPool } from "./postgres-pool.ts";
import type { Seat } from "./postgres-seat.ts";
import { PostgresSession, type SessionOptions } from "./postgres-session.ts";
import { type Channel, PostgresReader } from "./postgres-statements.ts";
import { PostgresTransaction } from "./postgres-transaction.ts";
import { type ConnectionObserver, WritingConnection } from "./postgres-writing.ts";
import { WriteLane, type WriteLaneObserver } from "./write-lane.ts";

export interface PostgresConnectionOptions extends PostgresAddressOptions {
  /** Connections that read; one more writes. */
  readonly readConnections?: number;
  readonly statementTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

export interface PostgresOptions extends PostgresConnectionOptions {
  readonly clock: Clock;
  readonly observer?: WriteLaneObserver & ConnectionObserver;
  /** How long a node waits for the seat of one that has just ended. */
  readonly lockWaitMs?: number;
}

export interface PostgresDatabase extends Database {
  /** Messages sent by the writing side so far, those of the frame included. */
  writtenMessages(): number;
}

const CAPABILITIES: Capabilities = { engine: "postgres", sharedAcrossProcesses: false, checksItself: true };

const READ_CONNECTIONS = 4;
const READ_CONNECTIONS_MAX = 64;
const STATEMENT_TIMEOUT_MS = 30 * SECOND;
const STATEMENT_TIMEOUT_MIN_MS = 100;
const CONNECT_TIMEOUT_MS = 5 * SECOND;
const LOCK_WAIT_MS = 2 * SECOND;
/** A change does nothing but talk to its writer: one that is silent for so long hangs. */
const IDLE_IN_TRANSACTION_MS = MINUTE;
const SIZE_ASKED_EVERY_MS = MINUTE;

interface Checked extends SessionOptions {
  readonly readConnections: number;
}

function check(options: PostgresConnectionOptions): Checked {
  const { readConnections = READ_CONNECTIONS, statementTimeoutMs = STATEMENT_TIMEOUT_MS } = options;
  if (!Number.isInteger(readConnections) || readConnections < 1 || readConnections > READ_CONNECTIONS_MAX) {
    throw new AppError("validation_failed", `Reading connections are 1 to ${READ_CONNECTIONS_MAX}.`);
  }
  if (!Number.isInteger(statementTimeoutMs) || statementTimeoutMs < STATEMENT_TIMEOUT_MIN_MS) {
    throw new AppError("validation_failed", `The statement time-out is at least ${STATEMENT_TIMEOUT_MIN_MS} ms.`);
  }
  return {
    address: parsePostgresAddress(options),
    limits: { statementTimeoutMs, idleInTransactionTimeoutMs: IDLE_IN_TRANSACTION_MS },
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    readConnections,
  };
}

/** An operator reads this at a terminal; the URL is a secret and stays out. */
function couldNotOpen(shown: string, error: unknown): unknown {
  if (error instanceof AppError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError("unavailable", `The database ${shown} can't be opened: ${reason}`, {
    hint: "Check that the server runs, and the host, user, password, database and sslmode of the URL.",
    cause: error,
  });
}

/** The size changes slowly and asking for it takes a round trip: what is told is at most about a minute old. */
class SizeGauge {
  readonly #reader: PostgresReader;
  #bytes = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(reader: PostgresReader) {
    this.#reader = reader;
  }

  get bytes(): number {
    // A gauge is no reason to fail: the probe tells of a database that does not answer.
    if (systemClock.monotonic() - this.#askedAt > SIZE_ASKED_EVERY_MS) void this.ask().catch(() => {});
    return this.#bytes;
  }

  async ask(): Promise<void> {
    this.#askedAt = systemClock.monotonic();
    const row = await this.#reader.get<{ bytes: number }>("SELECT pg_database_size(current_database()) AS bytes");
    this.#bytes = row?.bytes ?? 0;
  }
}

/**
 * A database that is asked while another process writes, and never written to: for `hatch doctor` and the like. Each
 * `read` sees one moment of it, however many questions it asks.
 */
export async function openPostgresReadOnly(options: PostgresConnectionOptions): Promise<Database> {
  const checked = check(options);
  const session = await PostgresSession.open(checked).catch((error) => {
    throw couldNotOpen(checked.address.shown, error);
  });
  const query: Channel["query"] = (text, parameters) =>
    session.query(text, parameters).catch((error) => {
      throw translatePostgres(error);
    });
  const reader = new PostgresReader({ query }, new ColumnCatalogue());
  const size = new SizeGauge(reader);
  let reading = 0;
  const readAtOneMoment = async <T>(ask: (reader: Reader) => Promise<T>): Promise<T> => {
    // Sent before the first question, and answered before it: the session works in order.
    if (reading++ === 0) session.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").catch(() => {});
    try {
      return await ask(reader);
    } finally {
      if (--reading === 0) session.script("COMMIT").catch(() => {});
    }
  };
  const refuse = (): Promise<never> =>
    Promise.reject(new AppError("unavailable", "The database was opened for reading only."));
  return {
    capabilities: CAPABILITIES,
    read: readAtOneMoment,
    write: refuse,
    onRollback() {},
    probe: refuse,
    statistics: () => ({ commits: 0, operations: 0, waiting: 0, bytes: size.bytes }),
    storage: storageOf(reader),
    close: async () => session.abandon(),
  };
}

/** The server looks after its files itself. */
const storageOf = (reader: Reader): Storage => ({
  measure: () => undefined,
  giveBack: async () => 0,
  estimateRows: () => estimatePostgresRows(reader),
});

/**
 * The second engine. One session writes, through the lane, and holds the lock that makes this process the only one; a
 * few others read.
 * @throws AppError `conflict` where another node holds the database
 */
export async function openPostgres({
  clock,
  observer = { committed() {} },
  lockWaitMs = LOCK_WAIT_MS,
  ...options
}: PostgresOptions): Promise<PostgresDatabase> {
  const checked = check(options);
  const connection = await WritingConnection.open(checked, { lockWaitMs, observer }).catch((error) => {
    throw couldNotOpen(checked.address.shown, error);
  });
  const catalogue = new ColumnCatalogue();
  const pool = new ReadingPool({ ...checked, connections: checked.readConnections });
  const reader = new PostgresReader(pool, catalogue);
  const size = new SizeGauge(reader);
  await size.ask().catch(async (error) => {
    await Promise.all([connection.close(), pool.close()]);
    throw couldNotOpen(checked.address.shown, error);
  });

  let messages = 0;
  let numbered: { readonly seat: Seat; readonly commit: number } | undefined;
  const nextCommit = (seat: Seat): number => {
    const last = numbered?.seat === seat ? numbered.commit : seat.commitsBefore;
    numbered = { seat, commit: last + 1 };
    return numbered.commit;
  };
  const floor = {
    connection,
    catalogue,
    clock,
    nextCommit,
    sent: () => {
      messages += 1;
    },
  };
  const lane = new WriteLane(() => new PostgresTransaction(floor), observer);

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await lane.close();
    await connection.close();
    await pool.close();
  };
  return {
    capabilities: CAPABILITIES,
    read: (ask) => ask(reader),
    write: (change) => lane.run(change),
    onRollback: (forget) => lane.onRollback(forget),
    probe: () =>
      lane.run(async (writer) => void (await writer.run("UPDATE instance SET value = value WHERE name = 'probe'"))),
    statistics: () => ({
      commits: lane.commits,
      operations: lane.operations,
      waiting: lane.waiting,
      bytes: size.bytes,
    }),
    storage: storageOf(reader),
    writtenMessages: () => messages,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
