/** The attributes of CloudEvents 1.0 that mean something here; a binary message has each in a header of its own. */
const READ = ["specversion", "id", "source", "type", "subject", "userid", "time"] as const;

/** Every CloudEvent has a version: the one header that tells a binary message. */
export const isBinary = ({ headers }: Request): boolean => headers.has("ce-specversion");

const QUOTED = /^"((?:[^"\\]|\\.)*)"$/s;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * A header's value as the attribute that it stands for (HTTP binding 1.0.2, 3.1.3.2): unquoted, then percent-decoded.
 * Well-known libraries encode nothing. What they write can't be what one that does would have written, if it does not
 * decode or has a character beyond ASCII: then it is taken as it stands.
 */
export function decodeHeader(value: string): string {
  const unquoted = QUOTED.exec(value)?.[1]?.replace(/\\(.)/gs, "$1") ?? value;
  // Bytes of a header are read as Latin-1, whatever they were meant to be.
  if (/[\u0080-\u00ff]/.test(unquoted)) return orElse(() => utf8.decode(Buffer.from(unquoted, "latin1")), unquoted);
  return orElse(() => decodeURIComponent(unquoted), unquoted);
}

function orElse(decode: () => string, asItIs: string): string {
  try {
    return decode();
  } catch {
    return asItIs;
  }
}

/** What curl and the like write where nobody says what the body is. */
const ADDED_UNASKED = /^application\/x-www-form-urlencoded\b/i;

/** What the headers of a binary message say, under the names that a structured one has. */
export function readAttributes({ headers }: Request): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const name of READ) {
    const value = headers.get(`ce-${name}`);
    if (value !== null) attributes[name] = decodeHeader(value);
  }
  const type = headers.get("content-type");
  if (type !== null && !ADDED_UNASKED.test(type)) attributes.datacontenttype = type;
  return attributes;
}
