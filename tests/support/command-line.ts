import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runCommandLine } from "../../src/cli/run.ts";

export const MAIN = resolve(import.meta.dir, "../../src/main.ts");

export interface Ended {
  readonly exit: number;
  readonly out: string;
  readonly error: string;
}

export interface Given {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Runs a command in this process, its streams and its environment replaced. */
export async function runHere(
  args: readonly string[],
  { stdin = "", env = {}, cwd = tmpdir() }: Given = {},
): Promise<Ended> {
  let out = "";
  let error = "";
  const terminal = {
    interactive: false,
    out: (line: string) => {
      out += `${line}\n`;
    },
    error: (line: string) => {
      error += `${line}\n`;
    },
    readInput: async (charactersMax: number) => stdin.slice(0, charactersMax + 1),
  };
  const exit = await runCommandLine(args, { terminal, environment: env, workingDirectory: cwd });
  return { exit, out, error };
}

export interface Child {
  readonly pid: number;
  /** The first line of stdout; rejects where the process ended without one. */
  firstLine(): Promise<string>;
  out(): string;
  error(): string;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

/** Runs a command from the sources in a process of its own, whatever executable is built. */
export function spawnHatch(args: readonly string[], { env = {}, cwd = tmpdir() }: Given = {}): Child {
  const { PATH = "/usr/bin:/bin", HOME = "/tmp" } = process.env;
  const child = Bun.spawn([process.execPath, MAIN, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH, HOME, ...env },
    cwd,
  });
  let out = "";
  let error = "";
  const line = Promise.withResolvers<string>();
  const readOut = async (): Promise<void> => {
    for await (const chunk of child.stdout) {
      out += new TextDecoder().decode(chunk);
      const [first, rest] = out.split("\n", 2);
      if (rest !== undefined) line.resolve(first ?? "");
    }
    line.reject(new Error(`ended without a line: ${error}`));
  };
  const readError = async (): Promise<void> => {
    for await (const chunk of child.stderr) error += new TextDecoder().decode(chunk);
  };
  line.promise.catch(() => {});
  const reading = Promise.all([readOut(), readError()]);
  return {
    pid: child.pid,
    firstLine: () => line.promise,
    out: () => out,
    error: () => error,
    kill: (signal) => child.kill(signal),
    exited: child.exited.then(async (code) => {
      await reading;
      return code;
    }),
  };
}

/** A folder that is taken away afterwards; the data folder in it does not exist yet. */
export function makePlace(): { readonly data: string; readonly root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), "hatch-cli-"));
  return { root, data: join(root, "data"), remove: () => rmSync(root, { recursive: true, force: true }) };
}

export const PASSWORD = "correct horse battery";
export const setUpArgs = (data: string): string[] => [
  ...["setup", "--data", data, "--email", "ada@example.com", "--workspace", "Acme", "--password-stdin", "--json"],
];
