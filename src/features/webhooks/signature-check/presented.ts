import type { FamilyRules } from "./families.ts";
import type { SignatureMistake } from "./mistakes.ts";
import type { GivenMac } from "./read-mac.ts";

/** What the headers of one family say. */
export interface Presented {
  readonly rules: FamilyRules;
  readonly macs: readonly GivenMac[];
  readonly time: string | undefined;
  readonly id: string | undefined;
  /** What is wrong with the headers themselves. */
  readonly faults: readonly SignatureMistake[];
}
