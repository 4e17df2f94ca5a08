import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

// Makes dist/hatch: the whole product in one file. The same tree gives the same bytes, whatever folder it lies in.
//   bun run build [--target bun-linux-x64-baseline] [--outfile dist/hatch] [--commit SHA]

const ROOT = join(import.meta.dir, "..");
const { values } = parseArgs({
  options: { target: { type: "string" }, outfile: { type: "string" }, commit: { type: "string" } },
});
const outfile = resolve(values.outfile ?? join(ROOT, "dist", process.platform === "win32" ? "hatch.exe" : "hatch"));
const started = performance.now();

function run(command: readonly string[]): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  if (exitCode === 0) return;
  process.stderr.write(`${stdout.toString()}${stderr.toString()}\n${command.join(" ")}\nexit ${exitCode}\n`);
  process.exit(1);
}

function git(...args: string[]): string | undefined {
  try {
    const { exitCode, stdout } = Bun.spawnSync(["git", ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
    return exitCode === 0 ? stdout.toString().trim() : undefined;
  } catch {
    return undefined;
  }
}

/** The repository has to be ours: a copy that was unpacked inside somebody else's tells nothing about itself. */
function commitOf(): string {
  const top = git("rev-parse", "--show-toplevel");
  const head = top !== undefined && resolve(top) === resolve(ROOT) ? git("rev-parse", "HEAD") : undefined;
  if (head === undefined) return "unknown";
  return git("status", "--porcelain") === "" ? head : `${head}-dirty`;
}

const lockfile = new Bun.CryptoHasher("sha256").update(readFileSync(join(ROOT, "bun.lock"))).digest("hex");
const DEFINITIONS = {
  "process.env.NODE_ENV": "production",
  HATCH_BUILD_COMMIT: values.commit ?? commitOf(),
  HATCH_BUILD_LOCKFILE: lockfile,
};

const pages = join(ROOT, "scripts", "pages.ts");
if (existsSync(pages)) run([process.execPath, pages]);

mkdirSync(join(outfile, ".."), { recursive: true });
run([
  process.execPath,
  "build",
  "src/main.ts",
  "--compile",
  "--bytecode",
  "--format=esm",
  // Renaming identifiers breaks the handlers that Elysia generates from their text.
  "--minify-whitespace",
  "--minify-syntax",
  "--sourcemap",
  // Else the executable runs what a hostile working directory puts into these files.
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
  ...(values.target === undefined ? [] : [`--target=${values.target}`]),
  ...Object.entries(DEFINITIONS).flatMap(([name, value]) => ["--define", `${name}=${JSON.stringify(value)}`]),
  `--outfile=${outfile}`,
]);

// The executable carries its map; the loose copy would only be mistaken for a part of it.
rmSync(`${outfile}.map`, { force: true });

const bytes = readFileSync(outfile);
const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
const megabytes = (statSync(outfile).size / 1_000_000).toFixed(1);
process.stdout.write(`${outfile}  ${megabytes} MB  sha256 ${sha256}  ${Math.round(performance.now() - started)} ms\n`);
