import { isoTime } from "../../../kernel/clock.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { standingOn } from "../decide/tracks.ts";
import type { LedgerRow } from "../inputs/store.ts";
import type { CompiledProgram } from "../program/compile.ts";
import { EMPTY_STATE } from "../types.ts";
import type { Member } from "./store.ts";

/** A member as servers see one. */
export function memberView(member: Member, program: CompiledProgram) {
  const { userId, timezone, locale, createdAt: _createdAt, ...progress } = ownView(member, program);
  return {
    userId,
    timezone,
    locale,
    attributes: member.attributes,
    createdAt: isoTime(member.createdAt),
    ...progress,
  };
}

/** Whoever has done nothing yet has nothing yet, and was never heard of. */
export const newcomer = (userId: string) => ({
  userId,
  timezone: undefined,
  locale: undefined,
  createdAt: undefined,
  state: EMPTY_STATE,
});

/** What a member sees of themselves. Currencies and tracks of the program stand there from the start, at zero. */
export function ownView(
  member: Pick<Member, "userId" | "timezone" | "locale" | "state"> & { readonly createdAt: UnixMs | undefined },
  program: CompiledProgram,
) {
  const { state } = member;
  const currencies = new Set([...program.currencies.keys(), ...Object.keys(state.balances)]);
  return {
    userId: member.userId,
    timezone: member.timezone ?? null,
    locale: member.locale ?? null,
    createdAt: member.createdAt === undefined ? null : isoTime(member.createdAt),
    balances: Object.fromEntries(
      [...currencies].map((currency) => {
        const { available, pending, owed } = state.balances[currency] ?? { available: 0, pending: 0, owed: 0 };
        return [currency, { available, pending, owed }];
      }),
    ),
    levels: Object.fromEntries(
      [...program.tracks].map(([key, track]) => {
        const value = state.balances[track.over]?.total ?? 0;
        const index = standingOn(track, state.levels[key], value);
        const next = track.rungs[index + 1];
        const reached = track.rungs[index]?.key ?? null;
        return [key, { key: reached, value, next: next ? { key: next.key, at: next.at } : null }];
      }),
    ),
    badges: Object.entries(state.badges).map(([key, { awardId, awardedAt }]) => ({
      key,
      awardId,
      awardedAt: isoTime(awardedAt),
    })),
    streaks: {},
    quests: {},
  };
}

export const transferView = (row: LedgerRow, member: Member) => ({
  id: row.id,
  currency: row.currency,
  amount: row.credit === member.id ? row.amount : -row.amount,
  debit: row.debit === member.id ? "member" : row.debit,
  credit: row.credit === member.id ? "member" : row.credit,
  at: isoTime(row.at),
  reason: row.reason,
});
