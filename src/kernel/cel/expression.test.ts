import { describe, expect, test } from "bun:test";
import { cpuMs } from "../../../tests/support/progress.ts";
import type { JsonObject } from "../json.ts";
import { expressionProblem, type KnownFacts, type Place, problemOf } from "./check.ts";
import { PROGRAM_ROOTS } from "./environment.ts";
import { compileExpression } from "./expression.ts";
import { integersOf } from "./json-types.ts";
import { fillPurse, purseLeft, TOO_MANY_STEPS } from "./meter.ts";
import { toCelMap } from "./values.ts";

const NONE: KnownFacts = {
  balances: { has: (name) => name === "coins", what: "a currency" },
  counts: { has: (name) => name === "lesson", what: "an event type" },
  streaks: { has: (name) => name === "daily", what: "a streak" },
  quests: { has: () => false, what: "a quest" },
};

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    n: { type: "integer" },
    score: { type: "number" },
    title: { type: "string" },
    done: { type: "boolean" },
    items: {
      type: "array",
      items: { type: "object", properties: { price: { type: "integer" } }, additionalProperties: false },
    },
    address: { type: "object", properties: { city: { type: "string" } }, additionalProperties: false },
    any: {},
  },
};

const problem = (text: string, place: Partial<Place> = {}): string | undefined =>
  expressionProblem(text, { wants: "condition", event: { schema: SCHEMA }, known: NONE, ...place });

/** What an expression comes to over an event's properties. */
function run(text: string, properties: JsonObject = {}, schema?: JsonObject): unknown {
  fillPurse();
  const event = { properties: toCelMap(properties, integersOf(schema)), type: "lesson" };
  const result = compileExpression(text).evaluate({ event, member: { userId: "ada" } });
  return "fault" in result ? `fault: ${result.fault}` : result.value;
}

describe("types of the event's schema", () => {
  test.each([
    "event.properties.score >= 60",
    "event.properties.n * 2 == 4",
    "event.properties.n * 2.5 > 4",
    "event.properties.n % 2 == 0",
    "event.properties.done",
    "event.properties.title.startsWith('a')",
    "event.properties.items.exists(i, i.price > 5)",
    "event.properties.items[0].price == 1",
    "event.properties.address.city == 'Berlin'",
    "has(event.properties.title)",
    "'title' in event.properties",
    "event.properties.not_listed == 'x'",
    "event.properties.any > 5",
    "event.properties['score'] == 1",
    "progress.counts['lesson'] >= 1 && progress.counts.lesson >= 1",
    "progress.streaks.daily.count >= 7",
    "now > timestamp('2026-01-01T00:00:00Z')",
  ])("allow %s", (text) => expect(problem(text)).toBeUndefined());

  test.each([
    ["event.properties.score == 'high'", "no such overload: double == string (at character 1)"],
    ["event.properties.title > 5", "no such overload: string > int (at character 1)"],
    ["event.properties.n", "must be true or false, but comes to int"],
    ["event.properties.address.town == 'x'", "No such key: town (at character 26)"],
    ["event.properties.items[0].cost == 1", "No such key: cost (at character 27)"],
    ["event.properties.items.exists(i, i.cost == 1)", "No such key: cost (at character 36)"],
    ["event.score >= 60", "No such key: score (at character 7)"],
    ["member.plan == 'pro'", "No such key: plan (at character 8)"],
    ["score >= 60", "unknown name: score (at character 1)"],
    ["effect.to == 'x'", "unknown name: effect (at character 1)"],
    ["event.properties.n = 5", /Unexpected character/],
    ["event.properties.n == ", /Unexpected token: EOF/],
    ["", /Unexpected token: EOF/],
    ["progress.counts['other'] >= 1", "progress.counts: other is not an event type of this program"],
    ["progress.gold.coins >= 1", "progress has no gold"],
    ["progress.constructor.name == 'x'", "progress has no constructor"],
    ["progress.metrics.x >= 1.0", "progress has no metrics"],
    ["progress.quests.x == 1", "progress.quests: x is not a quest of this program"],
    ["progress.counts[event.type] >= 1", "what is read of progress must be written out by name (at character 1)"],
    [
      "size(progress.counts) > 3",
      "progress is read by name, such as progress.counts['lesson_completed'] (at character 6)",
    ],
    ["progress == progress", "progress is read by name, such as progress.counts['lesson_completed'] (at character 1)"],
    ["has(progress.counts.lesson)", /^has\(\) says nothing of progress/],
    ["[1].all(event, true)", "event can't name the items of a list (at character 9)"],
  ])("refuse %j", (text, expected) => {
    expect(problem(text)).toEqual(typeof expected === "string" ? expected : expect.stringMatching(expected));
  });

  test.each([
    ["event.properties.n * 2", undefined],
    ["int(event.properties.score)", undefined],
    ["event.properties.any", undefined],
    ["progress.balances.coins / 10", undefined],
    ["event.properties.score * 2", "must be a whole number, but comes to a double: round it with int(…)"],
    ["event.properties.score > 2", "must be a whole number, but comes to bool"],
    ["event.properties.title", "must be a whole number, but comes to string"],
  ])("the amount %j: %j", (text, expected) => expect(problem(text, { wants: "amount" })).toBe(expected as never));

  test("a place without an event has none, one with an effect has its fields", () => {
    const { event: _, ...rest } = { event: undefined };
    expect(expressionProblem("event.type == 'x'", { wants: "condition", known: NONE, ...rest })).toContain(
      "unknown name: event",
    );
    expect(
      problem("effect.count >= 7 && effect.streak == 'daily'", { effect: { streak: "string", count: "int" } }),
    ).toBeUndefined();
    expect(problem("effect.to == 'x'", { effect: { streak: "string" } })).toContain("No such key: to");
  });
});

