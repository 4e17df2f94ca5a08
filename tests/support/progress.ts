import { decide, needs } from "../../src/features/progression/decide/decide.ts";
import { localTimeOf } from "../../src/features/progression/decide/local-time.ts";
import type { CompiledProgram } from "../../src/features/progression/program/compile.ts";
import { validateProgram } from "../../src/features/progression/program/validate.ts";
import {
  type Command,
  type Decision,
  EMPTY_STATE,
  type Input,
  type MemberFacts,
  type MemberState,
} from "../../src/features/progression/types.ts";
import type { Id } from "../../src/kernel/ids.ts";
import type { JsonObject } from "../../src/kernel/json.ts";
import { unixMs } from "../../src/kernel/units.ts";

/** A program that is valid, with a time zone where none is given. */
export function programOf(content: JsonObject): CompiledProgram {
  const verdict = validateProgram({ timezone: "Europe/Berlin", ...content });
  if ("problems" in verdict) throw new Error(JSON.stringify(verdict.problems));
  return verdict.ok;
}

/** What is wrong with a program, as `path: message`. */
export function problemsOf(content: unknown): string[] {
  const verdict = validateProgram(content);
  return "problems" in verdict ? verdict.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

const ENVIRONMENT = "env_01j00000000000000000000000" as Id<"env">;
const NOON = Date.UTC(2026, 10, 20, 11, 0, 0);

export interface TestEvent {
  readonly type?: string;
  readonly userId?: string;
  readonly at?: string;
  readonly properties?: JsonObject;
}

/** A log that is decided input by input over facts in memory. */
export class TestLog {
  program: CompiledProgram;
  readonly members = new Map<string, MemberFacts>();
  readonly counters = new Map<string, number>();
  readonly decisions: Decision[] = [];
  #sequence = 0;

  constructor(program: CompiledProgram) {
    this.program = program;
  }

  member(userId = "ada", facts: Partial<MemberFacts> = {}): MemberFacts {
    const known = this.members.get(userId);
    if (known) return known;
    const made: MemberFacts = {
      id: `mem_${userId.padEnd(26, "0")}`,
      userId,
      attributes: {},
      timezone: undefined,
      createdAt: unixMs(0),
      state: EMPTY_STATE,
      ...facts,
    };
    this.members.set(userId, made);
    return made;
  }

  state(userId = "ada"): MemberState {
    return this.member(userId).state;
  }

  event({ type = "lesson", userId = "ada", at, properties = {} }: TestEvent = {}): Decision {
    return this.#record({ kind: "event", type, userId, properties }, at);
  }

  adjust(currency: string, amount: number, userId = "ada"): Decision {
    const command: Command = { kind: "adjustment", currency, amount, reason: "by hand" };
    return this.#record({ kind: "command", type: "adjustment", userId, properties: {}, command }, undefined);
  }

  #record(what: Pick<Input, "kind" | "type" | "userId" | "properties" | "command">, at: string | undefined): Decision {
    const member = this.member(what.userId);
    const receivedAt = unixMs(NOON + this.#sequence);
    const occurredAt = at === undefined ? receivedAt : unixMs(Date.parse(at));
    const input: Input = {
      ...what,
      environmentId: ENVIRONMENT,
      sequence: this.#sequence + 1,
      id: `input-${this.#sequence + 1}`,
      occurredAt,
      receivedAt,
      ...localTimeOf(occurredAt, member.timezone ?? this.program.timezone),
      backfill: false,
    };
    const wanted = needs(this.program, input);
    const counters = new Map(
      wanted.counters.flatMap((name) =>
        this.counters.has(name) ? [[name, this.counters.get(name) ?? 0] as const] : [],
      ),
    );
    const members = new Map(wanted.userIds.map((userId) => [userId, this.member(userId)]));
    const decision = decide(this.program, { members, counters }, input, receivedAt);
    for (const name of decision.counters.keys())
      if (!wanted.counters.includes(name)) throw new Error(`${name} was not asked for`);
    if (!decision.refusal) {
      this.#sequence += 1;
      for (const [userId, facts] of decision.members) this.members.set(userId, facts);
      for (const [name, used] of decision.counters) this.counters.set(name, used);
      this.decisions.push(decision);
    }
    return decision;
  }
}

/** `points.earned coins 10`, `level.changed level novice>adept`, `badge.awarded week`. */
export const effectsOf = (decision: Decision): string[] =>
  decision.effects.map((effect) => {
    if (effect.type === "level.changed") return `${effect.type} ${effect.track} ${effect.from}>${effect.to}`;
    if (effect.type === "badge.awarded") return `${effect.type} ${effect.badge}`;
    return `${effect.type} ${effect.currency} ${effect.amount}${effect.clipped === undefined ? "" : ` clipped ${effect.clipped}`}`;
  });

/** Why each rule that was looked at did or did not fire. */
export const reasonsOf = (decision: Decision): Record<string, string> =>
  Object.fromEntries(
    decision.considered.map(({ rule, fired, reason }) => [rule, `${fired ? "fired" : "not"}: ${reason}`]),
  );

/** Processor time that `work` takes, in milliseconds: other work on the machine does not count. */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
