import { type Every, WEEKDAYS, type Weekday } from "../program/schema.ts";

const DAYS_KEPT_MAX = 4_000;
const weekStarts = new Map<string, string>();

/** The first day of the week that a local date lies in. */
function weekStartOf(localDate: string, weekStartsOn: Weekday): string {
  const key = `${weekStartsOn} ${localDate}`;
  const known = weekStarts.get(key);
  if (known !== undefined) return known;
  const date = Temporal.PlainDate.from(localDate);
  const days = (date.dayOfWeek - 1 - WEEKDAYS.indexOf(weekStartsOn) + 7) % 7;
  const start = date.subtract({ days }).toString();
  if (weekStarts.size >= DAYS_KEPT_MAX) weekStarts.clear();
  weekStarts.set(key, start);
  return start;
}

/**
 * The name of the period that a local date lies in. Names of one kind sort by time; the first letter tells the kinds
 * apart, so that a limit changed from days to weeks does not read its old use as the new one's.
 */
export function periodOf(every: Every, localDate: string, weekStartsOn: Weekday): string {
  switch (every) {
    case "day":
      return `d${localDate}`;
    case "week":
      return `w${weekStartOf(localDate, weekStartsOn)}`;
    case "month":
      return `m${localDate.slice(0, 7)}`;
    case "ever":
      return "ever";
  }
}

const DAYS_LOOKED_BACK = { d: 31, w: 38, m: 62 } as const;

/** Before this period nothing arrives late any more (the late window is 30 days), so its use can be forgotten. */
export function oldestLatePeriod(period: string): string {
  const kind = period.charAt(0);
  if (kind !== "d" && kind !== "w" && kind !== "m") return period;
  const date = Temporal.PlainDate.from(kind === "m" ? `${period.slice(1)}-01` : period.slice(1));
  const oldest = date.subtract({ days: DAYS_LOOKED_BACK[kind] }).toString();
  return `${kind}${kind === "m" ? oldest.slice(0, 7) : oldest}`;
}
