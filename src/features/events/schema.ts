import Ajv2020, { type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import canonicalize from "canonicalize";
import { RE2JS } from "re2js";
import type { ErrorDetail } from "../../kernel/errors.ts";
import type { JsonObject, JsonValue } from "../../kernel/json.ts";
import { schemaFault } from "./schema-bounds.ts";

/** A schema is code that runs at each event: this keeps it small. */
export const SCHEMA_CHARS_MAX = 32 * 1024;
const PROBLEMS_MAX = 20;
/** Of a larger event only the first mistake is told: collecting all of them is work that the sender can choose. */
const ALL_PROBLEMS_CHARS_MAX = 16 * 1024;

/** JavaScript's own engine can be made to run for ever by a short text; this one is linear in its input. */
const linearRegExp = Object.assign(
  (pattern: string, _flags: string) => {
    const compiled = RE2JS.compile(pattern);
    // ajv keeps compiled patterns by their text: without one of its own, all would pass for the same.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => `linear:${pattern}` };
  },
  { code: "linearRegExp" },
);

function createAjv(allErrors: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    allErrors,
    ownProperties: true,
    multipleOfPrecision: 9,
    code: { regExp: linearRegExp as never },
  });
  // ajv's own compares each item with each other one.
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    errors: false,
    error: { message: "must not have two equal items" },
    validate: (isUnique: boolean, items: readonly JsonValue[]) =>
      !isUnique || new Set(items.map((item) => canonicalize(item))).size === items.length,
  });
  return ajv;
}

export type SchemaCheck = (properties: JsonObject) => readonly ErrorDetail[];
type Compiled = { readonly check: SchemaCheck } | { readonly problem: string };

/** Compiled schemas by their text: environments share them, and forgetting an environment costs no new compilation. */
const KEPT_MAX = 1_000;
const kept = new Map<string, Compiled>();

/** @returns the check, or what is wrong with the schema itself */
export function compileSchema(schema: JsonObject): Compiled {
  const text = JSON.stringify(schema);
  if (text.length > SCHEMA_CHARS_MAX) return { problem: `must not exceed ${SCHEMA_CHARS_MAX} characters` };
  const known = kept.get(text);
  if (known) return known;
  const compiled = compile(schema);
  if (kept.size >= KEPT_MAX) {
    const [oldest] = kept.keys();
    if (oldest !== undefined) kept.delete(oldest);
  }
  kept.set(text, compiled);
  return compiled;
}

function compile(schema: JsonObject): Compiled {
  const fault = schemaFault(schema);
  if (fault !== undefined) return { problem: fault };
  try {
    const validate = createAjv(false).compile(schema);
    let validateAll: ValidateFunction | undefined;
    return {
      check(properties) {
        if (passes(validate, properties)) return [];
        const small = JSON.stringify(properties).length <= ALL_PROBLEMS_CHARS_MAX;
        if (!small) return problemsOf(validate);
        validateAll ??= createAjv(true).compile(schema);
        return passes(validateAll, properties) ? problemsOf(validate) : problemsOf(validateAll);
      },
    };
  } catch (error) {
    return { problem: `is no JSON Schema 2020-12: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Only `true` is a pass: whatever else a schema may be made to return is none. */
function passes(validate: ValidateFunction, properties: JsonObject): boolean {
  try {
    return validate(properties) === true;
  } catch {
    validate.errors = null;
    return false;
  }
}

const problemsOf = ({ errors }: ValidateFunction): ErrorDetail[] =>
  errors && errors.length > 0
    ? errors.slice(0, PROBLEMS_MAX).map((error) => describe(error))
    : [{ path: "properties", message: "can't be checked by the schema of this event type" }];

function describe({ instancePath, message, params, keyword }: ErrorObject): ErrorDetail {
  const segments = instancePath
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
  const path = ["properties", ...segments].join(".");
  if (keyword === "required") return { path: `${path}.${params.missingProperty}`, message: "is required" };
  if (keyword === "additionalProperties")
    return { path: `${path}.${params.additionalProperty}`, message: "is not a known property" };
  return { path, message: message ?? "is not valid" };
}

const PROPERTIES_MAX = 50;

const typeOf = (value: JsonValue): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
};

/**
 * A first schema for a type that nobody has registered, from what was received of it: the types of its top properties,
 * widened by each event; required is what every one of them had.
 */
export function guessSchema(known: JsonObject | undefined, properties: JsonObject): JsonObject {
  const before = (known?.properties ?? {}) as Record<string, { readonly type: string | string[] }>;
  const required = known ? (known.required as string[]).filter((name) => name in properties) : Object.keys(properties);
  const merged = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(properties)) {
    const types = new Set([before[name]?.type ?? []].flat());
    types.add(typeOf(value));
    if (types.has("number")) types.delete("integer");
    const [only, ...others] = [...types].sort();
    if (merged.has(name) || merged.size < PROPERTIES_MAX) {
      merged.set(name, { type: only !== undefined && others.length === 0 ? only : [...types].sort() });
    }
  }
  return {
    type: "object",
    properties: Object.fromEntries(merged),
    required: required.filter((name) => merged.has(name)).sort(),
  };
}
