import type { Deviation } from "../../features/webhooks/index.ts";
import type { Examiner } from "./examiner.ts";
import { type Mistake, mistake } from "./mistakes.ts";
import { searchDeviations } from "./search.ts";
import { type Answer, isAccepted } from "./send.ts";
import type { Message } from "./signatures.ts";
import { faultOf } from "./verdict.ts";

export interface Diagnosis {
  readonly mistakes: readonly Mistake[];
  readonly remark?: string;
}

const mistakesOf = (deviations: readonly Deviation[]): Mistake[] =>
  deviations.map(({ id, what, anchor }) => ({ id, what, anchor }));

/** Statuses that speak of the address or of the request, not of its signature. */
const NOT_OF_THE_SIGNATURE: ReadonlySet<number> = new Set([404, 405, 406, 411, 413, 415]);

const ANOTHER_PROTOCOL = "Is it the right port, and http rather than https?";

/** Why a receiver refuses a delivery that is right in everything: told apart by what else it accepts. */
export async function diagnose(examiner: Examiner, refused: Answer): Promise<Diagnosis> {
  if (refused.kind === "unanswered") {
    const named = refused.why === "absent" ? mistake("unreachable") : faultOf(refused);
    const remark = refused.why === "broken" || refused.why === "garbled" ? { remark: ANOTHER_PROTOCOL } : {};
    return { mistakes: named ? [named] : [], ...remark };
  }
  const fault = faultOf(refused);
  if (fault) return { mistakes: [fault] };
  const told = await compareWithWrong(examiner, refused.status);
  if (told) return told;
  const { found, tried } = await searchDeviations(examiner, () => examiner.delivery());
  if (found) return { mistakes: mistakesOf(found), remark: "Signed so, a delivery was accepted." };
  if (NOT_OF_THE_SIGNATURE.has(refused.status)) return { mistakes: [mistake("wrong-path")] };
  const remark = `${tried} other ways of signing were refused as well.`;
  return { mistakes: [mistake(refused.status >= 500 ? "always-collapses" : "unknown")], remark };
}

/** Whoever answers the wrong signature otherwise than the right one has told them apart. */
async function compareWithWrong(examiner: Examiner, status: number): Promise<Diagnosis | undefined> {
  const message = examiner.delivery();
  const answer = await examiner.send(examiner.wrong(message), message.body);
  if (isAccepted(answer)) return { mistakes: [mistake("inverted")] };
  if (answer.kind === "unanswered" || answer.status === status) return undefined;
  const remark = `A wrong signature is answered ${answer.status}, the right one ${status}. Does it need a body of its own kind? Give one with --body.`;
  return { mistakes: [mistake("refuses-content")], remark };
}

/** Why the same signature fails over a certain body only. */
export async function diagnoseBody(examiner: Examiner, makeMessage: () => Message): Promise<Diagnosis> {
  const { found } = await searchDeviations(examiner, makeMessage, ({ step }) => step === "body");
  return found
    ? { mistakes: mistakesOf(found), remark: "Signed so, the same delivery was accepted." }
    : { mistakes: [mistake("alters")] };
}
