import { readFileSync } from "node:fs";
import { join } from "node:path";

// What a change must pass before anybody else looks at it, in seconds: format and lint, types, the house's rules, quick tests.

const ROOT = join(import.meta.dir, "..");
const bin = (name: string): string => join(ROOT, "node_modules", ".bin", name);

/** Says of a test that it starts processes: not quick. */
const STARTS_PROCESSES = /support\/(?:hatch|command-line)\.ts|\bBun\.spawn/;

/** Beside the code, in this process alone, without the built executable. */
const QUICK = ["src", "scripts"]
  .flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.test.ts`).scanSync({ cwd: ROOT })])
  .filter((path) => !/\.(?:fault|postgres|soak|executable)\.test\.ts$/.test(path))
  .filter((path) => !STARTS_PROCESSES.test(readFileSync(join(ROOT, path), "utf8")))
  .map((path) => `./${path}`);

const CHECKS: readonly (readonly [string, readonly string[]])[] = [
  ["format and lint", [bin("biome"), "check", "."]],
  ["types", [bin("tsc"), "--noEmit"]],
  ["house", [process.execPath, "test", "./tests/tidy.test.ts", "--only-failures"]],
  ["quick tests", [process.execPath, "test", "--parallel", "--only-failures", ...QUICK]],
];

const started = performance.now();
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Starts at once, prints when it is done and only what is needed. */
async function check([name, command]: (typeof CHECKS)[number]): Promise<boolean> {
  const begun = performance.now();
  const child = Bun.spawn([...command], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  process.stdout.write(`${code === 0 ? "ok    " : "FAILED"}  ${name}  ${seconds(begun)}\n`);
  if (code !== 0) process.stdout.write(`${out}${err}\n`);
  return code === 0;
}

const results = await Promise.all(CHECKS.map(check));
process.stdout.write(`${results.every(Boolean) ? "verified" : "not verified"} in ${seconds(started)}\n`);
process.exit(results.every(Boolean) ? 0 : 1);
