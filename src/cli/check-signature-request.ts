/** What was written down of a request. */
export interface Recorded {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Where the whole of it was recorded. */
  readonly body: Uint8Array | undefined;
}

const HEADERS_MAX = 200;
const VALUE_CHARACTERS_MAX = 2_048;

const bounded = (headers: readonly (readonly [string, string])[]): Recorded["headers"] =>
  headers.slice(0, HEADERS_MAX).map(([name, value]) => [name, value.slice(0, VALUE_CHARACTERS_MAX)] as const);

function fromJson(text: string): Recorded | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const headers = Object.entries(value).flatMap(([name, one]) =>
    (Array.isArray(one) ? one : [one]).map((each) => [name, String(each)] as const),
  );
  return { headers: bounded(headers), body: undefined };
}

/** Behind the head of a request there is an empty line, and then its body. */
function splitHead(bytes: Buffer): { readonly head: string; readonly body: Buffer | undefined } {
  const ends = [bytes.indexOf("\r\n\r\n"), bytes.indexOf("\n\n")];
  const [crlf = -1, lf = -1] = ends;
  const isCrlf = crlf >= 0 && (lf < 0 || crlf < lf);
  const end = isCrlf ? crlf : lf;
  if (end < 0) return { head: bytes.toString("utf8"), body: undefined };
  const body = bytes.subarray(end + (isCrlf ? 4 : 2));
  return { head: bytes.subarray(0, end).toString("utf8"), body: body.length === 0 ? undefined : body };
}

/** Marks of `curl -v` and the like before each line. */
const MARK = /^[<>*]\s+/;

/** Headers as people have them: lines, JSON, or a request as it was recorded. */
export function readRecorded(bytes: Buffer): Recorded | undefined {
  const json = fromJson(bytes.toString("utf8"));
  if (json) return json;
  const { head, body } = splitHead(bytes);
  const headers = head.split(/\r?\n/).flatMap((line) => {
    const bare = line.replace(MARK, "");
    const colon = bare.indexOf(":");
    const name = bare.slice(0, colon);
    return colon > 0 && /^[\w-]+$/.test(name) ? [[name, bare.slice(colon + 1).trim()] as const] : [];
  });
  return headers.length === 0 ? undefined : { headers: bounded(headers), body };
}
