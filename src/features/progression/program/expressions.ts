import { expressionProblem, type KnownFacts, type Place } from "../../../kernel/cel/check.ts";
import type { ErrorDetail } from "../../../kernel/errors.ts";
import type { Surroundings } from "./references.ts";
import type { Program, RuleDefinition } from "./schema.ts";
import { TRIGGERS } from "./triggers.ts";

/** Every expression of the program that can't be used, with its path. */
export function findBrokenExpressions(program: Program, surroundings: Surroundings): ErrorDetail[] {
  const problems: ErrorDetail[] = [];
  const known = knownFacts(program, surroundings);
  const check = (path: string, text: string | number | undefined, place: Omit<Place, "known">): void => {
    if (typeof text !== "string") return;
    const message = expressionProblem(text, { ...place, known });
    if (message !== undefined) problems.push({ path, message });
  };
  for (const [key, rule] of Object.entries(program.rules)) {
    const place = placeOf(program, rule);
    check(`rules.${key}.when`, rule.when, { ...place, wants: "condition" });
    for (const [index, action] of rule.then.entries()) {
      if ("amount" in action) check(`rules.${key}.then.${index}.amount`, action.amount, { ...place, wants: "amount" });
    }
  }
  for (const [key, streak] of Object.entries(program.streaks)) {
    check(`streaks.${key}.when`, streak.when, { event: eventOf(program, streak.on), wants: "condition" });
  }
  for (const [key, badge] of Object.entries(program.badges))
    check(`badges.${key}.when`, badge.when, { wants: "condition" });
  return problems;
}

const eventOf = (program: Program, type: string): { readonly schema: Program["eventTypes"][string]["schema"] } => ({
  schema: Object.hasOwn(program.eventTypes, type) ? program.eventTypes[type]?.schema : undefined,
});

/** A rule that follows an effect sees the event too, whatever its type was. */
function placeOf(program: Program, { on }: RuleDefinition): Pick<Place, "event" | "effect"> {
  const effect = TRIGGERS.get(on);
  return effect ? { event: { schema: undefined }, effect } : { event: eventOf(program, on) };
}

function knownFacts(program: Program, surroundings: Surroundings): KnownFacts {
  const keysOf = (names: object) => (name: string) => Object.hasOwn(names, name);
  return {
    balances: { has: keysOf(program.currencies), what: "a currency" },
    counts: {
      has: (name) => Object.hasOwn(program.eventTypes, name) || surroundings.eventTypes.has(name),
      what: "an event type",
    },
    levels: { has: keysOf(program.tracks), what: "a track" },
    badges: { has: keysOf(program.badges), what: "a badge" },
    streaks: { has: keysOf(program.streaks), what: "a streak" },
    quests: { has: () => false, what: "a quest" },
    metrics: { has: () => false, what: "a metric" },
  };
}
