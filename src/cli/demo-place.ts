import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/config.ts";

/** Where a demonstration lives: a folder of its own, gone afterwards, unless one was named for it. */
export interface DemoPlace {
  /** What `serve` is to run with. */
  readonly config: Config;
  readonly temporary: boolean;
  remove(): void;
}

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

/**
 * This machine only, whatever is configured; where the port is taken, a free one. The terminal is for the story. The folder
 * of the environment or the configuration is somebody's work: only a flag makes the demonstration use one that stays.
 */
export function makeDemoPlace(config: Config, namedByFlag: boolean): DemoPlace {
  const temporary = !namedByFlag;
  const dataDirectory = temporary ? mkdtempSync(join(tmpdir(), "hatch-demo-")) : config.dataDirectory;
  const { port } = config.server;
  // A terminal window that is closed ends it in order too.
  process.on("SIGHUP", () => process.kill(process.pid, "SIGTERM"));
  return {
    config: {
      ...config,
      dataDirectory,
      server: { host: "127.0.0.1", port: port !== 0 && isTaken(port) ? 0 : port, publicUrl: undefined },
      log: { level: "warn" },
    },
    temporary,
    remove: () => {
      if (temporary) rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
