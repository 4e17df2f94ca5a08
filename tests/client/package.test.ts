import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createHatch } from "../../src/client/index.ts";
import { claim, type OpenApp, openApp } from "../support/app.ts";
import { CHROMIUM, launchBrowser } from "../support/browser.ts";
import { cleanEnvironment } from "../support/hatch.ts";

// Somebody else's project that has the package among its modules, on Node and with its own compiler settings.

const ROOT = resolve(import.meta.dir, "../..");
const PROGRAM = `
import { createHatch, HatchError, verifyWebhook, WebhookVerificationError } from "hatch/client";

const hatch = createHatch({ url: process.env.URL ?? "", key: process.env.KEY ?? "" });
const sent = await hatch.events.send({ type: "lesson_completed", userId: "ada", properties: { score: 94 } });
const again = await hatch.events.send({ id: sent.id, type: "lesson_completed", userId: "ada", properties: { score: 94 } });

const { id, secret = "" } = await hatch.webhooks.create({ mode: "pull", events: ["points.*"] });
const { deliveryId } = await hatch.webhooks.test(id);
const { deliveries } = await hatch.webhooks.pull(id, { waitMs: 5_000 });
const [first] = deliveries;
const event = await verifyWebhook(first?.body ?? "", first?.headers ?? {}, secret);
const refused = await verifyWebhook(first?.body ?? "", first?.headers ?? {}, "another secret").catch((error: unknown) => error);
const missing = await hatch.members.get("nobody").catch((error: unknown) => error);
console.log(JSON.stringify({
  statuses: [sent.status, again.status],
  delivered: deliveryId === first?.id,
  event: event.event,
  reason: refused instanceof WebhookVerificationError && refused.reason,
  code: missing instanceof HatchError && missing.code,
}));
`;

let app: OpenApp;
let key: string;
let project: string;

beforeAll(async () => {
  app = await openApp();
  key = (await claim(app)).test;
  project = mkdtempSync(join(tmpdir(), "hatch-package-"));
  const installed = join(project, "node_modules", "hatch");
  mkdirSync(installed, { recursive: true });
  copyFileSync(join(ROOT, "package.json"), join(installed, "package.json"));
  const build = [process.execPath, join(ROOT, "scripts", "client.ts"), join(installed, "dist", "client")];
  expect(Bun.spawnSync(build).exitCode).toBe(0);
  writeFileSync(join(project, "package.json"), '{"type":"module"}');
  writeFileSync(join(project, "program.ts"), PROGRAM);
}, 30_000);
afterAll(async () => {
  await app.close();
  rmSync(project, { recursive: true });
});

test("a strict compiler takes its types", () => {
  const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const flags = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--target", "es2022"];
  const form = ["--module", "nodenext", "--types", "bun-types", "--typeRoots", join(ROOT, "node_modules")];
  const command = [process.execPath, compiler, ...flags, ...form, "--skipLibCheck", "false", "program.ts"];
  const { stdout } = Bun.spawnSync(command, { cwd: project });
  expect(
    stdout
      .toString()
      .split("\n")
      .filter((line) => /^program|hatch\/dist/.test(line)),
  ).toEqual([]);
}, 60_000);

test.skipIf(Bun.which("node") === null)(
  "it runs on Node as it does here",
  async () => {
    const command = ["node", "program.js"];
    const child = Bun.spawn(command, {
      cwd: project,
      env: cleanEnvironment({ URL: app.url, KEY: key }),
      stderr: "inherit",
    });
    const output = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(JSON.parse(output)).toEqual({
      statuses: ["accepted", "duplicate"],
      delivered: true,
      event: "points.earned",
      reason: "wrong_signature",
      code: "not_found",
    });
  },
  30_000,
);

/** Sends where the page came from, over one failure, and verifies a delivery that was signed elsewhere. */
const IN_THE_PAGE = `
const { createHatch, verifyWebhook } = await import("/client.js");
const sent = await createHatch({ url: location.origin, key: "hpk_test_1" }).events.send({ type: "seen", userId: "ada" });
const { body, headers, secret } = delivery;
const event = await verifyWebhook(body, new Headers(headers), secret);
const reason = await verifyWebhook(body + " ", headers, secret).catch((error) => error.reason);
return { id: sent.id, event: event.event, reason };
`;

test.skipIf(CHROMIUM === undefined)(
  "it runs in a browser as it does here",
  async () => {
    const hatch = createHatch({ url: app.url, key });
    const { id, secret } = await hatch.webhooks.create({ mode: "pull", events: ["points.*"] });
    await hatch.webhooks.test(id);
    const [delivery] = (await hatch.webhooks.pull(id, { waitMs: 5_000 })).deliveries;
    const module = Bun.file(join(project, "node_modules", "hatch", "dist", "client", "index.js"));
    const ids: string[] = [];
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      routes: {
        "/": new Response("<!doctype html><title>Somebody's page</title>", {
          headers: { "content-type": "text/html" },
        }),
        "/client.js": () => new Response(module),
        "/v1/events": async (request) => {
          const event = (await request.json()) as { id: string };
          ids.push(event.id);
          return ids.length === 1 ? new Response(null, { status: 503 }) : Response.json(event, { status: 201 });
        },
      },
    });
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(server.url.href);
      const script = `(async (delivery) => {${IN_THE_PAGE}})(${JSON.stringify({ ...delivery, secret })})`;
      expect(await page.evaluate<unknown>(script)).toEqual({
        id: ids[0],
        event: "points.earned",
        reason: "wrong_signature",
      });
      expect(ids).toEqual([ids[0] as string, ids[0] as string]);
    } finally {
      await browser.close();
      await server.stop(true);
    }
  },
  30_000,
);
