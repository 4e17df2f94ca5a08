import type { Clock } from "../kernel/clock.ts";
import { describeError, type Log } from "../kernel/log.ts";
import type { MonotonicMs } from "../kernel/units.ts";
import { EXIT } from "./exit.ts";

export interface ProcessWatch {
  /** Resolves at the first reason to end; its code is what the process will exit with. */
  readonly ending: Promise<{ readonly reason: string; readonly failed: boolean }>;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/**
 * Ctrl-C reaches every process of a terminal, and a wrapper (npx, bun run, a script) passes it on once more: what comes
 * this soon is the same wish.
 */
const SAME_WISH_MS = 250;

/**
 * The first signal asks for an orderly end, the second one ends at once. An error that nobody caught is logged and ends
 * the process in order too: what it left half done is not known, and everything acknowledged is on the disk.
 */
export function watchProcess(log: Log, clock: Clock): ProcessWatch {
  const { promise, resolve } = Promise.withResolvers<{ readonly reason: string; readonly failed: boolean }>();
  let askedAt: MonotonicMs | undefined;
  const ask = (signal: string): void => {
    const now = clock.monotonic();
    if (askedAt !== undefined && now - askedAt > SAME_WISH_MS) process.exit(EXIT.failed);
    askedAt ??= now;
    resolve({ reason: signal, failed: false });
  };
  for (const signal of SIGNALS) process.on(signal, () => ask(signal));
  const crash = (error: unknown): void => {
    log.error("an error that nobody caught", describeError(error));
    resolve({ reason: "an error that nobody caught", failed: true });
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);
  return { ending: promise };
}

/** For a server without a terminal; where a terminal hangs up, the signal ends what runs in it. */
export function watchReload(log: Log, reload: () => void): void {
  process.on("SIGHUP", () => {
    log.info("files are opened anew", { reason: "SIGHUP" });
    reload();
  });
}
