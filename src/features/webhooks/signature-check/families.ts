import type { SigningAlgorithm } from "../../../kernel/crypto.ts";
import type { Family } from "../signatures/recipe.ts";
import { standardKeyOf } from "../signing.ts";

/**
 * What can be told apart by its headers alone: the two that Hatch sends by itself, and two that receivers know well.
 * `custom` is the template of a subscription's own, known only where the subscription is.
 */
export type KnownFamily = Family | "github" | "stripe";
export type CheckedFamily = KnownFamily | "custom";

export interface Parts {
  readonly id: string;
  readonly time: string;
  readonly body: string;
}

/** How one family signs, and where it says so. */
export interface FamilyRules {
  readonly family: CheckedFamily;
  /** For people: the header that carries the signature. */
  readonly title: string;
  readonly scheme: string;
  /** SHA-256, if absent. */
  readonly algorithm?: SigningAlgorithm;
  readonly encoding: "hex" | "base64";
  readonly keyOf: (secret: string) => string | Uint8Array;
  readonly join: (parts: Parts) => string;
  readonly signsTime: boolean;
  readonly signsId: boolean;
}

const plain = (secret: string): string => secret;

export const RULES: Readonly<Record<KnownFamily, FamilyRules>> = {
  hatch: {
    ...{ family: "hatch", title: "X-Hatch-Signature", scheme: "sha256=", encoding: "hex", keyOf: plain },
    ...{ signsTime: true, signsId: false },
    join: ({ time, body }) => `${time}.${body}`,
  },
  standard: {
    ...{ family: "standard", title: "webhook-signature", scheme: "v1,", encoding: "base64", keyOf: standardKeyOf },
    ...{ signsTime: true, signsId: true },
    join: ({ id, time, body }) => `${id}.${time}.${body}`,
  },
  github: {
    ...{ family: "github", title: "X-Hub-Signature-256", scheme: "sha256=", encoding: "hex", keyOf: plain },
    ...{ signsTime: false, signsId: false },
    join: ({ body }) => body,
  },
  stripe: {
    ...{ family: "stripe", title: "Stripe-Signature", scheme: "", encoding: "hex", keyOf: plain },
    ...{ signsTime: true, signsId: false },
    join: ({ time, body }) => `${time}.${body}`,
  },
};
