import type { ErrorDetail } from "../../../kernel/errors.ts";
import { PROGRAM_CHARS_MAX, PROGRAM_DEPTH_MAX, PROGRAM_VALUES_MAX } from "./bounds.ts";

/** Names that JavaScript gives a meaning of its own: as keys they would make every look-up by name a trap. */
const RESERVED = new Set(["__proto__", "constructor", "prototype"]);
/** NUL can't be stored by every engine; a lone surrogate has no canonical form. */
const UNFIT = /\0|\p{Cs}/u;

const join = (path: string, name: string | number): string => (path === "" ? String(name) : `${path}.${name}`);

/**
 * Whether a value is plain JSON of a size that is fit to be looked at: it may come from a request or from code, so it
 * may be anything. Stops at the first fault.
 */
export function findUnfit(content: unknown): ErrorDetail | undefined {
  let values = 0;
  const visit = (value: unknown, path: string, depth: number): ErrorDetail | undefined => {
    values += 1;
    if (values > PROGRAM_VALUES_MAX)
      return { path: "", message: `must not hold more than ${PROGRAM_VALUES_MAX} values` };
    if (depth > PROGRAM_DEPTH_MAX)
      return { path: "", message: `must not be nested deeper than ${PROGRAM_DEPTH_MAX} levels` };
    if (value === null || typeof value === "boolean") return undefined;
    if (typeof value === "string")
      return UNFIT.test(value) ? { path, message: "holds text that is not valid Unicode" } : undefined;
    if (typeof value === "number")
      return Number.isFinite(value) ? undefined : { path, message: "must be a finite number" };
    if (Array.isArray(value)) {
      for (const [index, entry] of value.entries()) {
        const fault = visit(entry, join(path, index), depth + 1);
        if (fault) return fault;
      }
      return undefined;
    }
    if (typeof value !== "object" || !isPlain(value)) return { path, message: "must be plain JSON" };
    for (const [name, entry] of Object.entries(value)) {
      if (entry === undefined) continue;
      if (RESERVED.has(name)) return { path: join(path, name), message: `${name} is a reserved name` };
      if (UNFIT.test(name)) return { path, message: "holds a name that is not valid Unicode" };
      const fault = visit(entry, join(path, name), depth + 1);
      if (fault) return fault;
    }
    return undefined;
  };
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return { path: "", message: "must be an object" };
  }
  const fault = visit(content, "", 0);
  if (fault) return fault;
  if (JSON.stringify(content).length > PROGRAM_CHARS_MAX) {
    return { path: "", message: `must not exceed ${PROGRAM_CHARS_MAX} characters` };
  }
  return undefined;
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
