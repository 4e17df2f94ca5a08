const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From when on a date says more than a distance. */
const DATED_FROM = 14 * DAY;

/** How far away, in the one unit that says most: "4 min ago", "in 2 h", "just now", "12 Nov 2026". */
export function relativeTime(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance >= DATED_FROM) return dateOnly(at);
  const words = distanceInWords(distance);
  if (words === undefined) return at > now ? "in a moment" : "just now";
  return at > now ? `in ${words}` : `${words} ago`;
}

function distanceInWords(distance: number): string | undefined {
  if (distance < 5 * SECOND) return undefined;
  if (distance < MINUTE) return `${Math.floor(distance / SECOND)} s`;
  if (distance < HOUR) return `${Math.floor(distance / MINUTE)} min`;
  if (distance < 2 * DAY) return `${Math.floor(distance / HOUR)} h`;
  return `${Math.floor(distance / DAY)} d`;
}

const dateOnly = (at: number): string =>
  new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(at);

/** The whole of it, with its zone. @param zone an IANA name; undefined is where the viewer is */
export const exactTime = (at: number, zone?: string): string =>
  new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    timeZoneName: "short",
    timeZone: zone,
  }).format(at);