describe("numbers", () => {
  test.each([
    ["event.properties.n * 2", { n: 5 }, 10],
    ["2 * event.properties.n", { n: 5 }, 10],
    ["event.properties.n + 1", { n: 1.5 }, 2.5],
    ["1 - event.properties.n", { n: 1.5 }, -0.5],
    ["event.properties.n / 2", { n: 5 }, 2.5],
    ["event.properties.n == 5", { n: 5 }, true],
    ["5 == event.properties.n", { n: 5 }, true],
    ["event.properties.n != 5", { n: 5 }, false],
    ["event.properties.n == 5.0 && 5 == 5.0", { n: 5 }, true],
    ["event.properties.n in [1, 5]", { n: 5 }, true],
    ["5 in event.properties.list", { list: [4, 5] }, true],
    ["event.properties.n >= 5 && event.properties.n < 5.5", { n: 5 }, true],
    ["event.properties.a == event.properties.b", { a: [1, { x: 2 }], b: [1, { x: 2 }] }, true],
    ["int(event.properties.n)", { n: 2.9 }, 2n],
    ["int('12') + 1", {}, 13n],
  ] as const)("%s of %j comes out as people expect", (text, properties, expected) =>
    expect(run(text, properties as JsonObject)).toEqual(expected),
  );

  test("what the schema calls an integer is one, at every depth, and what it is not stays as it came", () => {
    const schema: JsonObject = {
      type: "object",
      properties: {
        n: { type: "integer" },
        deep: { type: "object", properties: { list: { type: "array", items: { type: "integer" } } } },
      },
    };
    expect(run("event.properties.n / 2", { n: 5 }, schema)).toBe(2n);
    expect(run("event.properties.n % 2 == 1", { n: 5 }, schema)).toBe(true);
    expect(run("event.properties.deep.list[1] / 2", { deep: { list: [1, 7] } }, schema)).toBe(3n);
    expect(run("event.properties.n / 2", { n: 5.5 }, schema)).toBe(2.75);
    expect(run("event.properties.n + 1", { n: 2 ** 60 }, schema)).toBe(2 ** 60 + 1);
    expect(run("event.properties.n == 'x'", { n: "x" }, schema)).toBe(true);
  });
});

