import { assert } from "../kernel/assert.ts";
import type { JsonObject, JsonValue } from "../kernel/json.ts";

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A copy of `schema` whose field at `path` (`events.*.id`, `*` being an array's items or a record's values) says `note`
 * besides. A path that
 * leads nowhere is a bug in the reference, found when the document is built.
 */
export function annotate(schema: JsonObject, path: string, note: string | JsonObject): JsonObject {
  const added = typeof note === "string" ? { description: note } : note;
  const descend = (at: JsonObject, steps: readonly string[]): JsonObject => {
    const [step, ...rest] = steps;
    if (step === undefined) return { ...at, ...added };
    const alternatives = at.anyOf;
    if (Array.isArray(alternatives)) {
      return { ...at, anyOf: alternatives.map((one) => (leadsTo(one, step) ? descend(one, steps) : one)) };
    }
    const place = step !== "*" ? "properties" : at.items === undefined ? "additionalProperties" : "items";
    const inside = place === "properties" ? (isObject(at.properties) ? at.properties[step] : undefined) : at[place];
    assert(isObject(inside), `the reference describes ${path}, which the schema does not have`);
    if (place !== "properties") return { ...at, [place]: descend(inside, rest) };
    return { ...at, properties: { ...(at.properties as JsonObject), [step]: descend(inside, rest) } };
  };
  return descend(schema, path.split("."));
}

const leadsTo = (schema: JsonValue, step: string): schema is JsonObject =>
  isObject(schema) &&
  (step === "*"
    ? isObject(schema.items) || isObject(schema.additionalProperties)
    : isObject(schema.properties) && step in schema.properties);
