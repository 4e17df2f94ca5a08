import { type Bytes, bytesOf, matchesHatch, matchesStandard } from "./signature.ts";
import { nowMs } from "./time.ts";

export type WebhookRefusal =
  /** The body was read as JSON before: what was signed are the bytes that came. */
  | "parsed_body"
  | "no_secret"
  /** Neither family of signature headers is there. */
  | "missing_signature"
  | "bad_timestamp"
  | "too_old"
  | "too_new"
  | "wrong_signature"
  /** The signature holds, but the body is no event. */
  | "no_event";

/** The request did not come from the server that holds the secret, or not now. Answer 401 and do nothing with it. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
  readonly reason: WebhookRefusal;

  constructor(reason: WebhookRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The body of a delivery. */
export interface WebhookEvent<Data = Readonly<Record<string, unknown>>> {
  /** `evt_…`: the same in every delivery of it. */
  readonly id: string;
  readonly event: string;
  readonly timestamp: string;
  readonly data: Data;
}

export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** How far its time may lie from now, both ways; 300 if not given. */
  readonly toleranceSeconds?: number;
}

const TOLERANCE_SECONDS = 300;
const TIMESTAMP = /^\d{1,12}$/;

/** A parsed body, written again, has other bytes: no signature over it would say anything. */
function rawBodyOf(body: unknown): Bytes {
  if (typeof body === "string") return bytesOf(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength);
  throw new WebhookVerificationError(
    "parsed_body",
    "The raw body is needed, as it came: a string or bytes. A parsed one has lost what was signed; with Express use express.raw(), elsewhere request.text().",
  );
}

function readerOf(headers: WebhookHeaders): (name: string) => string | undefined {
  if (typeof headers.get === "function") {
    const { get } = headers as { get(name: string): string | null };
    return (name) => get.call(headers, name) ?? undefined;
  }
  const entries = Object.entries(headers as Readonly<Record<string, string | readonly string[] | undefined>>);
  const plain = new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => {
    const value = plain.get(name);
    return Array.isArray(value) ? value[0] : (value as string | undefined);
  };
}

function secretsOf(secret: string | readonly string[] | null | undefined): readonly string[] {
  const secrets = typeof secret === "string" ? [secret] : [...(secret ?? [])];
  if (secrets.length === 0 || secrets.some((one) => typeof one !== "string" || one === "")) {
    throw new WebhookVerificationError("no_secret", "The secret of the subscription is missing or empty.");
  }
  return secrets;
}

function checkTime(timestamp: string | undefined, { toleranceSeconds = TOLERANCE_SECONDS }: VerifyOptions): string {
  if (!(toleranceSeconds >= 0)) throw new RangeError("toleranceSeconds has to be 0 or more.");
  if (timestamp === undefined || !TIMESTAMP.test(timestamp)) {
    throw new WebhookVerificationError("bad_timestamp", "The timestamp is missing or no count of seconds.");
  }
  const ageSeconds = nowMs() / 1000 - Number(timestamp);
  const seconds = Math.round(Math.abs(ageSeconds));
  if (ageSeconds > toleranceSeconds) throw new WebhookVerificationError("too_old", `It was signed ${seconds} s ago.`);
  if (-ageSeconds > toleranceSeconds) {
    throw new WebhookVerificationError("too_new", `It says that it was signed in ${seconds} s: is this clock right?`);
  }
  return timestamp;
}

const wrong = (header: string): WebhookVerificationError =>
  new WebhookVerificationError(
    "wrong_signature",
    `${header} was not made with this secret over these bytes: is it the subscription's secret, and the body as it came?`,
  );

interface Given {
  readonly body: Bytes;
  readonly read: (name: string) => string | undefined;
  readonly secrets: readonly string[];
  readonly options: VerifyOptions;
}

async function verifyHatch({ body, read, secrets, options }: Given): Promise<boolean> {
  const signatures = [read("x-hatch-signature"), read("x-hatch-signature-next")].filter((text) => text !== undefined);
  if (signatures.length === 0) return false;
  const timestamp = checkTime(read("x-hatch-timestamp"), options);
  if (!(await matchesHatch(signatures, { timestamp, body, secrets }))) throw wrong("X-Hatch-Signature");
  return true;
}

async function verifyStandard({ body, read, secrets, options }: Given): Promise<boolean> {
  const signatures = read("webhook-signature");
  if (signatures === undefined) return false;
  const timestamp = checkTime(read("webhook-timestamp"), options);
  const id = read("webhook-id") ?? "";
  if (!(await matchesStandard(signatures, { id, timestamp, body, secrets }))) throw wrong("webhook-signature");
  return true;
}

function eventOf(body: Bytes): WebhookEvent {
  try {
    const event = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as Partial<WebhookEvent> | null;
    if (typeof event?.id === "string" && typeof event.event === "string") return event as WebhookEvent;
  } catch {
    // Told below, in one way for both.
  }
  throw new WebhookVerificationError("no_event", "The signature holds, but the body is no event.");
}

/**
 * Checks that a delivery came from who holds the secret, and recently. Every family of signatures that is there has to
 * hold; during a rotation any of the secrets will do.
 *
 * A right one may still come twice: `X-Hatch-Delivery` stays the same over all attempts, keep it to drop a known one.
 * @param body the raw bytes, or their text
 * @param secret of the subscription; several during a rotation
 * @throws WebhookVerificationError with its reason
 */
export async function verifyWebhook<Data = Readonly<Record<string, unknown>>>(
  body: string | ArrayBuffer | ArrayBufferView,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WebhookEvent<Data>> {
  const given = { body: rawBodyOf(body), read: readerOf(headers), secrets: secretsOf(secret), options };
  const byHatch = await verifyHatch(given);
  const byStandard = await verifyStandard(given);
  if (!byHatch && !byStandard) {
    throw new WebhookVerificationError(
      "missing_signature",
      "There is neither an X-Hatch-Signature nor a webhook-signature header.",
    );
  }
  return eventOf(given.body) as WebhookEvent<Data>;
}

/** `missing` where its headers are not there. */
export type FamilyVerdict = "ok" | "missing" | WebhookRefusal;

/** Each family by itself, for those who show both. */
export async function checkFamilies(
  body: string,
  headers: WebhookHeaders,
  secret: string,
  options: VerifyOptions = {},
): Promise<{ readonly hatch: FamilyVerdict; readonly standard: FamilyVerdict }> {
  const given = { body: rawBodyOf(body), read: readerOf(headers), secrets: secretsOf(secret), options };
  const verdictOf = async (verify: (given: Given) => Promise<boolean>): Promise<FamilyVerdict> => {
    try {
      return (await verify(given)) ? "ok" : "missing";
    } catch (error) {
      if (error instanceof WebhookVerificationError) return error.reason;
      throw error;
    }
  };
  return { hatch: await verdictOf(verifyHatch), standard: await verdictOf(verifyStandard) };
}
