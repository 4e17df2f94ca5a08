import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
export const EXECUTABLE = join(ROOT, "dist", process.platform === "win32" ? "hatch.exe" : "hatch");

/** What the executable is made from. */
const INGREDIENTS = [
  "src",
  "migrations",
  "static",
  "docs/guides",
  "hatch.config.ts",
  "scripts/build.ts",
  "scripts/pages.ts",
  "package.json",
  "bun.lock",
];

const modifiedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function newestIn(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}

/** Builds the executable where it is missing or older than what it is made from. @returns whether it stands */
export async function ensureExecutable(): Promise<boolean> {
  const newest = Math.max(...INGREDIENTS.map((path) => newestIn(join(ROOT, path))));
  if (modifiedAt(EXECUTABLE) >= newest) return true;
  process.stderr.write("Building the executable, some seconds …\n");
  const build = Bun.spawn([process.execPath, join(ROOT, "scripts", "build.ts")], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  // What a build prints on success is of no interest to who only wanted to start.
  const printed = await new Response(build.stdout).text();
  if ((await build.exited) === 0) return true;
  process.stderr.write(printed);
  return false;
}
