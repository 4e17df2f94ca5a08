import type { JsonObject, JsonValue } from "../../../kernel/json.ts";

/** How a language's serialiser spells the same value. */
export interface JsonStyle {
  /** Completes "written anew …". */
  readonly name: string;
  readonly comma: string;
  readonly colon: string;
  /** Spaces per level; absent: all on one line. */
  readonly indent?: number;
  readonly sorted?: true;
  /** What is written as an escape although it need not be. */
  readonly escapes?: RegExp;
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** What receivers of the field's common languages make of a body that they have parsed. */
export const REWRITINGS: readonly JsonStyle[] = [
  { name: "as JavaScript's JSON.stringify does it", comma: ",", colon: ":" },
  { name: "as Python's json.dumps does it", comma: ", ", colon: ": ", escapes: BEYOND_ASCII },
  { name: "as Python's json.dumps does it without ensure_ascii", comma: ", ", colon: ": " },
  { name: "as Python's json.dumps does it with tight separators", comma: ",", colon: ":", escapes: BEYOND_ASCII },
  { name: "as PHP's json_encode does it", comma: ",", colon: ":", escapes: /[/\u0080-\uffff]/ },
  {
    name: "as Go's json.Marshal does it with a map",
    comma: ",",
    colon: ":",
    sorted: true,
    escapes: /[<>&\u2028\u2029]/,
  },
  { name: "with its keys sorted", comma: ",", colon: ":", sorted: true },
  {
    name: "as Python's json.dumps does it with its keys sorted",
    comma: ", ",
    colon: ": ",
    sorted: true,
    escapes: BEYOND_ASCII,
  },
  { name: "indented by two spaces", comma: ",", colon: ": ", indent: 2 },
  { name: "indented by four spaces", comma: ",", colon: ": ", indent: 4 },
];

const escapeOf = (character: string): string =>
  character === "/" ? "\\/" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

function textOf(text: string, { escapes }: JsonStyle): string {
  if (escapes === undefined) return JSON.stringify(text);
  // With the group the parts that are to be escaped come back too, at the odd places.
  const parts = text.split(new RegExp(`(${escapes.source})`));
  return `"${parts.map((part, place) => (place % 2 === 1 ? escapeOf(part) : JSON.stringify(part).slice(1, -1))).join("")}"`;
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function entriesOf(value: JsonObject, { sorted }: JsonStyle): [string, JsonValue][] {
  const entries = Object.entries(value);
  return sorted ? entries.sort(([left], [right]) => (left < right ? -1 : 1)) : entries;
}

/** The value in a serialiser's spelling; its meaning is the same. */
export function writeJson(value: JsonValue, style: JsonStyle, depth = 0): string {
  if (typeof value === "string") return textOf(value, style);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const parts = isObject(value)
    ? entriesOf(value, style).map(
        ([key, inner]) => `${textOf(key, style)}${style.colon}${writeJson(inner, style, depth + 1)}`,
      )
    : (value as readonly JsonValue[]).map((inner) => writeJson(inner, style, depth + 1));
  const [open, close] = isObject(value) ? ["{", "}"] : ["[", "]"];
  if (parts.length === 0) return `${open}${close}`;
  if (style.indent === undefined) return `${open}${parts.join(style.comma)}${close}`;
  const line = (level: number): string => `\n${" ".repeat(level * (style.indent ?? 0))}`;
  return `${open}${line(depth + 1)}${parts.join(`${style.comma}${line(depth + 1)}`)}${line(depth)}${close}`;
}

/** Legal, and what no serialiser writes: whoever parses it and writes it anew has other bytes. */
const UNUSUAL: JsonStyle = { name: "unusually", comma: " ,\t", colon: " :  ", escapes: /[/e\u0080-\uffff]/ };

/** The same value in an unusual spelling, with a line break at its end. */
export const writeUnusually = (value: JsonValue): string => `\n ${writeJson(value, UNUSUAL)}\r\n`;

export const PRETTY: JsonStyle = { name: "indented by two spaces", comma: ",", colon: ": ", indent: 2 };
