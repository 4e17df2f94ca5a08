import type { Check } from "./check.ts";
import type { Examiner } from "./examiner.ts";
import { mistake } from "./mistakes.ts";
import { type Answer, isAccepted } from "./send.ts";
import { failed, faultOf, mustAccept, noted, passed, type Verdict } from "./verdict.ts";

/** What no answer shows. */
const UNSEEN = "Whether it acts on it once only can't be seen from here: look into what it keeps.";

const ROUNDS = 3;

/** Says "not now": the sender comes again. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429, 503]);

const isPutOff = (answer: Answer): boolean => answer.kind === "answered" && LATER.has(answer.status);
const isRefused = (answer: Answer): boolean =>
  answer.kind === "answered" && answer.status >= 400 && answer.status <= 499;

async function checkDuplicate(examiner: Examiner): Promise<Verdict> {
  const message = examiner.accepted;
  if (!message) throw new Error("a duplicate needs a delivery that was accepted");
  const verdict = mustAccept([await examiner.sendRight(examiner.again(message))], mistake("duplicate"));
  return verdict.grade === "pass" ? { ...verdict, remark: UNSEEN } : verdict;
}

/** Whether both were at work at the same moment is not in our hands: so more than once. */
async function checkTwoAtOnce(examiner: Examiner): Promise<Verdict> {
  let verdict = await sendTwins(examiner);
  for (let round = 1; round < ROUNDS && verdict.grade === "pass"; round++) verdict = await sendTwins(examiner);
  return verdict;
}

/** One of them has to be accepted; the other may be put off, for it comes again. */
async function sendTwins(examiner: Examiner): Promise<Verdict> {
  const message = examiner.delivery();
  const answers = await Promise.all([examiner.sendRight(message), examiner.sendRight(message)]);
  const others = answers.filter((answer) => !isAccepted(answer));
  if (others.length === 0) return passed(answers);
  if (others.length === 1 && others.every(isPutOff)) return passed(answers, "One was put off, and will come again.");
  if (others.length === 1 && others.every(isRefused)) {
    return noted(
      answers,
      [mistake("parallel")],
      "The one that it refused counts as failed, though its twin was taken.",
    );
  }
  const [fault] = others.flatMap((answer) => faultOf(answer) ?? []);
  return failed(answers, [fault?.id === "slow" ? fault : mistake("parallel")]);
}

async function checkAfterwards(examiner: Examiner): Promise<Verdict> {
  const answer = await examiner.sendRight(examiner.delivery());
  const verdict = mustAccept([answer], mistake("disturbed"));
  if (verdict.grade !== "pass" || examiner.slowestMs < examiner.timeoutMs / 2) return verdict;
  const remark = `The slowest answer took ${examiner.slowestMs} ms of the ${examiner.timeoutMs} ms that it has.`;
  return noted([answer], [mistake("slow")], remark);
}

export const REPETITION: readonly Check[] = [
  {
    id: "duplicate",
    title: "The same delivery again",
    sent: "the delivery that was accepted first, as its second attempt",
    expected: "2xx",
    run: checkDuplicate,
  },
  {
    id: "two-at-once",
    title: "The same delivery twice at once",
    sent: "one delivery on two connections at the same time",
    expected: "2xx, or 2xx and a 503",
    run: checkTwoAtOnce,
  },
  {
    id: "afterwards",
    title: "A valid delivery after all that",
    sent: "a delivery, rightly signed now",
    expected: "2xx in less than half of the time",
    run: checkAfterwards,
  },
];
