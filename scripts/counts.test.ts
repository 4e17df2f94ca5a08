import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closingLine, countRun } from "./counts.ts";

/** Runs these files with the real runner, as scripts/test.ts does. */
async function run(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "hatch-counts-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      await Bun.write(join(folder, name), `import { expect, test } from "bun:test";\n${text}`);
    }
    const report = join(folder, "report.xml");
    const child = Bun.spawn(
      [
        process.execPath,
        "test",
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        ...Object.keys(files).map((name) => `./${name}`),
      ],
      { cwd: folder, stdio: ["ignore", "ignore", "ignore"], env: { ...process.env, NODE_ENV: "test" } },
    );
    const exitCode = await child.exited;
    const file = Bun.file(report);
    const text = (await file.exists()) ? await file.text() : undefined;
    return countRun({ report: text, files: Object.keys(files), exitCode });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PASS = 'test("a", () => {});';

test("passed, failed and skipped are told apart", async () => {
  const { counts } = await run({
    "a.test.ts": `${PASS} test("b", () => expect(1).toBe(2)); test.skip("c", () => {});`,
  });
  expect(counts).toEqual({ passed: 1, failed: 1, skipped: 1 });
  expect(closingLine(counts)).toBe("1 passed, 1 failed, 1 skipped");
});

test("a file that can't be loaded is a failure, not a silence", async () => {
  const { counts, unaccounted } = await run({ "a.test.ts": PASS, "b.test.ts": "const = ;" });
  expect(counts).toMatchObject({ passed: 1, failed: 1 });
  expect(unaccounted).toEqual(["b.test.ts"]);
});

test("a file without a single test is a failure", async () => {
  expect((await run({ "a.test.ts": PASS, "b.test.ts": "expect(1).toBe(1);" })).counts).toMatchObject({ failed: 1 });
});

test("a run that ends in the middle with exit code 0 is a failure", async () => {
  const { counts } = await run({ "a.test.ts": `${PASS} test("b", () => process.exit(0));`, "b.test.ts": PASS });
  expect(counts.failed).toBeGreaterThan(0);
});

test("an error between tests is a failure", async () => {
  const late =
    'test("a", () => { setTimeout(() => { throw new Error("late"); }, 1); }); test("b", () => Bun.sleep(20));';
  expect((await run({ "a.test.ts": late })).counts.failed).toBe(1);
});

test("an exit code that says failure is believed though every test passed", () => {
  const report = '<testsuites name="bun test" tests="2" failures="0" skipped="0"><testsuite name="a" file="a.test.ts">';
  expect(countRun({ report, files: ["a.test.ts"], exitCode: 1 }).counts).toEqual({ passed: 2, failed: 1, skipped: 0 });
  expect(closingLine({ passed: 2, failed: 0, skipped: 0 })).toBe("2 passed, 0 failed");
});
