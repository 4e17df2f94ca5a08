import { describe, expect, test } from "bun:test";
import { DAY, HOUR, unixMs } from "../kernel/units.ts";
import {
  BERLIN,
  dateWords,
  dayOf,
  hoursApart,
  latestTerm,
  lengthWords,
  localClock,
  localDate,
  momentAt,
  NEW_YORK,
  spanWords,
  TERM_DAYS,
} from "./demo-term.ts";

const at = (text: string) => unixMs(Date.parse(text));

describe("the latest term that is over", () => {
  test("is the one of spring until the one of autumn is over, and the other way round", () => {
    const spring = latestTerm(at("2026-11-22T04:00:00Z"));
    expect(spring.changes).toEqual({
      berlin: { date: "2026-03-29", hours: 23 },
      newYork: { date: "2026-03-08", hours: 23 },
    });
    const autumn = latestTerm(at("2027-05-01T00:00:00Z"));
    expect(autumn.changes).toEqual({
      berlin: { date: "2026-10-25", hours: 25 },
      newYork: { date: "2026-11-01", hours: 25 },
    });
  });

  test("is taken a day after its end at the earliest: nothing of it lies in the future of any zone", () => {
    const { end } = latestTerm(at("2026-12-20T00:00:00Z"));
    expect(latestTerm(unixMs(end + DAY)).end).toBe(end);
    expect(latestTerm(unixMs(end + DAY - 1)).end).toBeLessThan(end);
  });

  test("is never so old that what it left is purged as too old", () => {
    for (let day = 0; day < 800; day += 1) {
      const now = unixMs(Date.UTC(2026, 0, 1) + day * DAY);
      const { start, end } = latestTerm(now);
      expect(end).toBeLessThan(now);
      expect(now - start).toBeLessThan(350 * DAY);
    }
  });

  test("begins at midnight of a Monday in Berlin and has ninety days, however long these are", () => {
    for (const now of ["2026-11-22T04:00:00Z", "2027-05-01T00:00:00Z"]) {
      const term = latestTerm(at(now));
      expect(dateWords(localDate(term.start, BERLIN))).toStartWith("Mon ");
      expect([localClock(term.start, BERLIN), localClock(term.end, BERLIN)]).toEqual(["00:00", "00:00"]);
      expect(dayOf(term, TERM_DAYS)).toBe(localDate(term.end, BERLIN));
      expect(Math.abs(term.end - term.start - TERM_DAYS * DAY)).toBe(HOUR);
      expect(dayOf(term, 48)).toBe(term.changes.berlin.date);
    }
  });
});

describe("a moment by a place's clock", () => {
  test("that comes twice is the first one, or the later one where that is asked for", () => {
    const place = { zone: BERLIN, date: "2026-10-25", time: "02:30" };
    expect(momentAt({ ...place, which: "later" }) - momentAt(place)).toBe(HOUR);
    expect(localClock(momentAt(place), BERLIN)).toBe("02:30");
  });

  test("that does not exist is as much later as the clocks were put forward", () => {
    expect(localClock(momentAt({ zone: BERLIN, date: "2026-03-29", time: "02:30" }), BERLIN)).toBe("03:30");
  });

  test("is another one elsewhere", () => {
    const noon = momentAt({ zone: NEW_YORK, date: "2026-03-10", time: "12:00" });
    expect([localClock(noon, BERLIN), hoursApart(noon, BERLIN, NEW_YORK)]).toEqual(["17:00", 5]);
  });
});

test("dates and lengths are written as people write them", () => {
  expect(dateWords("2026-03-09")).toBe("Mon 9 Mar");
  expect(spanWords("2026-03-09", "2026-03-15")).toBe("9–15 Mar");
  expect(spanWords("2026-02-23", "2026-03-01")).toBe("23 Feb–1 Mar");
  expect([60_000, 59 * 60_000, HOUR, 83_100_000, 0].map(lengthWords)).toEqual([
    "1 min",
    "59 min",
    "1 h",
    "23 h 5 min",
    "0 min",
  ]);
});
