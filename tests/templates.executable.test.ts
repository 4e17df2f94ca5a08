import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEMPLATE_NAMES } from "../src/cli/templates.ts";
import { cleanEnvironment, hatchCommand, runHatch } from "./support/hatch.ts";

const STORY_MS = 40_000;
/** Far enough into its story; how it ends is tested where the demonstration is. */
const INTO_THE_STORY = "Week 4,";

let folder = "";
let demo: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
let shown = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hatch-template-"));
  shown = "";
});
afterEach(async () => {
  demo?.kill("SIGKILL");
  await demo?.exited;
  demo = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** In the fresh folder, as its owner would: what is not 0 is a failure of the test. */
async function hatch(line: string, stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await runHatch(line.split(" "), {
    cwd: folder,
    ...(stdin === undefined ? {} : { stdin }),
  });
  if (code !== 0) throw new Error(`hatch ${line}: exit ${code}: ${stdout}${stderr}`);
  return stdout;
}

function serveDemo(): void {
  const line = ["serve", "--demo", "--config", "./hatch.config.ts", "--data", "./demo", "--port", "0"];
  const child = Bun.spawn([...hatchCommand(), ...line], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment(),
  });
  demo = child;
  void (async () => {
    for await (const chunk of child.stdout) shown += new TextDecoder().decode(chunk);
  })();
}

async function untilShown(text: string): Promise<void> {
  const giveUpAt = Date.now() + STORY_MS;
  while (!shown.includes(text)) {
    if (Date.now() > giveUpAt || demo?.exitCode !== null) throw new Error(`${text} was never shown:\n${shown}`);
    await Bun.sleep(20);
  }
}

test.each(TEMPLATE_NAMES.map((name) => [name]))(
  "from an empty folder to a story: the template %s",
  async (name) => {
    await hatch(`init --template ${name}`);
    expect(readdirSync(folder).sort()).toEqual(["hatch-config.d.ts", "hatch.config.ts"]);
    expect(await hatch("config check --config ./hatch.config.ts")).toContain("is fine");
    // Its story is told while the program is published elsewhere.
    serveDemo();

    const account = "--email ada@example.com --workspace Acme --password-stdin --json";
    await hatch(`setup --data ./data ${account}`, "correct horse battery\n");
    const apply = "apply --data ./data --config ./hatch.config.ts";
    expect(await hatch(`${apply} --dry-run`)).toContain("Nothing was published");
    expect(await hatch(`${apply} --note Begun`)).toContain("Published in test of Acme as version 1, ");
    expect(await hatch(apply)).toStartWith("Nothing to do: version 1 ");

    await untilShown(INTO_THE_STORY);
    const { url } = JSON.parse(shown.slice(0, shown.indexOf("\n"))) as { url: string };
    expect((await fetch(new URL("/healthz", url))).status).toBe(200);
    // What the demonstration published is this very program, and its story was one: things were earned and told.
    const told = JSON.parse(await hatch("apply --data ./demo --config ./hatch.config.ts --json"));
    expect(told).toMatchObject({ unchanged: true, published: { version: 1 }, applied: null });
    const units = name === "learning" ? "lessons" : "events";
    expect(shown).toMatch(new RegExp(`\\n {2}Week 3, .* [1-9]\\d* ${units} +\\+[1-9].* [1-9]\\d* delivered\\n`));
    expect(shown).toMatch(/ badge \w+/);
    expect(shown).not.toMatch(/WRONG|has not arrived/);
  },
  STORY_MS + 30_000,
);
