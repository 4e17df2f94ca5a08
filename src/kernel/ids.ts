import { hash } from "node:crypto";
import type { Chance } from "./chance.ts";
import type { Clock } from "./clock.ts";
import { type UnixMs, unixMs } from "./units.ts";

/** Every prefix that the product hands out, with what it names (TypeID 0.3: prefix, `_`, UUIDv7 in base32). */
const ID_PREFIXES = {
  ws: "workspace",
  env: "environment",
  acc: "account",
  ses: "session",
  inv: "invitation",
  imp: "impersonation",
  key: "API key",
  evi: "inbound event",
  cmd: "command",
  evt: "outbound event",
  sub: "webhook subscription",
  dlv: "delivery",
  att: "attempt",
  mem: "member",
  txn: "ledger transaction",
  eff: "effect",
  awd: "award",
  rdm: "redemption",
  prg: "program version",
  job: "job",
  mail: "mail",
  aud: "audit entry",
  inc: "incident",
  tkt: "ticket",
  req: "request",
  wst: "widget session",
} as const;

export type IdPrefix = keyof typeof ID_PREFIXES;
export type Id<P extends IdPrefix> = `${P}_${string}`;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** 16 bytes as 26 characters of Crockford base32 in lower case: two zero bits lead, so text order is byte order. */
function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 2;
  let buffer = 0;
  // By index: over a typed array it is twice as fast as `for … of`, and each effect has an id.
  for (let index = 0; index < bytes.length; index += 1) {
    buffer = (buffer << 8) | (bytes[index] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >>> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return text;
}

/** RFC 9562 UUIDv7 from a time and ten bytes of entropy. */
function uuidV7(at: number, entropy: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(at / 2 ** 16));
  view.setUint16(4, at % 2 ** 16);
  bytes.set(entropy.subarray(0, 10), 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes;
}

/** True for a whole id of this kind; what a path or a body names is checked by it before any look-up. */
export function isId<P extends IdPrefix>(prefix: P, text: string): text is Id<P> {
  return text.startsWith(`${prefix}_`) && SUFFIX.test(text.slice(prefix.length + 1));
}

/** The smallest id that can be made at this time: ids sort by time, so it bounds a search by index. */
export function firstIdAt<P extends IdPrefix>(prefix: P, at: UnixMs): Id<P> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(at / 2 ** 16));
  view.setUint16(4, at % 2 ** 16);
  return `${prefix}_${encodeBase32(bytes)}`;
}

/** When an id was made: its first ten characters are 48 bits of time. */
export const timeOfId = (id: string): UnixMs =>
  unixMs(
    [...id.slice(id.indexOf("_") + 1, id.indexOf("_") + 11)].reduce((at, one) => at * 32 + ALPHABET.indexOf(one), 0),
  );

/**
 * The same seed and time give the same id: what `decide` names (effects, awards, transfers) must come out equal
 * when the log is replayed, so it can't be drawn by chance.
 */
export function deriveId<P extends IdPrefix>(prefix: P, at: UnixMs, seed: string): Id<P> {
  return `${prefix}_${encodeBase32(uuidV7(at, hash("sha256", seed, "buffer")))}`;
}

export interface Ids {
  next<P extends IdPrefix>(prefix: P): Id<P>;
  /** A plain UUIDv7, as the launch programme shows its own. */
  uuid(): string;
}

const POOL_BYTES = 4096;
/** Two characters for each ten bits. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => `${ALPHABET[bits >>> 5]}${ALPHABET[bits & 31]}`);
const RANDOM_BYTES = 13;

/** 48 bits of time behind two zero bits: the first ten characters of an id. */
function encodeTime(at: number): string {
  let text = "";
  for (let shift = 2 ** 40; shift >= 1; shift /= 1024) text += PAIRS[Math.floor(at / shift) % 1024];
  return text;
}

/** Ids of one process rise strictly, also within one millisecond and when the wall clock steps back. */
export function createIds(clock: Clock, chance: Chance): Ids {
  let lastMs = 0;
  let lastText = encodeTime(0);
  let sequence = 0;
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;
  /** Where in the pool the next random bytes lie. */
  const draw = (count: number): number => {
    if (used + count > pool.length) {
      pool = chance.bytes(POOL_BYTES);
      used = 0;
    }
    used += count;
    return used - count;
  };
  const step = (): void => {
    const now = clock.now();
    if (now > lastMs) {
      lastMs = now;
      sequence = 0;
    } else if (++sequence > 0xfff) {
      lastMs += 1;
      sequence = 0;
    } else return;
    lastText = encodeTime(lastMs);
  };
  const pairAt = (at: number): string => PAIRS[(((pool[at] ?? 0) << 8) | (pool[at + 1] ?? 0)) & 1023] ?? "";
  return {
    // A request makes several ids: the fields of the UUIDv7 are written as text at once. After the time come 4 bits of
    // version and 12 of the sequence, 2 of the variant, 62 of chance.
    next(prefix) {
      step();
      const at = draw(RANDOM_BYTES);
      const versionAndSequence = (0x7000 | sequence) >>> 1;
      const seam = ((sequence & 1) << 4) | 0b01000 | ((pool[at + 12] ?? 0) & 0b11);
      const random = pairAt(at) + pairAt(at + 2) + pairAt(at + 4) + pairAt(at + 6) + pairAt(at + 8) + pairAt(at + 10);
      return `${prefix}_${lastText}${PAIRS[versionAndSequence >>> 5]}${ALPHABET[versionAndSequence & 31]}${ALPHABET[seam]}${random}`;
    },
    uuid() {
      step();
      const at = draw(8);
      const entropy = new Uint8Array([sequence >>> 8, sequence & 0xff, ...pool.subarray(at, at + 8)]);
      const hex = Buffer.from(uuidV7(lastMs, entropy)).toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  };
}
