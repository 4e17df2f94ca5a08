import { type Mistake, mistake, type SeenMistake } from "./mistakes.ts";
import { type Answer, isAccepted, type Silence } from "./send.ts";

export type Grade = "pass" | "fail" | "note" | "skipped";

/** What a check found out. */
export interface Verdict {
  readonly grade: Grade;
  readonly answers: readonly Answer[];
  readonly mistakes: readonly Mistake[];
  /** What else a person should know. */
  readonly remark?: string;
}

export const passed = (answers: readonly Answer[], remark?: string): Verdict => ({
  grade: "pass",
  answers,
  mistakes: [],
  ...(remark === undefined ? {} : { remark }),
});

export const failed = (answers: readonly Answer[], mistakes: readonly Mistake[], remark?: string): Verdict => ({
  ...passed(answers, remark),
  grade: "fail",
  mistakes,
});

export const noted = (answers: readonly Answer[], mistakes: readonly Mistake[], remark?: string): Verdict => ({
  ...failed(answers, mistakes, remark),
  grade: "note",
});

export const skipped = (remark: string): Verdict => ({ ...passed([], remark), grade: "skipped" });

const SILENCES = {
  absent: "gone",
  untrusted: "untrusted",
  broken: "breaks",
  garbled: "garbled",
  late: "slow",
} as const satisfies Record<Silence, SeenMistake>;

/** What is wrong with an answer whatever was asked; undefined for one that says yes or no. */
export function faultOf(answer: Answer): Mistake | undefined {
  if (answer.kind === "unanswered") {
    return mistake(SILENCES[answer.why]);
  }
  if (answer.status >= 300 && answer.status <= 399) return mistake("redirects");
  return answer.status === 429 ? mistake("rate-limited") : undefined;
}

const has5xx = (answer: Answer): boolean => answer.kind === "answered" && answer.status >= 500;

/** Each once; of several words for one mistake the first, which is the most exact. */
export function distinct(mistakes: readonly Mistake[]): readonly Mistake[] {
  const seen = new Set<string>();
  return mistakes.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** Right deliveries. @param why what a refusal shows */
export function mustAccept(answers: readonly Answer[], why: Mistake): Verdict {
  const refusals = answers.filter((answer) => !isAccepted(answer));
  if (refusals.length === 0) return passed(answers);
  return failed(answers, distinct(refusals.map((answer) => faultOf(answer) ?? why)));
}

/**
 * What must not be let in.
 *
 * @param why what it shows where one is
 * @param options.mayCollapse a 5xx is noted only
 */
export function mustRefuse(
  answers: readonly Answer[],
  why: Mistake,
  { mayCollapse = false }: { readonly mayCollapse?: boolean } = {},
): Verdict {
  const letIn = answers.some(isAccepted) ? [why] : [];
  const faults = answers.flatMap((answer) => faultOf(answer) ?? []).filter(({ id }) => id !== "rate-limited");
  const mistakes = distinct([...letIn, ...faults]);
  const collapses = answers.some(has5xx) ? [mistake(mayCollapse ? "collapses-at-garbage" : "collapses")] : [];
  if (mayCollapse && mistakes.length === 0 && collapses.length > 0) return noted(answers, collapses);
  const all = [...mistakes, ...collapses];
  return all.length === 0 ? passed(answers) : failed(answers, all);
}
