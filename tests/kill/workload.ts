import { seededChance } from "../../src/kernel/chance.ts";

/** What is sent, and what must come of it: an event follows from the seed and its number alone. */

export type WorkloadType = "lesson_completed" | "quiz_done" | "notice_posted";

export interface WorkloadEvent {
  readonly id: string;
  readonly type: WorkloadType;
  readonly userId: string;
  readonly properties: { readonly score: number };
}

const typed = { schema: { type: "object", required: ["score"], properties: { score: { type: "integer" } } } };

/** No limits and no conditions on the past: what an event gives does not depend on the order in which it arrives. */
export const PROGRAM = {
  timezone: "UTC",
  eventTypes: {
    lesson_completed: { ...typed, forward: true },
    quiz_done: { ...typed, forward: true },
    notice_posted: { ...typed, forward: true },
  },
  currencies: { xp: { kind: "progress" }, coins: { kind: "spendable" }, stars: { kind: "spendable" } },
  rules: {
    lesson_xp: { on: "lesson_completed", then: [{ credit: "xp", amount: "int(event.properties.score)" }] },
    lesson_coins: {
      on: "lesson_completed",
      when: "event.properties.score >= 60",
      then: [{ credit: "coins", amount: 10 }],
    },
    lesson_star: {
      on: "lesson_completed",
      when: "event.properties.score >= 95",
      then: [{ credit: "stars", amount: 1 }],
    },
    quiz_xp: { on: "quiz_done", then: [{ credit: "xp", amount: "int(event.properties.score)" }] },
  },
};

const MEMBERS = 200;

/** @param index from 0; the same for every type */
export function workloadEvent(seed: string, type: WorkloadType, index: number): WorkloadEvent {
  const chance = seededChance(`${seed}:${type}:${index}`);
  const upTo = (bound: number): number => Math.floor(chance.fraction() * bound);
  return {
    id: `${seed}-${type}-${index}`,
    type,
    userId: `user_${upTo(MEMBERS)}`,
    properties: { score: 1 + upTo(100) },
  };
}

/** What is under way besides the events when the server is killed. */
export type Work = "fan-out" | "recover" | "rotation";

/** One life of the server: killed so long after it has acknowledged so many events, and begun that work. */
export interface Life {
  readonly events: number;
  readonly delayMs: number;
  readonly work: Work | undefined;
}

/**
 * The lives that a seed gives: of five, two do nothing but take events, and one each has a fan-out, a recovery and a
 * rotation of the root key under way.
 */
export function makeLives(seed: string, options: { readonly kills: number; readonly events: number }): Life[] {
  const chance = seededChance(`${seed}:lives`);
  const mean = options.events / options.kills;
  const works: readonly (Work | undefined)[] = [undefined, "fan-out", "recover", undefined, "rotation"];
  return Array.from({ length: options.kills }, (_, index) => {
    const work = works[index % works.length];
    return {
      // A little over the mean, so that the events asked for are reached.
      events: Math.ceil(mean * (0.3 + 1.6 * chance.fraction())),
      delayMs: Math.floor(chance.fraction() * (work === undefined ? 40 : 120)),
      work,
    };
  });
}

export type Amounts = Readonly<Record<string, number>>;

/** By member and currency. */
export function expectedBalances(events: Iterable<WorkloadEvent>): ReadonlyMap<string, Amounts> {
  const balances = new Map<string, Record<string, number>>();
  for (const { type, userId, properties } of events) {
    const own = balances.get(userId) ?? {};
    balances.set(userId, own);
    const credit = (currency: string, amount: number): void => {
      own[currency] = (own[currency] ?? 0) + amount;
    };
    if (type !== "notice_posted") credit("xp", properties.score);
    if (type !== "lesson_completed") continue;
    if (properties.score >= 60) credit("coins", 10);
    if (properties.score >= 95) credit("stars", 1);
  }
  return balances;
}
