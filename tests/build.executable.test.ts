import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXECUTABLE, ensureExecutable } from "../scripts/executable.ts";
import { cleanEnvironment } from "./support/hatch.ts";

const ROOT = join(import.meta.dir, "..");
setDefaultTimeout(180_000);

let folder: string;
beforeAll(async () => {
  expect(await ensureExecutable()).toBeTrue();
  folder = mkdtempSync(join(tmpdir(), "hatch-executable-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[], cwd = folder, env: Record<string, string> = {}) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([EXECUTABLE, ...args], { cwd, env: cleanEnvironment(env) });
  return { exit: exitCode, out: stdout.toString(), error: stderr.toString() };
};

describe("the executable", () => {
  test("knows what it was made from", () => {
    const lockfile = new Bun.CryptoHasher("sha256").update(readFileSync(join(ROOT, "bun.lock"))).digest("hex");
    expect(JSON.parse(run(["version", "--json"]).out)).toEqual({
      version: "0.1.0",
      commit: expect.any(String),
      bun: Bun.version,
      lockfile,
    });
  });

  test("runs nothing and reads nothing of a hostile working directory", () => {
    const hostile = join(folder, "hostile");
    mkdirSync(hostile);
    writeFileSync(join(hostile, "bunfig.toml"), 'preload = ["./evil.ts"]\n');
    writeFileSync(join(hostile, "evil.ts"), 'require("node:fs").writeFileSync("evil.txt", "");\nprocess.exit(66);\n');
    writeFileSync(join(hostile, ".env"), "HATCH_LOG_LEVEL=loud\nWEBHOOK_ENCRYPTION_KEY=short\n");
    writeFileSync(join(hostile, "hatch.config.ts"), "process.exit(66);\n");
    const { exit, out } = run(["config", "explain", "--json"], hostile);
    expect(exit).toBe(0);
    const sources = JSON.parse(out).settings.map(({ source }: { source: string }) => source);
    expect(sources.filter((source: string) => /environment|file /.test(source))).toEqual([]);
    expect([...new Bun.Glob("evil.txt").scanSync(hostile)]).toEqual([]);
  });

  test("loads a configuration that is TypeScript and speaks of the type alone", () => {
    const config = join(folder, "my.config.ts");
    const text = `import type { HatchConfig } from "hatch";\nconst port: number = 4000 + 1;\nexport default { server: { port } } satisfies HatchConfig;\n`;
    writeFileSync(config, text, { mode: 0o600 });
    const { exit, out } = run(["config", "explain", "--config", config, "--json"]);
    expect(exit).toBe(0);
    expect(JSON.parse(out).settings).toContainEqual(expect.objectContaining({ path: "server.port", value: 4001 }));
    expect(run(["config", "check", "--config", config, "--no-config-code"]).exit).toBe(2);
  });
});

test("the same tree gives the same bytes, whatever folder it lies in", () => {
  const PARTS = [
    "src",
    "migrations",
    "docs/guides",
    "static",
    "scripts",
    "package.json",
    "bun.lock",
    "tsconfig.json",
    "hatch.config.ts",
  ];
  const build = (place: string): string => {
    const copy = join(folder, place);
    for (const part of [...PARTS, "node_modules"]) cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, "scripts/build.ts", "--commit", "none"], {
      cwd: copy,
    });
    expect([exitCode, stderr.toString()]).toEqual([0, ""]);
    const digest = new Bun.CryptoHasher("sha256").update(readFileSync(join(copy, "dist/hatch"))).digest("hex");
    rmSync(copy, { recursive: true });
    return digest;
  };
  expect(build("one")).toBe(build("another/deeper"));
});
