import canonicalize from "canonicalize";
import { assert } from "../../../kernel/assert.ts";
import { sha256Hex } from "../../../kernel/crypto.ts";
import type { JsonObject, JsonValue } from "../../../kernel/json.ts";

/** Where the order of the keys has a meaning: rules are tried, tracks and badges settled in the order of the file. */
export const ORDERED_SECTIONS = ["rules", "tracks", "badges"] as const;

const keysOf = (value: JsonValue | undefined): string[] =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];

/**
 * SHA-256 of the RFC 8785 form, beside which the order of rules stands: the canonical form sorts keys, and two programs
 * that differ in nothing but the order of their rules do decide differently.
 */
export function programChecksum(content: JsonObject): string {
  const order = Object.fromEntries(ORDERED_SECTIONS.map((name) => [name, keysOf(content[name])]));
  const text = canonicalize({ content, order });
  assert(text !== undefined, "a program is plain JSON");
  return sha256Hex(text);
}
