import type { JsonObject, JsonValue } from "../kernel/json.ts";
import { type Html, html } from "./site-html.ts";

const isPlain = (value: JsonValue): boolean => typeof value !== "object" || value === null;
const LINE_CHARACTERS_MAX = 66;

/** A list or an inner object of plain values, where it fits on a line. */
function onOneLine(value: JsonObject | readonly JsonValue[], indent: string): string | undefined {
  if (!Object.values(value).every(isPlain)) return undefined;
  const line = Array.isArray(value)
    ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]`
    : `{ ${Object.entries(value)
        .map(([key, item]) => `${JSON.stringify(key)}: ${JSON.stringify(item)}`)
        .join(", ")} }`;
  const isInner = indent !== "" || Array.isArray(value);
  return isInner && line.length <= LINE_CHARACTERS_MAX ? line : undefined;
}

/** JSON over lines of two spaces, with small things kept on one line. */
export function formatJson(value: JsonValue, indent = ""): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Object.keys(value).length === 0) return JSON.stringify(value);
  const line = onOneLine(value, indent);
  if (line !== undefined) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => `${inner}${formatJson(item, inner)}`).join(",\n")}\n${indent}]`;
  }
  const fields = Object.entries(value).map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${formatJson(item, inner)}`,
  );
  return `{\n${fields.join(",\n")}\n${indent}}`;
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+|[\s{}[\],:]+/g;

/** JSON with what is a value set apart from names, and both from what is only syntax. */
export function showJson(value: JsonValue): Html {
  const text = formatJson(value);
  const pieces = [...text.matchAll(TOKENS)].map(({ 0: token, index }) => {
    if (/^[\s{}[\],:]/.test(token)) return quiet(token);
    const isName = token.startsWith('"') && text[index + token.length] === ":";
    return isName ? html`${token}` : html`<span class="tok-value">${token}</span>`;
  });
  return html`${pieces}`;
}

const quiet = (text: string): Html => html`<span class="tok-quiet">${text}</span>`;

/** Lines of `Name: value`. */
export const showHeaders = (headers: readonly (readonly [string, string])[]): Html =>
  html`${headers.map(([name, value]) => html`${name}${quiet(":")} <span class="tok-value">${value}</span>\n`)}`;

/** For a POSIX shell: one word, whatever is in it. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
