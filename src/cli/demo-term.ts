import { DAY, HOUR, type UnixMs, unixMs } from "../kernel/units.ts";

/** When the story happens, and how its times are written. */

export const BERLIN = "Europe/Berlin";
export const NEW_YORK = "America/New_York";
export const TERM_DAYS = 90;
/** The change of the clocks in Berlin is the Sunday of the seventh week. */
const CHANGE_DAY = 48;
const TERMS_LOOKED_AT_MAX = 20;

export interface Term {
  /** Midnight of a Monday in Berlin. */
  readonly start: UnixMs;
  /** Midnight after its last day, in Berlin. */
  readonly end: UnixMs;
  /** The day of each zone whose length is not 24 hours. */
  readonly changes: { readonly berlin: ChangeDay; readonly newYork: ChangeDay };
}

export interface ChangeDay {
  /** `2026-03-29` */
  readonly date: string;
  /** 23 or 25. */
  readonly hours: number;
}

const zoned = (at: UnixMs, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);

const midnight = (date: Temporal.PlainDate): UnixMs =>
  unixMs(date.toZonedDateTime({ timeZone: BERLIN }).epochMilliseconds);

function changeWithin(zone: string, from: UnixMs, until: UnixMs): ChangeDay | undefined {
  const at = zoned(from, zone).getTimeZoneTransition("next");
  if (!at || at.epochMilliseconds >= until) return undefined;
  return { date: at.toPlainDate().toString(), hours: at.hoursInDay };
}

function termAround(berlin: Temporal.ZonedDateTime): Term | undefined {
  const first = berlin.toPlainDate().subtract({ days: CHANGE_DAY });
  const [start, end] = [midnight(first), midnight(first.add({ days: TERM_DAYS }))];
  const newYork = changeWithin(NEW_YORK, start, end);
  const change = { date: berlin.toPlainDate().toString(), hours: berlin.hoursInDay };
  return newYork && { start, end, changes: { berlin: change, newYork } };
}

/** The latest term that is over and in which the clocks were changed in both zones. */
export function latestTerm(now: UnixMs): Term {
  let change = zoned(now, BERLIN).getTimeZoneTransition("previous");
  for (let looked = 0; change && looked < TERMS_LOOKED_AT_MAX; looked += 1) {
    const term = termAround(change);
    if (term && term.end + DAY <= now) return term;
    change = change.getTimeZoneTransition("previous");
  }
  throw new Error("This machine's time zones know no change of the clocks in Berlin and New York.");
}

export interface LocalMoment {
  readonly zone: string;
  /** `2026-03-29` */
  readonly date: string;
  /** `08:05` */
  readonly time: string;
  /** Which of the two where the hour comes twice; the first if absent. */
  readonly which?: "earlier" | "later";
}

/** Where that hour does not exist, as much later as the clocks were put forward. */
export const momentAt = ({ zone, date, time, which = "earlier" }: LocalMoment): UnixMs =>
  unixMs(
    Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(zone, {
      disambiguation: which === "earlier" ? "compatible" : "later",
    }).epochMilliseconds,
  );

/** A date of the term: its days are counted from 0. */
export const dayOf = ({ start }: Term, day: number): string =>
  zoned(start, BERLIN).toPlainDate().add({ days: day }).toString();

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Sun 29 Mar` */
export function dateWords(date: string): string {
  const { dayOfWeek, day, month } = Temporal.PlainDate.from(date);
  return `${WEEKDAYS[dayOfWeek - 1]} ${day} ${MONTHS[month - 1]}`;
}

/** `9–15 Feb`, `23 Feb–1 Mar` */
export function spanWords(from: string, to: string): string {
  const [first, last] = [Temporal.PlainDate.from(from), Temporal.PlainDate.from(to)];
  const end = `${last.day} ${MONTHS[last.month - 1]}`;
  return first.month === last.month ? `${first.day}–${end}` : `${first.day} ${MONTHS[first.month - 1]}–${end}`;
}

export const yearOf = (at: UnixMs, zone: string): number => zoned(at, zone).year;
export const localDate = (at: UnixMs, zone: string): string => zoned(at, zone).toPlainDate().toString();
/** `08:05` */
export const localClock = (at: UnixMs, zone: string): string =>
  zoned(at, zone).toPlainTime().toString({ smallestUnit: "minute" });

/** How many hours one zone is ahead of another at that moment. */
export const hoursApart = (at: UnixMs, ahead: string, behind: string): number =>
  (zoned(at, ahead).offsetNanoseconds - zoned(at, behind).offsetNanoseconds) / 1_000_000 / HOUR;

/** `1 min`, `2 h 5 min` */
export function lengthWords(lengthMs: number): string {
  const minutes = Math.round(lengthMs / 60_000);
  const hours = Math.floor(minutes / 60);
  return [hours > 0 ? `${hours} h` : "", minutes % 60 > 0 || hours === 0 ? `${minutes % 60} min` : ""]
    .filter((part) => part !== "")
    .join(" ");
}
