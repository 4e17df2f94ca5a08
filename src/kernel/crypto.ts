import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual } from "node:crypto";
import { assert } from "./assert.ts";
import type { Chance } from "./chance.ts";

// Bun's own hashers: node:crypto makes the same digests at two to three times the cost, and each event needs several.
export const sha256 = (data: string | Uint8Array): Uint8Array => Bun.SHA256.hash(data) as Uint8Array;
export const sha256Hex = (data: string | Uint8Array): string => Bun.SHA256.hash(data, "hex");
export const hmacSha256 = (key: Uint8Array | string, data: string | Uint8Array): Uint8Array =>
  new Bun.CryptoHasher("sha256", key).update(data).digest();

/** HMAC-SHA-256 under one key. */
export interface Signer {
  bytes(data: string): Uint8Array;
  hex(data: string): string;
  base64(data: string): string;
}

/** Keeps the key's own state, so that each signature costs half: for keys that sign again and again. */
export function createSigner(key: string | Uint8Array): Signer {
  const keyed = new Bun.CryptoHasher("sha256", key);
  return {
    bytes: (data) => keyed.copy().update(data).digest(),
    hex: (data) => keyed.copy().update(data).digest("hex"),
    base64: (data) => keyed.copy().update(data).digest("base64"),
  };
}

/** Compares without telling by time where two byte strings differ; their lengths are not secret. */
export const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && timingSafeEqual(left, right);

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Bytes as a base62 number, padded to `width` characters. 32 bytes need 43. */
export function encodeBase62(bytes: Uint8Array, width: number): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  let text = "";
  while (value > 0n) {
    text = BASE62[Number(value % 62n)] + text;
    value /= 62n;
  }
  return text.padStart(width, "0");
}

/** The purposes that the root key is stretched for (HKDF-SHA-256, RFC 5869): one key never serves two. */
export type KeyPurpose = "secrets" | "event-ids" | "audit" | "tokens" | "idempotency";

/** A value at rest is bound to its place: copied to another row, column or table it does not open. */
export interface SealedPlace {
  readonly table: string;
  readonly column: string;
  readonly row: string;
}

export interface Keyring {
  /** Names the root key without revealing it: the first 8 hex digits of its own derived fingerprint. */
  readonly keyId: string;
  /** 32 bytes for one purpose. */
  derive(purpose: KeyPurpose): Uint8Array;
  /** AES-256-GCM: `keyId.base64url(nonce 12 ‖ tag 16 ‖ ciphertext)`. */
  seal(place: SealedPlace, plaintext: string): string;
  /** Throws where the key, the place or a single bit differs. */
  open(place: SealedPlace, sealed: string): string;
}

export class WrongKeyError extends Error {
  override readonly name = "WrongKeyError";
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param rootKey 32 bytes. */
export function createKeyring(rootKey: Uint8Array, chance: Chance): Keyring {
  assert(rootKey.length === 32, "a root key has 32 bytes");
  const stretch = (info: string): Uint8Array => new Uint8Array(hkdfSync("sha256", rootKey, "hatch", info, 32));
  const keyId = Buffer.from(stretch("key-id")).toString("hex").slice(0, 8);
  const derived = new Map<KeyPurpose, Uint8Array>();
  const derive = (purpose: KeyPurpose): Uint8Array => {
    const known = derived.get(purpose);
    if (known) return known;
    const key = stretch(`hatch/${purpose}/v1`);
    derived.set(purpose, key);
    return key;
  };
  const aad = (place: SealedPlace): Buffer => Buffer.from(`${place.table}:${place.column}:${place.row}`);
  return {
    keyId,
    derive,
    seal(place, plaintext) {
      const nonce = chance.bytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", derive("secrets"), nonce).setAAD(aad(place));
      const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
      return `${keyId}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64url")}`;
    },
    open(place, sealed) {
      const [sealedBy, text] = sealed.split(".");
      if (sealedBy !== keyId || text === undefined) throw new WrongKeyError("sealed by another key");
      const bytes = Buffer.from(text, "base64url");
      try {
        const decipher = createDecipheriv("aes-256-gcm", derive("secrets"), bytes.subarray(0, NONCE_BYTES))
          .setAAD(aad(place))
          .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString(
          "utf8",
        );
      } catch (cause) {
        throw new WrongKeyError(`${place.table}.${place.column} does not open with this key`, { cause });
      }
    },
  };
}
