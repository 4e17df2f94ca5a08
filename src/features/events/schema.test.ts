import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../kernel/json.ts";
import { compileSchema, guessSchema, SCHEMA_CHARS_MAX } from "./schema.ts";

const check = (schema: JsonObject, properties: JsonObject) => {
  const compiled = compileSchema(schema);
  if ("problem" in compiled) throw new Error(compiled.problem);
  return compiled.check(properties);
};

describe("a schema", () => {
  test("names each property that does not fit, in words", () => {
    const schema = {
      type: "object",
      required: ["score", "by"],
      additionalProperties: false,
      properties: {
        score: { type: "number", minimum: 0 },
        by: { type: "object", properties: { id: { type: "string" } } },
      },
    };
    expect(check(schema, { score: 94, by: { id: "a" } })).toEqual([]);
    expect(check(schema, { score: "94", by: { id: 7 }, extra: 1 })).toEqual([
      { path: "properties.extra", message: "is not a known property" },
      { path: "properties.score", message: "must be number" },
      { path: "properties.by.id", message: "must be string" },
    ]);
    expect(check(schema, { score: -1 })).toEqual([
      { path: "properties.by", message: "is required" },
      { path: "properties.score", message: "must be >= 0" },
    ]);
  });

  test("does not see what an object inherits", () => {
    expect(check({ type: "object", required: ["constructor"] }, {})).toEqual([
      { path: "properties.constructor", message: "is required" },
    ]);
  });

  test("runs its patterns in linear time", () => {
    const started = performance.now();
    const found = check(
      { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } },
      { a: `${"a".repeat(40)}!` },
    );
    expect(found).toHaveLength(1);
    // The backtracking engine needs hours for this text.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("tells of a large event only the first mistake", () => {
    const schema = { type: "object", properties: { a: { type: "array", items: { type: "number" } } } };
    expect(check(schema, { a: Array.from({ length: 3 }, () => "x") })).toHaveLength(3);
    expect(check(schema, { a: Array.from({ length: 10_000 }, () => "x") })).toHaveLength(1);
  });

  test("knows cents, and finds equal items without comparing each with each", () => {
    const schema = { type: "object", properties: { price: { multipleOf: 0.01 }, tags: { uniqueItems: true } } };
    expect(check(schema, { price: 19.99, tags: [{ a: 1, b: 2 }, { a: 1 }, 1, "1"] })).toEqual([]);
    expect(
      check(schema, {
        price: 19.999,
        tags: [
          { a: 1, b: 2 },
          { b: 2, a: 1 },
        ],
      }).map(({ path }) => path),
    ).toEqual(["properties.price", "properties.tags"]);
    const many = Array.from({ length: 30_000 }, (_, index) => ({ index }));
    const started = performance.now();
    expect(check(schema, { price: 1, tags: many })).toEqual([]);
    // Comparing each with each takes minutes.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  const doubling = {
    $ref: "#/$defs/d0",
    $defs: Object.fromEntries([
      ...Array.from({ length: 24 }, (_, n) => [
        `d${n}`,
        { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
      ]),
      ["d24", { minProperties: 1 }],
    ]),
  };
  test.each([
    ["an unknown type", { type: "nonsense" }, /no JSON Schema/],
    ["a property that is no schema", { properties: { a: 5 } }, /no JSON Schema/],
    ["a reference elsewhere", { $ref: "https://elsewhere.example/schema.json" }, /its own parts/],
    ["a reference to nothing", { $ref: "#/$defs/none" }, /which is not there/],
    ["a broken pattern", { type: "object", properties: { a: { pattern: "(" } } }, /no JSON Schema/],
    ["too long a text", { description: "x".repeat(SCHEMA_CHARS_MAX) }, /must not exceed/],
    ["an asynchronous schema", { $async: true, type: "object" }, /\$async/],
    ["an asynchronous part", { properties: { a: { $async: true } } }, /\$async/],
    ["an asynchronous part nobody reaches", { $defs: { a: { $async: true } } }, /\$async/],
    ["a reference to itself", { $ref: "#" }, /refer back/],
    ["a reference to itself through a property", { properties: { a: { $ref: "#" } } }, /refer back/],
    [
      "two that refer to each other",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
      /refer back/,
    ],
    ["references that double 24 times", doubling, /unfold/],
    ["a dynamic reference", { $dynamicRef: "#x" }, /\$dynamicRef/],
    ["an id of its own below", { properties: { a: { $id: "https://a.example/b" } } }, /\$id/],
    ["another draft", { $schema: "http://json-schema.org/draft-07/schema#" }, /2020-12/],
    ["a draft that is no text", { $schema: 5 }, /2020-12/],
  ])("is refused: %s", (_, schema, reason) => {
    const compiled = compileSchema(schema as JsonObject);
    expect("problem" in compiled && compiled.problem).toMatch(reason);
  });

  test("may refer to its own parts", () => {
    const schema = {
      type: "object",
      properties: { a: { $ref: "#/$defs/point" }, b: { $ref: "#/$defs/point" } },
      $defs: { point: { type: "integer" } },
    };
    expect(check(schema, { a: 1, b: "x" })).toEqual([{ path: "properties.b", message: "must be integer" }]);
  });
});

test("a guess widens with what comes, and requires what every event had", () => {
  const first = guessSchema(undefined, { score: 9, name: "a", on: true });
  expect(first).toEqual({
    type: "object",
    properties: { score: { type: "integer" }, name: { type: "string" }, on: { type: "boolean" } },
    required: ["name", "on", "score"],
  });
  const second = guessSchema(first, { score: 9.5, name: null });
  expect(second).toEqual({
    type: "object",
    properties: { score: { type: "number" }, name: { type: ["null", "string"] }, on: { type: "boolean" } },
    required: ["name", "score"],
  });
  expect(guessSchema(second, { score: 1, name: "b" })).toEqual(second);
});
