import { isoSeconds } from "../../kernel/clock.ts";
import { createSigner, type Signer } from "../../kernel/crypto.ts";
import { type UnixMs, unixMs } from "../../kernel/units.ts";
import type { Fact, SigningPlan } from "./format/signature.ts";
import { fill } from "./format/template.ts";

const PREFIX = "whsec_";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const STANDARD_KEY_BYTES_MIN = 24;
const STANDARD_KEY_BYTES_MAX = 64;

/**
 * The key of Standard Webhooks: what follows `whsec_` if it is base64 of 24–64 bytes, else the secret's own bytes, which
 * the stock library takes as format "raw".
 */
export function standardKeyOf(secret: string): Uint8Array {
  const whole = new Uint8Array(Buffer.from(secret, "utf8"));
  if (!secret.startsWith(PREFIX)) return whole;
  const text = secret.slice(PREFIX.length);
  if (!BASE64.test(text)) return whole;
  const key = Buffer.from(text, "base64");
  const canonical = key.toString("base64") === text;
  const fits = key.length >= STANDARD_KEY_BYTES_MIN && key.length <= STANDARD_KEY_BYTES_MAX;
  return canonical && fits ? new Uint8Array(key) : whole;
}

/** A secret, ready to sign with. The text itself is not kept. */
export interface SigningSecret {
  /** With the secret's own characters. */
  readonly plain: Signer;
  /** As Standard Webhooks has it. */
  readonly standard: Signer;
  /** As the subscription's own template has it; absent where there is none. */
  readonly planned?: Signer;
  readonly createdAt: UnixMs;
  /** The end of its overlap; the newest has none. */
  readonly expiresAt: UnixMs | undefined;
}

export const createSigningSecret = (
  text: string,
  { createdAt, expiresAt }: Pick<SigningSecret, "createdAt" | "expiresAt">,
  plan?: SigningPlan,
): SigningSecret => ({
  plain: createSigner(text),
  standard: createSigner(standardKeyOf(text)),
  ...(plan && { planned: createSigner(plan.key === "text" ? text : standardKeyOf(text), plan.algorithm) }),
  createdAt,
  expiresAt,
});

export interface Signable {
  readonly event: string;
  readonly deliveryId: string;
  /** From 1. */
  readonly attempt: number;
  /** Unix seconds of this attempt. */
  readonly timestamp: number;
  readonly body: string;
  /** Those that are valid now, oldest first; at least one. */
  readonly secrets: readonly SigningSecret[];
  /** How many of them the receiver has refused this delivery with: it is offered the next one. */
  readonly refusals: number;
}

/** A customer's own event type may have any characters; a header may not: beyond ASCII it is percent-encoded. */
const headerText = (text: string): string => (/^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text));

/**
 * Which secret the plain signature is made with: the oldest, for receivers that know only it. One that refuses it is
 * offered the newest, then those between: of several rotations on the way it may have followed any.
 */
const offeredSecret = (secrets: readonly SigningSecret[], refusals: number): SigningSecret | undefined =>
  refusals === 0 ? secrets[0] : secrets[Math.max(0, secrets.length - refusals)];

/** The offered one first, then the others; for a receiver that refused one, the newer before the older. */
function inOfferedOrder(secrets: readonly SigningSecret[], refusals: number): readonly SigningSecret[] {
  const offered = offeredSecret(secrets, refusals);
  if (offered === undefined || refusals === 0) return secrets;
  return [offered, ...secrets.toReversed().filter((secret) => secret !== offered)];
}

/**
 * The headers that say what this is and prove where it comes from. During the overlap of a rotation the plain
 * signature stays with the oldest secret, so that a receiver that knows only it goes on working; the newest has a
 * header of its own and `webhook-signature` lists all.
 */
export function signatureHeaders(input: Signable): Record<string, string> {
  const { event, deliveryId, attempt, timestamp, body, secrets, refusals } = input;
  const offered = offeredSecret(secrets, refusals);
  const newest = secrets.at(-1);
  if (!offered || !newest) throw new Error("a delivery without a secret can't be signed");
  const seconds = String(timestamp);
  const plain = `${seconds}.${body}`;
  const standard = `${deliveryId}.${plain}`;
  const headers: Record<string, string> = {
    "X-Hatch-Event": headerText(event),
    "X-Hatch-Delivery": deliveryId,
    "X-Hatch-Timestamp": seconds,
    "X-Hatch-Signature": `sha256=${offered.plain.hex(plain)}`,
    "X-Hatch-Attempt": String(attempt),
    "webhook-id": deliveryId,
    "webhook-timestamp": seconds,
    "webhook-signature": `v1,${newest.standard.base64(standard)}`,
  };
  if (secrets.length > 1) {
    headers["X-Hatch-Signature-Next"] = `sha256=${newest.plain.hex(plain)}`;
    const all = secrets.map((secret) => `v1,${secret.standard.base64(standard)}`);
    headers["webhook-signature"] = all.reverse().join(" ");
  }
  return headers;
}

/**
 * The headers of a subscription with a template of its own. `{signature}` is made with the oldest secret, or with the
 * newest once that was refused; `{signatures}` lists one for each, the same one first: a receiver that looks at the
 * first only goes on working as well.
 */
export function plannedHeaders(
  plan: SigningPlan,
  input: Signable & { readonly eventId: string },
): Record<string, string> {
  const { event, eventId, deliveryId, attempt, timestamp, body, secrets, refusals } = input;
  const facts: Readonly<Record<Fact, string>> = {
    id: deliveryId,
    eventId,
    event: headerText(event),
    timestamp: String(timestamp),
    timestampMs: String(timestamp * 1_000),
    time: isoSeconds(unixMs(timestamp * 1_000)),
    attempt: String(attempt),
  };
  const content = fill(plan.content, { ...facts, body });
  const signatures = inOfferedOrder(secrets, refusals).map(({ planned }) => {
    if (!planned) throw new Error("a secret was opened without its template");
    return plan.encoding === "hex" ? planned.hex(content) : planned.base64(content);
  });
  const [signature] = signatures;
  if (signature === undefined) throw new Error("a delivery without a secret can't be signed");
  const all = signatures.map((each) => fill(plan.each, { signature: each })).join(plan.join);
  const values = { ...facts, signature, signatures: all };
  return Object.fromEntries(plan.headers.map(({ name, value }) => [name, fill(value, values)]));
}

/** Those whose overlap has not ended at `now`. */
export const validSecrets = (secrets: readonly SigningSecret[], now: number): readonly SigningSecret[] =>
  secrets.every(({ expiresAt }) => expiresAt === undefined)
    ? secrets
    : secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
