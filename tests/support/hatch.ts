import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type PostgresServer, sharedPostgres } from "./postgres.ts";

const ROOT = resolve(import.meta.dir, "../..");
const BINARY = join(ROOT, "dist/hatch");

/** The executable if it is built, else the sources: the same command line either way. */
export const hatchCommand = (): string[] =>
  existsSync(process.env.HATCH_BINARY ?? BINARY)
    ? [process.env.HATCH_BINARY ?? BINARY]
    : ["bun", join(ROOT, "src/main.ts")];

/** What a child may see of our environment: enough to run, nothing that sets Hatch. */
export function cleanEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const { PATH = "/usr/bin:/bin", HOME = "/tmp" } = process.env;
  return { PATH, HOME, NO_COLOR: "1", ...extra };
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command to its end. */
export async function runHatch(
  args: readonly string[],
  options: { readonly stdin?: string; readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<Finished> {
  const child = Bun.spawn([...hatchCommand(), ...args], {
    stdin: options.stdin === undefined ? "ignore" : new Blob([options.stdin]),
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment(options.env),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

export interface RunningHatch {
  readonly url: string;
  readonly pid: number;
  /** Everything logged so far. */
  log(): string;
  kill(signal?: NodeJS.Signals): Promise<number>;
}

/** Starts `serve` and waits for its line of readiness. */
export async function startHatch(
  directory: string,
  options: { readonly args?: readonly string[]; readonly env?: Record<string, string>; readonly port?: number } = {},
): Promise<RunningHatch> {
  const args = ["serve", "--data", directory, "--host", "127.0.0.1", "--port", String(options.port ?? 0)];
  const child = Bun.spawn([...hatchCommand(), ...args, ...(options.args ?? [])], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment(options.env),
  });
  let log = "";
  const reading = (async () => {
    for await (const chunk of child.stderr) log += new TextDecoder().decode(chunk);
  })();
  let line = "";
  for await (const chunk of child.stdout) {
    line += new TextDecoder().decode(chunk);
    if (line.includes("\n")) break;
  }
  const listening = line.startsWith("{") ? (JSON.parse(line.split("\n")[0] ?? "{}") as { url?: string }) : {};
  if (!listening.url) {
    await reading;
    throw new Error(`hatch serve did not start (exit ${await child.exited}): ${line}${log}`);
  }
  return {
    url: listening.url.replace(/\/$/, ""),
    pid: child.pid,
    log: () => log,
    async kill(signal = "SIGTERM") {
      child.kill(signal);
      return child.exited;
    },
  };
}

export type Engine = "sqlite" | "postgres";

/** What `hatch` has to be told besides the folder: nothing for a file, the database and the key for a server. */
export async function environmentFor(
  engine: Engine,
  findServer: () => Promise<PostgresServer> = sharedPostgres,
): Promise<{ readonly env: Record<string, string>; readonly database: string | undefined }> {
  if (engine === "sqlite") return { env: {}, database: undefined };
  const server = await findServer();
  const database = await server.createDatabase();
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");
  return { env: { HATCH_DATABASE_URL: server.urlOf(database), WEBHOOK_ENCRYPTION_KEY: key }, database };
}

export interface Installation {
  readonly directory: string;
  /** For every command on it. */
  readonly env: Record<string, string>;
  readonly keys: { readonly live: string; readonly test: string };
  readonly environments: { readonly live: string; readonly test: string };
  remove(): void;
}

/** An installation with one workspace, in a folder of its own. */
export async function setUpHatch(env: Record<string, string> = {}): Promise<Installation> {
  const directory = mkdtempSync(join(tmpdir(), "hatch-flow-"));
  const setup = await runHatch(
    ["setup", "--data", directory, "--email", "ada@example.com", "--workspace", "Acme", "--password-stdin", "--json"],
    { stdin: "correct horse battery\n", env },
  );
  if (setup.code !== 0) throw new Error(`hatch setup failed: ${setup.stderr}`);
  const { environments } = JSON.parse(setup.stdout) as {
    environments: Record<"live" | "test", { id: string; secretKey: string }>;
  };
  return {
    directory,
    env,
    keys: { live: environments.live.secretKey, test: environments.test.secretKey },
    environments: { live: environments.live.id, test: environments.test.id },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Calls the API with a key; the answer's body is read as JSON. */
export async function call(
  hatch: { readonly url: string },
  key: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  // biome-ignore lint/suspicious/noExplicitAny: an answer is looked at freely by the test that asked for it
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: any }> {
  const response = await fetch(`${hatch.url}${path}`, {
    method,
    headers: {
      ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}
