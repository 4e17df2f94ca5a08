import { seededChance } from "../../src/kernel/chance.ts";

/** What is sent, and what must come of it: known before the first request. */

export interface WorkloadEvent {
  readonly id: string;
  readonly type: "lesson_completed";
  readonly userId: string;
  readonly properties: { readonly score: number };
}

/** No limits and no conditions on the past: what an event gives does not depend on the order in which it arrives. */
export const PROGRAM = {
  timezone: "UTC",
  eventTypes: {
    lesson_completed: {
      schema: { type: "object", required: ["score"], properties: { score: { type: "integer" } } },
      forward: true,
    },
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
  },
};

/** One delivery for each event. */
export const SUBSCRIBED = ["lesson_completed"];

export interface Workload {
  readonly events: readonly WorkloadEvent[];
  /** How many acknowledged events the server lives to see before each kill, rising. */
  readonly killsAt: readonly number[];
  /** So many milliseconds after that. */
  readonly killDelaysMs: readonly number[];
}

export function makeWorkload(seed: string, events: number, kills: number): Workload {
  const chance = seededChance(seed);
  const upTo = (bound: number): number => Math.floor(chance.fraction() * bound);
  const members = Math.max(5, Math.floor(events / 100));
  return {
    events: Array.from({ length: events }, (_, index) => ({
      id: `${seed}-${index}`,
      type: "lesson_completed",
      userId: `user_${upTo(members)}`,
      properties: { score: 1 + upTo(100) },
    })),
    killsAt: Array.from({ length: kills }, () => upTo(Math.floor(events * 0.97))).sort((a, b) => a - b),
    killDelaysMs: Array.from({ length: kills }, () => upTo(40)),
  };
}

export type Amounts = Readonly<Record<string, number>>;

/** By member and currency. */
export function expectedBalances(events: readonly WorkloadEvent[]): ReadonlyMap<string, Amounts> {
  const balances = new Map<string, Record<string, number>>();
  for (const { userId, properties } of events) {
    const own = balances.get(userId) ?? {};
    balances.set(userId, own);
    const credit = (currency: string, amount: number): void => {
      own[currency] = (own[currency] ?? 0) + amount;
    };
    credit("xp", properties.score);
    if (properties.score >= 60) credit("coins", 10);
    if (properties.score >= 95) credit("stars", 1);
  }
  return balances;
}
