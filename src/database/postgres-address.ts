import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { AppError } from "../kernel/errors.ts";

/** As libpq names them; what is not listed is less than what it seems (`allow`). */
const TLS_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export interface PostgresAddressOptions {
  /**
   * `postgres://user:password@host:port/database?sslmode=…`: a secret as a whole. `?sslrootcert=` names a PEM file,
   * `?host=/folder` a socket's folder, whatever the host before it.
   */
  readonly url: string;
  /** Stands above the URL's `sslmode`. Where neither says anything: `verify-full`, on loopback and sockets `prefer`. */
  readonly tls?: TlsMode;
  /** A PEM file of the authorities to believe instead of the usual ones. */
  readonly tlsCaFile?: string;
}

/** Where the server is and how it is spoken to. `settings` holds the password: never for a log. */
export interface PostgresAddress {
  readonly settings: Bun.SQL.PostgresOrMySQLOptions;
  /** `database on host:port`, for messages. */
  readonly shown: string;
}

const DEFAULT_PORT = 5_432;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/;

function refuse(problem: string): AppError {
  return new AppError("validation_failed", `The database URL ${problem}.`, {
    hint: "It is of the form postgres://user:password@host:5432/database?sslmode=verify-full",
  });
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  // The text itself is a secret: it is never quoted.
  if (!url) throw refuse("is not a URL");
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") throw refuse("does not begin with postgres://");
  return url;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refuse("has a % that stands for nothing (write %25 for the sign itself)");
  }
}

const isTlsMode = (mode: string): mode is TlsMode => (TLS_MODES as readonly string[]).includes(mode);

function modeOf(asked: string | undefined, local: boolean): TlsMode {
  if (asked === undefined) return local ? "prefer" : "verify-full";
  if (!isTlsMode(asked)) throw refuse(`has an sslmode that is none of ${TLS_MODES.join(", ")}`);
  return asked;
}

function tlsOf(mode: TlsMode, caFile: string | undefined): Bun.SQL.PostgresOrMySQLOptions["tls"] {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, "utf8") };
  switch (mode) {
    case "disable":
    case "prefer":
    case "require":
      return mode;
    case "verify-ca":
      return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case "verify-full":
      return { ...ca, rejectUnauthorized: true };
  }
}

/** Every setting is given by name, so that no `PG…` variable of the environment has a say. */
export function parsePostgresAddress({ url: text, tls, tlsCaFile }: PostgresAddressOptions): PostgresAddress {
  const url = parseUrl(text);
  const query = url.searchParams;
  const unknown = [...query.keys()].find((name) => !["sslmode", "sslrootcert", "host"].includes(name));
  if (unknown !== undefined) throw refuse(`has a parameter that is not known: ${unknown}`);
  const username = decode(url.username);
  if (username === "") throw refuse("names no user");
  const socket = query.get("host") ?? undefined;
  if (socket !== undefined && !socket.startsWith("/")) throw refuse("has a host= that is no folder of a socket");
  const host = decode(url.hostname);
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  const database = decode(url.pathname.slice(1)) || username;
  const caFile = tlsCaFile ?? query.get("sslrootcert") ?? undefined;
  const mode = modeOf(tls ?? query.get("sslmode") ?? undefined, socket !== undefined || LOOPBACK.test(host));
  return {
    settings: {
      adapter: "postgres",
      hostname: socket ?? host.replace(/^\[|\]$/g, ""),
      port,
      username,
      password: decode(url.password),
      database,
      tls: socket === undefined ? tlsOf(mode, caFile) : "disable",
    },
    shown: `${database} on ${socket ?? `${host}:${port}`}`,
  };
}

export interface SessionLimits {
  readonly statementTimeoutMs: number;
  readonly idleInTransactionTimeoutMs: number;
}

/** How this process is called in `pg_stat_activity`. */
const applicationName = (): string => `hatch ${process.pid}@${hostname()}`.slice(0, 63);

/** The server notices within a minute that a client is gone without a word. */
const KEEPALIVE = { tcp_keepalives_idle: 30, tcp_keepalives_interval: 10, tcp_keepalives_count: 3 };

/** What every session runs under, whatever the role or the database has as its default. */
export const sessionParameters = ({
  statementTimeoutMs,
  idleInTransactionTimeoutMs,
}: SessionLimits): Record<string, string | number> => ({
  ...KEEPALIVE,
  application_name: applicationName(),
  statement_timeout: statementTimeoutMs,
  idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
  default_transaction_isolation: "read committed",
  bytea_output: "hex",
  // Compiling pays for long analyses; ours are short and many.
  jit: "off",
});
