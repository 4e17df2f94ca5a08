import { isoTime } from "../../../kernel/clock.ts";
import { type UnixMs, unixMs } from "../../../kernel/units.ts";

/** The wall clock of a place: `2026-11-20` and 0–23. */
export interface LocalTime {
  readonly localDate: string;
  readonly localHour: number;
}

/** A stretch of time in which a zone keeps one offset from UTC. */
interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly offsetMs: number;
}

/** Asking the calendar takes microseconds, and nearly every event falls into the stretch of the one before it. */
const STRETCHES_PER_ZONE_MAX = 16;
const ZONES_MAX = 1_000;
const stretches = new Map<string, Stretch[]>();

const zoned = (at: UnixMs, zone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);

function findStretch(at: UnixMs, zone: string): Stretch {
  const known = stretches.get(zone);
  const hit = known?.find((stretch) => at >= stretch.from && at < stretch.until);
  if (hit) return hit;
  const time = zoned(at, zone);
  // A transition at this very moment counts as the beginning of the stretch, which `previous` alone would step over.
  const before = zoned(unixMs(at + 1), zone).getTimeZoneTransition("previous");
  const after = time.getTimeZoneTransition("next");
  const stretch: Stretch = {
    from: before?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    until: after?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs: time.offsetNanoseconds / 1_000_000,
  };
  if (stretches.size >= ZONES_MAX && known === undefined) stretches.clear();
  stretches.set(zone, [stretch, ...(known ?? [])].slice(0, STRETCHES_PER_ZONE_MAX));
  return stretch;
}

/** @throws RangeError where `zone` is none; those that are stored were checked by `isTimeZone` */
export function localTimeOf(at: UnixMs, zone: string): LocalTime {
  const text = isoTime(unixMs(at + findStretch(at, zone).offsetMs));
  return { localDate: text.slice(0, 10), localHour: Number(text.slice(11, 13)) };
}
