/** An IANA name as IANA spells it, so that one zone is stored in one way (its older names are names, too); a bare offset such as `+02:00` knows no summer time and is not taken for one. */
export function isTimeZone(name: string): boolean {
  // Asked of at every start, and the calendar takes milliseconds to wake.
  if (name === "UTC") return true;
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId === name;
  } catch {
    return false;
  }
}

/** The completion of "must be …", wherever a zone is asked for. */
export const TIME_ZONE_EXPECTED = "an IANA time zone in its own spelling, such as Europe/Berlin";

/** Hour and minute of a day: `08:00`. */
export const isTimeOfDay = (text: string): boolean => /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text);
