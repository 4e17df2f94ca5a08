import type { JsonObject, JsonValue } from "../../kernel/json.ts";

/**
 * What a schema may cost, reckoned before it is compiled. A few hundred characters can ask for 2ⁿ steps by referring to
 * themselves twice, so references are followed here, may not come back to where they were, and the whole that they unfold
 * to is bounded.
 */
const STEPS_MAX = 2_000;

/** Keywords whose value is a schema, a list of schemas, or schemas by name. */
const SCHEMAS = [
  "additionalProperties",
  "contains",
  "else",
  "if",
  "items",
  "not",
  "propertyNames",
  "then",
  "unevaluatedItems",
  "unevaluatedProperties",
];
const SCHEMA_LISTS = ["allOf", "anyOf", "oneOf", "prefixItems"];
const SCHEMA_MAPS = ["dependencies", "dependentSchemas", "patternProperties", "properties"];

/** Keywords that would make a schema more than a check of plain data, or refer beyond it. */
const REFUSED = ["$async", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$recursiveAnchor"];

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

class Fault extends Error {}

/** @returns what is wrong, in words that go on from the schema's name; undefined where it may be compiled */
export function schemaFault(schema: JsonObject): string | undefined {
  const draft = schema.$schema;
  if (draft !== undefined && (typeof draft !== "string" || draft.replace(/#$/, "") !== DRAFT)) {
    return `must be JSON Schema 2020-12: leave out $schema, or set it to ${DRAFT}`;
  }
  try {
    walkAll(schema, true);
    new Unfolding(schema).follow(schema);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}

/** Looks at every object of the text, those included that no keyword reaches. */
function walkAll(value: JsonValue, isRoot: boolean): void {
  if (Array.isArray(value)) {
    for (const item of value) walkAll(item, false);
  } else if (isObject(value)) {
    for (const name of REFUSED) if (Object.hasOwn(value, name)) throw new Fault(`must not use ${name}`);
    if (!isRoot && typeof value.$id === "string") throw new Fault("must not use $id below its top");
    for (const item of Object.values(value)) walkAll(item, false);
  }
}

class Unfolding {
  readonly #root: JsonObject;
  readonly #open = new Set<JsonObject>();
  #steps = 0;

  constructor(root: JsonObject) {
    this.#root = root;
  }

  follow(schema: JsonValue | undefined): void {
    if (!isObject(schema)) return;
    if (this.#open.has(schema)) throw new Fault("must not refer back to itself");
    this.#steps += 1 + (Array.isArray(schema.enum) ? schema.enum.length : 0);
    if (this.#steps > STEPS_MAX) throw new Fault(`must not unfold to more than ${STEPS_MAX} parts`);
    this.#open.add(schema);
    if (schema.$ref !== undefined) this.follow(this.#target(schema.$ref));
    for (const name of SCHEMAS) this.follow(schema[name]);
    for (const name of SCHEMA_LISTS) {
      const list = schema[name];
      if (Array.isArray(list)) for (const item of list) this.follow(item);
    }
    for (const name of SCHEMA_MAPS) {
      const map = schema[name];
      if (isObject(map)) for (const item of Object.values(map)) this.follow(item);
    }
    this.#open.delete(schema);
  }

  #target(ref: JsonValue): JsonValue {
    if (typeof ref !== "string" || !/^#(?:\/|$)/.test(ref)) {
      throw new Fault("must refer to its own parts only, such as #/$defs/name");
    }
    let found: JsonValue = this.#root;
    for (const segment of ref.split("/").slice(1)) {
      const name = decodePointer(segment);
      const next: JsonValue | undefined = Array.isArray(found)
        ? found[Number(name)]
        : isObject(found) && Object.hasOwn(found, name)
          ? found[name]
          : undefined;
      if (next === undefined) throw new Fault(`refers to ${ref}, which is not there`);
      found = next;
    }
    return found;
  }
}

function decodePointer(segment: string): string {
  try {
    return decodeURIComponent(segment).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return segment;
  }
}
