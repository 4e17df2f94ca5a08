import { type UnixMs, unixMs } from "./units.ts";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TIME = String.raw`(?<hour>\d{2}):(?<minute>\d{2}):(?<second>\d{2})`;

/** The three forms of RFC 9110, 5.6.7: the preferred one, that of RFC 850, and that of asctime. */
const FORMS: readonly RegExp[] = [
  new RegExp(String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\d{2}) (?<month>\w{3}) (?<year>\d{4}) ${TIME} GMT$`),
  new RegExp(
    String.raw`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\d{2})-(?<month>\w{3})-(?<year>\d{2}) ${TIME} GMT$`,
  ),
  new RegExp(String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>\w{3}) (?<day>\d{2}| \d) ${TIME} (?<year>\d{4})$`),
];

/** Reads the date of an HTTP header; undefined where form or calendar is wrong. A wrong day of the week is no matter. */
export function parseHttpDate(text: string, now: UnixMs): UnixMs | undefined {
  const groups = FORMS.map((form) => form.exec(text)?.groups).find((found) => found !== undefined);
  const month = MONTHS.indexOf(groups?.month ?? "") + 1;
  if (!groups || month === 0) return undefined;
  const { day, year = "", hour, minute, second } = groups;
  try {
    const date = {
      year: year.length === 2 ? nearestYear(Number(year), now) : Number(year),
      month,
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      // 60 is legal, for a leap second, which our time does not have.
      second: second === "60" ? 59 : Number(second),
    };
    return unixMs(Temporal.PlainDateTime.from(date, { overflow: "reject" }).toZonedDateTime("UTC").epochMilliseconds);
  } catch {
    return undefined;
  }
}

/** Two digits name the year that lies at most fifty years ahead. */
function nearestYear(digits: number, now: UnixMs): number {
  const latest = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO("UTC").year + 50;
  return latest - ((((latest - digits) % 100) + 100) % 100);
}
