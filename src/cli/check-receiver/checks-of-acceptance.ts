import { writeUnusually } from "../../features/webhooks/index.ts";
import type { Check } from "./check.ts";
import { diagnose, diagnoseBody } from "./diagnose.ts";
import type { Decides, Examiner } from "./examiner.ts";
import { mistake } from "./mistakes.ts";
import { type Answer, isAccepted } from "./send.ts";
import { rightOnlyIn } from "./signatures.ts";
import { failed, faultOf, mustAccept, noted, passed, type Verdict } from "./verdict.ts";

const SKEW_SECONDS = 120;

/** The first delivery. A receiver that was asleep may refuse one, and is told so. */
async function checkValid(examiner: Examiner): Promise<Verdict> {
  const answers: Answer[] = [];
  for (const message of [examiner.delivery(), examiner.delivery()]) {
    const answer = await examiner.sendRight(message);
    answers.push(answer);
    if (isAccepted(answer)) {
      examiner.accepted = message;
      if (answers.length > 1) return noted(answers, [], "It refused the first one, and accepted the second.");
      return passed(answers);
    }
    if (answer.kind === "unanswered" || faultOf(answer)) break;
  }
  const last = answers.at(-1) as Answer;
  const { mistakes, remark } = await diagnose(examiner, last);
  return failed(answers, mistakes, remark);
}

/** One family right, the other wrong, and the reverse. */
async function findWhatDecides(examiner: Examiner): Promise<Decides | undefined> {
  const [first] = examiner.families;
  if (examiner.format !== "both") return first;
  const isEnough: boolean[] = [];
  for (const family of examiner.families) {
    const message = examiner.delivery();
    const headers = rightOnlyIn(family, examiner.right(message), examiner.wrong(message));
    isEnough.push(isAccepted(await examiner.send(headers, message.body)));
  }
  const [hatch, standard] = isEnough;
  if (hatch) return standard ? "either" : "hatch";
  return standard ? "standard" : "both";
}

/** Deliveries whose bytes are not those that a serialiser of the receiver's would write. */
async function checkSpelling(examiner: Examiner, body: string): Promise<Verdict> {
  const message = examiner.delivery({ body });
  const verdict = mustAccept([await examiner.sendRight(message)], mistake("alters"));
  if (verdict.mistakes[0]?.id !== "alters") return verdict;
  const { mistakes, remark } = await diagnoseBody(examiner, () => examiner.delivery({ body }));
  return failed(verdict.answers, mistakes, remark);
}

async function checkSkew(examiner: Examiner): Promise<Verdict> {
  const answers: Answer[] = [];
  for (const ageSeconds of [SKEW_SECONDS, -SKEW_SECONDS]) {
    answers.push(await examiner.sendRight(examiner.delivery({ ageSeconds })));
  }
  const verdict = mustAccept(answers, mistake("impatient"));
  return verdict.mistakes.every(({ id }) => id === "impatient") && verdict.grade === "fail"
    ? noted(answers, verdict.mistakes)
    : verdict;
}

export const VALID: Check = {
  id: "valid",
  title: "A valid delivery",
  sent: "a delivery, rightly signed now",
  expected: "2xx",
  run: async (examiner) => {
    const verdict = await checkValid(examiner);
    if (examiner.accepted) examiner.decides = await findWhatDecides(examiner);
    return verdict;
  },
};

export const ACCEPTANCE: readonly Check[] = [
  {
    id: "text-beyond-ascii",
    title: "Text beyond ASCII",
    sent: "a delivery with letters of several scripts in its body, rightly signed",
    expected: "2xx",
    isApplicable: ({ hasOwnBody }) => !hasOwnBody,
    run: (examiner) => checkSpelling(examiner, JSON.stringify(examiner.value("far"))),
  },
  {
    id: "unusual-spelling",
    title: "JSON in an unusual spelling",
    sent: "a delivery with legal, unusual spaces and escapes in its JSON, rightly signed over these bytes",
    expected: "2xx",
    run: (examiner) => checkSpelling(examiner, writeUnusually(examiner.value("far"))),
  },
  {
    id: "clock-skew",
    title: "Clocks that differ a little",
    sent: `a delivery of ${SKEW_SECONDS} s ago and one of ${SKEW_SECONDS} s from now, rightly signed`,
    expected: "2xx to both",
    run: checkSkew,
  },
];
