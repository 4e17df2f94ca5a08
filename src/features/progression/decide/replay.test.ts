import { describe, expect, test } from "bun:test";
import canonicalize from "canonicalize";
import { programOf, TestLog } from "../../../../tests/support/progress.ts";
import { seededChance } from "../../../kernel/chance.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";

const PROGRAM = {
  eventTypes: {
    lesson: {
      schema: {
        type: "object",
        properties: { score: { type: "integer" }, tags: { type: "array", items: { type: "string" } } },
      },
    },
    purchase: {},
  },
  currencies: { coins: { kind: "spendable", expiresAfter: "P1Y" }, xp: { kind: "progress" } },
  rules: {
    lesson_xp: {
      on: "lesson",
      when: "event.properties.score >= 40",
      then: [
        { credit: "xp", amount: "event.properties.score" },
        { credit: "coins", amount: "event.properties.score / 3" },
      ],
      limits: [
        { per: "member", every: "day", credits: 120, currency: "coins" },
        { per: "everyone", every: "week", credits: 900, currency: "coins" },
      ],
    },
    tagged: {
      on: "lesson",
      when: "event.properties.tags.exists(t, t.matches('^hard'))",
      then: [{ credit: "xp", amount: 7 }],
      limits: [{ per: "member", every: "week", times: 3 }],
    },
    pay: { on: "purchase", then: [{ debit: "coins", amount: "int(event.properties.price)" }] },
    gift: { on: "level.changed", then: [{ credit: "coins", amount: 10 }] },
    fame: { on: "badge.awarded", when: "effect.badge == 'ten'", then: [{ credit: "xp", amount: 50 }] },
  },
  tracks: { level: { over: "xp", rungs: Array.from({ length: 40 }, (_, n) => ({ key: `l${n}`, at: n * 150 })) } },
  badges: {
    ten: { title: "Ten", when: "progress.counts['lesson'] >= 10" },
    rich: { title: "Rich", when: "progress.balances.coins >= 200 && progress.badges.ten" },
  },
};

const USERS = ["ada", "bob", "cleo", "dan"];

/** A log of some hundred inputs of every kind, late ones and refused ones among them. */
function runLog(seed: string): TestLog {
  const log = new TestLog(programOf(PROGRAM));
  const chance = seededChance(seed);
  const pick = (count: number): number => Math.floor(chance.fraction() * count);
  log.member("bob", { timezone: "Pacific/Auckland" });
  log.member("cleo", { timezone: "America/Los_Angeles" });
  for (let n = 0; n < 400; n += 1) {
    const userId = USERS[pick(USERS.length)] ?? "ada";
    const at = new Date(Date.UTC(2026, 10, 20, 11) - pick(20) * 7 * 3_600_000).toISOString();
    switch (pick(10)) {
      case 0:
        log.adjust(pick(2) === 0 ? "coins" : "xp", pick(400) - 200, userId);
        break;
      case 1:
        log.event({ userId, at, type: "purchase", properties: { price: pick(80) } });
        break;
      default:
        log.event({ userId, at, properties: { score: pick(101), tags: pick(2) === 0 ? ["hard-one"] : [] } });
    }
  }
  return log;
}

const hashOf = (value: unknown): string => sha256Hex(canonicalize(JSON.parse(JSON.stringify(value))) ?? "");

describe("the same log over an empty base", () => {
  test.each(["a", "b", "c", "d", "e"])("gives equal effects, transfers and states by hash (seed %s)", (seed) => {
    const [once, twice] = [runLog(seed), runLog(seed)];
    expect(once.decisions.length).toBeGreaterThan(300);
    for (const [index, decision] of once.decisions.entries()) {
      const other = twice.decisions[index];
      expect(
        hashOf({ effects: decision.effects, transfers: decision.transfers, considered: decision.considered }),
      ).toBe(hashOf({ effects: other?.effects, transfers: other?.transfers, considered: other?.considered }));
    }
    expect(hashOf([...once.members])).toBe(hashOf([...twice.members]));
    expect(hashOf([...once.counters])).toBe(hashOf([...twice.counters]));
  });

  test("another log gives others", () => {
    expect(hashOf([...runLog("a").members])).not.toBe(hashOf([...runLog("b").members]));
  });

  test("states that went through storage between any two inputs decide the same", () => {
    const straight = runLog("store");
    const stored = runLog("store");
    for (const [userId, facts] of stored.members) stored.members.set(userId, JSON.parse(JSON.stringify(facts)));
    for (const log of [straight, stored]) log.event({ userId: "ada", properties: { score: 90, tags: [] } });
    expect(hashOf(stored.decisions.at(-1))).toBe(hashOf(straight.decisions.at(-1)));
  });
});

test.each(["a", "b", "c", "d", "e", "f", "g", "h"])(
  "the ledger and the balances agree, and nothing is out of bounds (seed %s)",
  (seed) => {
    const log = runLog(seed);
    const sums = new Map<string, number>();
    const ids = new Set<string>();
    let perDay = 0;
    for (const { transfers, effects } of log.decisions) {
      expect(new Set(transfers.map(({ key }) => key)).size).toBe(transfers.length);
      expect(transfers.length).toBe(effects.filter(({ type }) => type.startsWith("points.")).length);
      for (const { id } of effects) {
        expect(ids.has(id)).toBe(false);
        ids.add(id);
      }
      for (const { memberId, currency, debit, credit, amount } of transfers) {
        expect(amount).toBeGreaterThan(0);
        expect([debit, credit].sort()).toEqual([memberId, "program"].sort());
        const key = `${memberId} ${currency}`;
        sums.set(key, (sums.get(key) ?? 0) + (credit === memberId ? amount : -amount));
      }
      perDay += effects.length;
    }
    expect(perDay).toBeGreaterThan(200);
    for (const { id, state } of log.members.values()) {
      for (const [currency, balance] of Object.entries(state.balances)) {
        expect(balance.available + balance.pending - balance.owed).toBe(sums.get(`${id} ${currency}`) ?? 0);
        expect(Math.min(balance.available, balance.owed, balance.total)).toBeGreaterThanOrEqual(0);
        expect(balance.total).toBeGreaterThanOrEqual(balance.available);
      }
      for (const use of Object.values(state.limits)) {
        expect(Math.max(use.used, ...Object.values(use.late ?? {}))).toBeLessThanOrEqual(120);
      }
    }
    for (const used of log.counters.values()) expect(used).toBeLessThanOrEqual(900);
  },
);
