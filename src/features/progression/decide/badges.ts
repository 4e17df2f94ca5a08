import type { CompiledBadge } from "../program/compile.ts";
import type { Scope } from "./scope.ts";
import { shorten, siblingId, type Work } from "./work.ts";

/** Each badge comes once. @returns whether it came now */
export function award(
  work: Work,
  badge: string,
  effectKey: string,
  from: { readonly rule: string; readonly reason: string },
): boolean {
  if (work.hasBadge(badge)) return false;
  const id = work.effectId(effectKey);
  const awardId = siblingId("awd", id);
  work.setBadge(badge, awardId);
  work.effect(id, "badge.awarded", from, { badge, awardId });
  return true;
}

function mayHaveChanged(badge: CompiledBadge, facts: ReadonlySet<string>, isFirst: boolean): boolean {
  if (isFirst && badge.volatile) return true;
  for (const fact of badge.facts) if (facts.has(fact)) return true;
  return false;
}

/** Looks at the badges whose facts may have changed since the last time, in the order of the file. */
export function settleBadges(work: Work, scope: Scope, isFirst: boolean): void {
  const facts = work.dirty;
  work.dirty = new Set();
  for (const badge of work.program.automaticBadges) {
    if (work.hasBadge(badge.key)) continue;
    if (!mayHaveChanged(badge, facts, isFirst) && !mayHaveChanged(badge, work.dirty, false)) continue;
    const result = badge.when.evaluate(scope.variables);
    if ("fault" in result) {
      const reason = `${shorten(badge.when.text)} could not be evaluated: ${result.fault}`;
      work.consider({ rule: badge.key, fired: false, reason, failed: true });
    } else if (result.value === true) {
      award(work, badge.key, `badge:${badge.key}`, { rule: badge.key, reason: shorten(badge.when.text) });
      scope.forget();
    }
  }
}
