import { deriveId, type Id } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { UnixMs } from "../../../kernel/units.ts";
import { REASON_CHARS_MAX } from "../program/bounds.ts";
import type { CompiledProgram } from "../program/compile.ts";
import type {
  Balance,
  Considered,
  Decision,
  Effect,
  Input,
  LimitUse,
  MemberFacts,
  MemberState,
  Transfer,
} from "../types.ts";
import { NO_BALANCE } from "./balance.ts";

/** An own entry of a record whose keys a caller may have chosen: `constructor` is a legal name of an event type. */
const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

type Draft<T> = Record<string, T>;

/**
 * What one input has come to so far. The facts it began with are never touched: a part of the state is copied when it
 * first changes, so an input that changes little costs little.
 */
export class Work {
  readonly program: CompiledProgram;
  readonly input: Input;
  readonly now: UnixMs;
  readonly member: MemberFacts;
  readonly effects: Effect[] = [];
  readonly transfers: Transfer[] = [];
  readonly considered: Considered[] = [];
  /** Keys of the rules that have fired: each does so once per input. */
  readonly fired = new Set<string>();
  /** `family:name` of what changed since badges were last looked at. */
  dirty = new Set<string>();
  /** Currencies whose total went down: only then may a level. */
  readonly lowered = new Set<string>();
  readonly #counters: ReadonlyMap<string, number>;
  readonly #changedCounters = new Map<string, number>();
  readonly #seed: string;
  #balances: Draft<Balance> | undefined;
  #levels: Draft<string> | undefined;
  #badges: Draft<MemberState["badges"][string]> | undefined;
  #limits: Draft<LimitUse> | undefined;
  #counts: MemberState["counts"] | undefined;

  constructor(
    program: CompiledProgram,
    facts: { readonly member: MemberFacts; readonly counters: ReadonlyMap<string, number> },
    input: Input,
    now: UnixMs,
  ) {
    this.program = program;
    this.input = input;
    this.now = now;
    this.member = facts.member;
    this.#counters = facts.counters;
    this.#seed = `${input.environmentId}/${input.sequence}/`;
  }

  balance(currency: string): Balance {
    return own(this.#balances ?? this.member.state.balances, currency) ?? NO_BALANCE;
  }

  setBalance(currency: string, balance: Balance): void {
    if (balance.total < this.balance(currency).total) this.lowered.add(currency);
    this.#balances ??= { ...this.member.state.balances };
    this.#balances[currency] = balance;
    this.dirty.add(`balances:${currency}`);
  }

  count(type: string): number {
    return own(this.#counts ?? this.member.state.counts, type) ?? 0;
  }

  setCount(type: string, count: number): void {
    // A computed key of a literal is always an own property, whatever its name; an assignment is not.
    this.#counts = { ...(this.#counts ?? this.member.state.counts), [type]: count };
    this.dirty.add(`counts:${type}`);
  }

  level(track: string): string | undefined {
    return own(this.#levels ?? this.member.state.levels, track);
  }

  /** Undefined is below the first rung. */
  setLevel(track: string, rung: string | undefined): void {
    this.#levels ??= { ...this.member.state.levels };
    if (rung === undefined) delete this.#levels[track];
    else this.#levels[track] = rung;
    this.dirty.add(`levels:${track}`);
  }

  hasBadge(badge: string): boolean {
    return own(this.#badges ?? this.member.state.badges, badge) !== undefined;
  }

  setBadge(badge: string, awardId: Id<"awd">): void {
    this.#badges ??= { ...this.member.state.badges };
    this.#badges[badge] = { awardId, awardedAt: this.input.receivedAt };
    this.dirty.add(`badges:${badge}`);
  }

  limit(id: string): LimitUse | undefined {
    return own(this.#limits ?? this.member.state.limits, id);
  }

  setLimit(id: string, use: LimitUse): void {
    this.#limits ??= { ...this.member.state.limits };
    this.#limits[id] = use;
  }

  counter(name: string): number {
    return this.#changedCounters.get(name) ?? this.#counters.get(name) ?? 0;
  }

  setCounter(name: string, used: number): void {
    this.#changedCounters.set(name, used);
  }

  /** The part of an id that comes from what caused it: equal whenever the same log is decided again. */
  effectId(key: string): Id<"eff"> {
    return deriveId("eff", this.input.receivedAt, this.#seed + key);
  }

  effect(
    id: Id<"eff">,
    type: string,
    from: { readonly rule: string; readonly reason: string },
    fields: JsonObject,
  ): void {
    this.effects.push({ id, type, userId: this.input.userId, rule: from.rule, reason: from.reason, ...fields });
  }

  consider(considered: Considered): void {
    this.considered.push(considered);
  }

  decision(): Decision {
    return {
      effects: this.effects,
      transfers: this.transfers,
      considered: this.considered,
      members: this.#isChanged()
        ? new Map([[this.member.userId, { ...this.member, state: this.#state() }]])
        : new Map(),
      counters: this.#changedCounters,
    };
  }

  #isChanged(): boolean {
    return (this.#balances ?? this.#counts ?? this.#levels ?? this.#badges ?? this.#limits) !== undefined;
  }

  #state(): MemberState {
    const before = this.member.state;
    return {
      balances: this.#balances ?? before.balances,
      counts: this.#counts ?? before.counts,
      levels: this.#levels ?? before.levels,
      badges: this.#badges ?? before.badges,
      limits: this.#limits ?? before.limits,
    };
  }
}

/** The same place and entropy under another prefix: a transfer and an award belong to one effect. */
export const siblingId = <P extends "txn" | "awd">(prefix: P, id: Id<"eff">): Id<P> => `${prefix}_${id.slice(4)}`;

/** As much of an expression as a reason repeats. */
export const shorten = (text: string): string =>
  text.length <= REASON_CHARS_MAX ? text : `${text.slice(0, REASON_CHARS_MAX)}…`;
