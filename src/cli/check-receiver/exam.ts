import type { Check } from "./check.ts";
import { ACCEPTANCE, VALID } from "./checks-of-acceptance.ts";
import { REFUSALS } from "./checks-of-refusal.ts";
import { REPETITION } from "./checks-of-repetition.ts";
import { ROTATION } from "./checks-of-rotation.ts";
import { type Decides, Examiner, type ExaminerOptions } from "./examiner.ts";
import type { Mistake } from "./mistakes.ts";
import { distinct, skipped, type Verdict } from "./verdict.ts";

/** From the first yes to what may break a receiver; the last asks whether it did. */
const CHECKS: readonly Check[] = [VALID, ...ACCEPTANCE, ...REFUSALS, ...ROTATION, ...REPETITION];

const NOTHING_TO_LEARN = "It refuses a valid delivery: mend that first, for what it refuses else shows nothing.";

export interface Result extends Verdict {
  readonly check: Check;
}

export interface Report {
  /** No check failed. */
  readonly ok: boolean;
  readonly decides: Decides | undefined;
  readonly results: readonly Result[];
  /** Each named once. */
  readonly mistakes: readonly Mistake[];
}

/** Puts all questions to one receiver, one after the other. @param options.onResult hears each as it is known */
export async function examine(
  options: ExaminerOptions & { readonly onResult?: (result: Result) => void },
): Promise<Report> {
  const examiner = new Examiner(options);
  const results: Result[] = [];
  for (const check of CHECKS) {
    if (check !== VALID && examiner.accepted && check.isApplicable?.(examiner) === false) continue;
    const standstill = check === VALID ? undefined : examiner.accepted ? examiner.standstill : NOTHING_TO_LEARN;
    const verdict = standstill === undefined ? await check.run(examiner) : skipped(standstill);
    const result = { check, ...verdict };
    results.push(result);
    options.onResult?.(result);
  }
  const failures = results.filter(({ grade }) => grade === "fail");
  return {
    ok: failures.length === 0,
    decides: examiner.isUnchecked ? undefined : examiner.decides,
    results,
    mistakes: distinct(failures.flatMap(({ mistakes }) => mistakes)),
  };
}
