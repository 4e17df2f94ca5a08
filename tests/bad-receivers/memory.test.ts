import { expect, test } from "bun:test";
import { type Measured, measureBadReceivers } from "./measure.ts";

const MIB = 1_024 * 1_024;
/** Long enough that a loaded machine answers within it. */
const TIMEOUT_MS = 3_000;
/** A body is read for a second; the rest is for a loaded machine. */
const SLACK_MS = 10_000;
/** A flood brings hundreds of mebibytes a second: what is not bounded is seen. */
const MEMORY_BYTES_MAX = 128 * MIB;

test.each([
  ["straight", false],
  ["through the egress proxy", true],
] as const)(
  "every kind of bad receiver has its verdict, in its time, in bounded memory: %s",
  async (_, isProxied) => {
    const measured = await measureBadReceivers({ repetitions: 4, atOnce: 4, timeoutMs: TIMEOUT_MS, isProxied });
    const isBounded = ({ receiver, ends, slowestMs, bodyBytesMax, peakBytes }: Measured): boolean =>
      ends.length === 1 &&
      ends[0] === ((isProxied && receiver.proxiedEnd) || receiver.end) &&
      slowestMs < TIMEOUT_MS + SLACK_MS &&
      bodyBytesMax <= 16 * 1_024 &&
      peakBytes < MEMORY_BYTES_MAX;
    expect(measured.filter((one) => !isBounded(one))).toEqual([]);
    expect(measured.length).toBeGreaterThan(20);
  },
  { timeout: 120_000 },
);
