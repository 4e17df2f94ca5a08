import type { CompiledRule } from "../program/compile.ts";
import { award } from "./badges.ts";
import { spend } from "./limits.ts";
import { recordMovement } from "./movement.ts";
import { judge, type Plan } from "./plan.ts";
import type { Scope } from "./scope.ts";
import { shorten, type Work } from "./work.ts";

/** Tries one rule, and writes down why it fired or did not. */
export function tryRule(work: Work, scope: Scope, rule: CompiledRule): void {
  const judgement = judge(work, scope, rule);
  const { fires, reason } = judgement;
  if (!fires) {
    work.consider({ rule: rule.key, fired: false, reason, ...(judgement.failed ? { failed: true } : {}) });
    return;
  }
  work.consider({ rule: rule.key, fired: true, reason });
  work.fired.add(rule.key);
  carryOut(work, rule, judgement.plan);
  scope.forget();
}

function carryOut(work: Work, rule: CompiledRule, plan: Plan): void {
  const from = { rule: rule.key, reason: shorten(rule.reason) };
  for (const step of plan.steps) {
    const effectKey = `rule:${rule.key}/${step.action.key}`;
    if (step.kind === "award") {
      award(work, step.action.badge, effectKey, from);
    } else {
      const { kind, action, amount, clipped, balance } = step;
      const key = `${rule.key}/${action.key}`;
      recordMovement(work, { kind, key, effectKey, currency: action.currency, amount, clipped, balance, from });
    }
  }
  for (const { use, amount } of plan.uses) spend(work, use, amount);
}
