import { createHmac } from "node:crypto";
import { equalBytes } from "../../../kernel/crypto.ts";
import { SECOND, type UnixMs } from "../../../kernel/units.ts";

// Time-based one-time passwords as RFC 6238 has them, with what every authenticator app does: SHA-1, 6 digits, 30 s.

const STEP_MS = 30 * SECOND;
const DIGITS = 6;
/** One step to either side: clocks differ, and people type slowly. */
const DRIFT_STEPS = 1;
const SECRET_BYTES = 20;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export const TOTP_SECRET_BYTES = SECRET_BYTES;

/** RFC 4648, without padding: what the apps take. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + BASE32[(value << (5 - bits)) & 31];
}

/** RFC 4226, section 5.3. */
function codeAt(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", secret).update(counter).digest();
  const offset = (digest[digest.length - 1] ?? 0) & 15;
  const number = digest.readUInt32BE(offset) & 0x7f_ff_ff_ff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, "0");
}

const stepAt = (now: UnixMs): number => Math.floor(now / STEP_MS);

/**
 * The time step that a code belongs to; undefined for a wrong one. A step that was used, and any before it, is no good
 * any more: a code that somebody looked at is worth nothing.
 */
export function findStep(
  secret: Uint8Array,
  code: string,
  { now, lastStep }: { readonly now: UnixMs; readonly lastStep: number | null },
): number | undefined {
  const given = Buffer.from(code.replaceAll(/\s/g, ""));
  const current = stepAt(now);
  let found: number | undefined;
  for (let step = current - DRIFT_STEPS; step <= current + DRIFT_STEPS; step++) {
    const matches = equalBytes(Buffer.from(codeAt(secret, step)), given);
    if (matches && step > (lastStep ?? -1)) found ??= step;
  }
  return found;
}

/** The code of this moment: for whoever shows or tests it. */
export const totpCode = (secret: Uint8Array, now: UnixMs): string => codeAt(secret, stepAt(now));

/** What an authenticator app reads from a QR code (the key URI format of the apps). */
export function keyUri(secret: string, account: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${DIGITS}&period=30`;
}
