import type { Command, Decision } from "../types.ts";
import { correct, credit } from "./balance.ts";
import { recordMovement } from "./movement.ts";
import type { Work } from "./work.ts";

/** Gives or takes an amount by hand; its reason stands with it for good. @returns why not */
export function adjust(work: Work, command: Command): Decision["refusal"] {
  const { currency, amount, reason } = command;
  if (!work.program.currencies.has(currency)) {
    return { code: "validation_failed", message: `${currency} is not a currency of the published program.` };
  }
  const before = work.balance(currency);
  const moved = amount > 0 ? credit(before, amount) : correct(before, -amount);
  if ("problem" in moved) {
    const code = amount < 0 && -amount > before.available ? "insufficient_balance" : "validation_failed";
    return { code, message: `${currency}: ${moved.problem}.` };
  }
  if (amount === 0) return { code: "validation_failed", message: "The amount is 0." };
  recordMovement(work, {
    kind: amount > 0 ? "credit" : "debit",
    // No rule and no action can have such a key.
    key: `:adjustment/${currency}`,
    effectKey: `command:adjustment/${currency}`,
    currency,
    amount: Math.abs(amount),
    clipped: 0,
    balance: moved.balance,
    from: { rule: "adjustment", reason },
  });
  return undefined;
}
