import { describe, expect, test } from "bun:test";
import { effectsOf, programOf, reasonsOf, TestLog } from "../../../../tests/support/progress.ts";
import type { JsonObject } from "../../../kernel/json.ts";

const withLimit = (limit: JsonObject, worth: number | string = "event.properties.n", extra: JsonObject = {}) =>
  programOf({
    eventTypes: { lesson: {} },
    currencies: { coins: { kind: "spendable" }, xp: { kind: "progress" } },
    rules: { earn: { on: "lesson", then: [{ credit: "coins", amount: worth }], limits: [limit], ...extra } },
  });
const daily = (credits: number): JsonObject => ({ per: "member", every: "day", credits, currency: "coins" });

describe("a limit on credits", () => {
  test.each([
    [1000, [998, 5], ["points.earned coins 998", "points.earned coins 2 clipped 3"]],
    [10, [10, 1], ["points.earned coins 10"]],
    [10, [4, 4, 4, 4], ["points.earned coins 4", "points.earned coins 4", "points.earned coins 2 clipped 2"]],
    [10, [50], ["points.earned coins 10 clipped 40"]],
    [10, [0, 10], ["points.earned coins 10"]],
  ])("of %j over %j gives %j", (credits, amounts, expected) => {
    const log = new TestLog(withLimit(daily(credits)));
    expect(amounts.flatMap((n) => effectsOf(log.event({ properties: { n } })))).toEqual(expected);
  });

  test("says in words what it has used, both when it clips and when it is used up", () => {
    const log = new TestLog(withLimit(daily(50)));
    log.event({ properties: { n: 40 } });
    const clipped = log.event({ properties: { n: 15 } });
    expect(reasonsOf(clipped)).toEqual({ earn: "fired: every lesson; clipped 5 of 15 coins: 40 of 50 coins today" });
    expect(clipped.effects[0]).toMatchObject({ amount: 10, clipped: 5, balance: 50 });
    expect(reasonsOf(log.event({ properties: { n: 1 } }))).toEqual({
      earn: "not: limit used up: 50 of 50 coins today",
    });
  });

  test("begins anew with the member's own day, not with UTC's nor the program's", () => {
    const log = new TestLog(withLimit(daily(10)));
    log.member("ada", { timezone: "America/New_York" });
    const give = (at: string) => effectsOf(log.event({ at, properties: { n: 10 } }));
    expect(give("2026-11-20T04:59:59Z")).toEqual(["points.earned coins 10"]);
    expect(give("2026-11-20T05:00:00Z")).toEqual(["points.earned coins 10"]);
    expect(give("2026-11-20T23:30:00Z")).toEqual([]);
    expect(give("2026-11-21T04:59:59Z")).toEqual([]);
    expect(give("2026-11-21T05:00:00Z")).toEqual(["points.earned coins 10"]);
  });

  test.each([
    ["2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"],
    ["2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"],
  ])("a day of 23 or 25 hours counts once: %s to %s, and %s is the next", (first, last, next) => {
    const log = new TestLog(withLimit(daily(10)));
    expect(effectsOf(log.event({ at: first, properties: { n: 10 } }))).toHaveLength(1);
    expect(effectsOf(log.event({ at: last, properties: { n: 10 } }))).toHaveLength(0);
    expect(effectsOf(log.event({ at: next, properties: { n: 10 } }))).toHaveLength(1);
  });

  test.each([
    ["week", "2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z"],
    ["month", "2026-11-30T12:00:00Z", "2026-12-01T12:00:00Z"],
    ["ever", "2027-11-30T12:00:00Z", undefined],
  ])("of every %s holds until %s and is new on %s", (every, last, next) => {
    const log = new TestLog(withLimit({ per: "member", every, credits: 10, currency: "coins" }));
    expect(effectsOf(log.event({ at: "2026-11-20T12:00:00Z", properties: { n: 10 } }))).toHaveLength(1);
    expect(effectsOf(log.event({ at: last, properties: { n: 10 } }))).toHaveLength(0);
    if (next) expect(effectsOf(log.event({ at: next, properties: { n: 10 } }))).toHaveLength(1);
  });

  test("a late event counts for its own day, and opens no other day again", () => {
    const log = new TestLog(withLimit(daily(10)));
    const give = (at: string) => effectsOf(log.event({ at, properties: { n: 10 } })).length;
    expect(give("2026-11-19T12:00:00Z")).toBe(1);
    expect(give("2026-11-20T12:00:00Z")).toBe(1);
    expect(give("2026-11-19T13:00:00Z")).toBe(0);
    expect(give("2026-11-20T13:00:00Z")).toBe(0);
    expect(give("2026-11-18T13:00:00Z")).toBe(1);
    expect(give("2026-11-18T14:00:00Z")).toBe(0);
    expect(give("2026-11-20T14:00:00Z")).toBe(0);
    expect(reasonsOf(log.event({ at: "2026-11-18T15:00:00Z", properties: { n: 1 } })).earn).toContain(
      "10 of 10 coins that day",
    );
  });

  test("each of 30 days back stays used though events hop between them, and no more is kept than that", () => {
    const log = new TestLog(withLimit(daily(10)));
    const day = (back: number) => new Date(Date.UTC(2026, 10, 20 - back, 12)).toISOString();
    for (const turn of [0, 1, 2]) {
      for (let back = 30; back >= 0; back -= 1) {
        expect(effectsOf(log.event({ at: day(back), properties: { n: 10 } }))).toHaveLength(turn === 0 ? 1 : 0);
      }
    }
    for (let forward = 1; forward < 200; forward += 1) log.event({ at: day(-forward), properties: { n: 10 } });
    expect(Object.keys(log.state().limits["earn/0"]?.late ?? {}).length).toBeLessThanOrEqual(31);
    for (let back = 500; back > 300; back -= 1) log.event({ at: day(back), properties: { n: 10 } });
    expect(Object.keys(log.state().limits["earn/0"]?.late ?? {}).length).toBeLessThanOrEqual(40);
  });

  test("changed from days to weeks by a new version, it starts with nothing used", () => {
    const log = new TestLog(withLimit(daily(10)));
    log.event({ properties: { n: 10 } });
    log.program = withLimit({ per: "member", every: "week", credits: 10, currency: "coins" });
    expect(effectsOf(log.event({ properties: { n: 10 } }))).toEqual(["points.earned coins 10"]);
  });

  test("two of one currency: the narrower holds, and both are used by what was granted", () => {
    const log = new TestLog(
      programOf({
        eventTypes: { lesson: {} },
        currencies: { coins: { kind: "spendable" } },
        rules: {
          earn: {
            on: "lesson",
            then: [{ credit: "coins", amount: 8 }],
            limits: [
              { per: "member", every: "day", credits: 10 },
              { per: "member", every: "ever", credits: 15 },
            ],
          },
        },
      }),
    );
    const at = (day: number) => effectsOf(log.event({ at: `2026-11-${day}T12:00:00Z` }));
    expect(at(10)).toEqual(["points.earned coins 8"]);
    expect(at(10)).toEqual(["points.earned coins 2 clipped 6"]);
    expect(at(11)).toEqual(["points.earned coins 5 clipped 3"]);
    expect(at(12)).toEqual([]);
  });

  test("two credits of one rule share it", () => {
    const log = new TestLog(
      programOf({
        eventTypes: { lesson: {} },
        currencies: { coins: { kind: "spendable" } },
        rules: {
          earn: {
            on: "lesson",
            then: [
              { credit: "coins", amount: 6 },
              { credit: "coins", amount: 6, key: "bonus" },
            ],
            limits: [daily(10)],
          },
        },
      }),
    );
    expect(effectsOf(log.event())).toEqual(["points.earned coins 6", "points.earned coins 4 clipped 2"]);
  });

  test("binds its own currency alone: the rest of the rule goes on", () => {
    const log = new TestLog(
      programOf({
        eventTypes: { lesson: {} },
        currencies: { coins: { kind: "spendable" }, xp: { kind: "progress" } },
        rules: {
          earn: {
            on: "lesson",
            then: [
              { credit: "xp", amount: 1 },
              { credit: "coins", amount: 10 },
            ],
            limits: [daily(10)],
          },
        },
      }),
    );
    log.event();
    const second = log.event();
    expect(effectsOf(second)).toEqual(["points.earned xp 1"]);
    expect(reasonsOf(second).earn).toBe("fired: every lesson; limit used up: 10 of 10 coins today");
  });
});

