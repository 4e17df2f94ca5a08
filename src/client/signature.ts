const encoder = new TextEncoder();
const PREFIX = "whsec_";
const STANDARD_KEY_BYTES_MIN = 24;
const STANDARD_KEY_BYTES_MAX = 64;
/** More than any rotation has; a caller can't make us compare without end. */
const SIGNATURES_MAX = 20;

export type Bytes = Uint8Array<ArrayBuffer>;

export const bytesOf = (text: string): Bytes => encoder.encode(text);

function concat(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fromBase64(text: string): Bytes | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    // One spelling only: what decodes loosely would be read as another key than it was signed with.
    return btoa(String.fromCharCode(...bytes)) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function fromHex(text: string): Bytes | undefined {
  if (!/^(?:[0-9a-f]{2})+$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** What follows `whsec_` where that is base64 of 24 to 64 bytes; else the secret's own characters. */
function standardKeyOf(secret: string): Bytes {
  const key = secret.startsWith(PREFIX) ? fromBase64(secret.slice(PREFIX.length)) : undefined;
  const fits = key && key.length >= STANDARD_KEY_BYTES_MIN && key.length <= STANDARD_KEY_BYTES_MAX;
  return fits ? key : bytesOf(secret);
}

async function hmac(key: Bytes, signed: Bytes): Promise<Bytes> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, signed));
}

/** Takes as long whatever the bytes are. */
function equal(left: Bytes, right: Bytes): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at += 1) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}

/** Whether one of the signatures was made with one of the keys. Every pair is compared, whatever the first ones gave. */
async function matches(given: readonly (Bytes | undefined)[], keys: readonly Bytes[], signed: Bytes): Promise<boolean> {
  let found = false;
  for (const key of keys) {
    const expected = await hmac(key, signed);
    for (const signature of given) if (signature && equal(signature, expected)) found = true;
  }
  return found;
}

/** `sha256=<hex>`, over timestamp and body, with the secret as it is written. */
export const matchesHatch = (
  signatures: readonly string[],
  {
    timestamp,
    body,
    secrets,
  }: { readonly timestamp: string; readonly body: Bytes; readonly secrets: readonly string[] },
): Promise<boolean> =>
  matches(
    signatures.map((text) => (text.startsWith("sha256=") ? fromHex(text.slice("sha256=".length)) : undefined)),
    secrets.map(bytesOf),
    concat(bytesOf(`${timestamp}.`), body),
  );

/** `v1,<base64>`, several parted by spaces, over id, timestamp and body: Standard Webhooks 1.0. */
export const matchesStandard = (
  signatures: string,
  given: { readonly id: string; readonly timestamp: string; readonly body: Bytes; readonly secrets: readonly string[] },
): Promise<boolean> =>
  matches(
    signatures
      .split(" ", SIGNATURES_MAX)
      .map((text) => (text.startsWith("v1,") ? fromBase64(text.slice("v1,".length)) : undefined)),
    given.secrets.map(standardKeyOf),
    concat(bytesOf(`${given.id}.${given.timestamp}.`), given.body),
  );
