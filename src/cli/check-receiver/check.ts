import type { Examiner } from "./examiner.ts";
import type { Verdict } from "./verdict.ts";

/** One question to the receiver. */
export interface Check {
  readonly id: string;
  readonly title: string;
  /** What is sent, in words. */
  readonly sent: string;
  /** What a right receiver answers. */
  readonly expected: string;
  readonly isApplicable?: (examiner: Examiner) => boolean;
  readonly run: (examiner: Examiner) => Promise<Verdict>;
}