describe("a limit on times", () => {
  const often = (per: string, times: number) => withLimit({ per, every: "day", times }, 5);

  test("is used only by firing", () => {
    const log = new TestLog(
      withLimit({ per: "member", every: "day", times: 2 }, 5, { when: "event.properties.ok == true" }),
    );
    const give = (ok: boolean) => effectsOf(log.event({ properties: { ok } })).length;
    expect([give(false), give(true), give(false), give(true), give(true)]).toEqual([0, 1, 0, 1, 0]);
    expect(reasonsOf(log.event({ properties: { ok: true } })).earn).toBe("not: limit used up: 2 of 2 times today");
  });

  test("per member: each has their own", () => {
    const log = new TestLog(often("member", 1));
    expect(["ada", "bob", "ada"].map((userId) => effectsOf(log.event({ userId })).length)).toEqual([1, 1, 0]);
  });

  test("per everyone: all share one, by the program's date wherever they are", () => {
    const log = new TestLog(often("everyone", 2));
    log.member("bob", { timezone: "Pacific/Kiritimati" });
    expect(
      ["ada", "bob", "ada"].map((userId) => effectsOf(log.event({ userId, at: "2026-11-20T22:59:00Z" })).length),
    ).toEqual([1, 1, 0]);
    expect(effectsOf(log.event({ userId: "bob", at: "2026-11-20T23:00:00Z" }))).toHaveLength(1);
    expect([...log.counters]).toEqual([
      ["earn/0/d2026-11-20", 2],
      ["earn/0/d2026-11-21", 1],
    ]);
    expect(log.state("ada").limits).toEqual({});
  });

  test("of a rule that follows an effect is asked for beforehand, and not where nobody shares anything", () => {
    const log = new TestLog(
      programOf({
        eventTypes: { lesson: {} },
        currencies: { coins: { kind: "spendable" }, xp: { kind: "progress" } },
        tracks: { level: { over: "xp", rungs: [{ key: "one", at: 1 }] } },
        rules: {
          xp: { on: "lesson", then: [{ credit: "xp", amount: 1 }] },
          first: {
            on: "level.changed",
            then: [{ credit: "coins", amount: 5 }],
            limits: [{ per: "everyone", every: "ever", times: 1 }],
          },
        },
      }),
    );
    expect(effectsOf(log.event({ userId: "ada" }))).toContain("points.earned coins 5");
    expect(effectsOf(log.event({ userId: "bob" }))).not.toContain("points.earned coins 5");
    expect(reasonsOf(log.decisions[1]!).first).toBe("not: limit used up: 1 of 1 times by everyone in all");
  });
});
