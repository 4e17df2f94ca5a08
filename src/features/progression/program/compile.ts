import { compileExpression, type Expression } from "../../../kernel/cel/expression.ts";
import { type Integers, integersOf } from "../../../kernel/cel/json-types.ts";
import type { Fact } from "../../../kernel/cel/shape.ts";
import type { Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { programChecksum } from "./checksum.ts";
import type {
  ActionDefinition,
  BadgeDefinition,
  CurrencyDefinition,
  EventTypeDefinition,
  Every,
  LimitDefinition,
  Program,
  RuleDefinition,
  TrackDefinition,
  Weekday,
} from "./schema.ts";
import { TRIGGERS } from "./triggers.ts";

export type CompiledAction =
  | {
      readonly kind: "credit" | "debit";
      readonly key: string;
      readonly currency: string;
      readonly amount: number | Expression;
    }
  | { readonly kind: "award"; readonly key: string; readonly badge: string };

export interface CompiledLimit {
  /** `rule/index`: names its use in the member's state or among the shared counters. */
  readonly id: string;
  readonly per: "member" | "everyone";
  readonly every: Every;
  readonly most: number;
  /** The currency whose credits are counted; absent where the limit counts how often the rule fires. */
  readonly currency: string | undefined;
}

export interface CompiledRule {
  readonly key: string;
  readonly on: string;
  readonly when: Expression | undefined;
  readonly actions: readonly CompiledAction[];
  readonly limits: readonly CompiledLimit[];
  /** What is said of its effects. */
  readonly reason: string;
}

export interface CompiledTrack extends TrackDefinition {
  readonly key: string;
}

export interface CompiledBadge {
  readonly key: string;
  readonly when: Expression;
  /** `family:name` of what its condition reads. */
  readonly facts: ReadonlySet<string>;
  /** Its condition may change though none of its facts did. */
  readonly volatile: boolean;
}

/** What stands in a program's content, ready to decide with. The same content has the same one. */
export interface CompiledContent {
  readonly content: JsonObject;
  readonly checksum: string;
  readonly timezone: string;
  readonly weekStartsOn: Weekday;
  readonly eventTypes: ReadonlyMap<string, EventTypeDefinition>;
  readonly integers: ReadonlyMap<string, Integers>;
  readonly currencies: ReadonlyMap<string, CurrencyDefinition>;
  readonly tracks: ReadonlyMap<string, CompiledTrack>;
  readonly badges: ReadonlyMap<string, BadgeDefinition>;
  /** By event type or effect, in the order of the file. */
  readonly rules: ReadonlyMap<string, readonly CompiledRule[]>;
  /** Those awarded by their condition, in the order of the file. */
  readonly automaticBadges: readonly CompiledBadge[];
  /** Limits of `everyone`, by the event type that can reach them; those of rules that follow effects under `""`. */
  readonly sharedLimits: ReadonlyMap<string, readonly CompiledLimit[]>;
  /** What the expressions read of `progress`, by family. */
  readonly facts: ReadonlyMap<string, ReadonlySet<string>>;
}

/** One published version; 0 is the empty program, or a draft that has no number yet. */
export interface CompiledProgram extends CompiledContent {
  readonly id: Id<"prg"> | undefined;
  readonly version: number;
}

/** Environments often hold the same content, and a save, a publication and a roll-back ask for one three times. */
const KEPT_MAX = 64;
const kept = new Map<string, CompiledContent>();

/** For content that {@link validateProgram} accepted. */
export function compileProgram(
  program: Program,
  content: JsonObject,
  { version, id }: { readonly version: number; readonly id: Id<"prg"> | undefined },
): CompiledProgram {
  const checksum = programChecksum(content);
  let compiled = kept.get(checksum);
  if (compiled) kept.delete(checksum);
  else compiled = compileContent(program, content, checksum);
  if (kept.size >= KEPT_MAX) {
    const [oldest] = kept.keys();
    if (oldest !== undefined) kept.delete(oldest);
  }
  kept.set(checksum, compiled);
  return { ...compiled, version, id };
}

function compileContent(program: Program, content: JsonObject, checksum: string): CompiledContent {
  const rules = Object.entries(program.rules).map(([key, rule]) => compileRule(key, rule));
  const automaticBadges = Object.entries(program.badges).flatMap(([key, badge]) => compileBadge(key, badge));
  const eventTypes = new Map(Object.entries(program.eventTypes));
  return {
    content,
    checksum,
    timezone: program.timezone,
    weekStartsOn: program.weekStartsOn,
    eventTypes,
    integers: integersByType(eventTypes),
    currencies: new Map(Object.entries(program.currencies)),
    tracks: new Map(Object.entries(program.tracks).map(([key, track]) => [key, { key, ...track }])),
    badges: new Map(Object.entries(program.badges)),
    rules: Map.groupBy(rules, (rule) => rule.on),
    automaticBadges,
    sharedLimits: sharedLimitsOf(rules),
    facts: factsOf([...rules.flatMap(expressionsOf), ...automaticBadges.map((badge) => badge.when)]),
  };
}

function integersByType(eventTypes: ReadonlyMap<string, EventTypeDefinition>): Map<string, Integers> {
  const found = new Map<string, Integers>();
  for (const [name, { schema }] of eventTypes) {
    const integers = integersOf(schema);
    if (integers) found.set(name, integers);
  }
  return found;
}

function compileRule(key: string, rule: RuleDefinition): CompiledRule {
  const actions = rule.then.map(compileAction);
  const credited = [...new Set(actions.flatMap((action) => (action.kind === "credit" ? action.currency : [])))];
  return {
    key,
    on: rule.on,
    when: rule.when === undefined ? undefined : compileExpression(rule.when),
    actions,
    limits: (rule.limits ?? []).map((limit, index) => compileLimit(`${key}/${index}`, limit, credited[0])),
    reason: rule.when ?? `every ${rule.on}`,
  };
}

function compileAction(action: ActionDefinition): CompiledAction {
  if ("award" in action) return { kind: "award", key: action.key ?? action.award, badge: action.award };
  const kind = "credit" in action ? "credit" : "debit";
  const currency = "credit" in action ? action.credit : action.debit;
  const amount = typeof action.amount === "number" ? action.amount : compileExpression(action.amount);
  return { kind, key: action.key ?? currency, currency, amount };
}

function compileLimit(id: string, limit: LimitDefinition, credited: string | undefined): CompiledLimit {
  const { per, every } = limit;
  if ("times" in limit) return { id, per, every, most: limit.times, currency: undefined };
  return { id, per, every, most: limit.credits, currency: limit.currency ?? credited };
}

function compileBadge(key: string, badge: BadgeDefinition): CompiledBadge[] {
  if (badge.when === undefined || badge.award === "manual") return [];
  const when = compileExpression(badge.when);
  return [{ key, when, facts: new Set(when.facts.map(factName)), volatile: when.volatile }];
}

const factName = ({ family, name }: Fact): string => `${family}:${name}`;

const expressionsOf = (rule: CompiledRule): Expression[] => [
  ...(rule.when ? [rule.when] : []),
  ...rule.actions.flatMap((action) =>
    action.kind !== "award" && typeof action.amount === "object" ? action.amount : [],
  ),
];

function factsOf(expressions: readonly Expression[]): Map<string, Set<string>> {
  const facts = new Map<string, Set<string>>();
  for (const { family, name } of expressions.flatMap((expression) => expression.facts)) {
    const names = facts.get(family) ?? new Set();
    facts.set(family, names.add(name));
  }
  return facts;
}

function sharedLimitsOf(rules: readonly CompiledRule[]): Map<string, CompiledLimit[]> {
  const shared = new Map<string, CompiledLimit[]>();
  for (const { on, limits } of rules) {
    const own = limits.filter((limit) => limit.per === "everyone");
    const place = TRIGGERS.has(on) ? "" : on;
    if (own.length > 0) shared.set(place, [...(shared.get(place) ?? []), ...own]);
  }
  return shared;
}
