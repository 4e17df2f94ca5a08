import type { JsonObject, JsonValue } from "../kernel/json.ts";
import { propertiesOf } from "./openapi-route.ts";
import { resolveSchema } from "./openapi-schemas.ts";

type Components = Readonly<Record<string, JsonObject>>;

export interface FieldRow {
  readonly name: string;
  readonly depth: number;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
  /** Bounds, defaults, allowed values. */
  readonly limits: readonly string[];
}

export const DEPTH_MAX = 5;

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** The schemas that a value may have, `null` apart. */
function alternativesOf(schema: JsonObject, components: Components): { options: JsonObject[]; isNullable: boolean } {
  const listed = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(listed)) {
    const options = listed.filter(isObject).map((one) => resolveSchema(one, components));
    const kept = options.filter((one) => one.type !== "null");
    return { options: kept, isNullable: kept.length < options.length };
  }
  if (Array.isArray(schema.type)) {
    const types = schema.type.filter((type) => type !== "null");
    return { options: types.map((type) => ({ ...schema, type })), isNullable: types.length < schema.type.length };
  }
  return { options: [schema], isNullable: false };
}

/** The type in words: `string`, `array of object`, `string or null`. */
function typeOf(schema: JsonObject, components: Components): string {
  const resolved = resolveSchema(schema, components);
  const { options, isNullable } = alternativesOf(resolved, components);
  const names = new Set(options.map((one) => simpleTypeOf(one, components)));
  if (isNullable) names.add("null");
  return [...names].join(" or ");
}

function simpleTypeOf(schema: JsonObject, components: Components): string {
  if (schema.type === "array") return isObject(schema.items) ? `array of ${typeOf(schema.items, components)}` : "array";
  if (schema.format === "date-time") return "time";
  if (isRecord(schema)) return `map of ${typeOf(schema.additionalProperties as JsonObject, components)}`;
  if (typeof schema.type === "string") return schema.type;
  if (schema.const !== undefined) return typeof schema.const;
  if (isObject(schema.properties)) return "object";
  return "any JSON";
}

const shown = (value: JsonValue): string => (typeof value === "number" ? value.toLocaleString("en") : String(value));

function limitsOf(schema: JsonObject): string[] {
  const limits: string[] = [];
  const { minLength, maxLength, minItems, maxItems, minimum, maximum } = schema;
  const range = (from: JsonValue | undefined, to: JsonValue | undefined, unit: string): void => {
    if (from !== undefined && to !== undefined)
      limits.push(from === to ? `exactly ${shown(from)} ${unit}` : `${shown(from)} to ${shown(to)} ${unit}`.trim());
    else if (from !== undefined) limits.push(`at least ${shown(from)} ${unit}`.trim());
    else if (to !== undefined) limits.push(`at most ${shown(to)} ${unit}`.trim());
  };
  range(minLength, maxLength, "characters");
  range(minItems, maxItems, "items");
  range(minimum, maximum, "");
  if (Array.isArray(schema.enum))
    limits.push(`one of ${schema.enum.map((value) => `\`${String(value)}\``).join(", ")}`);
  if (schema.const !== undefined) limits.push(`always \`${String(schema.const)}\``);
  if (schema.default !== undefined) limits.push(`default \`${JSON.stringify(schema.default)}\``);
  return limits;
}

/** An object whose keys are the caller's own. */
const isRecord = (schema: JsonObject): boolean =>
  !isObject(schema.properties) &&
  isObject(schema.additionalProperties) &&
  Object.keys(schema.additionalProperties).length > 0;

/** The object schemas inside a value of this schema: itself, its items, or the values under free keys. */
function insideOf(schema: JsonObject, components: Components): readonly JsonObject[] {
  return alternativesOf(resolveSchema(schema, components), components).options.flatMap((option) => {
    if (isObject(option.properties)) return [option];
    if (isObject(option.items)) return insideOf(option.items, components);
    return isRecord(option) ? insideOf(option.additionalProperties as JsonObject, components) : [];
  });
}

/** The fields of a schema in the order of reading, each with how deep it lies. */
export function fieldRows(schema: JsonObject, components: Components, depth = 0): readonly FieldRow[] {
  if (depth > DEPTH_MAX) return [];
  return insideOf(schema, components).flatMap((inside) =>
    propertiesOf(inside).flatMap((property) => {
      const resolved = resolveSchema(property.schema, components);
      const { options } = alternativesOf(resolved, components);
      const row: FieldRow = {
        name: property.name,
        depth,
        type: typeOf(property.schema, components),
        required: property.required,
        description: text(resolved.description) || text(options[0]?.description),
        limits: limitsOf(options.length === 1 ? { ...resolved, ...options[0] } : resolved),
      };
      return [row, ...fieldRows(property.schema, components, depth + 1)];
    }),
  );
}