describe("times are the same on every machine", () => {
  test.each([
    ["timestamp('2026-11-20T18:04:00Z').getHours()", 18n],
    ["timestamp('2026-11-20T18:04:00+02:00').getHours()", 16n],
    ["timestamp(event.properties.date + 'T00:00:00Z').getDayOfWeek()", 5n],
    ["timestamp('2026-11-20T18:04:00')", "fault: timestamp() wants an ISO 8601 time with its offset"],
    ["timestamp('20 Nov 2026 18:04:00 UTC')", "fault: timestamp() wants an ISO 8601 time with its offset"],
    ["timestamp(0) == timestamp('1970-01-01T00:00:00Z')", true],
    ["timestamp(-1) == timestamp(0)", "fault: timestamp() is out of range"],
    [
      "duration('1h30m') == duration('90m') && duration('1d') == duration('24h') && duration('-1s') < duration('0s')",
      true,
    ],
    ["duration('soon') == duration('1s')", 'fault: duration() wants a text such as "24h" or "1h30m"'],
    ["duration('') == duration('1s')", 'fault: duration() wants a text such as "24h" or "1h30m"'],
  ])("%s", (text, expected) => expect(run(text, { date: "2026-11-20" })).toEqual(expected));

  test("a part of a time in a zone is not to be had: it depends on the machine's own", () => {
    expect(problem("now.getHours('Europe/Berlin') == 3")).toContain("takes no time zone");
    expect(problem("now.getDayOfYear() == 3")).toContain("unknown function: getDayOfYear()");
  });
});

