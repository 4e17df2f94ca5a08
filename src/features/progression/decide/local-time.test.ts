import { describe, expect, test } from "bun:test";
import { isTimeZone } from "../../../kernel/time-zone.ts";
import { unixMs } from "../../../kernel/units.ts";
import { endOfSpan, isSpan } from "./expiry.ts";
import { localTimeOf } from "./local-time.ts";
import { oldestLatePeriod, periodOf } from "./period.ts";

const at = (text: string) => unixMs(Date.parse(text));
const local = (text: string, zone: string): string => {
  const { localDate, localHour } = localTimeOf(at(text), zone);
  return `${localDate} ${localHour}`;
};

describe("local time", () => {
  test.each([
    ["2026-11-20T22:59:59.999Z", "Europe/Berlin", "2026-11-20 23"],
    ["2026-11-20T23:00:00.000Z", "Europe/Berlin", "2026-11-21 0"],
    ["2026-11-20T18:04:00Z", "UTC", "2026-11-20 18"],
    ["2026-11-20T18:29:59Z", "Asia/Kolkata", "2026-11-20 23"],
    ["2026-11-20T18:30:00Z", "Asia/Kolkata", "2026-11-21 0"],
    ["2026-11-20T18:15:00Z", "Asia/Kathmandu", "2026-11-21 0"],
    ["2026-01-01T09:59:59Z", "Pacific/Kiritimati", "2026-01-01 23"],
    ["1970-01-01T00:00:00Z", "America/New_York", "1969-12-31 19"],
  ])("%s in %s is %s", (time, zone, expected) => expect(local(time, zone)).toBe(expected));

  test("the day on which Berlin's clocks go forward has 23 hours, and hour 2 is missing", () => {
    expect(local("2026-03-29T00:59:59Z", "Europe/Berlin")).toBe("2026-03-29 1");
    expect(local("2026-03-29T01:00:00Z", "Europe/Berlin")).toBe("2026-03-29 3");
    expect(local("2026-03-28T23:00:00Z", "Europe/Berlin")).toBe("2026-03-29 0");
    expect(local("2026-03-29T21:59:59Z", "Europe/Berlin")).toBe("2026-03-29 23");
    expect(local("2026-03-29T22:00:00Z", "Europe/Berlin")).toBe("2026-03-30 0");
  });

  test("the day on which they go back has 25 hours, and hour 2 comes twice", () => {
    expect(local("2026-10-25T00:30:00Z", "Europe/Berlin")).toBe("2026-10-25 2");
    expect(local("2026-10-25T01:30:00Z", "Europe/Berlin")).toBe("2026-10-25 2");
    expect(local("2026-10-24T22:00:00Z", "Europe/Berlin")).toBe("2026-10-25 0");
    expect(local("2026-10-25T22:59:59Z", "Europe/Berlin")).toBe("2026-10-25 23");
  });

  test("a day that a zone skipped does not come up", () => {
    expect(local("2011-12-30T09:59:59Z", "Pacific/Apia")).toBe("2011-12-29 23");
    expect(local("2011-12-30T10:00:00Z", "Pacific/Apia")).toBe("2011-12-31 0");
  });

  test("what is kept of a zone's past gives the same as asking anew, in any order", () => {
    const zones = ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"];
    let seed = 7;
    for (let round = 0; round < 3_000; round += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      const time = unixMs(Math.floor((seed / 2_147_483_648) * Date.UTC(2037, 0, 1)));
      const zone = zones[seed % zones.length] ?? "UTC";
      const asked = Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(zone);
      expect(localTimeOf(time, zone)).toEqual({ localDate: asked.toPlainDate().toString(), localHour: asked.hour });
    }
  });

  test.each(["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Asia/Calcutta"])(
    "%s is a time zone",
    (zone) => expect(isTimeZone(zone)).toBe(true),
  );
  test.each(["", "Mars/Olympus", "+02:00", "Europe/Berlin[u-ca=hebrew]", "Europe/ Berlin", "x".repeat(100)])(
    "%j is none",
    (zone) => expect(isTimeZone(zone)).toBe(false),
  );
  test.each(["europe/berlin", "EUROPE/BERLIN", "utc", "etc/utc"])("%j is not as IANA spells it", (zone) =>
    expect(isTimeZone(zone)).toBe(false),
  );
});

describe("periods", () => {
  test.each([
    ["day", "2026-11-20", "d2026-11-20"],
    ["week", "2026-11-16", "w2026-11-16"],
    ["week", "2026-11-22", "w2026-11-16"],
    ["week", "2026-11-23", "w2026-11-23"],
    ["week", "2027-01-01", "w2026-12-28"],
    ["month", "2026-11-20", "m2026-11"],
    ["ever", "2026-11-20", "ever"],
  ] as const)("%s of %s is %s", (every, date, expected) => expect(periodOf(every, date, "monday")).toBe(expected));

  test("a week starts on the day that the program says", () => {
    expect(periodOf("week", "2026-11-20", "sunday")).toBe("w2026-11-15");
    expect(periodOf("week", "2026-11-20", "friday")).toBe("w2026-11-20");
    expect(periodOf("week", "2026-11-20", "saturday")).toBe("w2026-11-14");
  });

  test("what can still arrive late is within the window of 30 days", () => {
    expect(oldestLatePeriod("d2026-03-31")).toBe("d2026-02-28");
    expect(oldestLatePeriod("m2026-03")).toBe("m2025-12");
    expect(oldestLatePeriod("ever")).toBe("ever");
  });
});

describe("spans", () => {
  test.each(["365d", "1h", "P1Y", "P6M", "P2W", "P1Y6M10D"])("%s is a length of time", (text) =>
    expect(isSpan(text)).toBe(true),
  );
  test.each(["", "0d", "P", "P0D", "-1d", "1y", "P1H", "forever"])("%j is none", (text) =>
    expect(isSpan(text)).toBe(false),
  );

  test("calendar spans follow the calendar, plain ones the clock", () => {
    const from = at("2026-03-28T11:00:00Z");
    expect(endOfSpan(from, "1d", "Europe/Berlin")).toBe(at("2026-03-29T11:00:00Z"));
    expect(endOfSpan(from, "P1D", "Europe/Berlin")).toBe(at("2026-03-29T10:00:00Z"));
    expect(endOfSpan(at("2026-01-31T12:00:00Z"), "P1M", "UTC")).toBe(at("2026-02-28T12:00:00Z"));
  });
});
