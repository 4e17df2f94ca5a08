import { describe, expect, test } from "bun:test";
import { compileSchema } from "../features/events/schema.ts";
import { seededChance } from "../kernel/chance.ts";
import type { JsonObject } from "../kernel/json.ts";
import { sampleProperties } from "./demo-sample.ts";

const ROUNDS = 50;

const faultsOf = (schema: JsonObject): readonly unknown[] => {
  const compiled = compileSchema(schema);
  if ("problem" in compiled) throw new Error(compiled.problem);
  const chance = seededChance("sample");
  return Array.from({ length: ROUNDS }, () => compiled.check(sampleProperties(schema, chance))).flat();
};
const of = (part: JsonObject): JsonObject => ({ type: "object", required: ["it"], properties: { it: part } });

describe("what is made up fits the schema", () => {
  test.each<[string, JsonObject]>([
    ["a number within bounds", { type: "number", minimum: 0, maximum: 100 }],
    ["a number above a bound that is not its own", { type: "integer", exclusiveMinimum: 5 }],
    ["a number between two such bounds", { type: "number", exclusiveMinimum: 1, exclusiveMaximum: 3 }],
    ["a number below zero", { type: "integer", maximum: -5 }],
    ["a number in steps", { type: "integer", minimum: 7, maximum: 50, multipleOf: 5 }],
    ["one of a few", { enum: ["team", "business"] }],
    ["the only one", { const: 7 }],
    ["text of a length", { type: "string", minLength: 12, maxLength: 14 }],
    ["text that is cut", { type: "string", maxLength: 2 }],
    ["text of a kind", { type: "string", format: "date-time" }],
    ["yes or no", { type: "boolean" }],
    ["one of several types", { type: ["string", "null"] }],
    ["nothing", { type: "null" }],
    ["a list of some length", { type: "array", minItems: 2, items: { type: "integer", minimum: 1, maximum: 3 } }],
    ["a thing inside", { type: "object", required: ["a"], properties: { a: { type: "string" } } }],
  ])("%s", (_, part) => {
    expect(faultsOf(of(part))).toEqual([]);
  });

  test("and is among the examples where there are some", () => {
    const schema = of({ type: "integer", minimum: 0, examples: [6, 40] });
    const chance = seededChance("sample");
    const seen = new Set(Array.from({ length: ROUNDS }, () => sampleProperties(schema, chance).it));
    expect([...seen].sort()).toEqual([40, 6]);
  });

  test("and nothing is made up where there is no schema", () => {
    for (const schema of [undefined, null, true, [], {}]) {
      expect(sampleProperties(schema, seededChance("sample"))).toEqual({});
    }
  });
});

test("what a schema says in other words is not guessed: the server refuses it", () => {
  expect(faultsOf(of({ type: "string", pattern: "^[0-9]{4}$" }))).not.toEqual([]);
});

test("a schema without an end is left off below a depth", () => {
  const schema: Record<string, unknown> = { type: "object", properties: {} };
  (schema.properties as Record<string, unknown>).again = schema;
  expect(() => JSON.stringify(sampleProperties(schema, seededChance("sample")))).not.toThrow();
});
