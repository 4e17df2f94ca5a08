import { parseArgs } from "node:util";
import { measureBadReceivers } from "./bad-receivers/measure.ts";

// Sends to every kind of bad receiver, again and again, and prints what became of it and what it cost.
//
//   bun tests/bad-receivers.ts --repetitions 50 --at-once 10 --timeout 1000

const { values } = parseArgs({
  options: {
    repetitions: { type: "string", default: "50" },
    "at-once": { type: "string", default: "10" },
    timeout: { type: "string", default: "1000" },
  },
});

const mebibytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
const row = (...cells: readonly (string | number)[]): void => void process.stdout.write(`| ${cells.join(" | ")} |\n`);

row("receiver", "attempt", "verdict", "slowest, ms", "body, bytes", "memory at its peak, MiB", "kept, MiB");
row("---", "---", "---", "---", "---", "---", "---");
await measureBadReceivers({
  repetitions: Number(values.repetitions),
  atOnce: Number(values["at-once"]),
  timeoutMs: Number(values.timeout),
  say: ({ receiver, ends, verdict, slowestMs, bodyBytesMax, peakBytes, keptBytes }) =>
    row(
      receiver.name,
      ends.join(", "),
      verdict,
      Math.round(slowestMs),
      bodyBytesMax,
      mebibytes(peakBytes),
      mebibytes(keptBytes),
    ),
});
process.exit(0);
