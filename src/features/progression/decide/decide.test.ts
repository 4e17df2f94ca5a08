import { describe, expect, test } from "bun:test";
import { effectsOf, programOf, reasonsOf, TestLog } from "../../../../tests/support/progress.ts";
import { isId } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { unixMs } from "../../../kernel/units.ts";
import { EMPTY_PROGRAM } from "../program/empty.ts";
import { EMPTY_STATE } from "../types.ts";
import { decide } from "./decide.ts";

const CURRENCIES = { coins: { kind: "spendable" }, xp: { kind: "progress" } };
const LEVEL = {
  over: "xp",
  rungs: [
    { key: "novice", at: 0 },
    { key: "adept", at: 500 },
    { key: "master", at: 2000 },
  ],
};

const logOf = (content: JsonObject): TestLog =>
  new TestLog(programOf({ eventTypes: { lesson: {} }, currencies: CURRENCIES, ...content }));

describe("rules", () => {
  const rule = (when: string | undefined, then: JsonObject[]): TestLog =>
    logOf({ rules: { earn: { on: "lesson", ...(when === undefined ? {} : { when }), then } } });

  test("credit what they say: the effect, the transfer and the balance agree", () => {
    const log = rule("event.properties.score >= 60", [{ credit: "coins", amount: 10 }]);
    const decision = log.event({ properties: { score: 94 } });
    expect(decision.effects).toEqual([
      {
        id: expect.any(String),
        type: "points.earned",
        userId: "ada",
        rule: "earn",
        reason: "event.properties.score >= 60",
        currency: "coins",
        amount: 10,
        balance: 10,
      },
    ]);
    const [effect, transfer] = [decision.effects[0]!, decision.transfers[0]!];
    expect(isId("eff", effect.id)).toBe(true);
    expect(isId("txn", transfer.id)).toBe(true);
    expect(transfer).toMatchObject({
      key: "earn/coins",
      memberId: log.member().id,
      currency: "coins",
      debit: "program",
      credit: log.member().id,
      amount: 10,
      expiresAt: undefined,
    });
    expect(log.state().balances).toEqual({ coins: { available: 10, pending: 0, owed: 0, total: 10 } });
    expect(decision.considered).toEqual([
      { rule: "earn", fired: true, reason: "event.properties.score >= 60 is true" },
    ]);
  });

  test("that do not fire say what their condition came to, and leave nothing but the count", () => {
    const log = rule("event.properties.score >= 60", [{ credit: "coins", amount: 10 }]);
    const decision = log.event({ properties: { score: 12 } });
    expect(decision).toMatchObject({ effects: [], transfers: [] });
    expect(reasonsOf(decision)).toEqual({ earn: "not: event.properties.score >= 60 is false" });
    expect(log.state()).toEqual({ ...EMPTY_STATE, counts: { lesson: 1 } });
  });

  test.each([
    ["event.properties.score >= 60", {}, "event.properties.score >= 60 could not be evaluated: No such key: score"],
    ["event.properties.score", { score: "x" }, "event.properties.score is neither true nor false"],
    ["event.properties.n / 0 == 1", { n: 1 }, "event.properties.n / 0 == 1 is false"],
    ["1 / 0 == 1", {}, "1 / 0 == 1 could not be evaluated: division by zero"],
    ["event.properties.list[3] == 1", { list: [1] }, /index out of bounds/],
  ])("whose condition %j fails on %j do not fire, with the reason", (when, properties, reason) => {
    const decision = rule(when, [{ credit: "coins", amount: 10 }]).event({ properties });
    expect(decision.effects).toEqual([]);
    expect(decision.considered[0]).toMatchObject({
      fired: false,
      reason: typeof reason === "string" ? reason : expect.stringMatching(reason),
    });
  });

  test.each([
    ["event.properties.n", { n: 5 }, "points.earned coins 5"],
    ["event.properties.n * 2", { n: 5 }, "points.earned coins 10"],
    ["int(event.properties.n * 1.5)", { n: 5 }, "points.earned coins 7"],
    ["size(event.properties.list)", { list: [1, 2, 3] }, "points.earned coins 3"],
    ["event.properties.n", { n: 1_000_000_000_000 }, "points.earned coins 1000000000000"],
    ["event.properties.n", { n: 1_000_000_000_001 }, "not: coins: event.properties.n is over 10¹²"],
    ["event.properties.n", { n: 1e300 }, "not: coins: event.properties.n is over 10¹²"],
    ["event.properties.n", { n: 2.5 }, "not: coins: event.properties.n is not a whole number"],
    ["event.properties.n", { n: "7" }, "not: coins: event.properties.n is not a whole number"],
    ["event.properties.n", { n: null }, "not: coins: event.properties.n is not a whole number"],
    ["event.properties.n", { n: -1 }, "not: coins: event.properties.n is below 0"],
    ["event.properties.n", { n: 0 }, "not: coins: the amount is 0"],
    ["event.properties.n", {}, "not: coins: event.properties.n could not be evaluated: No such key: n"],
    ["int(event.properties.n) * 9000000000", { n: 9_000_000_000 }, /integer overflow/],
  ])("worth %j of %j: %j", (amount, properties, expected) => {
    const decision = rule(undefined, [{ credit: "coins", amount }]).event({ properties });
    const got = effectsOf(decision)[0] ?? reasonsOf(decision).earn;
    expect(got).toEqual(typeof expected === "string" ? expected : expect.stringMatching(expected));
  });

  test("do all or nothing: one action that can't be carried out takes the others with it", () => {
    const log = rule(undefined, [
      { credit: "xp", amount: 5 },
      { debit: "coins", amount: 10 },
    ]);
    const poor = log.event();
    expect(poor).toMatchObject({ effects: [], transfers: [] });
    expect(reasonsOf(poor)).toEqual({ earn: "not: coins: 10 is needed, 0 is available" });
    expect(log.state().balances).toEqual({});
    log.adjust("coins", 25);
    expect(effectsOf(log.event())).toEqual(["points.earned xp 5", "points.spent coins 10"]);
    expect(log.state().balances.coins).toEqual({ available: 15, pending: 0, owed: 0, total: 25 });
  });

  test("spend what the same rule has just given", () => {
    const log = rule(undefined, [
      { credit: "coins", amount: 5 },
      { debit: "coins", amount: 5, key: "fee" },
    ]);
    const decision = log.event();
    expect(effectsOf(decision)).toEqual(["points.earned coins 5", "points.spent coins 5"]);
    expect(decision.transfers.map(({ key }) => key)).toEqual(["earn/coins", "earn/fee"]);
    expect(decision.transfers[1]).toMatchObject({ debit: log.member().id, credit: "program" });
  });

  test("see what the rules before them in the file have done", () => {
    const log = logOf({
      rules: {
        second_in_the_alphabet: { on: "lesson", then: [{ credit: "coins", amount: 5 }] },
        first_in_the_alphabet: {
          on: "lesson",
          when: "progress.balances.coins == 5",
          then: [{ credit: "xp", amount: 1 }],
        },
      },
    });
    expect(effectsOf(log.event())).toEqual(["points.earned coins 5", "points.earned xp 1"]);
    expect(effectsOf(log.event())).toEqual(["points.earned coins 5"]);
  });

  test("stop at the bound of a balance, with the reason, and the next event is none the worse", () => {
    const log = rule(undefined, [{ credit: "coins", amount: "event.properties.n" }]);
    log.members.set("ada", {
      ...log.member(),
      state: {
        ...EMPTY_STATE,
        balances: { coins: { available: 0, pending: 0, owed: 0, total: Number.MAX_SAFE_INTEGER - 3 } },
      },
    });
    expect(reasonsOf(log.event({ properties: { n: 4 } }))).toEqual({
      earn: "not: coins: the balance would exceed 2⁵³−1",
    });
    expect(effectsOf(log.event({ properties: { n: 3 } }))).toEqual(["points.earned coins 3"]);
  });

  test("net what is owed before anything can be spent", () => {
    const log = rule(undefined, [{ credit: "coins", amount: "event.properties.n" }]);
    log.members.set("ada", {
      ...log.member(),
      state: { ...EMPTY_STATE, balances: { coins: { available: 0, pending: 0, owed: 10, total: 30 } } },
    });
    expect(log.event({ properties: { n: 4 } }).effects[0]).toMatchObject({ amount: 4, balance: 0 });
    expect(log.event({ properties: { n: 10 } }).effects[0]).toMatchObject({ amount: 10, balance: 4 });
    expect(log.state().balances.coins).toEqual({ available: 4, pending: 0, owed: 0, total: 44 });
  });

  test("make lots that expire where the currency says so", () => {
    const log = logOf({
      currencies: { coins: { kind: "spendable", expiresAfter: "30d" } },
      rules: { earn: { on: "lesson", then: [{ credit: "coins", amount: 1 }] } },
    });
    const [transfer] = log.event().transfers;
    expect(transfer?.expiresAt).toBe(unixMs(Date.UTC(2026, 11, 20, 11)));
  });

  test.each([
    ["member.userId == 'ada' && event.userId == member.userId && event.id == 'input-1'", true],
    ["member.attributes.plan == 'pro' && has(member.attributes.plan) && !has(member.attributes.age)", true],
    ["member.timezone == 'Asia/Tokyo' && event.localDate == '2026-11-20' && event.localHour == 3", true],
    ["event.occurredAt < event.receivedAt && event.receivedAt == now", true],
    ["event.occurredAt == timestamp('2026-11-19T19:04:00+01:00')", true],
    ["now - event.occurredAt > duration('16h') && now - event.occurredAt < duration('1d')", true],
    ["member.createdAt < now && size(member.segments) == 0 && !('vip' in member.segments)", true],
    ["member.attributes.plan == 'free'", false],
  ])("see the member, the times and the zone: %s", (when, expected) => {
    const log = rule(when, [{ credit: "coins", amount: 1 }]);
    log.member("ada", { timezone: "Asia/Tokyo", attributes: { plan: "pro" } });
    expect(reasonsOf(log.event({ at: "2026-11-19T18:04:00Z" })).earn).toStartWith(expected ? "fired" : "not");
  });
});

