import { expect, test } from "bun:test";
import { LANE_CLASSES, type LaneClass } from "./pace.ts";
import { roomOf, sharesOf, Trials } from "./shares.ts";

test.each([
  [1, { kept: 0, few: 1, retries: 1, troubled: 1, slow: 1, silent: 1, trials: 1, trialsAtOnce: 1 }],
  [4, { kept: 1, few: 1, retries: 3, troubled: 1, slow: 1, silent: 1, trials: 2, trialsAtOnce: 1 }],
  [64, { kept: 16, few: 4, retries: 48, troubled: 16, slow: 12, silent: 8, trials: 32, trialsAtOnce: 16 }],
] as const)("of %p slots", (slots, shares) => {
  expect(sharesOf(slots)).toEqual(shares);
});

test("for every number of slots the troubled have a quarter at most, and everybody has one", () => {
  for (let slots = 1; slots <= 256; slots++) {
    const shares = sharesOf(slots);
    expect(shares.troubled).toBeLessThanOrEqual(Math.max(1, slots / 4));
    expect(shares.silent).toBeLessThanOrEqual(shares.slow);
    expect(shares.slow).toBeLessThanOrEqual(shares.troubled);
    expect(Math.min(shares.silent, shares.trials, shares.retries)).toBeGreaterThan(0);
    if (slots >= 4) expect(shares.troubled + shares.trials).toBeLessThan(slots);
  }
});

const nobody: Record<LaneClass, number> = { trial: 0, quick: 0, failing: 0, slow: 0, silent: 0 };
test.each([
  ["nobody has any", {}, { trial: 32, failing: 16, slow: 12, silent: 8 }],
  ["the silent have all of theirs", { silent: 8 }, { trial: 32, failing: 8, slow: 4, silent: 0 }],
  ["the slow have theirs", { silent: 4, slow: 8 }, { trial: 32, failing: 4, slow: 0, silent: 0 }],
  ["the failing have the whole quarter", { failing: 16 }, { trial: 32, failing: 0, slow: 0, silent: 0 }],
  ["some turned slow with more than a quarter", { slow: 30 }, { trial: 32, failing: -14, slow: -18, silent: -18 }],
] as const)("what is left of 64 slots where %s", (_, has, room) => {
  const found = LANE_CLASSES.map((kind) => [kind, roomOf(sharesOf(64), kind, { ...nobody, ...has })]);
  expect(Object.fromEntries(found)).toEqual({ ...room, quick: Number.POSITIVE_INFINITY });
});

test("trials: a burst, then one at a time as fast as the burst's time-outs make room", () => {
  const trials = new Trials(sharesOf(64), 10_000);
  expect(trials.free(0)).toBe(16);
  trials.take(16);
  expect([trials.free(624), trials.wait(600)]).toEqual([0, 25]);
  expect(trials.free(625)).toBe(1);
  expect(trials.wait(625)).toBe(0);
  expect(trials.free(60_000)).toBe(16);
});

test("trials that go well are given back, and more; never more than half of all slots", () => {
  const trials = new Trials(sharesOf(64), 10_000);
  trials.take(16);
  trials.giveBack(32);
  expect(trials.free(0)).toBe(32);
  trials.giveBack(9);
  expect(trials.free(0)).toBe(32);
});
