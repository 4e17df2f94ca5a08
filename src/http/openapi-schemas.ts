import { toJsonSchema } from "@valibot/to-json-schema";
import type { GenericSchema } from "valibot";
import { assert } from "../kernel/assert.ts";
import type { JsonObject } from "../kernel/json.ts";

const POINTER = "#/components/schemas/";

/** Turns valibot schemas into those of the document; named ones are written once, under `components`. */
export interface SchemaWriter {
  /** What a caller sends. */
  input(schema: GenericSchema): JsonObject;
  /** What a caller gets. */
  output(schema: GenericSchema): JsonObject;
  readonly components: Readonly<Record<string, JsonObject>>;
}

export function createSchemaWriter(named: Readonly<Record<string, GenericSchema>>): SchemaWriter {
  const names = new Map<unknown, string>(Object.entries(named).map(([name, schema]) => [schema, name]));
  const write = (schema: GenericSchema, typeMode: "input" | "output"): JsonObject => {
    const { $schema: _dialect, ...rest } = toJsonSchema(schema, {
      target: "draft-2020-12",
      // Checks in code have no JSON Schema; their sentences stand in the descriptions.
      errorMode: "ignore",
      typeMode,
      overrideSchema({ valibotSchema }) {
        const name = valibotSchema === schema ? undefined : names.get(valibotSchema);
        if (name !== undefined) return { $ref: `${POINTER}${name}` };
        // What depends on the input has no shape of its own; a room that has some gives its reference a schema instead.
        return valibotSchema.type === "lazy" ? {} : undefined;
      },
    });
    // JSON Schema is JSON by definition; the library's own type is wider than ours.
    return rest as JsonObject;
  };
  const refer = (schema: GenericSchema, typeMode: "input" | "output"): JsonObject => {
    const name = names.get(schema);
    return name === undefined ? write(schema, typeMode) : { $ref: `${POINTER}${name}` };
  };
  return {
    input: (schema) => refer(schema, "input"),
    output: (schema) => refer(schema, "output"),
    components: Object.fromEntries(Object.entries(named).map(([name, schema]) => [name, write(schema, "input")])),
  };
}

/** The schema that a reference points to, or the schema itself. */
export function resolveSchema(schema: JsonObject, components: Readonly<Record<string, JsonObject>>): JsonObject {
  const reference = schema.$ref;
  if (typeof reference !== "string") return schema;
  const target = components[reference.slice(POINTER.length)];
  assert(reference.startsWith(POINTER) && target, `the document has no schema ${reference}`);
  const { $ref: _reference, ...beside } = schema;
  return { ...target, ...beside };
}
