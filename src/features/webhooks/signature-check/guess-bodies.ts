import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import type { JsonObject, JsonValue } from "../../../kernel/json.ts";
import { deviationsOf } from "../signatures/deviations.ts";
import { type Guess, guess, madeOtherwise, right } from "./guess.ts";
import type { MistakeCode } from "./mistakes.ts";

const UNPACKED_BYTES_MAX = 2 * 1024 * 1024;
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

const parse = (text: string): JsonValue | undefined => attempt(() => JSON.parse(text) as JsonValue);

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function unpacked(bytes: Uint8Array): string | undefined {
  const bound = { maxOutputLength: UNPACKED_BYTES_MAX };
  for (const unpack of [gunzipSync, inflateSync, brotliDecompressSync]) {
    const plain = attempt(() => unpack(bytes, bound));
    if (plain && plain.length > 0) return textOf(plain);
  }
  return undefined;
}

const HTML: readonly (readonly [string, string])[] = [
  ["&quot;", '"'],
  ["&#34;", '"'],
  ["&#39;", "'"],
  ["&#x27;", "'"],
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&amp;", "&"],
];

function fromForm(text: string): string[] {
  const decode = (part: string): string | undefined => attempt(() => decodeURIComponent(part.replaceAll("+", " ")));
  const whole = decode(text.replace(/=$/, ""));
  const fields = text.split("&").map((pair) => decode(pair.slice(pair.indexOf("=") + 1)));
  return [whole, ...fields.slice(0, 20)].filter((one): one is string => one !== undefined && /^\s*[{[]/.test(one));
}

/** Where platforms put the body of a request. */
function fromEnvelope(value: JsonValue | undefined): string[] {
  if (!isObject(value)) return [];
  return ["body", "payload", "data", "rawBody", "content"].flatMap((key) => {
    const inner = value[key];
    if (typeof inner !== "string") return (isObject(inner) && attempt(() => [JSON.stringify(inner)])) || [];
    const decoded = Buffer.from(inner, "base64").toString("utf8");
    return [inner, ...(/^\s*[{[]/.test(decoded) ? [decoded] : [])];
  });
}

const PERMUTATIONS_MAX = 5_040;

function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length <= 1) {
    yield items;
    return;
  }
  for (const [place, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(place, 1))) yield [item, ...rest];
  }
}

/** The orders that the keys of an object and of the objects in it may have had. */
function* reordered(value: JsonValue, most: { left: number }): Generator<JsonValue> {
  if (!isObject(value)) {
    yield value;
    return;
  }
  const entries = Object.entries(value);
  const variants = entries.map(
    ([key, inner]) => [key, isObject(inner) ? [...reordered(inner, most)] : [inner]] as const,
  );
  for (const order of permutations(variants)) {
    let made: JsonObject[] = [{}];
    for (const [key, inners] of order) made = made.flatMap((one) => inners.map((inner) => ({ ...one, [key]: inner })));
    for (const one of made) {
      if (most.left-- <= 0) return;
      yield one;
    }
  }
}

const factorial = (count: number): number => (count <= 1 ? 1 : count * factorial(count - 1));
const ordersOf = (value: JsonValue): number =>
  isObject(value)
    ? Object.values(value).reduce<number>(
        (product, inner) => product * ordersOf(inner),
        factorial(Object.keys(value).length),
      )
    : 1;

/** As Hatch writes the outside of a body. */
const OUTSIDE = ["id", "event", "timestamp", "data"] as const;

function inOurOrder(value: JsonObject): JsonObject {
  const known = OUTSIDE.filter((key) => Object.hasOwn(value, key));
  return { ...Object.fromEntries(known.map((key) => [key, value[key] as JsonValue])), ...value };
}

const ORDER = "The keys of the body are in another order than the one that was signed.";

/** Bodies with their keys in other orders; lazily, for there may be thousands. */
export function* guessOrders(text: string): Generator<Guess<string>> {
  const value = parse(text);
  if (!isObject(value)) return;
  yield guess("body_reserialised", ORDER, JSON.stringify(inOurOrder(value)));
  const inside = value.data;
  if (isObject(inside) && ordersOf(inside) <= PERMUTATIONS_MAX) {
    for (const data of reordered(inside, { left: PERMUTATIONS_MAX })) {
      yield guess("body_reserialised", ORDER, JSON.stringify({ ...inOurOrder(value), data }));
    }
  }
  if (ordersOf(value) > PERMUTATIONS_MAX) return;
  for (const one of reordered(value, { left: PERMUTATIONS_MAX }))
    yield guess("body_reserialised", ORDER, JSON.stringify(one));
}

const CODES: Readonly<Record<string, MistakeCode>> = {
  reserialises: "body_reserialised",
  trims: "body_whitespace",
  "line-break": "body_line_break",
  charset: "body_charset",
  "body-lost": "body_lost",
};

/** Nothing that Hatch sends is deeper: to write what is would let a caller choose how long it takes. */
const DEPTH_MAX = 64;

function isDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inText) {
      if (character === "\\") at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > DEPTH_MAX) return true;
    } else if (character === "}" || character === "]") depth -= 1;
  }
  return false;
}

/** One way of undoing, made when it is its turn: a long body takes each of them milliseconds. */
interface Undoing {
  readonly code: MistakeCode;
  readonly message: string;
  readonly make: () => string | undefined;
}

const undoing = (code: MistakeCode, message: string, make: () => string | undefined): Undoing => ({
  ...{ code, message, make },
});

