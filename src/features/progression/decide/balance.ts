import { AMOUNT_MAX, BALANCE_MAX } from "../program/bounds.ts";
import type { Balance } from "../types.ts";

export const NO_BALANCE: Balance = { available: 0, pending: 0, owed: 0, total: 0 };

export type Moved = { readonly balance: Balance } | { readonly problem: string };

/** What is owed is paid first; the rest can be spent. */
export function credit(balance: Balance, amount: number): Moved {
  const problem = amountProblem(amount);
  if (problem !== undefined) return { problem };
  const repaid = Math.min(balance.owed, amount);
  const next = {
    available: balance.available + amount - repaid,
    pending: balance.pending,
    owed: balance.owed - repaid,
    total: balance.total + amount,
  };
  if (next.available > BALANCE_MAX || next.total > BALANCE_MAX) return { problem: "the balance would exceed 2⁵³−1" };
  return { balance: next };
}

/** Never below zero. What was spent was earned all the same: `total` stays. */
export function debit(balance: Balance, amount: number): Moved {
  const problem = amountProblem(amount);
  if (problem !== undefined) return { problem };
  if (amount > balance.available) return { problem: `${amount} is needed, ${balance.available} is available` };
  return { balance: { ...balance, available: balance.available - amount } };
}

/** A correction: what should never have been credited is taken from `total` as well. */
export function correct(balance: Balance, amount: number): Moved {
  const taken = debit(balance, amount);
  if ("problem" in taken) return taken;
  return { balance: { ...taken.balance, total: Math.max(0, taken.balance.total - amount) } };
}

function amountProblem(amount: number): string | undefined {
  if (!Number.isInteger(amount) || amount < 0) return `an amount of ${amount} can't be moved`;
  return amount > AMOUNT_MAX ? "the amount exceeds 10¹²" : undefined;
}
