import { EvaluationError } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { PATTERN_CHARS_MAX, PATTERN_PROGRAM_MAX, PATTERN_TEXT_CHARS_MAX } from "./bounds.ts";

/** A pattern is always written out in a program, so that there are few; beyond this the oldest is compiled anew. */
const PATTERNS_KEPT_MAX = 2_000;
const patterns = new Map<string, RE2JS>();

/** @throws Error with what is wrong, in words */
function compilePattern(pattern: string): RE2JS {
  if (pattern.length > PATTERN_CHARS_MAX)
    throw new Error(`the pattern must not exceed ${PATTERN_CHARS_MAX} characters`);
  const compiled = RE2JS.compile(pattern);
  if (compiled.programSize() > PATTERN_PROGRAM_MAX) throw new Error("the pattern repeats too much");
  return compiled;
}

/** What is wrong with a pattern; look-around and back-references are, since no linear engine has them. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What a match may cost, in steps: text times pattern in the worst case, a fraction of it in nearly all. */
export const patternSteps = (text: string, pattern: string): number =>
  1 + Math.ceil((text.length * Math.min(pattern.length, PATTERN_CHARS_MAX)) / 64);

/** Whether the pattern is found anywhere in the text; its time is linear in the text. */
export function matchesPattern(text: string, pattern: string): boolean {
  if (text.length > PATTERN_TEXT_CHARS_MAX) {
    throw new EvaluationError(`matches() takes text of at most ${PATTERN_TEXT_CHARS_MAX} characters`);
  }
  let compiled = patterns.get(pattern);
  if (!compiled) {
    compiled = compilePattern(pattern);
    if (patterns.size >= PATTERNS_KEPT_MAX) {
      const [oldest] = patterns.keys();
      if (oldest !== undefined) patterns.delete(oldest);
    }
    patterns.set(pattern, compiled);
  }
  return compiled.test(text);
}
