import type { JsonObject } from "../kernel/json.ts";
import type { ConfigProblem } from "./errors.ts";

const DEPTH_MAX = 64;

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/**
 * A copy of what a configuration file exported, made of nothing but data: functions, dates, classes, getters and
 * cycles are refused with their path, so that what was checked is what is used.
 */
export function copyPlainData(value: unknown, path: string, problems: ConfigProblem[], depth = 0): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (depth > DEPTH_MAX) {
    problems.push({ where: path, message: `expected at most ${DEPTH_MAX} levels (or it refers to itself)` });
    return undefined;
  }
  if (Array.isArray(value)) {
    return value.map((entry, index) => copyPlainData(entry, `${path}[${index}]`, problems, depth + 1));
  }
  if (typeof value === "object" && isPlainObject(value)) {
    const copy: Record<string, unknown> = {};
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      const inner = path === "" ? name : `${path}.${name}`;
      if (descriptor.get || descriptor.set || name === "__proto__") {
        problems.push({ where: inner, message: "expected plain data, found an accessor" });
      } else if (descriptor.value !== undefined) {
        copy[name] = copyPlainData(descriptor.value, inner, problems, depth + 1);
      }
    }
    return copy;
  }
  const kind = typeof value === "object" ? (value?.constructor?.name ?? "class instance") : typeof value;
  const found = value === undefined ? "nothing" : `a ${kind}`;
  problems.push({ where: path === "" ? "default export" : path, message: `expected plain data, found ${found}` });
  return undefined;
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
