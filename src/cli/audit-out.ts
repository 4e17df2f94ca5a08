import { writeSync } from "node:fs";
import type { AuditSink } from "../journal/audit-stream.ts";
import type { Clock } from "../kernel/clock.ts";

const STDOUT = 1;
/** How long a reader that does not keep up is left alone before the rest is tried. */
const WAIT_MS = 20;
/** Then it counts as one that has stopped reading; what it was not given comes again. */
const PATIENCE_MS = 10_000;

const isFull = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EAGAIN";

/**
 * Stdout for whoever collects it. Unlike a result that is printed, what could not be written is known, and comes again.
 * @param ready nothing is written before: scripts wait for the line that requests are accepted, as the first one
 */
export function createStdoutSink(clock: Clock, ready: Promise<void>): AuditSink {
  /** A line was cut off: what comes next must not run into it. */
  let isTorn = false;
  return {
    name: "stdout",
    async write(lines) {
      await ready;
      const giveUpAt = clock.monotonic() + PATIENCE_MS;
      let bytes = Buffer.from(isTorn ? `\n${lines}` : lines);
      while (bytes.length > 0) {
        try {
          const written = writeSync(STDOUT, bytes);
          bytes = bytes.subarray(written);
          isTorn ||= written > 0;
        } catch (error) {
          if (!isFull(error) || clock.monotonic() > giveUpAt) throw error;
          await clock.sleep(WAIT_MS);
        }
      }
      isTorn = false;
    },
  };
}
