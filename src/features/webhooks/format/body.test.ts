import { describe, expect, test } from "bun:test";
import type { Id } from "../../../kernel/ids.ts";
import { createMetrics } from "../../../kernel/metrics.ts";
import { PROGRESS_EVENTS } from "../../progression/catalogue.ts";
import { createCatalogue } from "../catalogue.ts";
import { OPERATIONS_EVENTS } from "../operations-events.ts";
import { type MadeBody, makeBody } from "./body.ts";
import { outboundProblem } from "./check-expression.ts";
import { shapeOf } from "./event-shape.ts";
import { variablesOf } from "./expressions.ts";
import { type Format, NO_FORMAT } from "./format.ts";
import { Sieve } from "./sieve.ts";
import { Sifter } from "./sifter.ts";
import { UnwritableError, writeJson } from "./write-json.ts";

const catalogue = createCatalogue([...PROGRESS_EVENTS, ...OPERATIONS_EVENTS]);
const bodyOf = (data: unknown, event = "points.earned") =>
  JSON.stringify({ id: "evt_1", event, timestamp: "2026-11-20T18:04:00Z", data });
const make = (format: Partial<Format>, data: unknown = { userId: "ann", amount: 10, currency: "xp" }): MadeBody =>
  makeBody(catalogue, { format: { ...NO_FORMAT, ...format }, endpoint: "https://example.com/x", body: bodyOf(data) });
const made = (payload: string, data?: unknown) => {
  const result = make({ payload }, data);
  return "fault" in result ? `fault: ${result.fault}` : result.body;
};

/** What people and attackers put into texts. */
const HOSTILE = [
  "quotes \" and \\ and ' and `",
  "a\r\nX-Evil: 1\r\n\r\nb",
  "line\u2028paragraph\u2029",
  "🥚👩‍👩‍👧 é ﷽",
  "NUL \0 and \u001b[31m",
  "@everyone <!channel> <@U123> [x](http://evil) **bold**",
  '{"a": 1}, ${x} {{y}} %0d%0a </script>',
  "\ud800 half",
  "x".repeat(60_000),
];

