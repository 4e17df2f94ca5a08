import { PRETTY, writeJson } from "../../features/webhooks/index.ts";
import type { Check } from "./check.ts";
import type { Examiner } from "./examiner.ts";
import { type Mistake, mistake } from "./mistakes.ts";
import { type Answer, isAccepted } from "./send.ts";
import { changeSignatures, type Headers, type Message, withoutFamilies, withoutSignatures } from "./signatures.ts";
import { mustRefuse, type Verdict } from "./verdict.ts";

const HOUR_SECONDS = 3_600;
/** No sender writes anything like it, so a 5xx to it harms nobody but the receiver's log. */
const GARBAGE = { mayCollapse: true } as const;
/** Enough of a hex or base64 digest for a careless comparison, and far from all of it. */
const KEPT_CHARACTERS = 12;

/** Sends each of these under a delivery id of its own: a receiver may answer 2xx to an id that it knows. */
async function sendAll(
  examiner: Examiner,
  spoil: readonly ((message: Message) => { readonly headers: Headers; readonly body?: string })[],
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const one of spoil) {
    const message = examiner.delivery();
    const { headers, body = message.body } = one(message);
    answers.push(await examiner.send(headers, body));
  }
  return answers;
}

/** What is let in shows this mistake, unless nothing is ever checked: then it is that one again. */
const unlessUnchecked = (examiner: Examiner, named: Mistake): Mistake =>
  examiner.isUnchecked ? mistake("unchecked") : named;

async function checkWrong(examiner: Examiner): Promise<Verdict> {
  const answers = await sendAll(examiner, [(message) => ({ headers: examiner.wrong(message) })]);
  examiner.isUnchecked = answers.some(isAccepted);
  return mustRefuse(answers, mistake("unchecked"));
}

async function checkLate(examiner: Examiner): Promise<Verdict> {
  const answer = await examiner.sendRight(examiner.delivery({ ageSeconds: HOUR_SECONDS }));
  examiner.isTimeless = isAccepted(answer);
  return mustRefuse([answer], mistake("late"));
}

const beginningOnly = (scheme: string, digest: string): string => `${scheme}${digest.slice(0, KEPT_CHARACTERS)}`;
const otherEnding = (scheme: string, digest: string): string =>
  `${scheme}${digest.slice(0, KEPT_CHARACTERS)}${[...digest.slice(KEPT_CHARACTERS)].reverse().join("")}`;

export const REFUSALS: readonly Check[] = [
  {
    id: "wrong-signature",
    title: "A wrong signature",
    sent: "a delivery signed with another secret",
    expected: "4xx",
    run: checkWrong,
  },
  {
    id: "part-of-the-signature",
    title: "A part of the right signature",
    sent: `the first ${KEPT_CHARACTERS} characters of the right signature, alone and with another ending`,
    expected: "4xx to both",
    run: async (examiner) =>
      mustRefuse(
        await sendAll(examiner, [
          (message) => ({ headers: changeSignatures(examiner.right(message), beginningOnly) }),
          (message) => ({ headers: changeSignatures(examiner.right(message), otherEnding) }),
        ]),
        unlessUnchecked(examiner, mistake("prefix")),
        GARBAGE,
      ),
  },
  {
    id: "empty-signature",
    title: "An empty signature",
    sent: "an empty signature, and one that is nothing but sha256= or v1,",
    expected: "4xx to both",
    run: async (examiner) =>
      mustRefuse(
        await sendAll(examiner, [
          (message) => ({ headers: changeSignatures(examiner.right(message), () => "") }),
          (message) => ({ headers: changeSignatures(examiner.right(message), (scheme) => scheme) }),
        ]),
        unlessUnchecked(examiner, mistake("empty")),
        GARBAGE,
      ),
  },
  {
    id: "missing-signature",
    title: "No signature",
    sent: "a delivery without its signature, and one without all of its headers",
    expected: "4xx to both",
    run: async (examiner) =>
      mustRefuse(
        await sendAll(examiner, [
          (message) => ({ headers: withoutSignatures(examiner.right(message)) }),
          (message) => ({ headers: withoutFamilies(examiner.right(message)) }),
        ]),
        unlessUnchecked(examiner, mistake("missing")),
      ),
  },
  {
    id: "late",
    title: "A delivery of an hour ago",
    sent: "a delivery rightly signed with a timestamp of an hour ago",
    expected: "4xx",
    run: checkLate,
  },
  {
    id: "future",
    title: "A delivery of an hour ahead",
    sent: "a delivery rightly signed with a timestamp of an hour from now",
    expected: "4xx",
    run: async (examiner) =>
      mustRefuse(
        [await examiner.sendRight(examiner.delivery({ ageSeconds: -HOUR_SECONDS }))],
        mistake(examiner.isTimeless ? "late" : "future"),
      ),
  },
  {
    id: "changed-body",
    title: "A changed body",
    sent: "the right signature of a delivery, with one more field in the body",
    expected: "4xx",
    run: async (examiner) =>
      mustRefuse(
        await sendAll(examiner, [
          (message) => ({
            headers: examiner.right(message),
            body: JSON.stringify({ ...JSON.parse(message.body), added: "by someone else" }),
          }),
        ]),
        unlessUnchecked(examiner, mistake("unbound")),
      ),
  },
  {
    id: "rewritten-body",
    title: "A body written anew",
    sent: "the right signature of a delivery, with the same JSON in another spelling",
    expected: "4xx",
    run: async (examiner) =>
      mustRefuse(
        await sendAll(examiner, [
          (message) => ({ headers: examiner.right(message), body: writeJson(JSON.parse(message.body), PRETTY) }),
        ]),
        unlessUnchecked(examiner, mistake("reserialises")),
      ),
  },
];
