import type { OutboundEventType } from "../../kernel/catalogue.ts";
import type { ErrorDetail } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { nearest } from "./nearest.ts";

const EVERYTHING = "*";
const FAMILY_END = ".*";

/** All that can be subscribed to by a name of ours; customers' own forwarded types stand beside it. */
export interface Catalogue {
  /** In the order of the rooms that announce them. */
  list(): readonly OutboundEventType[];
  find(name: string): OutboundEventType | undefined;
  /** Whether a name is ours, so that no event of a customer may be forwarded under it. */
  isReserved(name: string): boolean;
  /** Whether one of the patterns of a subscription wants the type: exact names, `points.*`, or `*`. */
  matches(patterns: readonly string[], type: string): boolean;
  /**
   * What is wrong with the patterns of a subscription. `isForwarded` knows the customer's own types; without it any name
   * is let through as one that is not, and does not look like, one of ours.
   */
  check(patterns: readonly string[], isForwarded?: (name: string) => boolean): readonly ErrorDetail[];
}

export function createCatalogue(emits: readonly OutboundEventType[]): Catalogue {
  const types = new Map<string, OutboundEventType>();
  for (const type of emits) {
    if (types.has(type.name)) throw new Error(`two rooms announce ${type.name}`);
    types.set(type.name, type);
  }
  const families = new Set([...types.keys()].map(prefixOf));
  const list = [...types.values()];

  const faultOf = (pattern: string, isForwarded: ((name: string) => boolean) | undefined): string | undefined => {
    if (pattern === EVERYTHING || types.has(pattern)) return undefined;
    if (pattern.endsWith(FAMILY_END)) {
      const family = pattern.slice(0, -FAMILY_END.length);
      return families.has(family) ? undefined : unknownFamily(pattern, family, families);
    }
    if (pattern.includes("*"))
      return `${quote(pattern)}: a star stands alone or at the end of a family, as in "points.*".`;
    if (isForwarded?.(pattern)) return undefined;
    const near = nearest(pattern, types.keys());
    if (near !== undefined) return `There is no event ${quote(pattern)}. Did you mean ${quote(near)}?`;
    const isOurs = families.has(prefixOf(pattern));
    if (!isForwarded && !isOurs) return undefined;
    return `There is no event ${quote(pattern)}: it is not in GET /v1/webhooks/events, nor an event type with forward: true.`;
  };

  return {
    list: () => list,
    find: (name) => types.get(name),
    isReserved: (name) => types.has(name),
    matches: (patterns, type) => {
      const known = types.get(type);
      const family = known && `${prefixOf(type)}${FAMILY_END}`;
      return patterns.some(
        (pattern) =>
          pattern === type || pattern === family || (pattern === EVERYTHING && known?.family !== "operations"),
      );
    },
    check: (patterns, isForwarded) =>
      patterns.flatMap((pattern, place) => {
        const message = faultOf(pattern, isForwarded);
        return message === undefined ? [] : [{ path: `events.${place}`, message }];
      }),
  };
}

const prefixOf = (name: string): string => name.split(".", 1)[0] ?? name;
const quote = (text: string): string => JSON.stringify(text);

function unknownFamily(pattern: string, family: string, families: ReadonlySet<string>): string {
  const near = nearest(family, families);
  if (near !== undefined) return `There is no family ${quote(pattern)}. Did you mean ${quote(near + FAMILY_END)}?`;
  return `There is no family ${quote(pattern)}. Name your own event types one by one, or take everything with "*".`;
}

/** The body of `GET /v1/webhooks/events`. */
export function showCatalogue(catalogue: Catalogue): { readonly data: readonly JsonObject[] } {
  return {
    data: catalogue.list().map(({ name, family, description, schema, example, planned = false }) => ({
      name,
      family,
      description,
      planned,
      schema: { $schema: "https://json-schema.org/draft/2020-12/schema", ...schema },
      example,
    })),
  };
}