describe("a body that is made", () => {
  test("is JSON of a map or a list, and text of text", () => {
    expect(make({ payload: "{'who': event.data.userId, 'n': event.data.amount + 1}" })).toEqual({
      body: '{"who":"ann","n":11}',
      contentType: "application/json",
    });
    expect(make({ payload: "[event.name, event.id, event.timestamp]" })).toEqual({
      body: '["points.earned","evt_1","2026-11-20T18:04:00Z"]',
      contentType: "application/json",
    });
    const text = make({ payload: "event.data.userId + ' earned ' + string(event.data.amount)" });
    expect(text).toEqual({ body: "ann earned 10", contentType: "text/plain; charset=utf-8" });
    const xml = make({ payload: "'<a/>'", contentType: "application/xml" });
    expect(xml).toEqual({ body: "<a/>", contentType: "application/xml" });
  });

  test("holds the event as it was, where it is handed on whole", () => {
    const data = { userId: "ann", amount: 10, deep: { list: [1, 2.5, null, true, { "": "" }], text: "é" } };
    expect(JSON.parse(made("{'e': event}", data))).toEqual({
      e: { id: "evt_1", name: "points.earned", timestamp: "2026-11-20T18:04:00Z", data },
    });
  });

  test.each(HOSTILE.map((text) => [text.slice(0, 20), text]))("carries %j and nothing but it", (_name, text) => {
    expect(JSON.parse(made("{'t': event.data.userId, 'k': 'after'}", { userId: text }))).toEqual({
      t: text,
      k: "after",
    });
  });

  test.each(HOSTILE.map((text) => [text.slice(0, 20), text]))(
    "can't be steered by a name such as %j",
    (_name, text) => {
      const data = { userId: "ann", [text]: 1 };
      expect(JSON.parse(made("{'d': event.data}", data)).d).toEqual(data);
    },
  );

  test.each([
    ["{'__proto__': {'polluted': true}}"],
    ["{'d': event.data, 'constructor': 1, 'toString': event.data.constructor}"],
  ])("%s reaches no prototype", (payload) => {
    const data = JSON.parse('{"userId":"ann","__proto__":{"polluted":1},"constructor":"text"}');
    made(payload, data);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test("of an event of a mebibyte, text that grows too long is a fault and no crash", () => {
    const data = { userId: "x".repeat(1_000_000) };
    expect(made("'say ' + event.data.userId", data)).toBe("fault: it takes too many steps");
    const shorter = { userId: "x".repeat(100_000) };
    expect(made("'say ' + event.data.userId", shorter)).toBe("fault: it makes a text that is too long");
    expect(JSON.parse(made("{'t': event.data.userId}", data)).t).toHaveLength(1_000_000);
    expect(made("{'t': [event.data, event.data]}", data)).toBe("fault: the body is larger than 1 MiB");
  });

  test("a list of a thousand events stops as soon as it is too large", () => {
    const data = { userId: "x".repeat(100_000), items: Array.from({ length: 1_000 }, (_, at) => at) };
    expect(made("{'all': event.data.items.map(i, event)}", data)).toBe("fault: the body is larger than 1 MiB");
  });

  test("what walks too far is stopped", () => {
    const data = { items: Array.from({ length: 900 }, (_, at) => at) };
    const slow = "{'n': event.data.items.filter(a, event.data.items.exists(b, b == a + 5000))}";
    expect(made(slow, data)).toBe("fault: it takes too many steps");
  });

  test.each([
    ["event.data.nothing", "fault: No such key: nothing"],
    ["event.data.userId == 'ann'", "fault: it is neither a map, a list nor text"],
    ["timestamp(event.timestamp)", "fault: it is neither a map, a list nor text"],
    ["{'d': duration('3s')}", "fault: the body holds something that JSON has no form for"],
    ["{'n': 1.0 / 0.0}", "fault: the body holds a number that JSON has no form for"],
  ])("%s is a fault in words", (payload, fault) => expect(made(payload)).toBe(fault));

  test("is the same, byte for byte, however often it is made", () => {
    const payload = "{'z': 1, 'a': event.data, 'm': [event.name, 1.5], 'when': timestamp(event.timestamp)}";
    const all = new Set(Array.from({ length: 50 }, () => made(payload)));
    expect(all.size).toBe(1);
    expect([...all][0]).toStartWith('{"z":1,"a":{"userId":"ann","amount":10');
  });
});

describe("writing JSON", () => {
  test.each([
    [9_007_199_254_740_993n, "9007199254740993"],
    [-0, "0"],
    [1e21, "1e+21"],
    [new Map<unknown, unknown>([[1n, "a"]]), '{"1":"a"}'],
    [[], "[]"],
  ])("%p", (value, text) => expect(writeJson(value)).toBe(text));

  test("the same name twice, names that are none, and what is nested too deep are refused", () => {
    const twice = new Map<unknown, unknown>([
      [1n, 1],
      ["1", 2],
    ]);
    let deep: unknown = 1;
    for (let depth = 0; depth < 70; depth++) deep = [deep];
    for (const value of [twice, new Map([[true, 1]]), deep, undefined, () => 1, Number.NaN]) {
      expect(() => writeJson(value)).toThrow(UnwritableError);
    }
  });
});

describe("on save", () => {
  const problem = (kind: "filter" | "payload", text: string, events: readonly string[] = ["points.earned"]) =>
    outboundProblem(kind, text, shapeOf(catalogue, events));

  test.each([
    ["event.data.amount > 5 && event.name == 'points.earned'", ["points.earned"]],
    ["has(event.data.amount) && event.data.amount > 5", ["points.*", "level.changed"]],
    ["event.data.properties.score >= 60", ["lesson_completed"]],
    ["event.data.properties.anything.at_all == 'x'", ["*"]],
    ["event.data.to == 'adept'", ["level.changed"]],
    ["event.data.userId.matches('^user_[0-9]+$')", ["points.*"]],
  ])("%s is a filter of %j", (text, events) => expect(problem("filter", text, events)).toBeUndefined());

  test.each([
    ["event.data.amout > 5", ["points.earned"], "No such key: amout (at character 12). Did you mean amount?"],
    ["event.data.score > 5", ["points.earned"], "None of the events that are wanted has it."],
    ["event.amount > 5", ["points.earned"], "Did you mean event.data.amount?"],
    ["event.type == 'x'", ["points.earned"], "Did you mean event.name?"],
    ["data.amount > 5", ["points.earned"], "Did you mean event.data?"],
    ["amount > 5", ["points.earned"], "Did you mean event.data.amount?"],
    ["member.userId == 'x'", ["points.earned"], "It sees event only"],
    ["now > timestamp(event.timestamp)", ["points.earned"], "It sees event only"],
    ["progress.balances.xp > 1", ["points.earned"], "It sees event only"],
    ["event.data.amount == 'ten'", ["points.earned"], "no such overload: int == string"],
    ["event.data.amount", ["points.earned"], "must be true or false, but comes to int"],
    ["event.data.score >= 60", ["lesson_completed"], "No such key: score"],
    ["event.data.userId.matches('(a+)+\\\\1')", ["points.earned"], "can't be used"],
    ["true || ", ["points.earned"], "Unexpected token"],
  ])("%s is refused for %j", (text, events, message) => expect(problem("filter", text, events)).toContain(message));

  test("a payload has room for a whole document, a filter has not", () => {
    const long = `{${Array.from({ length: 45 }, (_, at) => `'field_number_${at}': event.data.userId + ' and more words'`).join(", ")}}`;
    expect(long.length).toBeGreaterThan(2_000);
    expect(problem("payload", long)).toBeUndefined();
    expect(problem("filter", `${" ".repeat(2_000)}true`)).toContain("must not exceed 2000 characters");
    expect(problem("payload", `{'a': '${"x".repeat(8_000)}'}`)).toContain("must not exceed 8000 characters");
  });

  test.each(["constructor", "__proto__", "prototype"])(
    "a field named %s, which would be left out, is refused",
    (name) => {
      expect(problem("payload", `{'a': {'${name}': 1}}`)).toContain(`a map can't have the name ${name}`);
    },
  );

  test.each(["event.data.amount", "true", "1.5", "null"])("%s makes no body", (text) => {
    expect(problem("payload", text)).toContain("must be a map, a list or text");
  });
});

test("an event that goes to many is read once", () => {
  const body = bodyOf({ amount: 10 });
  const read = variablesOf(catalogue, body);
  expect(variablesOf(catalogue, bodyOf({ amount: 10 }))).toBe(read);
  expect(variablesOf(catalogue, bodyOf({ amount: 11 }))).not.toEqual(read);
  expect(variablesOf({ find: () => undefined }, body)).not.toEqual(read);
});

describe("a filter", () => {
  const ask = (filter: string, data: unknown, inLane = true) =>
    new Sieve(catalogue, bodyOf(data), { inLane }).ask(filter);

  test("lets through, holds back, or says why it can't tell", () => {
    expect(ask("event.data.amount >= 10", { amount: 10 })).toBe("wanted");
    expect(ask("event.data.amount > 10", { amount: 10 })).toBe("unwanted");
    expect(ask("event.data.amount > 10", {})).toEqual({ fault: "the filter failed: No such key: amount" });
    expect(ask("event.data.amount", { amount: 1 })).toEqual({
      fault: "the filter failed: it is neither true nor false",
    });
  });

  test("has no time in the write lane for a dear one, for many different ones, and for a large event", () => {
    const items = Array.from({ length: 900 }, (_, at) => at);
    const dear = "event.data.items.exists(a, event.data.items.exists(b, b == a + 5000))";
    expect(ask(dear, { items })).toBeUndefined();
    expect(ask(dear, { items }, false)).toEqual({ fault: "the filter failed: it takes too many steps" });
    expect(ask("event.data.userId == 'a'", { userId: "x".repeat(70_000) })).toBeUndefined();
    const sieve = new Sieve(catalogue, bodyOf({ amount: 1 }), { inLane: true });
    const said = Array.from({ length: 30 }, (_, at) => sieve.ask(`event.data.amount == ${at}`));
    expect(said.indexOf(undefined)).toBe(20);
    expect(sieve.ask("event.data.amount == 1")).toBe("wanted");
  });

  test("one that would have to be compiled has none either, unless it is short", () => {
    const long = Array.from({ length: 60 }, (_, at) => `event.data.userId == 'long ${at}'`).join(" || ");
    expect(ask(long, { userId: "a" })).toBeUndefined();
    expect(ask(long, { userId: "a" }, false)).toBe("unwanted");
    expect(ask(long, { userId: "a" })).toBe("unwanted");
  });

  test("a thousand events of one transaction spend no more than it can spare", () => {
    const sifter = new Sifter({ metrics: createMetrics() }, catalogue);
    const ended: (() => void)[] = [];
    const writer = { afterCommit: (callback: () => void) => void ended.push(callback) };
    const items = Array.from({ length: 300 }, (_, at) => at);
    const body = bodyOf({ items });
    const id: Id<"sub"> = "sub_1";
    const dear = [{ id, filter: "event.data.items.exists(a, a == 5000)" }];
    const asked = (environmentId: Id<"env">) =>
      Array.from({ length: 1_000 }, () => sifter.atOnce(dear, body, { writer, environmentId }));
    const said = asked("env_1");
    expect(said[0]).toEqual(["unwanted"]);
    expect(said.at(-1)).toBeUndefined();
    expect(asked("env_2")[0]).toEqual(["unwanted"]);
    const without = [{ id, filter: undefined }];
    expect(sifter.atOnce(without, body, { writer, environmentId: "env_1" })).toEqual(["wanted"]);
    for (const end of ended) end();
    expect(asked("env_1")[0]).toEqual(["unwanted"]);
  });

  test("all filters of an event together spend what the write lane can spare, and no more", () => {
    const items = Array.from({ length: 600 }, (_, at) => at);
    const sieve = new Sieve(catalogue, bodyOf({ items }), { inLane: true });
    const said = Array.from({ length: 20 }, (_, at) => sieve.ask(`event.data.items.exists(a, a == ${at + 5_000})`));
    expect(said[0]).toBe("unwanted");
    expect(said.at(-1)).toBeUndefined();
  });
});
