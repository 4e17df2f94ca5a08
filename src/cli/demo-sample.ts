import type { Chance } from "../kernel/chance.ts";
import type { JsonObject, JsonValue } from "../kernel/json.ts";

/** Values that fit a JSON Schema, as far as its plain words say what fits: enough for what events carry. */

const DEPTH_MAX = 5;
const NUMBER_SPAN = 100;
const WORDS = ["amber", "birch", "cedar", "delta", "ember", "fjord"];

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const numberOf = (value: JsonValue | undefined): number | undefined => (typeof value === "number" ? value : undefined);

function pick<T>(chance: Chance, values: readonly T[]): T | undefined {
  return values[Math.floor(chance.fraction() * values.length)];
}

function sampleNumber(schema: JsonObject, chance: Chance): number {
  const step = numberOf(schema.multipleOf) ?? 1;
  const above = numberOf(schema.exclusiveMinimum);
  const below = numberOf(schema.exclusiveMaximum);
  const least = numberOf(schema.minimum) ?? (above === undefined ? undefined : above + step);
  const most = numberOf(schema.maximum) ?? (below === undefined ? undefined : below - step);
  const from = least ?? (most === undefined ? 1 : Math.min(1, most));
  const to = most ?? from + NUMBER_SPAN;
  const steps = Math.max(0, Math.floor(to / step) - Math.ceil(from / step));
  return (Math.ceil(from / step) + Math.floor(chance.fraction() * (steps + 1))) * step;
}

const FORMATS: Readonly<Record<string, string>> = {
  date: "2026-01-15",
  "date-time": "2026-01-15T09:30:00Z",
  time: "09:30:00Z",
  email: "someone@example.com",
  uri: "https://example.com/",
  uuid: "018f6e2a-7c1b-7d3e-9a4b-5c6d7e8f9a0b",
};

function sampleText(schema: JsonObject, chance: Chance): string {
  const known = typeof schema.format === "string" ? FORMATS[schema.format] : undefined;
  const text = known ?? pick(chance, WORDS) ?? "";
  return text.padEnd(numberOf(schema.minLength) ?? 0, "x").slice(0, numberOf(schema.maxLength) ?? text.length + 255);
}

function sampleObject(schema: JsonObject, chance: Chance, depth: number): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const entries = Object.entries(properties).flatMap(([name, part]): [string, JsonValue][] => {
    const value = isObject(part) ? sample(part, chance, depth + 1) : null;
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}

function sampleList(schema: JsonObject, chance: Chance, depth: number): JsonValue[] {
  const count = Math.max(1, numberOf(schema.minItems) ?? 1);
  const item = isObject(schema.items) ? sample(schema.items, chance, depth + 1) : null;
  return item === undefined ? [] : Array.from({ length: Math.min(count, NUMBER_SPAN) }, () => item);
}

/** Undefined below a depth that no event needs. */
function sample(schema: JsonObject, chance: Chance, depth: number): JsonValue | undefined {
  if (depth > DEPTH_MAX) return undefined;
  if (schema.const !== undefined) return schema.const;
  for (const named of [schema.enum, schema.examples]) {
    if (Array.isArray(named) && named.length > 0) return pick(chance, named);
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "integer":
    case "number":
      return sampleNumber(schema, chance);
    case "boolean":
      return chance.fraction() < 0.5;
    case "string":
      return sampleText(schema, chance);
    case "array":
      return sampleList(schema, chance, depth);
    case "null":
      return null;
    default:
      return sampleObject(schema, chance, depth);
  }
}

/** Properties of an event whose type has this schema; the server still judges them. */
export function sampleProperties(schema: unknown, chance: Chance): JsonObject {
  const value = isObject(schema as JsonValue) ? sample(schema as JsonObject, chance, 0) : {};
  return isObject(value) ? value : {};
}
