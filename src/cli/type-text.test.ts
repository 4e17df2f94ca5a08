import { expect, test } from "bun:test";
import type { JsonObject } from "../kernel/json.ts";
import { TypeText } from "./type-text.ts";

const written = (schema: JsonObject, names: Readonly<Record<string, string>> = {}): string => {
  const types = new TypeText(names);
  types.declare("It", schema);
  return types.text;
};

test.each<[JsonObject, string]>([
  [{ type: "string" }, "export type It = string;"],
  [{ type: "integer" }, "export type It = number;"],
  [{ enum: ["a", 'b"'] }, 'export type It = "a" | "b\\"";'],
  [{ type: "array", items: { type: "string" } }, "export type It = readonly string[];"],
  [{ type: "array", items: { enum: ["a", "b"] } }, 'export type It = readonly ("a" | "b")[];'],
  [
    { type: "object", additionalProperties: { type: "number" } },
    "export interface It { readonly [name: string]: number }",
  ],
  [{ type: "object", additionalProperties: {} }, "export interface It { readonly [name: string]: unknown }"],
  [{}, "export type It = unknown;"],
])("%j is written as %s", (schema, expected) => {
  expect(written(schema)).toBe(`${expected}\n`);
});

test("an object says which of its names have to be there, what each means and what it is bound to", () => {
  const schema = {
    type: "object",
    required: ["at"],
    properties: {
      at: { type: "integer", minimum: 0, maximum: 9, description: "When." },
      "the day": { type: "string", default: "monday" },
    },
  };
  expect(written(schema)).toBe(
    [
      "export interface It {",
      "  /** When. A whole number from 0 to 9. */",
      "  readonly at: number;",
      '  /** Default: "monday". */',
      '  readonly "the day"?: string;',
      "}",
      "",
    ].join("\n"),
  );
});

test("of a choice each object refuses the names of the others", () => {
  const one = (name: string): JsonObject => ({
    type: "object",
    required: [name],
    properties: { [name]: { type: "string" } },
  });
  expect(written({ anyOf: [one("credit"), one("debit")] })).toBe(
    [
      "export type It = {",
      "  readonly credit: string;",
      "  readonly debit?: never;",
      "} | {",
      "  readonly debit: string;",
      "  readonly credit?: never;",
      "};",
      "",
    ].join("\n"),
  );
});

test("what has a name is declared once it is met, its own description staying where it is used", () => {
  const rule = { type: "object", description: "Said where it is used.", properties: { on: { type: "string" } } };
  const schema = { type: "object", properties: { rules: { type: "object", additionalProperties: rule } } };
  const text = written(schema, { "rules.*": "Rule" });
  expect(text).toContain("readonly rules?: { readonly [name: string]: Rule };");
  expect(text).toContain("\nexport interface Rule {\n  readonly on?: string;\n}\n");
});

test("a description can't end its comment", () => {
  const text = written({
    type: "object",
    properties: { a: { type: "string", description: "Ends */ const evil = 1; /*" } },
  });
  expect(text.indexOf("*/")).toBeGreaterThan(text.indexOf("evil"));
});
