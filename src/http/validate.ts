import * as v from "valibot";
import { type ErrorDetail, validationFailed } from "../kernel/errors.ts";
import { maskCredentials } from "../kernel/log.ts";
import { findMisread } from "./misread.ts";

/** What is told of one request; a caller with more mistakes than these has seen enough. */
const DETAILS_MAX = 50;
const PATH_CHARACTERS_MAX = 200;

type Issue = v.BaseIssue<unknown>;

/** Messages of valibot's own carry the value that was sent; a schema's author's do not. */
const IS_DEFAULT_MESSAGE = /^Invalid .*eceived /s;

const KIND_WORDS: Readonly<Record<string, string>> = {
  string: "Must be a string.",
  number: "Must be a number.",
  boolean: "Must be true or false.",
  array: "Must be an array.",
  object: "Must be an object.",
  strict_object: "Must be an object.",
  loose_object: "Must be an object.",
  record: "Must be an object.",
  tuple: "Must be an array.",
  strict_tuple: "Must be an array.",
  integer: "Must be a whole number.",
  safe_integer: "Must be a whole number below 2^53.",
  finite: "Must be a finite number.",
  non_empty: "Must not be empty.",
  regex: "Has the wrong form.",
  email: "Must be an e-mail address.",
  url: "Must be a URL.",
  union: "Matches none of the allowed forms.",
  variant: "Matches none of the allowed forms.",
};

/** Requirements are the schema's own words: what the caller sent is not among them. */
function boundWords(issue: Issue): string | undefined {
  const bound = String(issue.requirement);
  const plural = bound === "1" ? "" : "s";
  const unit = `${Array.isArray(issue.input) ? "item" : "character"}${plural}`;
  switch (issue.type) {
    case "min_length":
      return `Must have at least ${bound} ${unit}.`;
    case "max_length":
      return `Must have at most ${bound} ${unit}.`;
    case "length":
      return `Must have exactly ${bound} ${unit}.`;
    case "min_entries":
      return `Must have at least ${bound} field${plural}.`;
    case "max_entries":
      return `Must have at most ${bound} field${plural}.`;
    case "min_value":
      return `Must be at least ${bound}.`;
    case "max_value":
      return `Must be at most ${bound}.`;
    case "literal":
    case "picklist":
    case "enum":
      return `Must be ${issue.expected?.replace(/^\((.*)\)$/, "$1").replaceAll(" | ", " or ") ?? "another value"}.`;
    default:
      return undefined;
  }
}

function messageOf(issue: Issue): string {
  if (!IS_DEFAULT_MESSAGE.test(issue.message)) return issue.message;
  if (issue.expected === "never") return "Is not a known field.";
  if (issue.kind === "schema" && issue.received === "undefined") return "Is required.";
  return boundWords(issue) ?? KIND_WORDS[issue.type] ?? "Is not valid.";
}

const tellable = (path: string): string => maskCredentials(path).slice(0, PATH_CHARACTERS_MAX);

const pathOf = (issue: Issue): string => tellable((issue.path ?? []).map(({ key }) => String(key)).join("."));

/** What is wrong, in words, without what was sent. */
export const detailsOf = (issues: readonly Issue[]): ErrorDetail[] =>
  issues.slice(0, DETAILS_MAX).map((issue) => ({ path: pathOf(issue), message: messageOf(issue) }));

/** The value as the schema has it, or a refusal that names each mistake; `missing` is told where there is no value. */
export function parseInput<const S extends v.GenericSchema>(
  schema: S,
  input: unknown,
  missing = "Is required.",
): v.InferOutput<S> {
  const misread = findMisread(schema, input);
  if (misread.length > 0) {
    throw validationFailed(
      misread.slice(0, DETAILS_MAX).map(({ path, message }) => ({ path: tellable(path), message })),
    );
  }
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  if (input === undefined) throw validationFailed([{ path: "", message: missing }]);
  throw validationFailed(detailsOf(result.issues));
}
