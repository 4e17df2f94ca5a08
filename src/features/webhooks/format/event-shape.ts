import type { OutboundEventType } from "../../../kernel/catalogue.ts";
import type { JsonObject, JsonValue } from "../../../kernel/json.ts";
import type { Catalogue } from "../catalogue.ts";

/** `data` of a customer's own event that is sent on. */
const FORWARDED: JsonObject = {
  type: "object",
  properties: {
    id: { type: "string" },
    type: { type: "string" },
    userId: { type: "string" },
    occurredAt: { type: "string" },
    properties: {},
  },
};

/** What the events that a subscription wants have in common, as far as it is known. */
export interface EventShape {
  /** Of the catalogue, in its order. */
  readonly types: readonly OutboundEventType[];
  /** What `data` of any of them may hold; nothing else does. */
  readonly data: JsonObject;
  readonly fields: readonly string[];
}

const asObject = (value: JsonValue | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** A simple type is the same whatever else is said of it; anything else has to be the same as a whole. */
const typeOf = (schema: JsonValue | undefined): string => {
  const { type } = asObject(schema);
  return typeof type === "string" && type !== "object" && type !== "array" ? type : JSON.stringify(schema);
};

export function shapeOf(catalogue: Catalogue, events: readonly string[]): EventShape {
  const types = catalogue.list().filter(({ name }) => catalogue.matches(events, name));
  // A name that is not ours is a customer's, and a star means those too.
  const wantsOwn = events.some((name) => name === "*" || (!name.endsWith(".*") && !catalogue.find(name)));
  const schemas = [...types.map(({ schema }) => schema), ...(wantsOwn ? [FORWARDED] : [])];
  const properties = new Map<string, JsonValue>();
  for (const schema of schemas) {
    for (const [name, inner] of Object.entries(asObject(schema.properties))) {
      const known = properties.get(name);
      properties.set(name, known === undefined || typeOf(known) === typeOf(inner) ? inner : {});
    }
  }
  return {
    types,
    data: { type: "object", properties: Object.fromEntries(properties), additionalProperties: false },
    fields: [...properties.keys()],
  };
}
