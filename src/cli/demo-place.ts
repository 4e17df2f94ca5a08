import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { hasDatabase } from "../database/open.ts";
import { AppError } from "../kernel/errors.ts";
import { DAY, durationMs, HOUR, MINUTE } from "../kernel/units.ts";

/** Where a demonstration lives: a folder of its own, gone afterwards, unless one was named for it. */
export interface DemoPlace {
  /** What `serve` is to run with. */
  readonly config: Config;
  readonly temporary: boolean;
  /** A demonstration was here before: its story is told. */
  readonly isToldAlready: boolean;
  /** Puts the key where `curl -K` reads it, for nobody else to see. @returns the file */
  keepKey(key: string): string;
  /** Puts the password of the demonstration's account beside it. @returns the file */
  keepPassword(password: string): string;
  remove(): void;
}

const LADDER = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR].map(durationMs);
const LATE_WINDOW = durationMs(30 * DAY);

/** Marks a folder as a demonstration's as well. */
const KEY_FILE = "curl.conf";
const PASSWORD_FILE = "password";

/** Whether somebody else listens there. */
function isTaken(port: number): boolean {
  try {
    const probe = Bun.serve({ hostname: "127.0.0.1", port, reusePort: false, fetch: () => new Response() });
    void probe.stop(true);
    return false;
  } catch {
    return true;
  }
}

/** A story does not begin in the past of an installation that people use, nor publish a program over theirs. */
function refuseInstallation(dataDirectory: string): void {
  if (!hasDatabase(dataDirectory) || existsSync(join(dataDirectory, KEY_FILE))) return;
  throw new AppError("conflict", `${dataDirectory} holds an installation that no demonstration made.`, {
    hint: "Name another folder with --data, or none: then one is made for the run.",
  });
}

function writeKey(dataDirectory: string, key: string): string {
  const file = join(dataDirectory, KEY_FILE);
  const headers = [`Authorization: Bearer ${key}`, "Content-Type: application/json"];
  writeFileSync(file, headers.map((header) => `header = "${header}"\n`).join(""), { mode: 0o600 });
  return file;
}

/** What the story stands on, whatever is configured. */
const forTheStory = (config: Config): Pick<Config, "webhooks" | "events" | "limits" | "mail" | "log" | "audit"> => ({
  webhooks: { ...config.webhooks, retryDelays: LADDER, retryJitter: 0 },
  events: { ...config.events, lateWindow: LATE_WINDOW },
  limits: { ...config.limits, secretKeyPerMinute: 0 },
  // A story writes to nobody, and the terminal is its own.
  mail: undefined,
  log: { level: "warn" },
  // Nor is it what somebody watches for.
  audit: { ...config.audit, streamTo: undefined, streamFile: undefined },
});

/**
 * This machine only, whatever is configured; where the port is taken, a free one. The folder of the environment or the
 * configuration is somebody's work: only a flag makes the demonstration use one that stays.
 */
export function makeDemoPlace(config: Config, namedByFlag: boolean): DemoPlace {
  const temporary = !namedByFlag;
  if (!temporary) refuseInstallation(config.dataDirectory);
  const dataDirectory = temporary ? mkdtempSync(join(tmpdir(), "hatch-demo-")) : config.dataDirectory;
  const { port } = config.server;
  // A terminal window that is closed ends it in order too.
  process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"));
  return {
    config: {
      ...config,
      dataDirectory,
      server: { host: "127.0.0.1", port: port !== 0 && isTaken(port) ? 0 : port, publicUrl: undefined },
      tls: undefined,
      adminListener: undefined,
      ...forTheStory(config),
    },
    temporary,
    isToldAlready: hasDatabase(dataDirectory),
    keepKey: (key) => writeKey(dataDirectory, key),
    keepPassword(password) {
      const file = join(dataDirectory, PASSWORD_FILE);
      writeFileSync(file, `${password}\n`, { mode: 0o600 });
      return file;
    },
    remove: () => {
      if (temporary) rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
