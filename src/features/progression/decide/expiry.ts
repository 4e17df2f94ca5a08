import { addMs, parseDuration, type UnixMs, unixMs } from "../../../kernel/units.ts";

const CALENDAR_SPAN = /^P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,3})M)?(?:(\d{1,3})W)?(?:(\d{1,4})D)?$/;

/** A length of time above zero: `"365d"`, or by the calendar `"P1Y"`, `"P6M"`. */
export function isSpan(text: string): boolean {
  if (CALENDAR_SPAN.test(text)) return /[1-9]/.test(text);
  return (parseDuration(text) ?? 0) > 0;
}

/** When what begins now ends; calendar spans are counted in the zone. */
export function endOfSpan(from: UnixMs, span: string, zone: string): UnixMs {
  const duration = parseDuration(span);
  if (duration !== undefined) return addMs(from, duration);
  const end = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).add(Temporal.Duration.from(span));
  return unixMs(end.epochMilliseconds);
}
