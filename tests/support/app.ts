import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../../src/app.ts";
import type { Config } from "../../src/config/config.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { createLog } from "../../src/kernel/log.ts";
import { TEST_CONFIG } from "./context.ts";

export interface OpenApp extends App {
  readonly url: string;
  close(): Promise<void>;
}

/** The whole product in this process, on a socket and in a folder of its own. Nobody has claimed it yet. */
export async function openApp(
  overrides: Partial<Config> = {},
  { clock = systemClock, ...secrets }: { readonly oidcClientSecret?: string; readonly clock?: Clock } = {},
): Promise<OpenApp> {
  const dataDirectory = mkdtempSync(join(tmpdir(), "hatch-app-"));
  const app = await createApp({
    config: { ...TEST_CONFIG, ...overrides, dataDirectory },
    log: createLog({ clock: systemClock, level: "error", write: (line) => void process.stderr.write(line) }),
    clock,
    findRootKey: () => undefined,
    onClaimed: () => {},
    ...secrets,
  });
  const url = (await app.start()).replace(/\/$/, "");
  return {
    ...app,
    url,
    async close() {
      await app.stop(AbortSignal.timeout(5_000));
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** @returns the secret keys of the first workspace */
export async function claim(app: App): Promise<{ readonly live: string; readonly test: string }> {
  const { environments } = await app.access.setUp(
    { kind: "operator", request: { id: "test" } },
    { email: "ada@riverside.example", password: "correct horse battery", workspace: "Riverside School" },
  );
  return { live: environments.live.secretKey, test: environments.test.secretKey };
}
