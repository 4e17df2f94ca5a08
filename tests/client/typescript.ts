import type { Document, Schema } from "../support/document.ts";

interface Written extends Schema {
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

const SIMPLE: Readonly<Record<string, string>> = {
  string: "string",
  integer: "number",
  number: "number",
  boolean: "boolean",
  null: "null",
};
const ANYTHING = "Readonly<Record<string, unknown>>";

function objectText({ properties = {}, required = [], additionalProperties }: Written): string {
  const fields = Object.entries(properties).map(
    ([name, schema]) => `readonly ${JSON.stringify(name)}${required.includes(name) ? "" : "?"}: ${typeText(schema)};`,
  );
  if (fields.length > 0) return `{ ${fields.join(" ")} }`;
  if (typeof additionalProperties !== "object" || Object.keys(additionalProperties).length === 0) return ANYTHING;
  return `Readonly<Record<string, ${typeText(additionalProperties)}>>`;
}

/** A schema of the document as the type that its values have. */
export function typeText(schema: Schema | undefined): string {
  const { $ref, anyOf, enum: values, const: value, type, items } = (schema ?? {}) as Written;
  if ($ref !== undefined) return `Doc_${$ref.split("/").at(-1)}`;
  if (anyOf) return anyOf.map((one) => `(${typeText(one)})`).join(" | ");
  if (values) return values.map((one) => JSON.stringify(one)).join(" | ");
  if (value !== undefined) return JSON.stringify(value);
  if (typeof type === "object") return type.map((one) => typeText({ ...schema, type: one })).join(" | ");
  if (type === "array") return `readonly (${typeText(items)})[]`;
  if (type === "object") return objectText(schema as Written);
  return SIMPLE[type ?? ""] ?? "unknown";
}

/** Every named schema of the document as a type of that name. */
export const namedTypes = ({ components }: Document): string =>
  Object.entries(components.schemas)
    .map(([name, schema]) => `type Doc_${name} = ${typeText(schema)};`)
    .join("\n");