test("a condition that can't be evaluated is marked as failed, one that is false is not", () => {
  const log = logOf({
    rules: {
      broken: { on: "lesson", when: "event.properties.n > 1", then: [{ credit: "coins", amount: 1 }] },
      fractional: { on: "lesson", then: [{ credit: "coins", amount: "event.properties.half" }] },
      quiet: { on: "lesson", when: "event.properties.half > 1", then: [{ credit: "coins", amount: 1 }] },
    },
  });
  const decision = log.event({ properties: { half: 0.5 } });
  expect(decision.considered.map(({ rule, failed }) => [rule, failed])).toEqual([
    ["broken", true],
    ["fractional", true],
    ["quiet", undefined],
  ]);
});

describe("counting", () => {
  test("counts each event once, before its rules, and no command", () => {
    const log = logOf({
      rules: {
        third: { on: "lesson", when: "progress.counts['lesson'] == 3", then: [{ credit: "coins", amount: 1 }] },
      },
    });
    expect([1, 2, 3, 4].map(() => effectsOf(log.event()).length)).toEqual([0, 0, 1, 0]);
    log.adjust("coins", 1);
    expect(log.state().counts).toEqual({ lesson: 4 });
  });

  test("names of types that nobody defined are counted up to a bound; a defined one always", () => {
    const log = logOf({});
    for (let n = 0; n < 150; n += 1) log.event({ type: `made-up-${n}` });
    expect(Object.keys(log.state().counts)).toHaveLength(100);
    log.event({ type: "lesson" });
    log.event({ type: "made-up-3" });
    expect(log.state().counts).toMatchObject({ lesson: 1, "made-up-3": 2 });
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "an event type called %s is counted as any other",
    (type) => {
      const log = logOf({});
      log.event({ type });
      log.event({ type });
      expect(Object.entries(log.state().counts)).toEqual([[type, 2]]);
      const kept = JSON.parse(JSON.stringify(log.state()));
      expect(Object.getOwnPropertyDescriptor(kept.counts, type)?.value).toBe(2);
      expect(({} as Record<string, unknown>).lesson).toBeUndefined();
    },
  );

  test("without a published program events are counted and have no effects", () => {
    const log = new TestLog(EMPTY_PROGRAM);
    expect(log.event()).toMatchObject({ effects: [], transfers: [], considered: [] });
    expect(log.state().counts).toEqual({ lesson: 1 });
  });
});

describe("tracks", () => {
  const climb = { earn: { on: "lesson", then: [{ credit: "xp", amount: "event.properties.n" }] } };
  const give = (log: TestLog, n: number) => effectsOf(log.event({ properties: { n } })).slice(1);

  test("tell of each rung that is reached, of several at once by one effect, and not of the one at 0", () => {
    const log = logOf({ rules: climb, tracks: { level: LEVEL } });
    expect(give(log, 499)).toEqual([]);
    expect(log.state().levels).toEqual({ level: "novice" });
    expect(give(log, 1)).toEqual(["level.changed level novice>adept"]);
    expect(give(log, 5_000)).toEqual(["level.changed level adept>master"]);
    const other = logOf({ rules: climb, tracks: { level: LEVEL } });
    expect(give(other, 2_000)).toEqual(["level.changed level novice>master"]);
  });

  test("below a first rung above 0 there is no level", () => {
    const log = logOf({ rules: climb, tracks: { level: { over: "xp", rungs: [{ key: "bronze", at: 10 }] } } });
    expect(give(log, 9)).toEqual([]);
    expect(log.state().levels).toEqual({});
    expect(give(log, 1)).toEqual(["level.changed level null>bronze"]);
  });

  test("follow all that was ever earned: spending lowers no level, a correction may", () => {
    const log = logOf({
      rules: {
        earn: { on: "lesson", then: [{ credit: "coins", amount: 100 }] },
        pay: { on: "purchase", then: [{ debit: "coins", amount: 100 }] },
      },
      eventTypes: { lesson: {}, purchase: {} },
      tracks: {
        rank: {
          over: "coins",
          rungs: [
            { key: "low", at: 50 },
            { key: "high", at: 100 },
          ],
        },
      },
    });
    log.event();
    expect(log.state().levels).toEqual({ rank: "high" });
    log.event({ type: "purchase" });
    expect(log.state().levels).toEqual({ rank: "high" });
    log.event();
    expect(effectsOf(log.adjust("coins", -100))).toEqual(["points.spent coins 100"]);
    log.event();
    log.event({ type: "purchase" });
    expect(log.state().balances.coins).toMatchObject({ available: 0, total: 200 });
    const fallen = logOf({ rules: climb, tracks: { level: { over: "xp", rungs: [{ key: "bronze", at: 10 }] } } });
    fallen.event({ properties: { n: 12 } });
    expect(effectsOf(fallen.adjust("xp", -5))).toEqual(["points.spent xp 5", "level.changed level bronze>null"]);
    expect(fallen.state().levels).toEqual({});
  });

  test("raised by a new version, the rungs take no level from somebody who gains", () => {
    const log = logOf({ rules: climb, tracks: { level: LEVEL } });
    give(log, 600);
    log.program = programOf({
      eventTypes: { lesson: {} },
      currencies: CURRENCIES,
      rules: climb,
      tracks: {
        level: {
          over: "xp",
          rungs: [
            { key: "novice", at: 0 },
            { key: "adept", at: 1_000 },
            { key: "master", at: 2_000 },
          ],
        },
      },
    });
    expect(give(log, 1)).toEqual([]);
    expect(log.state().levels).toEqual({ level: "adept" });
    expect(give(log, 1_400)).toEqual(["level.changed level adept>master"]);
  });
});

describe("badges", () => {
  test("come by themselves once their condition holds, each once", () => {
    const log = logOf({ badges: { first: { title: "First", when: "progress.counts['lesson'] >= 1" } } });
    const first = log.event();
    expect(effectsOf(first)).toEqual(["badge.awarded first"]);
    const [effect] = first.effects;
    expect(effect).toMatchObject({ rule: "first", reason: "progress.counts['lesson'] >= 1", badge: "first" });
    expect(isId("awd", String(effect?.awardId))).toBe(true);
    expect(log.state().badges).toEqual({ first: { awardId: effect?.awardId as never, awardedAt: expect.any(Number) } });
    expect(effectsOf(log.event())).toEqual([]);
  });

  test("that are given by hand are not", () => {
    const log = logOf({
      badges: { first: { title: "First", when: "progress.counts['lesson'] >= 1", award: "manual" } },
    });
    expect(effectsOf(log.event())).toEqual([]);
  });

  test("stand on balances, levels and one another", () => {
    const log = logOf({
      rules: { earn: { on: "lesson", then: [{ credit: "xp", amount: 500 }] } },
      tracks: { level: LEVEL },
      badges: {
        both: { title: "Both", when: "progress.badges.adept && progress.badges.rich" },
        adept: { title: "Adept", when: "progress.levels.level == 'adept'" },
        rich: { title: "Rich", when: "progress.balances.xp >= 500" },
      },
    });
    expect(effectsOf(log.event())).toEqual([
      "points.earned xp 500",
      "level.changed level novice>adept",
      "badge.awarded adept",
      "badge.awarded rich",
      "badge.awarded both",
    ]);
  });

  test("may look at the member and the time", () => {
    const log = logOf({
      badges: { pro: { title: "Pro", when: "has(member.attributes.plan) && member.attributes.plan == 'pro'" } },
    });
    expect(effectsOf(log.event())).toEqual([]);
    log.members.set("ada", { ...log.member(), attributes: { plan: "pro" } });
    expect(effectsOf(log.event())).toEqual(["badge.awarded pro"]);
  });

  test("are awarded by rules too, and only once", () => {
    const log = logOf({
      badges: { hero: { title: "Hero" } },
      rules: { hero: { on: "lesson", when: "event.properties.score == 100", then: [{ award: "hero" }] } },
    });
    expect(effectsOf(log.event({ properties: { score: 100 } }))).toEqual(["badge.awarded hero"]);
    const again = log.event({ properties: { score: 100 } });
    expect(effectsOf(again)).toEqual([]);
    expect(reasonsOf(again)).toEqual({ hero: "not: the badge hero was awarded before" });
  });

  test("whose condition fails are told of, and hurt nobody", () => {
    const log = logOf({ badges: { pro: { title: "Pro", when: "member.attributes.plan == 'pro'" } } });
    expect(reasonsOf(log.event())).toEqual({
      pro: "not: member.attributes.plan == 'pro' could not be evaluated: No such key: plan",
    });
  });
});

describe("rules that follow effects", () => {
  test("points lead to a level, it to points and a badge, and that to points", () => {
    const log = logOf({
      rules: {
        earn: { on: "lesson", then: [{ credit: "xp", amount: 500 }] },
        gift: {
          on: "level.changed",
          when: "effect.track == 'level' && effect.to == 'adept' && effect.from == 'novice'",
          then: [{ credit: "coins", amount: 100 }],
        },
        fame: {
          on: "badge.awarded",
          when: "effect.badge == 'rich' && event.type == 'lesson'",
          then: [{ credit: "coins", amount: 1 }],
        },
      },
      tracks: { level: LEVEL },
      badges: { rich: { title: "Rich", when: "progress.balances.coins >= 100" } },
    });
    const decision = log.event();
    expect(effectsOf(decision)).toEqual([
      "points.earned xp 500",
      "level.changed level novice>adept",
      "points.earned coins 100",
      "badge.awarded rich",
      "points.earned coins 1",
    ]);
    expect(reasonsOf(decision)).toMatchObject({
      gift: expect.stringContaining("is true"),
      fame: expect.stringContaining("is true"),
    });
  });

  test("an effect that starts below the first rung reads as from nowhere", () => {
    const log = logOf({
      rules: {
        earn: { on: "lesson", then: [{ credit: "xp", amount: 5 }] },
        hello: { on: "level.changed", when: "effect.from == ''", then: [{ credit: "coins", amount: 1 }] },
      },
      tracks: { level: { over: "xp", rungs: [{ key: "one", at: 5 }] } },
    });
    expect(effectsOf(log.event())).toContain("points.earned coins 1");
  });

  test("each fires once per input, however many effects it could follow", () => {
    const log = logOf({
      rules: {
        earn: { on: "lesson", then: [{ credit: "xp", amount: 5 }] },
        gift: { on: "level.changed", then: [{ credit: "coins", amount: 1 }] },
      },
      tracks: {
        one: { over: "xp", rungs: [{ key: "a", at: 5 }] },
        two: { over: "xp", rungs: [{ key: "a", at: 5 }] },
      },
    });
    const decision = log.event();
    expect(effectsOf(decision).filter((effect) => effect.startsWith("points.earned coins"))).toHaveLength(1);
    expect(decision.considered.at(-1)).toEqual({ rule: "gift", fired: false, reason: "fired already for this input" });
  });

  test("a ring of them ends", () => {
    const log = logOf({
      rules: {
        start: { on: "lesson", then: [{ credit: "xp", amount: 1 }] },
        again: { on: "level.changed", then: [{ credit: "xp", amount: 1 }] },
      },
      tracks: {
        level: { over: "xp", rungs: Array.from({ length: 50 }, (_, index) => ({ key: `l${index}`, at: index })) },
      },
    });
    expect(effectsOf(log.event())).toEqual([
      "points.earned xp 1",
      "level.changed level l0>l1",
      "points.earned xp 1",
      "level.changed level l1>l2",
    ]);
  });

  test("a cascade ends at a depth of 8, and says so", () => {
    const steps = Array.from({ length: 12 }, (_, index) => index);
    const log = logOf({
      rules: {
        start: { on: "lesson", then: [{ award: "b0" }] },
        ...Object.fromEntries(
          steps
            .slice(1)
            .map((n) => [
              `r${n}`,
              { on: "badge.awarded", when: `effect.badge == 'b${n - 1}'`, then: [{ award: `b${n}` }] },
            ]),
        ),
      },
      badges: Object.fromEntries(steps.map((n) => [`b${n}`, { title: `B${n}` }])),
    });
    const decision = log.event();
    expect(effectsOf(decision)).toEqual(Array.from({ length: 9 }, (_, n) => `badge.awarded b${n}`));
    expect(decision.considered.at(-1)).toEqual({
      rule: "cascade",
      fired: false,
      reason: "effects followed from effects 8 deep, and were stopped",
    });
  });
});

describe("adjustments", () => {
  test("give and take by hand, with levels, badges and rules in their train", () => {
    const log = logOf({
      tracks: { level: LEVEL },
      badges: { rich: { title: "Rich", when: "progress.balances.xp >= 500" } },
      rules: {
        gift: { on: "level.changed", when: "event.type == 'adjustment'", then: [{ credit: "coins", amount: 1 }] },
      },
    });
    const decision = log.adjust("xp", 500);
    expect(effectsOf(decision)).toEqual([
      "points.earned xp 500",
      "level.changed level novice>adept",
      "badge.awarded rich",
      "points.earned coins 1",
    ]);
    expect(decision.effects[0]).toMatchObject({ rule: "adjustment", reason: "by hand" });
  });

  test("that take too much, or what is no currency, change nothing", () => {
    const log = logOf({});
    log.adjust("coins", 10);
    const before = log.state();
    expect(log.adjust("coins", -11)).toMatchObject({
      refusal: { code: "insufficient_balance", message: "coins: 11 is needed, 10 is available." },
      effects: [],
      transfers: [],
      considered: [],
    });
    expect(log.adjust("gold", 1).refusal?.code).toBe("validation_failed");
    expect(log.adjust("coins", 0).refusal?.code).toBe("validation_failed");
    expect(log.adjust("coins", 1e13).refusal?.code).toBe("validation_failed");
    expect(log.adjust("coins", -1).members.size).toBe(1);
    expect(log.decisions).toHaveLength(2);
    expect(before.balances.coins?.available).toBe(10);
  });

  test("share no key with a rule's transfers, whatever the rule is called", () => {
    const log = logOf({
      rules: { adjustment: { on: "level.changed", then: [{ credit: "xp", amount: 1 }] } },
      tracks: { level: LEVEL },
    });
    const keys = log.adjust("xp", 600).transfers.map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
  });
});

test("the facts that an input began with are never changed", () => {
  const log = logOf({
    rules: {
      earn: {
        on: "lesson",
        then: [{ credit: "xp", amount: 600 }, { award: "b" }],
        limits: [{ per: "member", every: "day", times: 5 }],
      },
    },
    tracks: { level: LEVEL },
    badges: { b: { title: "B" } },
  });
  log.event();
  const deep = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const inner of Object.values(value)) deep(inner);
    Object.freeze(value);
  };
  const before = log.member();
  deep(before);
  const text = JSON.stringify(before);
  log.event();
  expect(JSON.stringify(before)).toBe(text);
  expect(log.member()).not.toBe(before);
});

test("a member that was not loaded is a bug, not an answer", () => {
  const log = logOf({});
  const input = {
    ...log,
    environmentId: "env_x",
    sequence: 1,
    kind: "event",
    id: "a",
    type: "lesson",
    userId: "nobody",
    occurredAt: unixMs(0),
    receivedAt: unixMs(0),
    localDate: "1970-01-01",
    localHour: 0,
    properties: {},
    backfill: false,
  } as const;
  expect(() => decide(log.program, { members: new Map(), counters: new Map() }, input, unixMs(0))).toThrow("the facts");
});
