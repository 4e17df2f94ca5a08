import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../config/load-config.ts";
import { databaseFileOf } from "../database/open.ts";
import { DAY, MINUTE } from "../kernel/units.ts";
import { type DemoPlace, makeDemoPlace } from "./demo-place.ts";

const folders: string[] = [];
const places: DemoPlace[] = [];
afterEach(() => {
  for (const place of places.splice(0)) place.remove();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  process.removeAllListeners("SIGHUP");
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hatch-demo-place-"));
  folders.push(folder);
  return folder;
}

async function make(namedByFlag: boolean, environment: Record<string, string> = {}): Promise<DemoPlace> {
  const dataDirectory = makeFolder();
  const { config } = await loadConfig({
    flags: { data: dataDirectory, config: undefined, allowCode: false, settings: {} },
    environment,
    workingDirectory: tmpdir(),
  });
  const place = makeDemoPlace(config, namedByFlag);
  places.push(place);
  return place;
}

test("it is on this machine only, and what the story stands on is not for settings to change", async () => {
  const { config } = await make(false, {
    HATCH_SERVER_HOST: "0.0.0.0",
    HATCH_SERVER_PORT: "0",
    HATCH_SERVER_PUBLIC_URL: "https://hatch.example.com",
    HATCH_WEBHOOKS_RETRY_DELAYS: "1s",
    HATCH_EVENTS_LATE_WINDOW: "1h",
    HATCH_LIMITS_SECRET_KEY_PER_MINUTE: "5",
    HATCH_LOG_LEVEL: "debug",
  });
  expect(config.server).toEqual({ host: "127.0.0.1", port: 0, publicUrl: undefined });
  expect(config.webhooks.retryDelays as readonly number[]).toEqual(
    [1, 5, 30, 120, 360].map((minutes) => minutes * MINUTE),
  );
  expect([config.webhooks.retryJitter, config.events.lateWindow as number]).toEqual([0, 30 * DAY]);
  expect([config.limits.secretKeyPerMinute, config.mail, config.log.level]).toEqual([0, undefined, "warn"]);
});

test("a folder of its own is made and removed; a named one is used and stays", async () => {
  const own = await make(false);
  expect([own.temporary, own.isToldAlready]).toEqual([true, false]);
  expect(folders).not.toContain(own.config.dataDirectory);
  own.remove();
  expect(existsSync(own.config.dataDirectory)).toBe(false);
  const named = await make(true);
  expect([named.temporary, named.config.dataDirectory]).toEqual([false, folders.at(-1) as string]);
  named.remove();
  expect(existsSync(named.config.dataDirectory)).toBe(true);
});

test("an installation that people use is refused, and left as it is", async () => {
  const folder = makeFolder();
  writeFileSync(databaseFileOf(folder), "theirs");
  const { config } = await make(true);
  expect(() => makeDemoPlace({ ...config, dataDirectory: folder }, true)).toThrow("no demonstration made");
  expect(existsSync(join(folder, "curl.conf"))).toBe(false);
});

test("the folder of an earlier demonstration is gone on with, its key is its owner's alone", async () => {
  const place = await make(true);
  const file = place.keepKey("hk_test_secret");
  expect(statSync(file).mode & 0o077).toBe(0);
  writeFileSync(databaseFileOf(place.config.dataDirectory), "ours");
  expect(makeDemoPlace(place.config, true).isToldAlready).toBe(true);
});

test("where the port is taken a free one is picked", async () => {
  const other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { config } = await make(false, { HATCH_SERVER_PORT: String(other.port) });
  expect(config.server.port).toBe(0);
  await other.stop(true);
});
