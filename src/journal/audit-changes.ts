import canonicalize from "canonicalize";
import { assert } from "../kernel/assert.ts";
import { sha256Hex } from "../kernel/crypto.ts";
import type { JsonObject, JsonValue } from "../kernel/json.ts";
import { maskCredentials } from "../kernel/log.ts";

/** What was, and what is now: only what differs. Nothing where nothing does. */
export interface Changes {
  readonly before?: JsonObject;
  readonly after?: JsonObject;
}

/** Over it a value is told by its size and its digest: a schema or a list may be as long as a book. */
const VALUE_CHARACTERS_MAX = 2_000;
/** Of one entry, whatever its verb puts there. */
const DETAILS_CHARACTERS_MAX = 32_000;

const SECRET_NAME = /secret|password|passphrase|token|hash|sealed|credential|cookie|authorization|private/i;

export const canonical = (value: unknown): string => {
  const text = canonicalize(value);
  assert(text !== undefined, "audit values are JSON");
  return text;
};

/** What stands for a text that is too long to be kept: whoever has it can show that it was this one. */
const summaryOf = (text: string): JsonObject => ({ characters: text.length, sha256: sha256Hex(text) });

function shown(value: unknown): JsonValue {
  const text = canonical(value);
  return text.length > VALUE_CHARACTERS_MAX ? summaryOf(text) : (JSON.parse(text) as JsonValue);
}

type Named<Field extends string> = Readonly<Partial<Record<Field, unknown>>>;

/**
 * Those of `fields` that differ, for an audit entry; undefined counts as null. What is made has only an `after`, what is
 * taken away only a `before`. A field whose name says that it holds a secret is refused: that is a mistake of ours.
 */
export function changesBetween<Field extends string>(
  before: Named<Field> | undefined,
  after: Named<Field> | undefined,
  fields: readonly Field[],
): Changes {
  const was: Record<string, JsonValue> = {};
  const is: Record<string, JsonValue> = {};
  for (const field of fields) {
    assert(!SECRET_NAME.test(field), `${field} may hold a secret: it is no matter for the audit log`);
    const [old, now] = [shown(before?.[field] ?? null), shown(after?.[field] ?? null)];
    if (before && after && canonical(old) === canonical(now)) continue;
    was[field] = old;
    is[field] = now;
  }
  if (Object.keys(was).length === 0) return {};
  return { ...(before ? { before: was } : {}), ...(after ? { after: is } : {}) };
}

/** What an entry keeps, as text: whatever looks like a credential is cut to its beginning, whatever is too long told by its size. */
export function detailsText({ details, before, after }: Changes & { readonly details?: JsonObject }): string | null {
  if (!details && !before && !after) return null;
  assert(
    details === undefined || (!before && !after) || !("before" in details || "after" in details),
    "before and after stand beside the details, not in them",
  );
  const text = maskCredentials(canonical({ ...details, ...(before ? { before } : {}), ...(after ? { after } : {}) }));
  return text.length > DETAILS_CHARACTERS_MAX ? canonical({ omitted: summaryOf(text) }) : text;
}

const isPlain = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export interface ReadDetails {
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
  readonly details: JsonObject | null;
}

/** Somebody may have written anything there: that is for the verification to tell, not for a list to fail by. */
function parse(text: string): Record<string, JsonValue> {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isPlain(value) ? { ...value } : { unreadable: true };
  } catch {
    return { unreadable: true };
  }
}

/** The reverse. Entries of earlier versions have texts for before and after: those stay among their details. */
export function readDetails(text: string | null): ReadDetails {
  if (text === null) return { before: null, after: null, details: null };
  const all = parse(text);
  const { before, after, ...rest } = all;
  const isOlder = [before, after].some((value) => value !== undefined && !isPlain(value));
  const details = isOlder ? all : rest;
  return {
    before: !isOlder && isPlain(before) ? before : null,
    after: !isOlder && isPlain(after) ? after : null,
    details: Object.keys(details).length === 0 ? null : details,
  };
}
