import type { Environment } from "@marcbachmann/cel-js";
import type { JsonObject, JsonValue } from "../json.ts";

const DEPTH_MAX = 8;
/** A schema that says more of a value than its type is not followed: what it holds is seen when it is read. */
const COMBINING = ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties"] as const;

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isPlainSchema = (schema: JsonValue | undefined): schema is JsonObject =>
  isObject(schema) && !COMBINING.some((name) => name in schema);

/** Which values of an event are whole numbers by its schema: JSON itself does not tell 5 from 5.0. */
export type Integers =
  | "integer"
  | { readonly fields: ReadonlyMap<string, Integers>; readonly items: Integers | undefined };

export function integersOf(schema: JsonValue | undefined, depth = 0): Integers | undefined {
  if (!isPlainSchema(schema) || depth > DEPTH_MAX) return undefined;
  if (schema.type === "integer") return "integer";
  const fields = new Map<string, Integers>();
  for (const [name, inner] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    const integers = integersOf(inner, depth + 1);
    if (integers) fields.set(name, integers);
  }
  const items = integersOf(schema.items, depth + 1);
  return fields.size > 0 || items ? { fields, items } : undefined;
}

/**
 * Declares what a JSON Schema says of an object to the checker of one expression, so far as it reads `fields`. Those that
 * an open object does not list are allowed: what they hold is seen when they are read.
 *
 * @returns the name of the type
 */
export function declareJsonType(
  environment: Environment,
  schema: JsonValue | undefined,
  fields: ReadonlySet<string>,
): string {
  let made = 0;
  const typeOf = (inner: JsonValue | undefined, depth: number): string => {
    if (!isPlainSchema(inner) || depth > DEPTH_MAX) return "dyn";
    switch (inner.type) {
      case "integer":
        return "int";
      case "number":
        return "double";
      case "string":
        return "string";
      case "boolean":
        return "bool";
      case "array":
        return `list<${typeOf(inner.items, depth + 1)}>`;
      case "object":
        return objectType(inner, depth);
      default:
        return "dyn";
    }
  };
  const objectType = (inner: JsonObject, depth: number): string => {
    const listed = isObject(inner.properties) ? inner.properties : {};
    if (Object.keys(listed).length === 0) return "map<string, dyn>";
    // Only what the expression reads: a large schema would be declared anew for each expression.
    const types = new Map<string, string>();
    for (const name of fields) {
      if (Object.hasOwn(listed, name)) types.set(name, typeOf(listed[name], depth + 1));
      else if (inner.additionalProperties !== false) {
        types.set(name, isObject(inner.additionalProperties) ? typeOf(inner.additionalProperties, depth + 1) : "dyn");
      }
    }
    made += 1;
    const name = `Object${made}`;
    environment.registerType(name, { fields: Object.fromEntries(types) });
    environment.registerOperator(`string in ${name}: bool`, () => false);
    return name;
  };
  if (!isPlainSchema(schema) || (schema.type !== undefined && schema.type !== "object")) return "map<string, dyn>";
  return objectType(schema, 0);
}
