import { describe, expect, test } from "bun:test";
import { seededChance } from "../../../../kernel/chance.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import { allowance, sentLater, type Taken, take } from "./rate.ts";

const at = (ms: number): UnixMs => ms as UnixMs;
const taken = (...pairs: readonly [number, number][]): Taken => pairs.map(([ms, count]) => [at(ms), count]);
const limit = { count: 10, per: 1_000 };

describe("what may go", () => {
  test.each([
    ["nothing went before", taken(), 0, 10, 0],
    ["some went", taken([100, 4]), 200, 6, 200],
    ["all went: the next when the first is as old as the limit says", taken([100, 4], [300, 6]), 400, 0, 1_100],
    ["a millisecond before that", taken([100, 4], [300, 6]), 1_099, 0, 1_100],
    ["then", taken([100, 4], [300, 6]), 1_100, 4, 1_100],
    ["long after", taken([100, 10]), 99_999, 10, 99_999],
    ["more went than the limit says, since it was lowered", taken([100, 5], [200, 11]), 300, 0, 1_200],
    ["the clock was set back: no longer than the limit says", taken([900_000, 10]), 500, 0, 1_500],
  ])("where %s", (_, before, now, free, freeAt) => {
    expect(allowance(before, limit, at(now))).toEqual({ free, freeAt: at(freeAt) });
  });

  test("one in a day", () => {
    const daily = { count: 1, per: 86_400_000 };
    const once = take([], daily, at(5_000), 1);
    expect(allowance(once, daily, at(6_000))).toEqual({ free: 0, freeAt: at(86_405_000) });
  });

  test("what was sent later than it was written counts as of then", () => {
    expect(sentLater(taken([100, 10]), at(150))).toEqual(taken([150, 10]));
    expect(sentLater(taken([100, 10]), at(50))).toEqual(taken([100, 10]));
    expect(sentLater([], at(50))).toEqual([]);
  });
});

/** Sends whenever it may, at times that chance picks, and restarts now and then. */
function sendAll(seed: string, count: number, per: number, until: number): number[] {
  const chance = seededChance(seed);
  const sent: number[] = [];
  let state: Taken = [];
  for (let now = 0; now < until; now += Math.ceil(chance.fraction() * (per / 7))) {
    const { free } = allowance(state, { count, per }, at(now));
    const going = Math.min(free, Math.ceil(chance.fraction() * count * 2));
    state = take(state, { count, per }, at(now), going);
    if (chance.fraction() < 0.2) state = JSON.parse(JSON.stringify(state));
    for (let index = 0; index < going; index++) sent.push(now);
  }
  return sent;
}

const most = (sent: readonly number[], per: number): number => {
  let [worst, from] = [0, 0];
  for (const [to, time] of sent.entries()) {
    while ((sent[from] as number) <= time - per) from += 1;
    worst = Math.max(worst, to - from + 1);
  }
  return worst;
};

test.each(["1", "2", "3", "4", "5", "6"])("never more in any stretch, and nearly as many as may (seed %s)", (seed) => {
  for (const [count, per] of [
    [1, 1_000],
    [7, 1_000],
    [100, 60_000],
  ] as const) {
    const sent = sendAll(`rate ${seed}`, count, per, 50 * per);
    expect(most(sent, per)).toBeLessThanOrEqual(count);
    expect(sent.length).toBeGreaterThan(50 * count * 0.75);
  }
});

test("what is kept stays short, however much goes out", () => {
  let state: Taken = [];
  const busy = { count: 1_000_000, per: 86_400_000 };
  for (let now = 0; now < 86_400_000; now += 10_000) state = take(state, busy, at(now), 100);
  expect(state.length).toBeLessThanOrEqual(11);
});
