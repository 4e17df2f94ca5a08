import { describe, expect, test } from "bun:test";
import { isoTime, parseIsoTime } from "../../../kernel/clock.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { type DigestDay, dayBefore, latestDay, nextDueAt, sayDate } from "./plan.ts";

const at = (text: string): UnixMs => parseIsoTime(text) as UnixMs;
const shown = ({ date, from, until, dueAt }: DigestDay) => [date, isoTime(from), isoTime(until), isoTime(dueAt)];
const short = (text: string): string => text.replace(":00.000Z", "Z");

describe("the day that is due", () => {
  test.each([
    ["UTC", "08:00", "2026-11-20T08:00Z", "2026-11-19", "2026-11-19T00:00Z", "2026-11-20T00:00Z"],
    ["UTC", "08:00", "2026-11-20T07:59Z", "2026-11-18", "2026-11-18T00:00Z", "2026-11-19T00:00Z"],
    ["UTC", "00:00", "2026-11-20T00:00Z", "2026-11-19", "2026-11-19T00:00Z", "2026-11-20T00:00Z"],
    ["Europe/Berlin", "08:00", "2026-11-20T07:00Z", "2026-11-19", "2026-11-18T23:00Z", "2026-11-19T23:00Z"],
    ["America/Los_Angeles", "08:00", "2026-11-20T16:00Z", "2026-11-19", "2026-11-19T08:00Z", "2026-11-20T08:00Z"],
    ["Pacific/Kiritimati", "08:00", "2026-11-19T18:00Z", "2026-11-19", "2026-11-18T10:00Z", "2026-11-19T10:00Z"],
    ["Asia/Kolkata", "08:00", "2026-11-20T02:30Z", "2026-11-19", "2026-11-18T18:30Z", "2026-11-19T18:30Z"],
    ["Asia/Kathmandu", "08:00", "2026-11-20T02:15Z", "2026-11-19", "2026-11-18T18:15Z", "2026-11-19T18:15Z"],
    // A day of 23 hours, and one of 25.
    ["Europe/Berlin", "08:00", "2026-03-30T06:00Z", "2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z"],
    ["Europe/Berlin", "08:00", "2026-10-26T07:00Z", "2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"],
    // Midnight is left out where clocks are set forward at midnight.
    ["America/Asuncion", "08:00", "2023-10-02T11:00Z", "2023-10-01", "2023-10-01T04:00Z", "2023-10-02T03:00Z"],
  ])("in %s at %s, seen at %s", (zone, hour, now, date, from, until) => {
    expect(
      shown(latestDay({ zone, at: hour }, at(now)))
        .slice(0, 3)
        .map(short),
    ).toEqual([date, from, until]);
  });

  test("is made at a time that there is, where the clock leaves its own out", () => {
    const plan = { zone: "Europe/Berlin", at: "02:30" };
    expect(isoTime(nextDueAt(plan, at("2026-03-28T12:00Z")))).toBe("2026-03-29T01:30:00.000Z");
    // Twice on the clock, once in fact.
    expect(isoTime(nextDueAt(plan, at("2026-10-24T12:00Z")))).toBe("2026-10-25T00:30:00.000Z");
    expect(isoTime(nextDueAt(plan, at("2026-10-25T00:30Z")))).toBe("2026-10-26T01:30:00.000Z");
  });

  test("no day is left out and none comes twice, whatever the zone does in a year", () => {
    for (const zone of ["Europe/Berlin", "Australia/Lord_Howe"]) {
      const days = new Set<string>();
      let until: number | undefined;
      for (let now = at("2026-01-02T23:59Z"); now < at("2027-01-03T00:00Z"); now = (now + 6 * 3_600_000) as UnixMs) {
        const day = latestDay({ zone, at: "08:00" }, now);
        if (days.has(day.date)) continue;
        days.add(day.date);
        expect(until === undefined || until === day.from).toBe(true);
        until = day.until;
      }
      expect([zone, days.size >= 365 && days.size <= 367]).toEqual([zone, true]);
    }
  });
});

test("the day before ends where the day begins, and is a whole one", () => {
  const day = latestDay({ zone: "Europe/Berlin", at: "08:00" }, at("2026-03-31T07:00Z"));
  const before = dayBefore(day, "Europe/Berlin");
  expect([day.date, isoTime(before.from), before.until]).toEqual(["2026-03-30", "2026-03-28T23:00:00.000Z", day.from]);
});

test("a date is said as people say it", () => {
  expect(sayDate("2026-11-19")).toBe("Thursday 19 November");
});
