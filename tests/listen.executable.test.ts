import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHatch, verifyWebhook } from "../src/client/index.ts";
import { freePort } from "./support/free-port.ts";
import { cleanEnvironment, hatchCommand, type RunningHatch, runHatch, startHatch } from "./support/hatch.ts";
import { startReceiver } from "./support/receiver.ts";

const CONFIG = join(import.meta.dir, "..", "hatch.config.ts");
const PATIENCE_MS = 20_000;

let folder: string;
let data: string;
let port: number;
let server: RunningHatch;

const start = (): Promise<RunningHatch> => startHatch(data, { args: ["--config", CONFIG], port });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hatch-listen-"));
  data = join(folder, "data");
  port = freePort();
  server = await start();
  const setup = ["setup", "--data", data, "--email", "ada@example.com", "--workspace", "Acme", "--password-stdin"];
  expect((await runHatch(setup, { stdin: "correct horse battery\n" })).code).toBe(0);
}, 30_000);
afterAll(async () => {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
});

interface Listener {
  /** Waits until its output says so. */
  says(text: string | RegExp): Promise<string>;
  output(): string;
  end(): Promise<number>;
}

function startListener(...args: string[]): Listener {
  const child = Bun.spawn([...hatchCommand(), "listen", "--data", data, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment(),
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    void (async () => {
      for await (const chunk of stream) output += new TextDecoder().decode(chunk);
    })();
  }
  return {
    output: () => output,
    async says(text) {
      const giveUpAt = Date.now() + PATIENCE_MS;
      while (typeof text === "string" ? !output.includes(text) : !text.test(output)) {
        if (Date.now() > giveUpAt) throw new Error(`never said ${text}:\n${output}`);
        await Bun.sleep(10);
      }
      return output;
    },
    end() {
      child.kill("SIGINT");
      return child.exited;
    },
  };
}

const send = (id: string) =>
  runHatch([
    "events",
    "send",
    "lesson_completed",
    "--user",
    id,
    "--id",
    id,
    "--properties",
    '{"score":94}',
    "--data",
    data,
  ]);

test("listen, send, pass on, and go on after the server was started again", async () => {
  const secretFile = join(folder, "secret");
  const receiver = startReceiver(() => new Response(null, { status: 204 }));
  const listener = startListener(
    ...["--events", "points.earned", "--name", "desk", "--secret-file", secretFile],
    ...["--forward-to", `${receiver.url}/hooks`],
  );
  try {
    await listener.says("Ctrl-C ends it.");
    const secret = readFileSync(secretFile, "utf8").trim();
    expect(statSync(secretFile).mode & 0o077).toBe(0);
    expect(listener.output()).not.toContain(secret);

    const sent = await send("first");
    expect(sent.code).toBe(0);
    expect(sent.stdout).toMatch(/\+94 xp +lesson_xp/);
    await listener.says(/points\.earned +first +dlv_\S+ +\d+ m?s {2}verified/);
    const [pushed] = await receiver.arrived(2);
    const event = await verifyWebhook(pushed?.body ?? "", pushed?.headers ?? {}, secret);
    expect(event).toMatchObject({ event: "points.earned", data: { userId: "first", eventId: "first" } });

    await server.kill("SIGKILL");
    await listener.says("Connection lost:");
    server = await start();
    await listener.says("Back after");
    expect((await send("second")).code).toBe(0);
    await receiver.arrived(4);
    await listener.says(/points\.earned +second/);
    expect(listener.output().match(/Connection lost/g)).toHaveLength(1);

    expect(await listener.end()).toBe(0);
    await listener.says("4 deliveries, 4 verified, 4 passed on, 0 not taken.");

    // What comes while nobody listens waits for the same name.
    expect((await send("third")).code).toBe(0);
    const again = startListener("--name", "desk", "--secret-file", secretFile, "--json");
    await again.says(/"userId":"third"[^\n]*"taken":true/);
    expect(await again.end()).toBe(0);

    const explained = await runHatch(["explain", "first", "--data", data]);
    expect(explained.stdout).toMatch(/points\.earned +delivered +acknowledged/);
  } finally {
    receiver.stop();
  }
}, 60_000);

test("from elsewhere with a key it leaves nothing behind", async () => {
  const issued = await runHatch([
    "keys",
    "create",
    "--name",
    "laptop",
    "--environment",
    "test",
    "--data",
    data,
    "--json",
  ]);
  const key = JSON.parse(issued.stdout).secretKey as string;
  const hatch = createHatch({ url: server.url, key });
  const before = (await hatch.webhooks.list({ all: true })).data.length;
  const child = Bun.spawn([...hatchCommand(), "listen", "--events", "level.*", "--json"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment({ HATCH_URL: server.url, HATCH_KEY: key }),
    cwd: folder,
  });
  for await (const chunk of child.stderr) if (new TextDecoder().decode(chunk).includes("Ctrl-C")) break;
  expect((await hatch.webhooks.list({ all: true })).data).toHaveLength(before + 1);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect((await hatch.webhooks.list({ all: true })).data).toHaveLength(before);
}, 30_000);
