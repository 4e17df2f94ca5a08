import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment, hatchCommand } from "./support/hatch.ts";

const CONFIG = join(import.meta.dir, "..", "hatch.config.ts");
const LAST_LINE = "Ctrl-C ends it.";

let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
let output = "";
let dataDirectory = "";

/** What the terminal shows until this text stands there. */
async function until(text: string): Promise<string> {
  const giveUpAt = Date.now() + 20_000;
  while (!output.includes(text)) {
    if (Date.now() > giveUpAt) throw new Error(`never came: ${text}\n${output}`);
    await Bun.sleep(10);
  }
  return output;
}

beforeAll(async () => {
  child = Bun.spawn([...hatchCommand(), "serve", "--demo", "--config", CONFIG, "--host", "0.0.0.0", "--port", "0"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment({ HATCH_DATA: "/nonexistent/not-to-be-touched" }),
  });
  void (async () => {
    for await (const chunk of child.stdout) output += new TextDecoder().decode(chunk);
  })();
  await until(LAST_LINE);
  dataDirectory = /data +(\S+)/.exec(output)?.[1] ?? "";
}, 30_000);

afterAll(async () => {
  child.kill("SIGKILL");
  await child.exited;
});

/** The commands as they stand on the screen, each a line or two. */
const commands = (): string[] =>
  [...output.matchAll(/^ {2}(curl (?:[^\n]*\\\n)?[^\n]*)$/gm)].map((match) => match[1] as string);

function paste(command: string): Record<string, unknown> {
  const { stdout, exitCode } = Bun.spawnSync(["sh", "-c", command], { env: cleanEnvironment() });
  expect(exitCode).toBe(0);
  return JSON.parse(stdout.toString());
}

test("it listens on this machine only, whatever is configured, in a folder of its own", () => {
  const { url } = JSON.parse(output.slice(0, output.indexOf("\n"))) as { url: string };
  expect(new URL(url).hostname).toBe("127.0.0.1");
  expect(existsSync(join(dataDirectory, "hatch.db"))).toBe(true);
  expect(existsSync("/nonexistent")).toBe(false);
});

test("each event, its effects with their reasons, and each delivery verified by both signatures are shown", () => {
  expect(output).toMatch(/\+94 xp .*lesson_xp .*event\.properties\.score >= 60/);
  expect(output).toMatch(/badge first_lesson/);
  expect(output).toMatch(/nothing +lesson_xp/);
  expect(output).toMatch(/\+5 coins \(5 over limit\)/);
  expect(output).toMatch(/level adept/);
  expect(output).toMatch(/\+100 coins +level_gift/);
  expect(output).toMatch(/200 duplicate/);
  expect(output).toMatch(/← level\.changed +dlv_\S+ +\d+ ms +sha256 ok +v1 ok/);
  const [, arrived, verified] = /(\d+) deliveries arrived, (\d+) verified\./.exec(output) ?? [];
  expect(Number(arrived)).toBeGreaterThanOrEqual(12);
  expect(verified).toBe(arrived as string);
  expect(output).not.toMatch(/WRONG|has not arrived/);
  expect(output).not.toContain("\u001b");
});

test("the commands that it prints work when pasted", async () => {
  const [send, explain, member] = commands();
  const told = output.length;
  expect(paste(send as string)).toMatchObject({ status: "accepted", userId: "cleo" });
  const explained = paste(explain as string) as { id: string; considered: { rule: string; fired: boolean }[] };
  expect(explained.id).toBe("lesson-2");
  expect(explained.considered.filter(({ fired }) => !fired).map(({ rule }) => rule)).toEqual([
    "lesson_xp",
    "lesson_coins",
  ]);
  expect(paste(member as string)).toMatchObject({ userId: "ada", levels: { level: { key: "adept" } } });
  const giveUpAt = Date.now() + 10_000;
  while (!output.slice(told).includes("← lesson_completed") && Date.now() < giveUpAt) await Bun.sleep(10);
  expect(output.slice(told)).toContain("← lesson_completed");
});

test("the key is in a file that only its owner reads, and not on the screen", () => {
  const file = join(dataDirectory, "curl.conf");
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(readFileSync(file, "utf8")).toMatch(/Bearer hk_test_/);
  expect(output).not.toMatch(/hk_test_|whsec_/);
});

test("SIGTERM ends it in order and takes its folder along", async () => {
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(existsSync(dataDirectory)).toBe(false);
}, 35_000);
