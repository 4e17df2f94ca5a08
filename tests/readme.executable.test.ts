import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnvironment, hatchCommand, startHatch } from "./support/hatch.ts";

const ROOT = join(import.meta.dir, "..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const PATIENCE_MS = 20_000;

/** The fenced blocks, without their fences. */
const blocks = [...README.matchAll(/^```\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
const blockWith = (text: string): string => {
  const block = blocks.find((candidate) => candidate.includes(text));
  if (block === undefined) throw new Error(`the README shows no ${text}`);
  return block;
};
const lineWith = (text: string): string => {
  const line = blockWith(text)
    .split("\n")
    .find((candidate) => candidate.includes(text));
  return line ?? "";
};

const SELF = hatchCommand().join(" ");

function start(command: string, cwd: string, environment: Record<string, string> = {}) {
  const child = Bun.spawn(["sh", "-c", `exec ${command.replace("dist/hatch", SELF)}`], {
    cwd,
    env: cleanEnvironment(environment),
    stdin: new Blob(["correct horse battery\n"]),
    stdout: "pipe",
    stderr: "pipe",
  });
  let out = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) out += new TextDecoder().decode(chunk);
  })();
  return {
    child,
    async says(text: string | RegExp): Promise<void> {
      const giveUpAt = Date.now() + PATIENCE_MS;
      while (typeof text === "string" ? !out.includes(text) : !text.test(out)) {
        if (Date.now() > giveUpAt) throw new Error(`${command} never said ${text}:\n${out}`);
        await Bun.sleep(10);
      }
    },
    async ended(): Promise<string> {
      const [code, error] = await Promise.all([child.exited, new Response(child.stderr).text(), reading]);
      if (code !== 0) throw new Error(`${command}: exit ${code}: ${error}`);
      return out;
    },
  };
}

test("the lines for a newcomer name the Bun that the project is pinned to, and scripts that need nothing but it", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const script of ["start", "test", "build"]) {
    expect(blocks.join("")).toContain(`npx -y bun@${manifest.engines.bun} run ${script}\n`);
    // Nothing is there yet when it is called.
    expect(manifest.scripts[script]).toStartWith("bun install --frozen-lockfile");
  }
});

test("the commands of the README work as they stand there, one after the other in an empty folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hatch-readme-"));
  const data = join(folder, "hatch-data");
  try {
    await start(lineWith(" init "), folder).ended();
    expect(lineWith("dist/hatch serve")).toBe("dist/hatch serve");
    // A port of its own, so that nothing else on this machine is in the way.
    const hatch = await startHatch(data);
    try {
      // Where a person sits at a terminal it asks; here the password comes by stdin.
      const setup = await start(`${lineWith(" setup ")} --password-stdin`, folder).ended();
      const key = /hk_test_\w+/.exec(setup)?.[0] ?? "";

      const listener = start(lineWith(" listen"), folder);
      await listener.says("Ctrl-C ends it.");
      const sent = await start(lineWith(" events send "), folder).ended();
      expect(sent).toMatch(/accepted {2}lesson_completed of ada/);
      expect(sent).toMatch(/\+94 xp +lesson_xp +event\.properties\.score >= 60/);
      await listener.says(/points\.earned +ada +\S+ +\d+ m?s {2}verified/);
      listener.child.kill("SIGINT");
      expect(await listener.ended()).toMatch(/(\d+) deliveries, \1 verified\./);

      const curl = blockWith("/v1/events").replace("http://127.0.0.1:4282", hatch.url).replace("curl ", "curl -s ");
      for (const status of ["accepted", "duplicate"]) {
        expect(JSON.parse(await start(curl, folder, { HATCH_KEY: key }).ended())).toMatchObject({
          status,
          userId: "ada",
        });
      }
      expect((await fetch(`${hatch.url}/docs`)).status).toBe(200);
      expect((await fetch(`${hatch.url}/openapi.json`)).status).toBe(200);
    } finally {
      await hatch.kill();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
