import canonicalize from "canonicalize";
import type { JsonObject, JsonValue } from "../../../kernel/json.ts";
import { ORDERED_SECTIONS } from "./checksum.ts";

/** One field that is not as it was; absent where it was not there, or is no more. */
export interface FieldChange {
  /** Within its entry: `when`, `rungs.adept.at`, `limits.0.credits`; empty where the entry is a value itself. */
  readonly path: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/** One entry of a program that is not as it was. */
export interface ProgramChange {
  /** `rules`; empty for what stands at the top itself, such as the time zone. */
  readonly section: string;
  /** Of the entry; empty where the order of a section changed. */
  readonly key: string;
  readonly change: "added" | "changed" | "removed" | "reordered";
  /** Of what was changed or reordered. */
  readonly fields: readonly FieldChange[];
}

/** What a program's lists are made of has a name of its own: by it an entry is known wherever it stands. */
const NAMES_OF_ITEMS: ReadonlyMap<string, readonly string[]> = new Map([
  ["rungs", ["key"]],
  ["then", ["key", "credit", "debit", "award"]],
]);

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

const own = (value: JsonObject, name: string): JsonValue | undefined =>
  Object.hasOwn(value, name) ? value[name] : undefined;

/** By RFC 8785: the order of the names in an object has no meaning. */
const isSame = (before: JsonValue | undefined, after: JsonValue | undefined): boolean =>
  before === after || canonicalize(before) === canonicalize(after);

const join = (path: string, step: string): string => (path === "" ? step : `${path}.${step}`);

const namesOf = (before: JsonObject, after: JsonObject): string[] => [
  ...new Set([...Object.keys(before), ...Object.keys(after)]),
];

/**
 * What is not the same in two programs, entry by entry, in the order of the newer one and what is gone at its end. Both are
 * plain JSON; neither needs to be one that this release would accept.
 */
export function programDifference(before: JsonObject, after: JsonObject): ProgramChange[] {
  return namesOf(after, before).flatMap((section) => {
    const [then, now] = [own(before, section), own(after, section)];
    const isSection = (isObject(then) || then === undefined) && (isObject(now) || now === undefined);
    if (isSection) return sectionChanges(section, then ?? {}, now ?? {});
    // What stands at the top has no fields: its value is what is told.
    const fields = isSame(then, now) ? [] : [fieldChange("", then, now)];
    return fields.length === 0 ? [] : [{ section: "", key: section, change: kindOf(then, now), fields }];
  });
}

function sectionChanges(section: string, before: JsonObject, after: JsonObject): ProgramChange[] {
  const changes = namesOf(after, before).flatMap((key): ProgramChange[] => {
    const [then, now] = [own(before, key), own(after, key)];
    const change = kindOf(then, now);
    if (change !== "changed") return [{ section, key, change, fields: [] }];
    const fields = fieldChanges("", then, now);
    return fields.length === 0 ? [] : [{ section, key, change, fields }];
  });
  if (!(ORDERED_SECTIONS as readonly string[]).includes(section)) return changes;
  const order = orderChange(Object.keys(before), Object.keys(after), "");
  return order ? [...changes, { section, key: "", change: "reordered", fields: [order] }] : changes;
}

const kindOf = (before: JsonValue | undefined, after: JsonValue | undefined): ProgramChange["change"] =>
  before === undefined ? "added" : after === undefined ? "removed" : "changed";

const fieldChange = (path: string, before: JsonValue | undefined, after: JsonValue | undefined): FieldChange => ({
  path,
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});

function fieldChanges(path: string, before: JsonValue | undefined, after: JsonValue | undefined): FieldChange[] {
  if (isObject(before) && isObject(after)) {
    return namesOf(after, before).flatMap((name) =>
      fieldChanges(join(path, name), own(before, name), own(after, name)),
    );
  }
  if (isList(before) && isList(after)) return listChanges(path, before, after);
  return isSame(before, after) ? [] : [fieldChange(path, before, after)];
}

/** Lists of things that are told apart are compared thing by thing, other lists of objects place by place. */
function listChanges(path: string, before: readonly JsonValue[], after: readonly JsonValue[]): FieldChange[] {
  const naming = NAMES_OF_ITEMS.get(path);
  const named = naming && [byName(naming, before), byName(naming, after)];
  const [then, now] = named ?? [];
  if (then && now) {
    const order = orderChange(Object.keys(then), Object.keys(now), path);
    return [...fieldChanges(path, then, now), ...(order ? [order] : [])];
  }
  if (![...before, ...after].every(isObject)) return isSame(before, after) ? [] : [fieldChange(path, before, after)];
  return Array.from({ length: Math.max(before.length, after.length) }).flatMap((_, index) =>
    fieldChanges(join(path, String(index)), before[index], after[index]),
  );
}

/** The items under their names; undefined where one has none, or two have the same. */
function byName(naming: readonly string[], items: readonly JsonValue[]): JsonObject | undefined {
  const found = new Map<string, JsonValue>();
  for (const item of items) {
    if (!isObject(item)) return undefined;
    const name = naming.map((field) => own(item, field)).find((value) => typeof value === "string");
    // A name that is all digits would lose its place among the names of an object.
    if (typeof name !== "string" || /^\d+$/.test(name) || found.has(name)) return undefined;
    found.set(name, item);
  }
  return Object.fromEntries(found);
}

/** Of the names that both have. */
function orderChange(before: readonly string[], after: readonly string[], path: string): FieldChange | undefined {
  const [then, now] = [before.filter((name) => after.includes(name)), after.filter((name) => before.includes(name))];
  return then.every((name, index) => name === now[index]) ? undefined : { path, before: then, after: now };
}
