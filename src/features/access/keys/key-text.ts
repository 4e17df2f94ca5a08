import type { Chance } from "../../../kernel/chance.ts";
import { encodeBase62 } from "../../../kernel/crypto.ts";
import type { EnvironmentKind } from "../../../kernel/principal.ts";

/** Who may hold a key: a server that keeps it to itself, or any page of the listed origins. */
export type KeyKind = "secret" | "publishable";

const PREFIXES: Readonly<Record<KeyKind, string>> = { secret: "hk", publishable: "hpk" };
/** 256 random bits in base62. */
const SECRET_WIDTH = 43;
/** CRC-32 in base62: tells a typo or a cut copy from a wrong key without asking the database. It is no protection. */
const CHECKSUM_WIDTH = 6;
const SECRET_BYTES = 32;
/** Behind the second underscore: enough to tell one's keys apart, far too little to guess the rest. */
const VISIBLE_CHARACTERS = 4;

const FORM = /^h(p?)k_(live|test)_[0-9A-Za-z]{49}$/;
const BEGINNING = /^h(p?)k_(live|test)_/;

function checksumOf(text: string): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Bun.hash.crc32(text));
  return encodeBase62(bytes, CHECKSUM_WIDTH);
}

export function makeKeyText(kind: KeyKind, environment: EnvironmentKind, chance: Chance): string {
  const body = `${PREFIXES[kind]}_${environment}_${encodeBase62(chance.bytes(SECRET_BYTES), SECRET_WIDTH)}`;
  return body + checksumOf(body);
}

/** Whether a text can be one of our keys at all. */
export const isKeyText = (text: string): boolean =>
  FORM.test(text) && checksumOf(text.slice(0, -CHECKSUM_WIDTH)) === text.slice(-CHECKSUM_WIDTH);

/** What a text that begins like one of our keys says of itself; undefined for any other. */
export function readKeyText(
  text: string,
): { readonly kind: KeyKind; readonly environment: EnvironmentKind; readonly isIntact: boolean } | undefined {
  const [, publishable, environment] = BEGINNING.exec(text) ?? [];
  if (environment !== "live" && environment !== "test") return undefined;
  return { kind: publishable === "p" ? "publishable" : "secret", environment, isIntact: isKeyText(text) };
}

/** All that is ever shown of a key after the moment it was made. */
export const visiblePrefix = (text: string): string => text.slice(0, text.lastIndexOf("_") + 1 + VISIBLE_CHARACTERS);

/** What stands in the database. 256 random bits need no slow hash. */
export const hashOfSecret = (secret: string): string => Bun.SHA256.hash(secret, "hex");
