import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual } from "node:crypto";
import { assert } from "./assert.ts";
import type { Chance } from "./chance.ts";

// Bun's own hashers: node:crypto makes the same digests at two to three times the cost, and each event needs several.
export const sha256 = (data: string | Uint8Array): Uint8Array => Bun.SHA256.hash(data) as Uint8Array;
export const sha256Hex = (data: string | Uint8Array): string => Bun.SHA256.hash(data, "hex");
export const hmacSha256 = (key: Uint8Array | string, data: string | Uint8Array): Uint8Array =>
  new Bun.CryptoHasher("sha256", key).update(data).digest();

/** HMAC under one key. */
export interface Signer {
  bytes(data: string): Uint8Array;
  hex(data: string): string;
  base64(data: string): string;
}

export type SigningAlgorithm = "sha1" | "sha256" | "sha384" | "sha512";

/** Keeps the key's own state, so that each signature costs half: for keys that sign again and again. */
export function createSigner(key: string | Uint8Array, algorithm: SigningAlgorithm = "sha256"): Signer {
  const keyed = new Bun.CryptoHasher(algorithm, key);
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

/** What there is a key of its own for: one key never serves two. */
export const KEY_PURPOSES = ["event-ids", "audit", "tokens", "idempotency", "cookies"] as const;
export type KeyPurpose = (typeof KEY_PURPOSES)[number];

/** A value at rest is bound to its place: copied to another row, column or table it does not open. */
export interface SealedPlace {
  readonly table: string;
  readonly column: string;
  readonly row: string;
}

/**
 * A column of sealed texts. Each is sealed to `{ table, column, row }`, where `row` is what the row has in `key`: a text,
 * unique and indexed. Null where there is nothing.
 */
export interface SealedColumn {
  readonly table: string;
  readonly column: string;
  readonly key: string;
}

export interface Keyring {
  /** Names the root key that seals, without revealing it: the first 8 hex digits of its own derived fingerprint. */
  readonly keyId: string;
  /** Of every root key that opens: the one that seals, and former ones. */
  readonly keyIds: readonly string[];
  /** 32 bytes for one purpose. They stay the same whatever becomes of the root key. */
  keyFor(purpose: KeyPurpose): Uint8Array;
  /** AES-256-GCM: `keyId.base64url(nonce 12 ‖ tag 16 ‖ ciphertext)`. */
  seal(place: SealedPlace, plaintext: string): string;
  /** Throws where the key, the place or a single bit differs. */
  open(place: SealedPlace, sealed: string): string;
  /** For what leaves the database and comes back, such as a cookie: no rotation of the root key reaches it, so none ends it. */
  sealAway(name: string, plaintext: string): string;
  openReturned(name: string, sealed: string): string;
  /** From here on this root key seals; those before it still open. */
  turnTo(rootKey: Uint8Array): void;
}

export class WrongKeyError extends Error {
  override readonly name = "WrongKeyError";
  /** What to do, where it is known better than in general. */
  readonly hint: string | undefined;

  constructor(message: string, { hint, ...options }: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options);
    this.hint = hint;
  }
}

const ROOT_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

function encrypt(key: Uint8Array, aad: string, plaintext: string, chance: Chance): string {
  const nonce = chance.bytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(aad));
  const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64url");
}

function decrypt(key: Uint8Array, aad: string, text: string): string {
  const bytes = Buffer.from(text, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(aad))
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString("utf8");
}

const aadOf = (place: SealedPlace): string => `${place.table}:${place.column}:${place.row}`;

const stretch = (rootKey: Uint8Array, info: string): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", rootKey, "hatch", info, 32));

/** The id of a root key, which says nothing of the key. */
export const keyIdOf = (rootKey: Uint8Array): string =>
  Buffer.from(stretch(rootKey, "key-id")).toString("hex").slice(0, 8);

/** Which root key sealed a text. */
export const sealedBy = (sealed: string): string => sealed.split(".", 1)[0] ?? "";

/** A purpose's key as installations derived it before it was kept: what was made with it goes on holding. */
export const derivedKey = (rootKey: Uint8Array, purpose: KeyPurpose): Uint8Array =>
  stretch(rootKey, `hatch/${purpose}/v1`);

interface KeyringOptions {
  /** Root keys that open, but seal no more. */
  readonly former?: readonly Uint8Array[];
  /** Kept ones; any other is derived from the root key. */
  readonly keys?: ReadonlyMap<KeyPurpose, Uint8Array>;
}

/** @param rootKey 32 bytes. */
export function createKeyring(rootKey: Uint8Array, chance: Chance, options: KeyringOptions = {}): Keyring {
  const sealing = new Map<string, Uint8Array>();
  const add = (key: Uint8Array): string => {
    assert(key.length === ROOT_KEY_BYTES, "a root key has 32 bytes");
    const id = keyIdOf(key);
    if (!sealing.has(id)) sealing.set(id, stretch(key, "hatch/secrets/v1"));
    return id;
  };
  let keyId = add(rootKey);
  for (const former of options.former ?? []) add(former);
  const keys = new Map(
    KEY_PURPOSES.map((purpose) => [purpose, options.keys?.get(purpose) ?? derivedKey(rootKey, purpose)]),
  );
  const keyFor = (purpose: KeyPurpose): Uint8Array => keys.get(purpose) as Uint8Array;
  return {
    get keyId() {
      return keyId;
    },
    get keyIds() {
      return [...sealing.keys()];
    },
    keyFor,
    seal: (place, plaintext) =>
      `${keyId}.${encrypt(sealing.get(keyId) as Uint8Array, aadOf(place), plaintext, chance)}`,
    open(place, sealed) {
      const [id = "", text] = sealed.split(".");
      const key = sealing.get(id);
      if (key === undefined || text === undefined) throw new WrongKeyError("sealed by another key");
      try {
        return decrypt(key, aadOf(place), text);
      } catch (cause) {
        throw new WrongKeyError(`${place.table}.${place.column} does not open with this key`, { cause });
      }
    },
    sealAway: (name, plaintext) => encrypt(keyFor("cookies"), name, plaintext, chance),
    openReturned(name, sealed) {
      try {
        return decrypt(keyFor("cookies"), name, sealed);
      } catch (cause) {
        throw new WrongKeyError(`${name} was not sealed here`, { cause });
      }
    },
    turnTo(next) {
      keyId = add(next);
    },
  };
}
