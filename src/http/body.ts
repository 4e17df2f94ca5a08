import { AppError } from "../kernel/errors.ts";

export const BODY_BYTES_MAX = 1024 * 1024;
export const BATCH_BODY_BYTES_MAX = 8 * 1024 * 1024;
/** Deeper JSON has no honest use, and walking it by recursion would let a caller choose how deep our stack goes. */
const JSON_DEPTH_MAX = 32;

const MEDIA_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?;?[ \t]*$/i;

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

function parseJson(bytes: Uint8Array): unknown {
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

/** The JSON body; undefined where there is none. */
export async function readJsonBody(request: Request, limit: number): Promise<unknown> {
  const { headers } = request;
  // Merely looking at `request.body` makes a stream of it, which costs more than all the rest: the length tells as well.
  const length = headers.get("content-length");
  if (length === "0" || (length === null && request.body === null)) return undefined;
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw new AppError("unsupported_media_type", "Compressed bodies are not accepted.");
  }
  const mediaType = headers.get("content-type");
  const isJson = mediaType !== null && (mediaType === "application/json" || MEDIA_TYPE.test(mediaType));
  const bytes = await readBytes(request, limit);
  if (bytes.length === 0) return undefined;
  if (!isJson) {
    throw new AppError("unsupported_media_type", "Send the body as `Content-Type: application/json` in UTF-8.");
  }
  return parseJson(bytes);
}
