import type { JsonObject } from "../../kernel/json.ts";
import { COLUMNS, type Palette, wrap } from "../view.ts";
import type { Report, Result } from "./exam.ts";
import type { Decides } from "./examiner.ts";
import { guideOf, type Mistake } from "./mistakes.ts";
import { type Answer, isAccepted } from "./send.ts";
import type { Format } from "./signatures.ts";
import type { Grade } from "./verdict.ts";

type Shown = Exclude<Grade, "skipped">;

const WORDS: Readonly<Record<Shown, string>> = { pass: "pass", fail: "FAIL", note: "note" };
const TITLE = 38;
const INDENT = "      ";
const LABEL = 10;
const BULLET = "  - ";

const FORMATS: Readonly<Record<Format, string>> = {
  hatch: "X-Hatch-Signature",
  standard: "Standard Webhooks",
  both: "X-Hatch-Signature and Standard Webhooks, as Hatch sends both",
};

const DECIDES: Readonly<Record<Decides, string>> = {
  hatch: "It goes by X-Hatch-Signature.",
  standard: "It goes by webhook-signature, of Standard Webhooks.",
  either: "Either of the two families of signatures is enough for it.",
  both: "It asks that both families of signatures are right.",
};

const colourOf = (palette: Palette, grade: Shown): ((text: string) => string) =>
  ({ pass: palette.good, fail: palette.bad, note: palette.yolk })[grade];

/** `204 in 3 ms` */
function answerText(answer: Answer): string {
  if (answer.kind === "unanswered") return answer.message;
  const to = answer.location === undefined ? "" : ` to ${answer.location}`;
  return `${answer.status}${to} in ${answer.tookMs} ms`;
}

const answersText = (answers: readonly Answer[]): string => answers.map(answerText).join(", ");

const excerptOf = (answers: readonly Answer[]): string | undefined =>
  answers.flatMap((answer) =>
    answer.kind === "answered" && !isAccepted(answer) && answer.excerpt !== "" ? [answer.excerpt] : [],
  )[0];

/** A text under its head, in lines that fit. */
const inside = (text: string, paint: (line: string) => string): string[] =>
  wrap(text, COLUMNS - INDENT.length).map((line) => `${INDENT}${paint(line)}`);

function labelled(label: string, text: string): string[] {
  const lines = wrap(text, COLUMNS - INDENT.length - LABEL);
  return lines.map((line, index) => `${INDENT}${(index === 0 ? label : "").padEnd(LABEL)}${line}`);
}

function evidence({ check, answers }: Result): string[] {
  const excerpt = excerptOf(answers);
  return [
    ...labelled("sent", check.sent),
    ...labelled("expected", check.expected),
    ...(excerpt === undefined ? [] : labelled("answered", excerpt)),
  ];
}

/**
 * One line where nothing needs mending; else what was sent, what came back, what it means and where to read. Nothing of
 * a check that was skipped.
 */
export function resultLines(palette: Palette, result: Result): string[] {
  const { check, grade, answers, mistakes, remark } = result;
  if (grade === "skipped") return [];
  const word = colourOf(palette, grade)(WORDS[grade]);
  return [
    `${word}  ${check.title.padEnd(TITLE)} ${palette.quiet(answersText(answers))}`.trimEnd(),
    ...(grade === "pass" ? [] : evidence(result)),
    ...mistakes.flatMap((one) => [...inside(one.what, palette.strong), ...inside(guideOf(one), palette.accent)]),
    ...(remark === undefined ? [] : inside(remark, palette.quiet)),
  ];
}

/** Without what may be a credential in it. */
function addressText(url: string): string {
  const { origin, pathname, search } = new URL(url);
  return `${origin}${pathname}${search === "" ? "" : "?…"}`;
}

export const headLine = (palette: Palette, url: string, format: Format): string =>
  `${palette.strong(addressText(url))}\n${palette.quiet(`Signed for ${FORMATS[format]}.`)}\n`;

const listed = (text: string): string[] =>
  wrap(text, COLUMNS - BULLET.length).map(
    (line, index) => `${index === 0 ? BULLET : " ".repeat(BULLET.length)}${line}`,
  );

export function closingLines(palette: Palette, { ok, decides, results, mistakes }: Report, format: Format): string {
  const count = (grade: Grade): number => results.filter((result) => result.grade === grade).length;
  const counts = `${count("pass")} passed, ${count("fail")} failed, ${count("note")} to note, ${count("skipped")} skipped.`;
  const skippedFor = results.find(({ grade }) => grade === "skipped")?.remark;
  return [
    "",
    ...(format === "both" && decides !== undefined ? [DECIDES[decides]] : []),
    ...(skippedFor === undefined ? [] : wrap(`Skipped: ${skippedFor}`, COLUMNS)),
    ...(mistakes.length === 0 ? [] : ["To mend:", ...mistakes.flatMap(({ what }) => listed(what))]),
    (ok ? palette.good : palette.bad)(counts),
  ].join("\n");
}

const mistakeJson = (one: Mistake): JsonObject => ({ id: one.id, what: one.what, guide: guideOf(one) });

const answerJson = (answer: Answer): JsonObject =>
  answer.kind === "answered"
    ? {
        status: answer.status,
        ...(answer.location === undefined ? {} : { location: answer.location }),
        body: answer.excerpt,
        tookMs: answer.tookMs,
      }
    : { error: answer.message, tookMs: answer.tookMs };

export const reportJson = (report: Report, url: string, format: Format): JsonObject => ({
  ok: report.ok,
  url: addressText(url),
  format,
  decides: report.decides ?? null,
  checks: report.results.map(({ check, grade, answers, mistakes, remark }) => ({
    id: check.id,
    title: check.title,
    grade,
    sent: check.sent,
    expected: check.expected,
    answers: answers.map(answerJson),
    mistakes: mistakes.map(mistakeJson),
    ...(remark === undefined ? {} : { remark }),
  })),
  mistakes: report.mistakes.map(mistakeJson),
});
