import type { JsonObject, JsonValue } from "../kernel/json.ts";

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

/** For a POSIX shell: one word, whatever is in it. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
