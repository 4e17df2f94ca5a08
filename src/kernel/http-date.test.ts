import { describe, expect, test } from "bun:test";
import { parseHttpDate } from "./http-date.ts";
import { unixMs } from "./units.ts";

const NOW = unixMs(Date.UTC(2026, 10, 20, 18, 4, 0));
const read = (text: string, now = NOW) => {
  const at = parseHttpDate(text, now);
  return at === undefined ? undefined : new Date(at).toISOString();
};

describe("the date of an HTTP header", () => {
  test.each([
    ["Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z"],
    ["Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37.000Z"],
    ["Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37.000Z"],
    ["Fri Nov 20 18:04:00 2026", "2026-11-20T18:04:00.000Z"],
    ["Thursday, 29-Feb-24 00:00:00 GMT", "2024-02-29T00:00:00.000Z"],
    ["Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59.000Z"],
    ["Mon, 20 Nov 2026 18:04:00 GMT", "2026-11-20T18:04:00.000Z"],
  ])("%p is %s", (text, iso) => {
    expect(read(text)).toBe(iso);
  });

  test.each([
    ["26", "2026"],
    ["76", "2076"],
    ["77", "1977"],
    ["00", "2000"],
  ])("with the year %s means %s", (digits, year) => {
    expect(read(`Friday, 20-Nov-${digits} 18:04:00 GMT`)?.slice(0, 4)).toBe(year);
  });

  test("with two digits follows the century of the reader", () => {
    const at = (year: number) => unixMs(Date.UTC(year, 0, 1));
    expect(read("Friday, 01-Jan-03 00:00:00 GMT", at(2098))?.slice(0, 4)).toBe("2103");
    expect(read("Friday, 01-Jan-99 00:00:00 GMT", at(2001))?.slice(0, 4)).toBe("1999");
  });

  test.each([
    "",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov 06 08:49:37 94",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Tue, 29 Feb 2023 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, ٠٦ Nov 1994 08:49:37 GMT",
    "1994-11-06T08:49:37Z",
    "784111777",
  ])("%p is none", (text) => {
    expect(read(text)).toBeUndefined();
  });
});
