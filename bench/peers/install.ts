import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BENCH = join(import.meta.dir, "..");
/** What runs beside the libraries, under the same names: it finds them in the folder above it. */
const PARTS = ["open-loop.ts", "peers/package.json", "peers/bun.lock", "peers/protocol.ts", "peers/node"];

export interface Installed {
  /** The Node that package.json names, else the one on the PATH. */
  readonly node: string;
  /** The script of a peer's process. */
  readonly main: string;
  versionOf(library: string): string;
  remove(): void;
}

/** In a temporary folder, so that nothing of the peers is ever in the repository: not for its tests, its types or its build. */
export function installPeers(): Installed {
  const folder = mkdtempSync(join(tmpdir(), "hatch-peers-"));
  for (const part of PARTS) cpSync(join(BENCH, part), join(folder, part), { recursive: true });
  const home = join(folder, "peers");
  const install = spawnSync(process.execPath, ["install", "--frozen-lockfile", "--ignore-scripts", "--no-summary"], {
    cwd: home,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (install.status !== 0) throw new Error("the peers could not be installed");
  const packaged = join(home, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  const node = existsSync(packaged) ? packaged : Bun.which("node");
  if (!node) throw new Error("no Node: its package has none for this machine, and there is none on the PATH");
  return {
    node,
    main: join(home, "node", "main.ts"),
    versionOf: (library) =>
      JSON.parse(readFileSync(join(home, "node_modules", library, "package.json"), "utf8")).version as string,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
