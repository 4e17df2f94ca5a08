import type { Deadline } from "./deadline.ts";

const BODY_BYTES = 16 * 1_024;
const BODY_BYTES_MAX = 1_024 * 1_024;
const BODY_TIME_MS = 1_000;
const HEADERS_MAX = 100;
const HEADER_CHARACTERS_MAX = 1_024;
const NOTHING = new Uint8Array(0);

/** Headers for a person to read: many or long ones are cut. */
export function headersOf(response: Response): Record<string, string> {
  // Without a prototype: a header may be called `constructor` or `__proto__`.
  const headers: Record<string, string> = Object.create(null);
  let count = 0;
  for (const [name, value] of response.headers) {
    if (++count > HEADERS_MAX) break;
    const key = name.slice(0, HEADER_CHARACTERS_MAX);
    const known = headers[key];
    headers[key] = (known === undefined ? value : `${known}, ${value}`).slice(0, HEADER_CHARACTERS_MAX);
  }
  return headers;
}

/**
 * The beginning of the body, for diagnostics only: so much, so long, and no longer. What comes too late or breaks off
 * does not change the verdict; the connection of an unfinished body is closed.
 */
export async function readBriefly(
  response: Response,
  deadline: Deadline,
  wanted: number = BODY_BYTES,
): Promise<Uint8Array> {
  const bytesMax = Math.min(wanted, BODY_BYTES_MAX);
  // Where chunks are announced, it is they that count, whatever length is claimed beside them.
  const isChunked = response.headers.has("transfer-encoding");
  const length = isChunked ? null : response.headers.get("content-length");
  if (length === "0" || response.status === 204 || response.status === 304) return NOTHING;
  // A body known to be small is read in one go, which spares a stream for nearly every answer there is. What breaks off
  // is lost then: of a refusal, whatever came may say why.
  const isSmall = length !== null && /^\d{1,7}$/.test(length) && Number(length) <= bytesMax;
  if (isSmall && response.ok) return readWhole(response, deadline);
  deadline.restart(BODY_TIME_MS);
  return readBeginning(response, bytesMax);
}

async function readWhole(response: Response, deadline: Deadline): Promise<Uint8Array> {
  try {
    const whole = response.arrayBuffer();
    // Most often it came with the headers, and no timer is needed.
    if (Bun.peek.status(whole) === "pending") deadline.restart(BODY_TIME_MS);
    return new Uint8Array(await whole, 0);
  } catch {
    return NOTHING;
  }
}

async function readBeginning(response: Response, bytesMax: number): Promise<Uint8Array> {
  const beginning = new Uint8Array(bytesMax);
  const reader = response.body?.getReader();
  if (!reader) return NOTHING;
  let size = 0;
  try {
    while (size < bytesMax) {
      const { done, value } = await reader.read();
      if (done) return beginning.slice(0, size);
      const part = value.subarray(0, bytesMax - size);
      beginning.set(part, size);
      size += part.length;
    }
  } catch {
    return beginning.slice(0, size);
  }
  reader.cancel().catch(() => undefined);
  return beginning;
}
