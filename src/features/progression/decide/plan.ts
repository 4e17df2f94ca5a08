import { toInteger } from "../../../kernel/cel/values.ts";
import { AMOUNT_MAX } from "../program/bounds.ts";
import type { CompiledAction, CompiledRule } from "../program/compile.ts";
import type { Balance } from "../types.ts";
import { credit, debit } from "./balance.ts";
import { describeUse, type Use, useOf } from "./limits.ts";
import type { Scope } from "./scope.ts";
import { shorten, type Work } from "./work.ts";

type MovingAction = CompiledAction & { readonly kind: "credit" | "debit" };

export type Step =
  | {
      readonly kind: "credit" | "debit";
      readonly action: MovingAction;
      readonly amount: number;
      /** What limits took away. */
      readonly clipped: number;
      /** After this step. */
      readonly balance: Balance;
    }
  | { readonly kind: "award"; readonly action: CompiledAction & { readonly kind: "award" } };

/** What a rule would do: made in full before anything of it is done, so that it does all or nothing. */
export interface Plan {
  readonly steps: Step[];
  readonly uses: { readonly use: Use; amount: number }[];
  readonly balances: Map<string, Balance>;
  /** Limits that took something away, in words. */
  readonly notes: string[];
}

/** Why a rule does not fire. */
interface Hindrance {
  readonly reason: string;
  readonly failed?: true;
}

export type Judgement =
  | { readonly fires: true; readonly reason: string; readonly plan: Plan }
  | ({ readonly fires: false } & Hindrance);

const faultOf = (text: string, fault: string): Hindrance => ({
  reason: `${text} could not be evaluated: ${fault}`,
  failed: true,
});

/** Whether a rule fires on the facts as they are now, and what it would do. */
export function judge(work: Work, scope: Scope, rule: CompiledRule): Judgement {
  if (work.fired.has(rule.key)) return { fires: false, reason: "fired already for this input" };
  const condition = conditionOf(rule, scope);
  if (!("holds" in condition)) return { fires: false, ...condition };
  const plan = planOf(work, scope, rule);
  if (!("steps" in plan)) return { fires: false, ...plan };
  return { fires: true, reason: [condition.holds, ...plan.notes].join("; "), plan };
}

function conditionOf({ when, on }: CompiledRule, scope: Scope): { readonly holds: string } | Hindrance {
  if (!when) return { holds: `every ${on}` };
  const text = shorten(when.text);
  const result = when.evaluate(scope.variables);
  if ("fault" in result) return faultOf(text, result.fault);
  if (result.value === true) return { holds: `${text} is true` };
  return result.value === false
    ? { reason: `${text} is false` }
    : { reason: `${text} is neither true nor false`, failed: true };
}

function planOf(work: Work, scope: Scope, rule: CompiledRule): Plan | Hindrance {
  const plan: Plan = { steps: [], uses: [], balances: new Map(), notes: [] };
  for (const limit of rule.limits) {
    const use = useOf(work, limit);
    const countsTimes = limit.currency === undefined;
    if (countsTimes && use.used >= limit.most) return { reason: `limit used up: ${describeUse(work, use)}` };
    plan.uses.push({ use, amount: countsTimes ? 1 : 0 });
  }
  for (const action of rule.actions) {
    const hindrance = action.kind === "award" ? planAward(work, plan, action) : planMovement(work, scope, plan, action);
    if (hindrance) return hindrance;
  }
  return plan.steps.length > 0 ? plan : { reason: plan.notes.join("; ") };
}

function planAward(work: Work, plan: Plan, action: CompiledAction & { readonly kind: "award" }): undefined {
  const isPlanned = plan.steps.some((step) => step.kind === "award" && step.action.badge === action.badge);
  if (isPlanned || work.hasBadge(action.badge)) plan.notes.push(`the badge ${action.badge} was awarded before`);
  else plan.steps.push({ kind: "award", action });
}

/** @returns why the whole rule can't be carried out */
function planMovement(work: Work, scope: Scope, plan: Plan, action: MovingAction): Hindrance | undefined {
  const { kind, currency } = action;
  const worth = amountOf(action, scope);
  if (typeof worth !== "number") return worth;
  const amount = kind === "credit" ? clip(work, plan, currency, worth) : worth;
  if (worth === 0) plan.notes.push(`${currency}: the amount is 0`);
  if (amount === 0) return undefined;
  const before = plan.balances.get(currency) ?? work.balance(currency);
  const moved = (kind === "credit" ? credit : debit)(before, amount);
  if ("problem" in moved) return { reason: `${currency}: ${moved.problem}` };
  plan.balances.set(currency, moved.balance);
  plan.steps.push({ kind, action, amount, clipped: worth - amount, balance: moved.balance });
  return undefined;
}

function amountOf({ amount, currency }: MovingAction, scope: Scope): number | Hindrance {
  if (typeof amount === "number") return amount;
  const text = `${currency}: ${shorten(amount.text)}`;
  const result = amount.evaluate(scope.variables);
  if ("fault" in result) return faultOf(text, result.fault);
  const worth = toInteger(result.value);
  if (worth === undefined) return { reason: `${text} is not a whole number`, failed: true };
  if (worth < 0) return { reason: `${text} is below 0` };
  return worth > AMOUNT_MAX ? { reason: `${text} is over 10¹²` } : worth;
}

/** Limits take away what is too much: worth 5 with 2 left grants 2. */
function clip(work: Work, plan: Plan, currency: string, worth: number): number {
  let granted = worth;
  const bound = plan.uses.filter(({ use }) => use.limit.currency === currency);
  for (const { use, amount } of bound) {
    const left = Math.max(0, use.limit.most - use.used - amount);
    if (left >= granted) continue;
    granted = left;
    const what = left === 0 ? "limit used up" : `clipped ${worth - left} of ${worth} ${currency}`;
    plan.notes.push(`${what}: ${describeUse(work, { ...use, used: use.used + amount })}`);
  }
  for (const entry of bound) entry.amount += granted;
  return granted;
}
