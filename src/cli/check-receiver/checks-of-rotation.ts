import type { Check } from "./check.ts";
import type { Examiner } from "./examiner.ts";
import { mistake } from "./mistakes.ts";
import { type Answer, isAccepted } from "./send.ts";
import { type Headers, type Message, signed, withOtherVersion } from "./signatures.ts";
import { failed, faultOf, mustAccept, passed, type Verdict } from "./verdict.ts";

/** The whole of `webhook-signature` turned round, all else as it was. */
const listReversed = (headers: Headers): Headers => ({
  ...headers,
  "webhook-signature": (headers["webhook-signature"] ?? "").split(" ").reverse().join(" "),
});

const hasList = ({ format, decides }: Examiner): boolean => format !== "hatch" && decides !== "hatch";
const hasPlain = ({ format, decides }: Examiner): boolean => format !== "standard" && decides !== "standard";

type Sign = (message: Message) => Headers;

/** A refusal in an overlap, explained by whether the other order of the list is accepted. */
async function explainRefusal(
  examiner: Examiner,
  answers: readonly Answer[],
  { sign, ifReversedHelps }: { readonly sign: Sign; readonly ifReversedHelps: "first-only" | "last-only" },
): Promise<Verdict> {
  const last = answers.at(-1);
  const fault = last && faultOf(last);
  if (fault) return failed(answers, [fault]);
  if (!hasList(examiner)) return failed(answers, [mistake("rotation")]);
  const message = examiner.delivery();
  const helped = isAccepted(await examiner.send(listReversed(sign(message)), message.body));
  const named = mistake(helped ? ifReversedHelps : "one-only");
  examiner.ofTheList = named;
  return failed(answers, [named]);
}

/** The receiver still has the secret that is being replaced. */
async function checkOldSecret(examiner: Examiner): Promise<Verdict> {
  const sign: Sign = (message) => signed(message, [examiner.mine, examiner.other], examiner);
  const message = examiner.delivery();
  const answer = await examiner.send(sign(message), message.body);
  if (isAccepted(answer)) return passed([answer]);
  return explainRefusal(examiner, [answer], { sign, ifReversedHelps: "first-only" });
}

/** The receiver has the new secret already. X-Hatch-Signature is still the old one's, until it answers 401 or 403. */
async function checkNewSecret(examiner: Examiner): Promise<Verdict> {
  const secrets = [examiner.other, examiner.mine];
  const sign: Sign = (message) => signed(message, secrets, examiner);
  const message = examiner.delivery();
  const answer = await examiner.send(sign(message), message.body);
  if (isAccepted(answer)) return passed([answer]);
  if (!hasPlain(examiner)) return explainRefusal(examiner, [answer], { sign, ifReversedHelps: "last-only" });
  if (answer.kind === "unanswered" || (answer.status !== 401 && answer.status !== 403)) {
    return failed([answer], [faultOf(answer) ?? mistake("not-401")]);
  }
  const again = examiner.again(message);
  const retried = await examiner.send(
    signed(again, secrets, { format: examiner.format, prefersNewest: true }),
    again.body,
  );
  const answers = [answer, retried];
  if (!isAccepted(retried)) return explainRefusal(examiner, answers, { sign, ifReversedHelps: "last-only" });
  return passed(
    answers,
    "It refused the old secret's signature, and Hatch then signed with the new one at once. Whoever reads X-Hatch-Signature-Next as well is spared the second request.",
  );
}

export const ROTATION: readonly Check[] = [
  {
    id: "rotation-old-secret",
    title: "A rotation, known by the old secret",
    sent: "a delivery signed with this secret and with a newer one",
    expected: "2xx",
    run: checkOldSecret,
  },
  {
    id: "rotation-new-secret",
    title: "A rotation, known by the new secret",
    sent: "a delivery signed with an older secret and with this one; after a 401 or 403 once more, with this one first",
    expected: "2xx in the end",
    run: checkNewSecret,
  },
  {
    id: "other-version",
    title: "A signature of another version",
    sent: "webhook-signature with a v1a signature before the right one",
    expected: "2xx",
    isApplicable: hasList,
    run: async (examiner) => {
      const message = examiner.delivery();
      const headers = withOtherVersion(examiner.right(message));
      const answer = await examiner.send(headers, message.body);
      return mustAccept([answer], examiner.ofTheList ?? mistake("other-version"));
    },
  },
];
