import type { CompiledLimit, CompiledProgram } from "../program/compile.ts";
import type { Input, LimitUse } from "../types.ts";
import { localTimeOf } from "./local-time.ts";
import { oldestLatePeriod, periodOf } from "./period.ts";
import type { Work } from "./work.ts";

/** Periods kept beside the newest; of more, those touched longest ago go. A late window of 30 days needs 31. */
const LATE_PERIODS_MAX = 40;

/** What a limit has used in the period of this input, and where that is kept. */
export interface Use {
  readonly limit: CompiledLimit;
  readonly period: string;
  readonly used: number;
}

/** By the member's own date, or the program's for what all share. */
const dateFor = (program: CompiledProgram, limit: CompiledLimit, input: Input): string =>
  limit.per === "member" ? input.localDate : localTimeOf(input.occurredAt, program.timezone).localDate;

const counterName = (limit: CompiledLimit, period: string): string => `${limit.id}/${period}`;

/** The shared counters that an input may touch, its derived rules included. */
export function sharedCounters(program: CompiledProgram, input: Input): readonly string[] {
  if (program.sharedLimits.size === 0) return NONE;
  const own = input.kind === "event" ? (program.sharedLimits.get(input.type) ?? []) : [];
  return [...own, ...(program.sharedLimits.get("") ?? [])].map((limit) =>
    counterName(limit, periodOf(limit.every, dateFor(program, limit, input), program.weekStartsOn)),
  );
}

const NONE: readonly string[] = [];

export function useOf(work: Work, limit: CompiledLimit): Use {
  const { program, input } = work;
  const period = periodOf(limit.every, dateFor(program, limit, input), program.weekStartsOn);
  if (limit.per === "everyone") return { limit, period, used: work.counter(counterName(limit, period)) };
  const kept = work.limit(limit.id);
  if (kept === undefined) return { limit, period, used: 0 };
  return { limit, period, used: kept.window === period ? kept.used : (kept.late?.[period] ?? 0) };
}

/** Adds to what {@link useOf} found. */
export function spend(work: Work, { limit, period, used }: Use, amount: number): void {
  if (amount === 0) return;
  if (limit.per === "everyone") work.setCounter(counterName(limit, period), used + amount);
  else work.setLimit(limit.id, advance(work.limit(limit.id), period, used + amount));
}

function advance(kept: LimitUse | undefined, period: string, used: number): LimitUse {
  // The kinds of period differ in their first letter: where the program changed a limit's, its past is of no use.
  if (kept === undefined || kept.window.charAt(0) !== period.charAt(0)) return { window: period, used };
  if (kept.window === period) return { ...kept, used };
  if (period < kept.window) return { ...kept, late: lastTouched({ ...without(kept.late, period), [period]: used }) };
  const oldest = oldestLatePeriod(period);
  const past = { ...without(kept.late, kept.window), [kept.window]: kept.used };
  const late = Object.entries(past).filter(([name]) => name >= oldest && name !== period);
  return late.length === 0
    ? { window: period, used }
    : { window: period, used, late: lastTouched(Object.fromEntries(late)) };
}

const without = (late: LimitUse["late"], period: string): Record<string, number> => {
  const { [period]: _, ...others } = late ?? {};
  return others;
};

const lastTouched = (late: Record<string, number>): Record<string, number> => {
  const entries = Object.entries(late);
  return entries.length <= LATE_PERIODS_MAX ? late : Object.fromEntries(entries.slice(-LATE_PERIODS_MAX));
};

const SPANS = { day: "that day", week: "that week", month: "that month", ever: "in all" } as const;
const SPANS_NOW = { day: "today", week: "this week", month: "this month", ever: "in all" } as const;

/** `40 of 50 coins today`. */
export function describeUse(work: Work, { limit, period, used }: Use): string {
  const zone = limit.per === "member" ? (work.member.timezone ?? work.program.timezone) : work.program.timezone;
  const current = periodOf(limit.every, localTimeOf(work.now, zone).localDate, work.program.weekStartsOn);
  const span = (current === period ? SPANS_NOW : SPANS)[limit.every];
  const who = limit.per === "everyone" ? " by everyone" : "";
  return `${used} of ${limit.most} ${limit.currency ?? "times"}${who} ${span}`;
}
