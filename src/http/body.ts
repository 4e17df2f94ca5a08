import { AppError } from "../kernel/errors.ts";

export const BODY_BYTES_MAX = 1024 * 1024;
export const BATCH_BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Deeper JSON has no honest use, and walking it by recursion would let a caller choose how deep our stack goes. */
const JSON_DEPTH_MAX = 32;

/** A media type with no parameter but the charset that we read. */
const MEDIA_TYPE =
  /^([a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+)[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?;?[ \t]*$/i;
const JSON_TYPE = "application/json";

const decoder = new TextDecoder("utf-8", { fatal: true });

const tooLarge = (limit: number): AppError =>
  new AppError("payload_too_large", `The body is larger than ${limit} bytes.`);

/** Counts what arrives where no length is told: nothing beyond the limit is kept. */
async function readStream(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

/** The bytes of a body, at most `limit` of them. */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const declared = request.headers.get("content-length");
  if (declared !== null && Number(declared) > limit) throw tooLarge(limit);
  let bytes: Uint8Array;
  try {
    bytes = await (declared === null && request.body ? readStream(request.body, limit) : request.bytes());
  } catch (error) {
    if (error instanceof AppError) throw error;
    // Nobody is there to read it: this only keeps a caller that went away from counting as a fault of ours.
    throw new AppError("malformed_json", "The body ended before all of it had arrived.", { cause: error });
  }
  if (bytes.length > limit) throw tooLarge(limit);
  return bytes;
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Counts brackets outside strings; a text that is no JSON at all is found by the parser afterwards. */
function isDeeperThan(bytes: Uint8Array, depthMax: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (inString) {
      if (byte === BACKSLASH) index++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > depthMax) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

/** Reads JSON from outside: within bounds, and in UTF-8. */
export function parseJson(bytes: Uint8Array): unknown {
  if (isDeeperThan(bytes, JSON_DEPTH_MAX)) {
    throw new AppError("malformed_json", `The body is nested deeper than ${JSON_DEPTH_MAX} levels.`);
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new AppError("malformed_json", "The body is not UTF-8.");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("malformed_json", "The body is not valid JSON.");
  }
}

/** The type without its charset, in small letters; undefined where it is none, or of a charset that is not read. */
export function mediaTypeOf({ headers }: Request): string | undefined {
  const text = headers.get("content-type");
  if (text === null || text === JSON_TYPE) return text ?? undefined;
  return MEDIA_TYPE.exec(text)?.[1]?.toLowerCase();
}

/** The bytes of a body that must not be compressed; undefined where there is none. */
export async function readPlainBody(request: Request, limit: number): Promise<Uint8Array | undefined> {
  const { headers } = request;
  // Merely looking at `request.body` makes a stream of it, which costs more than all the rest: the length tells as well.
  const length = headers.get("content-length");
  if (length === "0" || (length === null && request.body === null)) return undefined;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw new AppError("unsupported_media_type", "Compressed bodies are not accepted.");
  }
  const bytes = await readBytes(request, limit);
  return bytes.length === 0 ? undefined : bytes;
}

/** The JSON body; undefined where there is none. `type` is the media type that it must have. */
export async function readJsonBody(request: Request, limit: number, type = JSON_TYPE): Promise<unknown> {
  const bytes = await readPlainBody(request, limit);
  if (!bytes) return undefined;
  if (mediaTypeOf(request) !== type) {
    throw new AppError("unsupported_media_type", `Send the body as \`Content-Type: ${type}\` in UTF-8.`);
  }
  return parseJson(bytes);
}
