import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { cleanEnvironment, hatchCommand, setUpHatch, startHatch } from "../support/hatch.ts";
import { type Block, blocksOf, faultsOf, fileNameOf, ROOT, readGuide } from "./blocks.ts";
import { quoted, Reader } from "./reader.ts";

// A guide is followed as a reader would: its blocks one after the other, in an empty folder, in terminals.
//
//   ts          is written to the file that its first line names, and run unless a shell block does that
//   ts page     is for a browser: only written to its file
//   sh          has to end with 0; what it exports holds for the blocks after it
//   sh server   goes on in a terminal of its own; `sh server=NAME` where there are several
//   sh readme   is of the README, whose own test runs it
//   text        what the block before has shown, all of it; `…` is something else every time, on a line of its own any lines
//   text server what the server shows next, waited for
//   json        is JSON
//
// All others are for a test of their own. `hatch` and `bun` are on the PATH, `hatch/client` can be imported.

interface RunOptions {
  /** Set up and running before the first block, with the example program and HATCH_URL and HATCH_KEY; true by default. */
  readonly server?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Called in the folder before the first block, and after the last one while all still runs. */
  readonly prepare?: (folder: string) => void;
  readonly after?: (place: GuidePlace) => Promise<void>;
}

export interface GuidePlace {
  readonly folder: string;
  /** The port in place of one that the guide names. */
  portOf(port: number): number;
}

/** What `import` finds in the folder of a reader who has installed everything. */
export function linkPackages(folder: string): void {
  const modules = join(folder, "node_modules");
  mkdirSync(modules, { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  symlinkSync(ROOT, join(modules, "hatch"));
}

function linkCommands(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "hatch"), `#!/bin/sh\nexec ${hatchCommand().map(quoted).join(" ")} "$@"\n`, { mode: 0o755 });
  symlinkSync(process.execPath, join(bin, "bun"));
  return bin;
}

/** Ports that a guide names are taken by others on the machine of a test: each has another in its place. */
function portsOf(blocks: readonly Block[]): ReadonlyMap<string, string> {
  const named = blocks.flatMap(({ code }) =>
    [...code.matchAll(/(?:127\.0\.0\.1|localhost):(\d{4,5})\b|\bport: (\d{4,5})\b|--port (\d{4,5})\b/g)].map(
      (match) => (match[1] ?? match[2] ?? match[3]) as string,
    ),
  );
  return new Map(["4282", ...named].map((port) => [port, String(freePort())]));
}

function withPorts(text: string, ports: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\b\d{4,5}\b/g, (port) => ports.get(port) ?? port);
}

async function follow(blocks: readonly Block[], reader: Reader): Promise<void> {
  const shell = blocks.filter(({ language }) => language === "sh").map(({ code }) => code);
  const files = blocks.filter(({ language }) => language === "ts");
  for (const [index, block] of blocks.entries()) {
    const { language, mark, code } = block;
    const before = blocks[index - 1];
    try {
      if (language === "ts") {
        const name = fileNameOf(block) as string;
        writeFileSync(join(reader.folder, name), code);
        const others = [...shell, ...files.filter((file) => file !== block).map((file) => file.code)];
        if (mark === "" && !others.some((text) => text.includes(name))) await reader.run(`bun ${name}`);
      }
      if (language === "sh" && mark === "") await reader.run(code);
      if (language === "sh" && mark.startsWith("server")) reader.start(mark, code);
      if (language === "text") {
        const isOfServer = mark !== "" || (before?.language === "sh" && before.mark.startsWith("server"));
        if (isOfServer) await reader.expectOfServer(mark === "" ? (before?.mark ?? "server") : mark, code);
        else reader.expect(code);
      }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`line ${block.line}, ${language} ${mark}: ${message}\n${reader.shownByServers()}`);
    }
  }
}

/** A server with the example program. @returns what a reader has in the environment then, and how to end it */
async function openServer(port: number) {
  const installation = await setUpHatch();
  try {
    const args = ["--config", join(ROOT, "hatch.config.ts")];
    const running = await startHatch(installation.directory, { port, args });
    const close = async () => {
      await running.kill();
      installation.remove();
    };
    return { env: { HATCH_URL: running.url, HATCH_KEY: installation.keys.test }, close };
  } catch (error) {
    installation.remove();
    throw error;
  }
}

/** Follows a guide from its first block to its last, and throws where it does not go as the guide says. */
export async function runGuide(slug: string, options: RunOptions = {}): Promise<void> {
  const blocks = blocksOf(readGuide(slug));
  const faults = faultsOf(blocks);
  if (faults.length > 0) throw new Error(`${slug}.md: ${faults.join("; ")}`);
  const ports = portsOf(blocks);
  const portOf = (named: number): number => Number(ports.get(String(named)) ?? named);
  const server = options.server === false ? undefined : await openServer(portOf(4282));
  const around = mkdtempSync(join(tmpdir(), "hatch-guide-"));
  const folder = join(around, "reader");
  mkdirSync(folder);
  linkPackages(around);
  const { NO_COLOR: _, ...environment } = cleanEnvironment({ TERM: "xterm-256color" });
  const reader = new Reader(folder, join(around, "state"), {
    ...environment,
    HATCH_SERVER_PORT: String(portOf(4282)),
    PATH: `${linkCommands(around)}:${environment.PATH}`,
    ...server?.env,
    ...options.env,
  });
  try {
    options.prepare?.(folder);
    const placed = blocks.map((block) => ({ ...block, code: withPorts(block.code, ports) }));
    await follow(placed, reader);
    await options.after?.({ folder, portOf });
  } catch (error) {
    throw new Error(`${slug}.md ${error instanceof Error ? error.message : error}`);
  } finally {
    await reader.end();
    await server?.close();
    rmSync(around, { recursive: true, force: true });
  }
}
