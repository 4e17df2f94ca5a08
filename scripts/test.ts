import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closingLine, countRun } from "./counts.ts";
import { ensureExecutable } from "./executable.ts";

// Every test, those of the built executable included. The last line is `N passed, N failed`, from the real counts.

const ROOT = join(import.meta.dir, "..");
const started = performance.now();

function finish(line: string, exitCode: number): never {
  process.stdout.write(`\n${line}\n`);
  process.exit(exitCode);
}

if (!(await ensureExecutable())) finish("0 passed, 1 failed", 1);

const files = ["src", "tests", "scripts", "bench"]
  .flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.test.ts`).scanSync({ cwd: ROOT })])
  .map((path) => path.replaceAll("\\", "/"))
  .sort();
const folder = mkdtempSync(join(tmpdir(), "hatch-report-"));
const reportFile = join(folder, "report.xml");
const child = Bun.spawn(
  [
    process.execPath,
    "test",
    "--reporter=junit",
    `--reporter-outfile=${reportFile}`,
    ...files.map((file) => `./${file}`),
  ],
  { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] },
);
const exitCode = await child.exited;
const reported = Bun.file(reportFile);
const report = (await reported.exists()) ? await reported.text() : undefined;
rmSync(folder, { recursive: true, force: true });

const { counts, unaccounted } = countRun({ report, files, exitCode });
for (const file of unaccounted) process.stdout.write(`${file} did not run\n`);
process.stdout.write(`${files.length} files in ${Math.round((performance.now() - started) / 1000)} s\n`);
finish(closingLine(counts), counts.failed > 0 || counts.passed === 0 ? 1 : 0);
