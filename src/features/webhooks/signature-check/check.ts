import { guessBodies, textOf } from "./guess-bodies.ts";
import { secondsOf } from "./guess-contents.ts";
import { mistakeOf, type SignatureMistake } from "./mistakes.ts";
import type { Presented } from "./presented.ts";
import type { SignatureAnswer, SignatureCheck, SignatureQuestion } from "./question.ts";
import { readHeaders } from "./read-headers.ts";
import { Budget, type Found, Search } from "./search.ts";

/** What became of one family's headers. */
interface Outcome {
  readonly presented: Presented;
  readonly found: Found | undefined;
  readonly mistakes: readonly SignatureMistake[];
  readonly ageSeconds: number | undefined;
}

/** Which known mistake explains why a signature does not verify. Asks nobody, keeps nothing. */
export async function checkSignature(question: SignatureQuestion): Promise<SignatureAnswer> {
  const { presented, deliveryId } = readHeaders(question.headers, question.template);
  const budget = new Budget(question.breathe);
  const bodies = presented.length === 0 ? [] : await guessBodies(question.body, question.breathe);
  const outcomes: Outcome[] = [];
  for (const one of presented) {
    const found = await new Search(question, one, { deliveryId, bodies, budget }).run();
    outcomes.push(judge(question, one, found));
  }
  return answerOf(question, withoutChance(outcomes), budget);
}

/** What only looked like a signature of ours is none, where another family's is there. */
function withoutChance(outcomes: readonly Outcome[]): readonly Outcome[] {
  const isChance = ({ presented: { faults }, found }: Outcome): boolean =>
    !found && faults.some(({ code }) => code === "header_renamed");
  return outcomes.some((one) => !isChance(one)) ? outcomes.filter((one) => !isChance(one)) : outcomes;
}

function judge(question: SignatureQuestion, presented: Presented, found: Found | undefined): Outcome {
  if (!found) return { presented, found, mistakes: presented.faults, ageSeconds: undefined };
  const { fault } = found.mac;
  const isSwapped = found.mistakes.some(({ code }) => code === "family_swapped");
  const signed = presented.rules.signsTime ? secondsOf(found.time) : undefined;
  const ageSeconds = signed === undefined ? undefined : Math.floor(question.receivedAt) - signed;
  const mistakes = [
    ...presented.faults,
    // Of course it is written in the other family's way.
    ...(fault && !isSwapped ? [mistakeOf(fault.code, fault.message)] : []),
    ...found.mistakes,
    ...ofAge(question, ageSeconds),
  ];
  return { presented, found, mistakes: distinct(mistakes), ageSeconds };
}

function distinct(mistakes: readonly SignatureMistake[]): readonly SignatureMistake[] {
  const seen = new Set<string>();
  return mistakes.filter(({ code }) => !seen.has(code) && seen.add(code));
}

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

function span(seconds: number): string {
  const [unit, name] = UNITS.find(([size]) => seconds >= size * 2) ?? [1, "s"];
  return `${Math.round(seconds / unit)} ${name}`;
}

function ofAge({ toleranceSeconds }: SignatureQuestion, age: number | undefined): SignatureMistake[] {
  if (age === undefined || Math.abs(age) <= toleranceSeconds) return [];
  const most = span(toleranceSeconds);
  return [
    age > 0
      ? mistakeOf("timestamp_old", `The timestamp is ${span(age)} before the time of the check; ${most} are allowed.`)
      : mistakeOf(
          "timestamp_future",
          `The timestamp is ${span(-age)} after the time of the check; ${most} are allowed.`,
        ),
  ];
}

function answerOf(question: SignatureQuestion, outcomes: readonly Outcome[], budget: Budget): SignatureAnswer {
  const wrong = outcomes.find(({ mistakes, found }) => found && mistakes.length > 0);
  const lost = outcomes.find(({ found }) => !found);
  const good = outcomes.find(({ found, mistakes }) => found && mistakes.length === 0);
  const mistakes = wrong?.mistakes ?? (lost || outcomes.length === 0 ? unexplained(question, lost, budget) : []);
  const [mistake, ...also] = mistakes;
  const told = mistake ? (wrong ?? lost) : good;
  return {
    valid: mistake === undefined,
    family: told?.presented.rules.family ?? null,
    secret: told?.found?.secret ?? null,
    ageSeconds: told?.ageSeconds ?? null,
    mistake: mistake ?? null,
    also,
    hint: mistake === undefined ? hintOf(good) : null,
    checks: checksOf(outcomes),
  };
}

