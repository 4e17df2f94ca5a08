import { expect, test } from "bun:test";
import { csvCell } from "./audit-export.ts";

test.each([
  ["=1+1", "'=1+1"],
  ["+49 30 1234", "'+49 30 1234"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\tx", "'\tx"],
  ["\r=1", `"'\r=1"`],
  ["\n=1", `"'\n=1"`],
  ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
  ["a=1", "a=1"],
  ["'=1", "'=1"],
])("a cell that a spreadsheet would run is shown as text: %j", (text, cell) => {
  expect(csvCell(text)).toBe(cell);
});

test.each([
  ["plain", "plain"],
  ["a,b", '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ["two\nlines", '"two\nlines"'],
  [" padded", '" padded"'],
  [null, ""],
  [42, "42"],
  [{ a: "=1,2" }, '"{""a"":""=1,2""}"'],
])("a cell is quoted where it has to be: %j", (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});