/** Of bytes that are no UTF-8. */
const ofBytes = (bytes: Uint8Array): readonly Undoing[] => [
  undoing("body_compressed", "The body is compressed: unpacked, it is right.", () => unpacked(bytes)),
  undoing("body_charset", "The body is in Latin-1: as UTF-8, it is right.", () =>
    Buffer.from(bytes).toString("latin1"),
  ),
  undoing("body_charset", "The body is in UTF-16: as UTF-8, it is right.", () =>
    Buffer.from(bytes)
      .toString("utf16le")
      .replace(/^\ufeff/, ""),
  ),
];

const NORMALISED = "The letters of the body were put together or taken apart anew (Unicode normalisation).";

/** Line breaks, spaces, marks. */
const ofEdges = (given: string, plain: string): readonly Undoing[] => [
  ...(plain === given
    ? []
    : [undoing("body_bom", "The body has a byte order mark before it: without, it is right.", () => plain)]),
  undoing("body_bom", madeOtherwise("It signs a byte order mark before the body."), () => `\ufeff${plain}`),
  undoing("body_line_break", "The body has a line break at its end that was not signed.", () =>
    plain.replace(/\r?\n$/, ""),
  ),
  undoing("body_line_break", "The line break at the end of the body is missing.", () => `${plain}\n`),
  undoing("body_line_break", "The line break at the end of the body is missing.", () => `${plain}\r\n`),
  undoing("body_line_break", "The line breaks of the body were changed to CR LF.", () =>
    plain.replaceAll("\r\n", "\n"),
  ),
  undoing("body_line_break", "The line breaks of the body were changed from CR LF to LF.", () =>
    plain.replaceAll(/\r?\n/g, "\r\n"),
  ),
  undoing("body_whitespace", "The body has spaces around it that were not signed.", () => plain.trim()),
];

/** What is JSON, and what others make of it. */
function ofJson(plain: string): readonly Undoing[] {
  if (isDeep(plain)) return [];
  const value = parse(plain);
  if (typeof value === "string")
    return [undoing("body_double_encoded", "The body is a JSON text with the body in it.", () => value)];
  const anew = "The body was parsed and written anew: as JSON is written without spaces, it is right.";
  return [
    ...fromEnvelope(value).map((inner) =>
      undoing("body_wrapped", "The body stands inside an envelope of the platform's.", () => inner),
    ),
    ...(value === undefined ? [] : [undoing("body_reserialised", anew, () => attempt(() => JSON.stringify(value)))]),
    ...deviationsOf("hatch", "")
      .filter(({ step, id }) => step === "body" && CODES[id] !== undefined)
      .map(({ id, what, change }) =>
        undoing(CODES[id] ?? "body_reserialised", madeOtherwise(what), () => attempt(() => change.body?.(plain))),
      ),
  ];
}

/** What a transport, a template or a page does to a text. */
function ofEncodings(plain: string): readonly Undoing[] {
  const isBase64 = /^[A-Za-z0-9+/_-]{4,}={0,2}\s*$/.test(plain);
  return [
    undoing("body_double_encoded", madeOtherwise("It writes the body as a JSON text once more."), () =>
      JSON.stringify(plain),
    ),
    ...fromForm(plain).map((inner) => undoing("body_form_encoded", "The body was encoded as a form.", () => inner)),
    undoing("body_base64", "The body is the base64 of what was signed.", () => {
      if (!isBase64) return undefined;
      const inside = Buffer.from(plain.trim(), "base64");
      return textOf(inside) ?? unpacked(inside);
    }),
    undoing("body_escaped", "The body was escaped for HTML.", () =>
      plain.includes("&")
        ? HTML.reduce((text, [escaped, character]) => text.replaceAll(escaped, character), plain)
        : undefined,
    ),
    undoing("body_escaped", "The body was escaped with backslashes.", () =>
      plain.includes("\\") ? attempt(() => JSON.parse(`"${plain}"`) as string) : undefined,
    ),
    undoing("body_charset", "The body was read as Latin-1 and written as UTF-8.", () =>
      /[\u0080-\u00ff]/.test(plain) ? textOf(Buffer.from(plain, "latin1")) : undefined,
    ),
    undoing("body_charset", NORMALISED, () => plain.normalize("NFC")),
    undoing("body_charset", NORMALISED, () => plain.normalize("NFD")),
  ];
}

/** Shorter ones are undone in every way before anybody notices. */
const LONG_BYTES = 16 * 1024;

/** What the body may have been before it was changed, and what somebody's code may have made of it; the given one first. */
export async function guessBodies(bytes: Uint8Array, breathe: () => Promise<void>): Promise<readonly Guess<string>[]> {
  const given = textOf(bytes);
  const plain = given?.replace(/^\ufeff/, "") ?? "";
  const ways =
    given === undefined
      ? [() => ofBytes(bytes)]
      : [() => ofEdges(given, plain), () => ofJson(plain), () => ofEncodings(plain)];
  const found: Guess<string>[] = given === undefined ? [] : [right(given)];
  const seen = new Set(found.map(({ value }) => value));
  const rest = bytes.length > LONG_BYTES ? breathe : undefined;
  for (const list of ways) {
    for (const { code, message, make } of list()) {
      const text = make();
      if (text !== undefined && !seen.has(text)) {
        seen.add(text);
        found.push(guess(code, message, text));
      }
      await rest?.();
    }
  }
  return found;
}