const LOOKS_LOST: ReadonlySet<string> = new Set(["", "[object Object]", "{}", "undefined", "null"]);

const UNSET: ReadonlySet<string> = new Set(["", "undefined", "null", "None"]);

/** No digest fits. What can be seen without one is said, and that it proves nothing. */
function unexplained(
  { body, headers, secrets }: SignatureQuestion,
  lost: Outcome | undefined,
  { tried, isSpent }: Budget,
): SignatureMistake[] {
  if (!lost) {
    const message = `None of the ${headers.length} headers carries a signature that is known here.`;
    return [mistakeOf("headers_missing", message)];
  }
  const { faults, macs, rules } = lost.presented;
  const [fault] = faults;
  if (fault && (macs.length === 0 || fault.code === "header_missing")) return [fault];
  if (macs.length === 0) {
    return [
      mistakeOf("signature_encoding", `The value of ${rules.title} is no digest: neither hex nor base64 of 32 bytes.`),
    ];
  }
  const form = macs.find((one) => one.fault?.code === "signature_algorithm")?.fault;
  if (form) return [mistakeOf(form.code, form.message)];
  const likely = (code: "body_lost" | "body_truncated" | "secret_unset", message: string): SignatureMistake[] => [
    mistakeOf(code, `No digest fits, and ${message}`, false),
  ];
  const text = textOf(body) ?? "";
  if (secrets.every(({ text: secret }) => UNSET.has(secret.trim()))) {
    return likely("secret_unset", "the secret is empty.");
  }
  if (LOOKS_LOST.has(text.trim()) && body.length === Buffer.byteLength(text)) {
    return likely("body_lost", `the body is ${text.trim() === "" ? "empty" : JSON.stringify(text.trim())}.`);
  }
  if (isCutOff(text)) return likely("body_truncated", "the body is JSON that ends in the middle.");
  const bound = isSpent ? " The body is long, so that not every known way was tried." : "";
  const message = `No known mistake explains the signature in ${rules.title}: ${tried} ways of signing were tried.${bound} Another secret, or a body that was changed, are the likeliest.`;
  return [...faults, mistakeOf("unknown", message, false)];
}

/** Begins as JSON, and its brackets are never closed. */
function isCutOff(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inText) {
      if (character === "\\") at += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
  }
  return depth > 0 || inText;
}

function hintOf(good: Outcome | undefined): string | null {
  if (!good?.found) return null;
  const { presented, found } = good;
  const hasNext = presented.macs.some(({ header }) => header === "X-Hatch-Signature-Next");
  if (found.mac.header === "X-Hatch-Signature-Next") {
    return "This secret is the newest, and a rotation's overlap lasts: it is X-Hatch-Signature-Next that it verifies. X-Hatch-Signature stays with the old secret until the overlap ends, so that a receiver has to accept either.";
  }
  if (hasNext) {
    return "A rotation's overlap lasts, and this secret is the old one: give the receiver the newest before the overlap ends.";
  }
  return null;
}

function checksOf(outcomes: readonly Outcome[]): SignatureCheck[] {
  return outcomes.flatMap(({ presented: { rules, faults, time }, found, mistakes, ageSeconds }) => {
    const { family, title } = rules;
    const line = (check: SignatureCheck["check"], prefix: readonly string[], good: string): SignatureCheck => {
      const fault = mistakes.find(({ code }) => prefix.some((begin) => code.startsWith(begin)));
      return { check, family, ok: fault === undefined, message: fault?.message ?? good };
    };
    const headers = line(
      "headers",
      ["header", "signature_"],
      `The headers of ${title} are there, once each and well formed.`,
    );
    if (!found) {
      const message =
        faults.length > 0
          ? "Could not be checked, or fits nothing."
          : `The digest in ${title} fits nothing that is known.`;
      return [headers, { check: "signature" as const, family, ok: false, message }];
    }
    const aged = ageSeconds === undefined ? [] : [line("timestamp", ["timestamp"], ageWords(ageSeconds, time))];
    return [
      headers,
      line(
        "signature",
        ["secret", "content", "id_", "family"],
        `The digest in ${found.mac.header} was made with ${found.secret ?? "a known secret"}.`,
      ),
      ...aged,
      line("body", ["body"], "The body is what was signed."),
    ];
  });
}

const ageWords = (age: number, time: string | undefined): string =>
  `The timestamp ${time ?? ""} is ${span(Math.abs(age))} ${age < 0 ? "ahead" : "old"}.`;
