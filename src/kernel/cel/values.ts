import { EvaluationError } from "@marcbachmann/cel-js";
import type { JsonObject, JsonValue } from "../json.ts";
import type { Integers } from "./json-types.ts";

/** JSON from a request is never deeper than 32; this is for what came another way. */
const DEPTH_MAX = 64;

export type CelValue = null | boolean | number | bigint | string | Date | readonly CelValue[] | Map<string, CelValue>;

/**
 * JSON as expressions see it. Objects become maps: the library tells kinds of value apart by their `constructor`, which
 * an event may well bring along as a property of its own.
 */
export function toCelMap(value: JsonObject, integers: Integers | undefined, depth = 0): Map<string, CelValue> {
  const map = new Map<string, CelValue>();
  const fields = typeof integers === "object" ? integers.fields : undefined;
  for (const name of Object.keys(value)) {
    const entry = value[name];
    if (entry !== undefined) map.set(name, toCel(entry, fields?.get(name), depth + 1));
  }
  return map;
}

function toCel(value: JsonValue, integers: Integers | undefined, depth: number): CelValue {
  if (typeof value === "number") return integers === "integer" && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEPTH_MAX) throw new EvaluationError("the properties are nested too deep");
  if (!Array.isArray(value)) return toCelMap(value as JsonObject, integers, depth);
  const items = typeof integers === "object" ? integers.items : undefined;
  return value.map((entry: JsonValue) => toCel(entry, items, depth + 1));
}

/** A whole number that an amount came to; undefined for anything else. Beyond 2⁵³ it is as good as infinite. */
export function toInteger(value: unknown): number | undefined {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" && Number.isInteger(value) ? value : undefined;
}
