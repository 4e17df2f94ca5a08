import type { Chance } from "../../kernel/chance.ts";
import { encodeBase62 } from "../../kernel/crypto.ts";
import type { EnvironmentKind } from "../../kernel/principal.ts";

/** 256 random bits in base62. */
const SECRET_WIDTH = 43;
/** CRC-32 in base62: tells a typo or a cut copy from a wrong key without asking the database. It is no protection. */
const CHECKSUM_WIDTH = 6;
const SECRET_BYTES = 32;
/** `hk_live_` and four characters: enough to tell one's keys apart, far too little to guess the rest. */
const VISIBLE_CHARACTERS = 12;

const FORM = /^hk_(?:live|test)_[0-9A-Za-z]{49}$/;

function checksumOf(text: string): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Bun.hash.crc32(text));
  return encodeBase62(bytes, CHECKSUM_WIDTH);
}

export function makeSecretKey(kind: EnvironmentKind, chance: Chance): string {
  const body = `hk_${kind}_${encodeBase62(chance.bytes(SECRET_BYTES), SECRET_WIDTH)}`;
  return body + checksumOf(body);
}

/** Whether a text can be one of our secret keys at all. */
export const isSecretKey = (text: string): boolean =>
  FORM.test(text) && checksumOf(text.slice(0, -CHECKSUM_WIDTH)) === text.slice(-CHECKSUM_WIDTH);

/** All that is ever shown of a secret after the moment it was made. */
export const visiblePrefix = (secret: string): string => secret.slice(0, VISIBLE_CHARACTERS);

/** What stands in the database. 256 random bits need no slow hash. */
export const hashOfSecret = (secret: string): string => Bun.SHA256.hash(secret, "hex");
