import { describe, expect, test } from "bun:test";
import { correct, credit, debit, NO_BALANCE } from "./balance.ts";

const MAX = Number.MAX_SAFE_INTEGER;

describe("crediting", () => {
  test("adds to what is available and to the total", () => {
    expect(credit({ available: 5, pending: 1, owed: 0, total: 20 }, 7)).toEqual({
      balance: { available: 12, pending: 1, owed: 0, total: 27 },
    });
  });

  test("pays what is owed first", () => {
    expect(credit({ available: 0, pending: 0, owed: 10, total: 50 }, 4)).toEqual({
      balance: { available: 0, pending: 0, owed: 6, total: 54 },
    });
    expect(credit({ available: 0, pending: 0, owed: 10, total: 50 }, 14)).toEqual({
      balance: { available: 4, pending: 0, owed: 0, total: 64 },
    });
  });

  test.each([
    [{ ...NO_BALANCE, total: MAX }, 1],
    [{ ...NO_BALANCE, available: MAX, total: 5 }, 1],
    [NO_BALANCE, 1_000_000_000_001],
    [NO_BALANCE, -1],
    [NO_BALANCE, 1.5],
    [NO_BALANCE, Number.NaN],
  ])("%j by %j is refused", (balance, amount) => expect(credit(balance, amount)).toHaveProperty("problem"));

  test("up to the very bound is fine", () => {
    expect(credit({ ...NO_BALANCE, available: MAX - 1, total: MAX - 1 }, 1)).toEqual({
      balance: { ...NO_BALANCE, available: MAX, total: MAX },
    });
    expect(credit(NO_BALANCE, 1_000_000_000_000)).toHaveProperty("balance");
  });
});

describe("debiting", () => {
  test("leaves the total: what was spent was earned", () => {
    expect(debit({ available: 5, pending: 0, owed: 0, total: 20 }, 5)).toEqual({
      balance: { available: 0, pending: 0, owed: 0, total: 20 },
    });
  });

  test("never goes below zero, and what is pending can't be spent", () => {
    expect(debit({ available: 5, pending: 100, owed: 0, total: 105 }, 6)).toEqual({
      problem: "6 is needed, 5 is available",
    });
  });

  test("a correction takes from the total too", () => {
    expect(correct({ available: 5, pending: 0, owed: 0, total: 20 }, 5)).toEqual({
      balance: { available: 0, pending: 0, owed: 0, total: 15 },
    });
    expect(correct(NO_BALANCE, 1)).toHaveProperty("problem");
  });
});
