import type * as v from "valibot";
import type { ErrorDetail } from "../kernel/errors.ts";

/** The parts of a schema that can hold others. */
interface Part extends v.GenericSchema {
  readonly wrapped?: Part;
  readonly entries?: Readonly<Record<string, Part>>;
  readonly value?: Part;
  readonly item?: Part;
  readonly options?: readonly Part[];
}

/** A record leaves these out of what it gives back, without a word. */
const DROPPED_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const join = (path: string, key: string | number): string => (path === "" ? String(key) : `${path}.${key}`);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/**
 * What valibot lets pass though no schema of ours means it: an array where an object belongs (an empty one has none of
 * the unknown fields that would be refused), and names that every object inherits, which it takes for known and drops.
 */
export function findMisread(schema: v.GenericSchema, input: unknown): readonly ErrorDetail[] {
  const found: ErrorDetail[] = [];
  visit(schema as Part, input, "", found);
  return found;
}

function visit(part: Part, value: unknown, path: string, found: ErrorDetail[]): void {
  if (!isObject(value)) return;
  if (part.wrapped) visit(part.wrapped, value, path, found);
  switch (part.type) {
    case "object":
    case "loose_object":
    case "strict_object":
    case "record":
      if (Array.isArray(value)) found.push({ path, message: "Must be an object." });
      else visitFields(part, value, path, found);
      return;
    case "array":
      if (!Array.isArray(value) || !part.item) return;
      for (const [place, item] of value.entries()) visit(part.item, item, join(path, place), found);
      return;
    case "union":
      found.push(...leastOf(part.options ?? [], value, path));
  }
}

function visitFields(part: Part, value: Readonly<Record<string, unknown>>, path: string, found: ErrorDetail[]): void {
  const { entries = {} } = part;
  for (const key of Object.keys(value)) {
    if (part.type === "record") {
      if (DROPPED_NAMES.has(key)) found.push({ path: join(path, key), message: "Can't be used as a name." });
      else if (part.value) visit(part.value, value[key], join(path, key), found);
      continue;
    }
    const entry = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (entry) visit(entry, value[key], join(path, key), found);
    else if (part.type === "strict_object" && key in entries) {
      found.push({ path: join(path, key), message: "Is not a known field." });
    }
  }
}

/** Nothing, where one of the alternatives reads the value as it is meant. */
function leastOf(options: readonly Part[], value: unknown, path: string): readonly ErrorDetail[] {
  let least: readonly ErrorDetail[] | undefined;
  for (const option of options) {
    const found: ErrorDetail[] = [];
    visit(option, value, path, found);
    if (least === undefined || found.length < least.length) least = found;
  }
  return least ?? [];
}
