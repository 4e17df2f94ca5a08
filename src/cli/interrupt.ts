import { systemClock } from "../kernel/clock.ts";
import type { MonotonicMs } from "../kernel/units.ts";
import { EXIT } from "./exit.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A wrapper (npx, bun run) passes Ctrl-C on once more: what comes this soon is the same wish. */
const SAME_WISH_MS = 250;

/** Runs until it is done or a person asks to end it: the first signal asks, the second one ends at once. */
export async function untilInterrupted<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  let askedAt: MonotonicMs | undefined;
  const ask = (): void => {
    const now = systemClock.monotonic();
    if (askedAt !== undefined && now - askedAt > SAME_WISH_MS) process.exit(EXIT.failed);
    askedAt ??= now;
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, ask);
  try {
    return await run(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, ask);
  }
}
