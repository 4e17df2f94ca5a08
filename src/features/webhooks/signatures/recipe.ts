import { hmacSha256 } from "../../../kernel/crypto.ts";
import { standardKeyOf } from "../signing.ts";

/** The two ways in which each delivery is signed. */
export type Family = "hatch" | "standard";
export type SignatureHeaders = Readonly<Record<string, string>>;

/** What is signed, with what stands beside it. */
export interface SignedMessage {
  readonly event: string;
  readonly deliveryId: string;
  readonly attempt: number;
  /** Unix seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/** How a signature comes about, in the steps that a receiver can get wrong. */
export interface Recipe {
  readonly key: string | Uint8Array;
  readonly time: (seconds: number) => string;
  readonly body: (raw: string) => string;
  readonly join: (parts: { readonly id: string; readonly time: string; readonly body: string }) => string;
  readonly write: (mac: Buffer) => string;
  readonly name: (parts: {
    readonly message: SignedMessage;
    readonly time: string;
    readonly signature: string;
  }) => SignatureHeaders;
}

const RIGHT: Readonly<Record<Family, (secret: string) => Recipe>> = {
  hatch: (secret) => ({
    key: secret,
    time: String,
    body: (raw) => raw,
    join: ({ time, body }) => `${time}.${body}`,
    write: (mac) => `sha256=${mac.toString("hex")}`,
    name: ({ message, time, signature }) => ({
      "X-Hatch-Event": message.event,
      "X-Hatch-Delivery": message.deliveryId,
      "X-Hatch-Attempt": String(message.attempt),
      "X-Hatch-Timestamp": time,
      "X-Hatch-Signature": signature,
    }),
  }),
  standard: (secret) => ({
    key: standardKeyOf(secret),
    time: String,
    body: (raw) => raw,
    join: ({ id, time, body }) => `${id}.${time}.${body}`,
    write: (mac) => `v1,${mac.toString("base64")}`,
    name: ({ message, time, signature }) => ({
      "webhook-id": message.deliveryId,
      "webhook-timestamp": time,
      "webhook-signature": signature,
    }),
  }),
};

/** The headers that a receiver would accept which deviates so. */
export function signedWith(
  family: Family,
  secret: string,
  message: SignedMessage,
  deviations: readonly { readonly change: Partial<Recipe> }[],
): SignatureHeaders {
  const recipe: Recipe = Object.assign(RIGHT[family](secret), ...deviations.map(({ change }) => change));
  const time = recipe.time(message.timestamp);
  const content = recipe.join({ id: message.deliveryId, time, body: recipe.body(message.body) });
  const signature = recipe.write(Buffer.from(hmacSha256(recipe.key, content)));
  return recipe.name({ message, time, signature });
}
