import type { Reader } from "../../../database/database.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { UnixMs } from "../../../kernel/units.ts";

/** Whether the digest is mailed too: on each day, on days with traffic or trouble, with trouble only, not at all. */
export type DigestMail = "always" | "traffic" | "trouble" | "never";

/** A workspace that gets a digest, and when. */
export interface DigestPlan {
  readonly workspaceId: Id<"ws">;
  readonly workspaceName: string;
  readonly live: Id<"env">;
  readonly test: Id<"env">;
  /** Hour and minute of its day: `08:00`. */
  readonly at: string;
  /** An IANA time zone. */
  readonly zone: string;
  readonly mail: DigestMail;
}

/** Who gets digests; app.ts hands it in, this room keeps no workspaces. */
export interface DigestPlans {
  /** Those that are in use, by their ids. */
  list(reader: Reader, page: { readonly after: string; readonly rows: number }): Promise<readonly DigestPlan[]>;
  find(reader: Reader, workspaceId: Id<"ws">): Promise<DigestPlan | undefined>;
}

export const NO_DIGESTS: DigestPlans = { list: async () => [], find: async () => undefined };

/** A local day that a digest tells of, and from when on it is made. */
export interface DigestDay {
  /** `2026-11-19` */
  readonly date: string;
  readonly from: UnixMs;
  readonly until: UnixMs;
  readonly dueAt: UnixMs;
}

const startOf = (date: Temporal.PlainDate, zone: string): UnixMs =>
  date.toZonedDateTime({ timeZone: zone }).epochMilliseconds as UnixMs;

/** Where a clock that is set forward leaves the time out, the first one after it; of two, the first. */
const dueOn = (date: Temporal.PlainDate, { at, zone }: Pick<DigestPlan, "at" | "zone">): UnixMs =>
  date.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(at) }).epochMilliseconds as UnixMs;

function dayMadeOn(date: Temporal.PlainDate, plan: Pick<DigestPlan, "at" | "zone">): DigestDay {
  const covered = date.subtract({ days: 1 });
  const from = startOf(covered, plan.zone);
  return { date: covered.toString(), from, until: startOf(date, plan.zone), dueAt: dueOn(date, plan) };
}

const localDate = (now: UnixMs, zone: string): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate();

/** The newest day whose digest is due: of days that were missed, no other is made. */
export function latestDay(plan: Pick<DigestPlan, "at" | "zone">, now: UnixMs): DigestDay {
  const today = dayMadeOn(localDate(now, plan.zone), plan);
  return today.dueAt <= now ? today : dayMadeOn(localDate(now, plan.zone).subtract({ days: 1 }), plan);
}

/** When the next one is due. */
export function nextDueAt(plan: Pick<DigestPlan, "at" | "zone">, now: UnixMs): UnixMs {
  const today = dueOn(localDate(now, plan.zone), plan);
  return today > now ? today : dueOn(localDate(now, plan.zone).add({ days: 1 }), plan);
}

/** The day before a day, in the same zone: what the day is held against. */
export function dayBefore({ date, from }: DigestDay, zone: string): { readonly from: UnixMs; readonly until: UnixMs } {
  return { from: startOf(Temporal.PlainDate.from(date).subtract({ days: 1 }), zone), until: from };
}

/** "Thursday, 19 November". */
export const sayDate = (date: string): string =>
  Temporal.PlainDate.from(date).toLocaleString("en-GB", { weekday: "long", day: "numeric", month: "long" });
