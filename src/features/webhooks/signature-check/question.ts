import type { SigningPlan } from "../format/signature.ts";
import type { CheckedFamily } from "./families.ts";
import type { SignatureMistake } from "./mistakes.ts";

/** A secret that is tried, and how it is spoken of. It is never shown, kept or logged. */
export interface TriedSecret {
  readonly text: string;
  /** Completes "verifies with …". */
  readonly name: string;
}

/** One that nobody asked about: where it is the right one, that is the mistake. */
export interface ElsewhereSecret extends TriedSecret {
  readonly code: "secret_previous" | "secret_of_other";
  readonly message: string;
}

export interface SignatureQuestion {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  readonly secrets: readonly TriedSecret[];
  /** How the subscription signs, where it does so in a way of its own. */
  readonly template?: SigningPlan | undefined;
  /** Asked for only where nothing else explains the signature. */
  readonly elsewhere?: () => AsyncIterable<ElsewhereSecret>;
  /** The body that was sent under the delivery's id, where it is known. */
  readonly sentBody?: string | undefined;
  /** Other ids that the signature may have been made for. */
  readonly otherIds?: readonly string[];
  /** Other bodies that the signature may have been made for, and what they are. */
  readonly otherBodies?: readonly { readonly text: string; readonly message: string }[];
  /** Unix seconds. */
  readonly receivedAt: number;
  readonly toleranceSeconds: number;
  /** Lets others have their turn. */
  readonly breathe: () => Promise<void>;
}

export interface SignatureCheck {
  readonly check: "headers" | "signature" | "timestamp" | "body";
  readonly family: CheckedFamily | null;
  readonly ok: boolean;
  readonly message: string;
}

export interface SignatureAnswer {
  readonly valid: boolean;
  readonly family: CheckedFamily | null;
  /** Which secret it verifies with. */
  readonly secret: string | null;
  /** Of the request when it came; below 0 where it is from the future. */
  readonly ageSeconds: number | null;
  readonly mistake: SignatureMistake | null;
  /** What is wrong besides, where only all of it together explains the signature. */
  readonly also: readonly SignatureMistake[];
  /** What is worth knowing of a request that is right. */
  readonly hint: string | null;
  readonly checks: readonly SignatureCheck[];
}
