import type { ErrorDetail } from "../../../kernel/errors.ts";
import { MEMBER_LIMITS_MAX } from "./bounds.ts";
import type { ActionDefinition, Program, RuleDefinition, TrackDefinition } from "./schema.ts";
import { TRIGGERS } from "./triggers.ts";

/** Which names may be used besides those that the program defines itself. */
export interface Surroundings {
  /** Event types that were registered one by one. */
  readonly eventTypes: Pick<ReadonlySet<string>, "has">;
}

/** Names that point nowhere, and combinations that can't mean what they say. */
export function findBrokenReferences(program: Program, surroundings: Surroundings): ErrorDetail[] {
  const problems: ErrorDetail[] = [];
  const note = (path: string, message: string): void => void problems.push({ path, message });
  checkEventTypes(program, note);
  const isEventType = (name: string): boolean =>
    Object.hasOwn(program.eventTypes, name) || surroundings.eventTypes.has(name);
  for (const [key, rule] of Object.entries(program.rules)) checkRule(program, rule, `rules.${key}`, isEventType, note);
  checkLimitCount(program, note);
  for (const [key, track] of Object.entries(program.tracks)) checkTrack(program, track, `tracks.${key}`, note);
  for (const [key, streak] of Object.entries(program.streaks)) {
    if (!isEventType(streak.on)) note(`streaks.${key}.on`, `${streak.on} is not an event type`);
    if (!isAscending(streak.milestones ?? [])) note(`streaks.${key}.milestones`, "must ascend");
  }
  for (const [key, badge] of Object.entries(program.badges)) {
    if (badge.award === "automatic" && badge.when === undefined)
      note(`badges.${key}.when`, "is needed: a condition awards it");
  }
  for (const [key, { over }] of Object.entries(program.leaderboards)) {
    const known = [program.currencies, program.tracks, program.streaks].some((names) => Object.hasOwn(names, over));
    if (!known) note(`leaderboards.${key}.over`, `${over} is not a currency, track or streak of this program`);
  }
  for (const [key, { price }] of Object.entries(program.rewards)) {
    for (const currency of Object.keys(price))
      checkSpendable(program, currency, `rewards.${key}.price.${currency}`, note);
  }
  return problems;
}

type Note = (path: string, message: string) => void;

const isAscending = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));

function checkEventTypes(program: Program, note: Note): void {
  for (const name of Object.keys(program.eventTypes)) {
    if (TRIGGERS.has(name)) note(`eventTypes.${name}`, `${name} is the name of an effect`);
  }
}

function checkSpendable(program: Program, currency: string, path: string, note: Note): void {
  if (!Object.hasOwn(program.currencies, currency)) note(path, `${currency} is not a currency of this program`);
  else if (program.currencies[currency]?.kind === "progress")
    note(path, `${currency} is earned only: it can't be spent`);
}

function checkRule(
  program: Program,
  rule: RuleDefinition,
  path: string,
  isEventType: (name: string) => boolean,
  note: Note,
): void {
  if (!TRIGGERS.has(rule.on) && !isEventType(rule.on)) {
    note(`${path}.on`, `${rule.on} is neither an event type nor one of the effects ${[...TRIGGERS.keys()].join(", ")}`);
  }
  const keys = new Set<string>();
  for (const [index, action] of rule.then.entries()) {
    const here = `${path}.then.${index}`;
    checkAction(program, action, here, note);
    const key = action.key ?? nameOf(action);
    if (keys.has(key)) note(`${here}.key`, `${key} is the key of another action of this rule: give this one its own`);
    keys.add(key);
  }
  const credited = new Set(rule.then.flatMap((action) => ("credit" in action ? action.credit : [])));
  for (const [index, limit] of (rule.limits ?? []).entries()) {
    if (!("credits" in limit)) continue;
    const here = `${path}.limits.${index}.currency`;
    if (limit.currency === undefined) {
      if (credited.size !== 1) note(here, "is needed: the rule does not credit exactly one currency");
    } else if (!credited.has(limit.currency)) note(here, `${limit.currency} is not credited by this rule`);
  }
}

function nameOf(action: ActionDefinition): string {
  if ("award" in action) return action.award;
  return "credit" in action ? action.credit : action.debit;
}

function checkAction(program: Program, action: ActionDefinition, path: string, note: Note): void {
  if ("award" in action) {
    if (!Object.hasOwn(program.badges, action.award))
      note(`${path}.award`, `${action.award} is not a badge of this program`);
  } else if ("debit" in action) {
    checkSpendable(program, action.debit, `${path}.debit`, note);
  } else if (!Object.hasOwn(program.currencies, action.credit)) {
    note(`${path}.credit`, `${action.credit} is not a currency of this program`);
  }
}

function checkLimitCount(program: Program, note: Note): void {
  const limits = Object.values(program.rules).flatMap((rule) => rule.limits ?? []);
  if (limits.filter((limit) => limit.per === "member").length > MEMBER_LIMITS_MAX) {
    note("rules", `must hold at most ${MEMBER_LIMITS_MAX} limits per member together`);
  }
}

function checkTrack(program: Program, track: TrackDefinition, path: string, note: Note): void {
  if (!Object.hasOwn(program.currencies, track.over))
    note(`${path}.over`, `${track.over} is not a currency of this program`);
  if (!isAscending(track.rungs.map((rung) => rung.at))) note(`${path}.rungs`, "must ascend by `at`");
  const keys = track.rungs.map((rung) => rung.key);
  const repeated = keys.findIndex((key, index) => keys.indexOf(key) !== index);
  if (repeated >= 0)
    note(`${path}.rungs.${repeated}.key`, `${keys[repeated]} is the key of another rung of this track`);
}
