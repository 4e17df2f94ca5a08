import { describe, expect, test } from "bun:test";
import { addMs, HOUR, MINUTE, SECOND, unixMs } from "../../../kernel/units.ts";
import {
  addInto,
  addTallies,
  averageMs,
  Counting,
  hourOf,
  NOTHING,
  quantileMs,
  quarterOf,
  readQuarters,
  sumBetween,
  writeQuarters,
  writeTally,
} from "./tally.ts";

const AT = unixMs(Date.UTC(2026, 10, 20, 18, 0, 0));

function counted(...tooks: readonly number[]): Counting {
  const counting = new Counting();
  for (const tookMs of tooks) counting.add({ attempt: 1, tookMs, cause: undefined, isExhausted: false });
  return counting;
}

test("attempts are counted by what came of them", () => {
  const counting = new Counting();
  counting.add({ attempt: 1, tookMs: 40, cause: undefined, isExhausted: false });
  counting.add({ attempt: 1, tookMs: 10_000, cause: "timeout", isExhausted: false });
  counting.add({ attempt: 6, tookMs: 10.4, cause: "signature", isExhausted: true });
  counting.add({ attempt: 2, tookMs: undefined, cause: undefined, isExhausted: false });
  expect(counting).toMatchObject({
    delivered: 2,
    failed: 2,
    first: 2,
    firstDelivered: 1,
    exhausted: 1,
    totalMs: 10_050,
    slowestMs: 10_000,
    causes: { timeout: 1, signature: 1 },
  });
  expect(averageMs(counting)).toBe(3_350);
});

describe("how long most attempts took", () => {
  test("is the end of the class in which the share lies, and no more than the slowest", () => {
    expect(quantileMs(NOTHING, 0.95)).toBeUndefined();
    expect(averageMs(NOTHING)).toBeUndefined();
    expect(quantileMs(counted(3), 0.95)).toBe(3);
    expect(
      quantileMs(counted(...Array.from({ length: 95 }, () => 40), ...Array.from({ length: 5 }, () => 9_000)), 0.95),
    ).toBe(50);
    expect(
      quantileMs(counted(...Array.from({ length: 94 }, () => 40), ...Array.from({ length: 6 }, () => 9_000)), 0.95),
    ).toBe(9_000);
    expect(quantileMs(counted(12_000, 15_000), 0.95)).toBe(15_000);
  });
});

test("what is written is read back, short, and adds up to the same", () => {
  const one = counted(40, 700);
  addInto(one, counted(12_000));
  const text = writeQuarters(["null", writeTally(one), "null", writeTally(counted(1))]);
  const again = readQuarters(text);
  expect(again.map((tally) => tally?.delivered)).toEqual([undefined, 3, undefined, 1]);
  expect(again[1]).toMatchObject({ totalMs: 12_740, slowestMs: 12_000 });
  expect(quantileMs(again[1] ?? NOTHING, 0.5)).toBe(750);
  expect(addTallies(again[1] ?? NOTHING, one)).toMatchObject({ delivered: 6, totalMs: 25_480, slowestMs: 12_000 });
  expect(text.length).toBeLessThan(200);
});

test("a span takes the quarters that begin in it, so that a day of half an hour's zone is exact", () => {
  const hours = [
    { hourAt: AT, quarters: [counted(1), counted(1), counted(1), counted(1)] },
    { hourAt: addMs(AT, HOUR), quarters: [counted(1), null, null, counted(1)] },
  ];
  const sum = (from: number, until: number): number => sumBetween(hours, addMs(AT, from), addMs(AT, until)).delivered;
  expect(sum(0, 2 * HOUR)).toBe(6);
  expect(sum(30 * MINUTE, 90 * MINUTE)).toBe(3);
  expect(sum(45 * MINUTE, HOUR)).toBe(1);
  expect(sum(2 * HOUR, 3 * HOUR)).toBe(0);
});

test("an attempt belongs to the quarter in which it ended", () => {
  expect(hourOf(addMs(AT, 59 * MINUTE))).toBe(AT);
  expect([0, 15 * MINUTE - 1, 15 * MINUTE, 59 * MINUTE + 59 * SECOND].map((ms) => quarterOf(addMs(AT, ms)))).toEqual([
    0, 0, 1, 3,
  ]);
});
