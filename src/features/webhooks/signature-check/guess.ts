import type { MistakeCode, SignatureMistake } from "./mistakes.ts";
import { mistakeOf } from "./mistakes.ts";

/** One step of signing taken otherwise: what it then takes, and which mistake that would be. */
export interface Guess<T> {
  readonly value: T;
  /** Undefined for what is right. */
  readonly mistake: SignatureMistake | undefined;
}

export const right = <T>(value: T): Guess<T> => ({ value, mistake: undefined });
export const guess = <T>(code: MistakeCode, message: string, value: T): Guess<T> => ({
  value,
  mistake: mistakeOf(code, message),
});

/** What the signature itself was made with is somebody's code, not what was handed in here. */
export const madeOtherwise = (what: string): string => `Whatever made this signature deviates. ${what}`;
