import { describe, expect, test } from "bun:test";
import { DAY, durationMs, HOUR, MINUTE, SECOND, unixMs } from "../../../kernel/units.ts";
import { isAbandoned, isPauseDue, isWorthAWord, nextProbeAt } from "./pausing.ts";
import type { HealthRow } from "./store.ts";

const NOW = unixMs(1_800_000_000_000);
const ago = (ms: number) => unixMs(NOW - ms);
const USUAL = { pauseAfter: null, pauseFor: null };
const health = (fields: Partial<HealthRow>): HealthRow => ({
  subscription_id: "sub_01kag6w8r4n6t8vhxm3c5q7d9e",
  failures_in_row: 0,
  failing_since: null,
  last_success_at: null,
  last_failure_at: null,
  ...fields,
});

describe("an endpoint is left alone", () => {
  test.each([
    ["after ten failures in a row over half a minute", 10, 30 * SECOND, true],
    ["not after nine", 9, HOUR, false],
    ["not where they all came within half a minute", 500, 29 * SECOND, false],
  ])("%s", (_, failures_in_row, ms, due) => {
    expect(isPauseDue(health({ failures_in_row, failing_since: ago(ms) }), USUAL, NOW)).toBe(due);
  });

  test("not while something came through within half a minute", () => {
    const row = health({ failures_in_row: 10, failing_since: ago(HOUR), last_success_at: ago(10 * SECOND) });
    expect(isPauseDue(row, USUAL, NOW)).toBe(false);
  });

  test("after a single failure, at once, where that was asked for", () => {
    const row = health({ failures_in_row: 1, failing_since: NOW, last_success_at: ago(SECOND) });
    expect(isPauseDue(row, { pauseAfter: 1, pauseFor: null }, NOW)).toBe(true);
  });
});

test("it is asked again after 1 min, 5 min, 30 min, 2 h, then every 6 h", () => {
  const steps = [0, 1, 2, 3, 4, 5, 50].map((probes) => nextProbeAt(NOW, probes, USUAL) - NOW);
  expect(steps).toEqual([MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR]);
});

test("or every so often as the subscription says", () => {
  const own = { pauseAfter: 1, pauseFor: durationMs(6 * HOUR) };
  expect([0, 1, 9].map((probes) => nextProbeAt(NOW, probes, own) - NOW)).toEqual([6 * HOUR, 6 * HOUR, 6 * HOUR]);
});

test("it is given up after five days of failures only", () => {
  expect(isAbandoned(health({ failing_since: ago(5 * DAY - 1) }), NOW)).toBe(false);
  expect(isAbandoned(health({ failing_since: ago(5 * DAY) }), NOW)).toBe(true);
  expect(isAbandoned(health({}), NOW)).toBe(false);
});

test("four failures in a row are worth a word, once", () => {
  expect([0, 1, 2, 3, 4, 5].map((after) => isWorthAWord(Math.max(0, after - 1), after))).toEqual([
    false,
    false,
    false,
    false,
    true,
    false,
  ]);
  expect(isWorthAWord(2, 9)).toBe(true);
});
