import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnvironment, hatchCommand, startHatch } from "./support/hatch.ts";

const ROOT = join(import.meta.dir, "..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");

/** The fenced blocks, without their fences. */
const blocks = [...README.matchAll(/^```\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
const blockWith = (text: string): string => {
  const block = blocks.find((candidate) => candidate.includes(text));
  if (block === undefined) throw new Error(`the README shows no ${text}`);
  return block;
};

function shell(command: string, environment: Record<string, string>): unknown {
  const { stdout, stderr, exitCode } = Bun.spawnSync(["sh", "-c", command], { env: cleanEnvironment(environment) });
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr.toString()}`);
  return JSON.parse(stdout.toString());
}

test("the two lines for a newcomer name the Bun that the project is pinned to, and scripts that exist", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const script of ["start", "test"]) {
    expect(blocks).toContain(`npx -y bun@${manifest.engines.bun} run ${script}\n`);
    // Nothing is there yet when it is called.
    expect(manifest.scripts[script]).toStartWith("bun install --frozen-lockfile");
  }
});

test("the commands of the README work as they stand there", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hatch-readme-"));
  const here = (command: string): string =>
    command.replace("dist/hatch", hatchCommand().join(" ")).replaceAll("./hatch-data", directory);
  try {
    const made = shell(here(blockWith("--password-stdin")), { PASSWORD: "correct horse battery" });
    const { environments } = made as { environments: { test: { secretKey: string } } };
    const hatch = await startHatch(directory);
    try {
      const send = blockWith("/v1/events").replace("http://127.0.0.1:4282", hatch.url).replace("curl ", "curl -s ");
      const variables = { HATCH_KEY: environments.test.secretKey };
      expect(shell(send, variables)).toMatchObject({ status: "accepted", userId: "ada" });
      expect(shell(send, variables)).toMatchObject({ status: "duplicate", userId: "ada" });
      expect((await fetch(`${hatch.url}/docs`)).status).toBe(200);
      expect((await fetch(`${hatch.url}/openapi.json`)).status).toBe(200);
    } finally {
      await hatch.kill();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}, 30_000);
