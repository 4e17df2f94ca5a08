import { expect, test } from "bun:test";
import { FakeClock } from "../../tests/support/clock.ts";
import { RateLimit } from "./rate-limit.ts";

test("nobody gets more than the limit in any minute, and gets all of it", () => {
  const clock = new FakeClock();
  const limit = new RateLimit(clock, 7);
  const admitted: number[] = [];
  for (let second = 0; second < 300; second++) {
    for (let i = 0; i < 3; i++) if (limit.take("a") === 0) admitted.push(second);
    clock.set(clock.now() + 1_000);
  }
  const inFirstMinutes = admitted.filter((second) => second < 120).length;
  expect(inFirstMinutes).toBeGreaterThanOrEqual(14);
  for (let from = 0; from < 240; from++) {
    // A full bucket and what trickles in while it is emptied: never two buckets and more.
    expect(admitted.filter((second) => second >= from && second < from + 60).length).toBeLessThanOrEqual(14);
  }
});

test("who waits as long as told is let in, who waits a second less is not", () => {
  const clock = new FakeClock();
  const limit = new RateLimit(clock, 7);
  for (let i = 0; i < 7; i++) expect(limit.take("a")).toBe(0);
  const seconds = limit.take("a");
  expect(seconds).toBe(9);
  clock.set(clock.now() + (seconds - 1) * 1_000);
  expect(limit.take("a")).toBe(1);
  clock.set(clock.now() + 1_000);
  expect(limit.take("a")).toBe(0);
});

test("one caller's use is none of another's, and zero is no limit", () => {
  const limit = new RateLimit(new FakeClock(), 1);
  expect([limit.take("a"), limit.take("b"), limit.take("a") > 0]).toEqual([0, 0, true]);
  const none = new RateLimit(new FakeClock(), 0);
  for (let i = 0; i < 10_000; i++) expect(none.take("a")).toBe(0);
});

test("it forgets the caller seen longest ago rather than grow without end", () => {
  const limit = new RateLimit(new FakeClock(), 1);
  limit.take("first");
  limit.take("second");
  for (let i = 0; i < 19_998; i++) limit.take(`caller-${i}`);
  expect(limit.take("second")).toBeGreaterThan(0);
  limit.take("one more");
  expect(limit.take("first")).toBe(0);
});
