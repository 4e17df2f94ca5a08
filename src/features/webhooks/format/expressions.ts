import { compileExpression, type Expression, type Variables } from "../../../kernel/cel/expression.ts";
import { type Integers, integersOf } from "../../../kernel/cel/json-types.ts";
import { toCelMap } from "../../../kernel/cel/values.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { Catalogue } from "../catalogue.ts";

/** All that a filter or a payload sees: the same today and tomorrow, so that what is made of it is too. */
export const OUTBOUND_ROOTS: ReadonlySet<string> = new Set(["event"]);

/**
 * Compiled ones that are remembered, by the characters of their texts: some 110 bytes of memory for each. Ten thousand
 * filters of 60 characters fit, so that an event for all of them does not compile them anew (5 s of the processor).
 */
const REMEMBERED_CHARACTERS_MAX = 1_000_000;
const remembered = new Map<string, Expression>();
let characters = 0;

/** Whether it is ready to be asked, so that to ask it costs no more than its steps. */
export const isRemembered = (kind: "filter" | "payload", text: string): boolean => remembered.has(`${kind}:${text}`);

/** @param kind a filter is small, for it is asked in the write lane too */
export function compileOutbound(kind: "filter" | "payload", text: string): Expression {
  const key = `${kind}:${text}`;
  const known = remembered.get(key);
  if (known) {
    // What is asked stays, however many others come and go.
    remembered.delete(key);
    remembered.set(key, known);
    return known;
  }
  const made = compileExpression(text, { roots: OUTBOUND_ROOTS, size: kind === "filter" ? "small" : "large" });
  for (const oldest of remembered.keys()) {
    if (characters + key.length <= REMEMBERED_CHARACTERS_MAX) break;
    remembered.delete(oldest);
    characters -= oldest.length;
  }
  remembered.set(key, made);
  characters += key.length;
  return made;
}

/** Of the types of one catalogue, so that a whole number is one to an expression. */
const integers = new WeakMap<JsonObject, { readonly of: Integers | undefined }>();

function integersIn(schema: JsonObject | undefined): Integers | undefined {
  if (!schema) return undefined;
  const known = integers.get(schema) ?? { of: integersOf(schema) };
  integers.set(schema, known);
  return known.of;
}

/** What is delivered, as the body has it. */
interface Delivered {
  readonly id: string;
  readonly event: string;
  readonly timestamp: string;
  readonly data: JsonObject;
}

/** The event that was read last: it goes to many, one after the other, and a large one takes a tenth of a second to read. */
let last: { readonly catalogue: object; readonly body: string; readonly variables: Variables } | undefined;

/** The variables of an outbound event, read from the bytes that are kept of it. */
export function variablesOf(catalogue: Pick<Catalogue, "find">, body: string): Variables {
  if (last?.catalogue !== catalogue || last.body !== body) {
    last = { catalogue, body, variables: readVariables(catalogue, body) };
  }
  return last.variables;
}

function readVariables(catalogue: Pick<Catalogue, "find">, body: string): Variables {
  const { id, event, timestamp, data } = JSON.parse(body) as Delivered;
  const schema = catalogue.find(event)?.schema;
  return {
    event: new Map<string, unknown>([
      ["id", id],
      ["name", event],
      ["timestamp", timestamp],
      ["data", toCelMap(data, integersIn(schema))],
    ]),
  };
}
