import { AppError } from "../kernel/errors.ts";
import { ConstraintError } from "./database.ts";

/** The server's five-character code, or the driver's own where the server said nothing. */
function codesOf(error: unknown): { readonly server: string; readonly driver: string } {
  if (!(error instanceof Error)) return { server: "", driver: "" };
  const server = "errno" in error && typeof error.errno === "string" ? error.errno : "";
  const driver = "code" in error && typeof error.code === "string" ? error.code : "";
  return { server, driver };
}

/** Classes of SQLSTATE in which the fault is the server's state, not the statement: connection, resources, system. */
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set(["08", "53", "57", "58", "XX", "28", "3D"]);
/** Serialization and deadlock (nothing was kept, the caller may ask again), lock not granted, a standby, time-outs. */
const UNAVAILABLE_CODES: ReadonlySet<string> = new Set(["40001", "40P01", "55P03", "25006", "25P03", "25P04"]);
const DISK_FULL = "53100";
const READ_ONLY = "25006";
const STATEMENT_TIMEOUT = "57014";

/** The end of the session, by the server's word or without one. */
export function isConnectionLost(error: unknown): boolean {
  const { server, driver } = codesOf(error);
  if (server !== "") return server.startsWith("08") || server.startsWith("57P") || server === "25P03";
  return driver.startsWith("ERR_POSTGRES_") && driver !== "ERR_POSTGRES_INVALID_TRANSACTION_STATE";
}

export const ABORTED_TRANSACTION = "25P02";
export const serverCodeOf = (error: unknown): string => codesOf(error).server;

function sentenceOf(server: string): string {
  if (server === DISK_FULL) return "The database can't be written to: its disk is full.";
  if (server === READ_ONLY) return "The database can't be written to: it is a standby or read-only.";
  if (server === STATEMENT_TIMEOUT) return "The database took too long.";
  if (server.startsWith("40")) return "The database took the change back because of another one; ask again.";
  return "The database can't be reached or is not able to work.";
}

/**
 * Driver's errors as the port's. The server's own message goes along, never its `detail`: that quotes the row.
 */
export function translatePostgres(error: unknown): unknown {
  if (error instanceof AppError || error instanceof ConstraintError) return error;
  const { server } = codesOf(error);
  if (server.startsWith("23")) return new ConstraintError((error as Error).message);
  const unavailable = isConnectionLost(error) || UNAVAILABLE_CLASSES.has(server.slice(0, 2));
  if (unavailable || UNAVAILABLE_CODES.has(server)) {
    return new AppError("unavailable", sentenceOf(server), { retryAfterSeconds: 1, cause: error });
  }
  return error;
}
