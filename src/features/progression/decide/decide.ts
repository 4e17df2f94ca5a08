import { assert } from "../../../kernel/assert.ts";
import { fillPurse } from "../../../kernel/cel/meter.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { CASCADE_DEPTH_MAX } from "../program/bounds.ts";
import type { CompiledProgram, CompiledRule } from "../program/compile.ts";
import { TRIGGERS } from "../program/triggers.ts";
import type { Decision, Effect, Facts, Input, Needs } from "../types.ts";
import { adjust } from "./adjust.ts";
import { settleBadges } from "./badges.ts";
import { sharedCounters } from "./limits.ts";
import { tryRule } from "./rules.ts";
import { Scope } from "./scope.ts";
import { settleTracks } from "./tracks.ts";
import { Work } from "./work.ts";

/** Event types that nobody defined are counted too, as many as this: names may be made up by the thousand. */
const UNDEFINED_TYPES_COUNTED_MAX = 100;

const NO_RULES: readonly CompiledRule[] = [];

/** Names what an input may touch, for the lane to load before {@link decide}. */
export function needs(program: CompiledProgram, input: Input): Needs {
  return { userIds: [input.userId], counters: sharedCounters(program, input) };
}

/**
 * What an input does to the facts, by one version of the program: a pure function, so that the same log over an empty base
 * gives the same effects again, ids included. In order: the event is counted → the rules of its type are tried, each on
 * what the one before it left → levels and badges follow → rules that follow those effects are tried, and so on.
 */
export function decide(program: CompiledProgram, facts: Facts, input: Input, now: UnixMs): Decision {
  const member = facts.members.get(input.userId);
  assert(member !== undefined, "the facts that were asked for are there");
  const work = new Work(program, { member, counters: facts.counters }, input, now);
  const scope = new Scope(work);
  fillPurse();
  if (input.kind === "event") {
    count(work);
    for (const rule of program.rules.get(input.type) ?? NO_RULES) tryRule(work, scope, rule);
  } else if (input.command) {
    const refusal = adjust(work, input.command);
    if (refusal) return { ...new Work(program, { member, counters: facts.counters }, input, now).decision(), refusal };
  }
  cascade(work, scope);
  return work.decision();
}

function count(work: Work): void {
  const { type } = work.input;
  const before = work.count(type);
  const isNamed = work.program.eventTypes.has(type) || work.program.facts.get("counts")?.has(type) === true;
  if (before > 0 || isNamed || Object.keys(work.member.state.counts).length < UNDEFINED_TYPES_COUNTED_MAX) {
    work.setCount(type, before + 1);
  }
}

/** Lets levels, badges and the rules that follow them settle, to a depth. */
function cascade(work: Work, scope: Scope): void {
  let seen = 0;
  for (let depth = 0; ; depth += 1) {
    scope.forget();
    settleTracks(work);
    settleBadges(work, scope, depth === 0);
    const fresh = work.effects.slice(seen).filter((effect) => TRIGGERS.has(effect.type));
    seen = work.effects.length;
    if (fresh.length === 0) return;
    if (depth === CASCADE_DEPTH_MAX) {
      const reason = `effects followed from effects ${CASCADE_DEPTH_MAX} deep, and were stopped`;
      work.consider({ rule: "cascade", fired: false, reason });
      return;
    }
    for (const effect of fresh) follow(work, scope, effect);
  }
}

function follow(work: Work, scope: Scope, effect: Effect): void {
  scope.effect = effect;
  for (const rule of work.program.rules.get(effect.type) ?? NO_RULES) tryRule(work, scope, rule);
  scope.effect = undefined;
}