describe("regular expressions", () => {
  test.each([
    ["event.properties.s.matches('^a+b$')", "aaab", true],
    ["event.properties.s.matches('a+b')", "xxaabxx", true],
    ["event.properties.s.matches('^(?i)HELLO')", "hello", true],
    ["event.properties.s.matches(r'^\\d{3}-\\w+$')", "123-abc", true],
    ["event.properties.s.matches('^a')", "ba", false],
  ])("%s on %j is %j", (text, s, expected) => expect(run(text, { s })).toBe(expected));

  test("run in linear time on what JavaScript's own would take for ever", () => {
    const spent = cpuMs(() => {
      for (const pattern of ["(a+)+$", "(a|a)*$", "(a|aa)+$", "([a-zA-Z]+)*$", "(.*a){12}$"]) {
        expect(run(`event.properties.s.matches('^${pattern}')`, { s: `${"a".repeat(2_000)}!` })).toBe(false);
      }
    });
    expect(spent).toBeLessThan(2_000);
  });

  test.each([
    ["event.properties.s.matches('(a')", /missing closing \)/],
    ["event.properties.s.matches('(?=a)b')", /can't be used/],
    ["event.properties.s.matches('(a)\\\\1')", /invalid escape/],
    ["event.properties.s.matches('((a{100}){100}){100}')", /can't be used/],
    ["event.properties.s.matches('(a{1,500})')", /repeats too much/],
    [`event.properties.s.matches('${"a".repeat(301)}')`, /must not exceed 300 characters/],
    ["event.properties.s.matches(event.properties.p)", /must be written out as text/],
    ["event.properties.s.matches('a' + 'b')", /must be written out as text/],
    ["event.properties.s.matches()", /must be written out as text/],
  ])("refuse %s", (text, expected) => expect(problem(text)).toMatch(expected));

  test("are not asked about whole novels", () => {
    expect(run("event.properties.s.matches('a$')", { s: "b".repeat(5_000) })).toBe(
      "fault: matches() takes text of at most 4096 characters",
    );
  });
});

describe("what must not be reached", () => {
  const hostile = JSON.parse(
    '{"__proto__": {"polluted": true}, "constructor": {"name": "x"}, "n": 1, "nested": {"constructor": null, "n": 2}}',
  );

  test.each([
    "event.constructor",
    "event.__proto__",
    "event.properties.toString",
    "event.properties['hasOwnProperty']",
    "event.properties.nested.valueOf",
    "member.constructor",
    "member['__proto__']",
    "event.type.constructor",
    "event.properties.n.constructor",
    "event.properties.list.length",
    "event.properties.list.constructor",
    "event.properties.size",
  ])("%s is no key", (text) => {
    expect(run(text, { n: 1, list: [1], nested: {} })).toMatch(/^fault: (No such key|Cannot index|found no)/);
  });

  test("an event that brings such names along has them as plain data, and its rules still fire", () => {
    expect(run("event.properties.n == 1 && event.properties.nested.n == 2", hostile)).toBe(true);
    expect(run("event.properties['__proto__'].polluted", hostile)).toBe(true);
    expect(run("event.properties.constructor.name", hostile)).toBe("x");
    expect(run("event.properties.nested == event.properties.nested && size(event.properties) == 4", hostile)).toBe(
      true,
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each([
    "b'abc'.json()",
    "bytes('a')",
    "b'a' == b'a'",
    "1u == 1u",
    "uint(1) == 1u",
    "type(1) == int",
    "google.protobuf.Duration == google.protobuf.Duration",
    "cel.bind(x, 1, x == 1)",
    "optional.of(1).hasValue()",
    "matchesLinear('a', 'b')",
    "'a'.matchesLinear('b')",
    "durationOf('1s') == durationOf('1s')",
    "this == 1",
    "globalThis == 1",
    "process.exit()",
    "event.?properties.n == 1",
    "event.properties.n.foo()",
  ])("%s is refused on save", (text) => expect(problem(text)).toBeString());
});

describe("roots of its own", () => {
  const roots = new Set(["parcel"]);
  const rules = (wants: "condition" | "body", size: "small" | "large" = "small") => ({
    wants,
    size,
    roots,
    declare: (environment: { registerVariable(name: string, type: string): unknown }) =>
      environment.registerVariable("parcel", "map<string, dyn>"),
  });

  test("are known, those of the program are not", () => {
    expect(problemOf("parcel.weight > 5", rules("condition"))).toBeUndefined();
    for (const name of PROGRAM_ROOTS) {
      expect(problemOf(`${name} == 1`, rules("condition"))).toBe(`unknown name: ${name} (at character 1)`);
      expect(compileExpression(`${name} == 1`, { roots, size: "small" }).evaluate({ [name]: 1 })).toHaveProperty(
        "fault",
      );
    }
    expect(problem("parcel.weight > 5")).toBe("unknown name: parcel (at character 1)");
  });

  test("a body is a map, a list, text or not known before", () => {
    for (const text of ["{'a': parcel.weight}", "[1]", "'x'", "parcel.weight"]) {
      expect(problemOf(text, rules("body"))).toBeUndefined();
    }
    for (const text of ["1", "true", "1.5", "timestamp('2026-01-01T00:00:00Z')", "duration('1s')"]) {
      expect(problemOf(text, rules("body"))).toStartWith("must be a map, a list or text");
    }
  });

  test("a large one has room, and its bound", () => {
    const text = `[${Array.from({ length: 190 }, () => "parcel.weight + 1").join(", ")}]`;
    expect(problemOf(text, rules("body", "large"))).toBeUndefined();
    expect(problemOf(text, rules("body"))).toBeDefined();
    expect(problemOf(`'${"x".repeat(8_000)}'`, rules("body", "large"))).toBe("must not exceed 8000 characters");
  });

  test("a purse of its own takes nothing from the input's, and is over when it is spent", () => {
    fillPurse();
    const walk = compileExpression("parcel.items.exists(i, i == -1)", { roots, size: "small" });
    const variables = { parcel: toCelMap({ items: Array.from({ length: 900 }, (_, at) => at) }, undefined) };
    expect(walk.evaluate(variables, 500)).toEqual({ fault: TOO_MANY_STEPS });
    expect(purseLeft()).toBe(0);
    expect(walk.evaluate(variables, 50_000)).toEqual({ value: false });
    expect(purseLeft()).toBeWithin(1, 50_000);
    for (let at = 0; at < 200; at++) walk.evaluate(variables, 50_000);
    expect(walk.evaluate(variables)).toEqual({ value: false });
  });
});

describe("bounds", () => {
  test("of length, depth and nesting hold on save", () => {
    expect(problem(`true${" ".repeat(2_000)}`)).toBe("must not exceed 2000 characters");
    expect(problem(`${"(".repeat(500)}true${")".repeat(500)}`)).toMatch(/Exceeded maxDepth|too deep/);
    expect(problem(`${"!".repeat(1_500)}true`)).toMatch(/too deep|Exceeded/);
    expect(problem(`${"[".repeat(300)}${"]".repeat(300)} == []`)).toMatch(/Exceeded|too deep/);
    expect(problem(Array.from({ length: 300 }, () => "true").join("&&"))).toMatch(/too deep|Exceeded/);
    expect(problem(Array.from({ length: 60 }, () => "event.properties.n > 1").join(" && "))).toBeUndefined();
    expect(problem("[1].all(a, [1].all(b, a == b))")).toBeUndefined();
    expect(problem("[1].all(a, [1].all(b, [1].all(c, true)))")).toContain("all() is nested too deep");
    expect(problem("[1].all(a, [1].map(b, [1].filter(c, true)) == [])")).toContain("filter() is nested too deep");
    expect(problem("[1].map(a, [a]).all(b, b.all(c, c == 1))")).toBeUndefined();
  });

  const MANY = Array.from({ length: 1_000 }, (_, n) => n);
  const LONG = "x".repeat(60_000);

  test.each([
    ["event.properties.items.all(a, event.properties.items.all(b, a + b >= 0))", /too many steps/],
    ["event.properties.items.exists(a, event.properties.items.exists(b, a == -1 && b == -1))", /too many steps/],
    ["event.properties.items.map(a, event.properties.items.map(b, a)).size() > 0", /too many steps/],
    ["event.properties.items.all(a, !event.properties.text.contains('yyy'))", /too many steps/],
    ["event.properties.items.all(a, event.properties.text != event.properties.text + 'y')", /too many steps/],
    ["event.properties.items.map(a, event.properties.text).join('').size() > 0", /too long/],
    ["(event.properties.text + event.properties.text).size() > 0", /too long/],
    ["event.properties.text.split('').all(a, a == 'x')", /more than 1000 items/],
    ["event.properties.huge.all(a, a >= 0)", /more than 1000 items/],
    ["event.properties.items.all(a, event.properties.items == event.properties.items)", /too many steps/],
    ["event.properties.items.all(a, a in event.properties.items)", /too many steps/],
    ["(event.properties.huge + event.properties.huge).size() > 0", /too long/],
  ])("stop %s soon, with the reason", (text, expected) => {
    const properties = { items: MANY, text: LONG, huge: [...MANY, ...MANY, ...MANY, ...MANY, ...MANY, ...MANY] };
    expect(cpuMs(() => expect(run(text, properties)).toMatch(expected))).toBeLessThan(1_000);
  });

  test("leave honest expressions alone", () => {
    expect(run("event.properties.items.filter(a, a % 2.0 == 0.0).size() > 0", { items: MANY })).toMatch(
      /no such overload/,
    );
    expect(run("event.properties.items.filter(a, int(a) % 2 == 0).size()", { items: MANY })).toBe(500n);
    expect(
      run("event.properties.items.all(a, a >= 0) && event.properties.items.exists(a, a == 999)", { items: MANY }),
    ).toBe(true);
    expect(
      run("event.properties.a.all(x, event.properties.b.exists(y, y == x))", {
        a: MANY.slice(0, 50),
        b: MANY.slice(0, 50),
      }),
    ).toBe(true);
    expect(run("event.properties.text.size() == 60000 && event.properties.text.contains('xxx')", { text: LONG })).toBe(
      true,
    );
  });

  test("all expressions of one input share a purse", () => {
    fillPurse();
    const greedy = compileExpression("event.properties.items.all(a, event.properties.items.all(b, true))");
    const modest = compileExpression("event.properties.items.all(a, true)");
    const event = { properties: toCelMap({ items: MANY }, undefined) };
    for (let n = 0; n < 5; n += 1) expect(greedy.evaluate({ event })).toHaveProperty("fault");
    expect(modest.evaluate({ event })).toEqual({ fault: "it takes too many steps" });
    fillPurse();
    expect(modest.evaluate({ event })).toEqual({ value: true });
  });

  test("nested JSON beyond any request is refused, not walked", () => {
    let deep: JsonObject = {};
    for (let n = 0; n < 5_000; n += 1) deep = { deep };
    const expression = compileExpression("event.properties.deep == 1");
    const event = {
      get properties() {
        return toCelMap(deep, undefined);
      },
    };
    expect(expression.evaluate({ event })).toEqual({ fault: "the properties are nested too deep" });
  });
});

test("an expression that can't be compiled comes to a fault each time", () => {
  for (const text of ["1 +", "foo", "b''.json()", "'x'.matches('(')"]) {
    expect(compileExpression(text).evaluate({})).toHaveProperty("fault");
  }
});
