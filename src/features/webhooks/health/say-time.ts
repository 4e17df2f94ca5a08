import type { UnixMs } from "../../../kernel/units.ts";

const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const DATE = { day: "numeric", month: "long" } as const;

/** Times as a letter tells them: "18:05", of another day "21 November, 02:05". In one zone, which the reader is told. */
export function sayTimes(zone: string, now: UnixMs): (at: UnixMs) => string {
  const time = new Intl.DateTimeFormat("en-GB", { ...TIME, timeZone: zone });
  const date = new Intl.DateTimeFormat("en-GB", { ...DATE, timeZone: zone });
  const today = date.format(now);
  return (at) => {
    const day = date.format(at);
    return day === today ? time.format(at) : `${day}, ${time.format(at)}`;
  };
}

/** The same with the zone beside it, where nothing else says which. */
export function sayUtc(now: UnixMs): (at: UnixMs) => string {
  const say = sayTimes("UTC", now);
  return (at) => `${say(at)} UTC`;
}
