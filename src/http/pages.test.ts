import { describe, expect, test } from "bun:test";
import { AppError } from "../kernel/errors.ts";
import { pageOf, parsePage } from "./pages.ts";

const refusalOf = (query: Record<string, string>) => {
  try {
    parsePage(query);
  } catch (error) {
    return error instanceof AppError ? [error.code, error.details[0]?.path] : error;
  }
  return undefined;
};

describe("a page", () => {
  test("has 50 rows where nothing is said, and as many as asked for from 1 to 200", () => {
    expect(parsePage({})).toEqual({ limit: 50, after: undefined });
    for (const limit of [1, 9, 10, 99, 100, 199, 200])
      expect(parsePage({ limit: `${limit}`, type: "x" }).limit).toBe(limit);
    for (const limit of ["0", "201", "-1", "1.5", "1e2", "01", "", " 1", "many", "9999999999"]) {
      expect([limit, refusalOf({ limit })]).toEqual([limit, ["validation_failed", "limit"]]);
    }
  });

  test("leads to the next one by a cursor that comes back as the last row's key", () => {
    const rows = [{ id: "key_3" }, { id: "key_2" }, { id: "key_1" }];
    const { data, next } = pageOf(rows, 2, (row) => row.id);
    expect(data).toEqual([{ id: "key_3" }, { id: "key_2" }]);
    expect(parsePage({ after: next ?? "" }).after).toBe("key_2");
  });

  test("is the last one where the row over is missing", () => {
    expect(pageOf([1, 2], 2, (row) => row)).toEqual({ data: [1, 2], next: null });
    expect(pageOf([], 2, () => "")).toEqual({ data: [], next: null });
  });

  test("shows its rows as the room wants", () => {
    expect(
      pageOf(
        [1, 2, 3],
        2,
        (row) => row,
        (row) => ({ row }),
      ).data,
    ).toEqual([{ row: 1 }, { row: 2 }]);
  });

  test("does not begin after something that is no cursor", () => {
    for (const after of ["", "!", "key_2", "AA=", "x".repeat(513), "_w"]) {
      expect([after, refusalOf({ after })]).toEqual([after, ["validation_failed", "after"]]);
    }
  });
});
