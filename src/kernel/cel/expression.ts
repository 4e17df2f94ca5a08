import { EvaluationError } from "@marcbachmann/cel-js";
import type { Size } from "./bounds.ts";
import { describe } from "./check.ts";
import { evaluatingEnvironment, PROGRAM_ROOTS } from "./environment.ts";
import { meter, metered } from "./meter.ts";
import { type Fact, inspect } from "./shape.ts";

/** What an expression came to, or why it came to nothing. Never thrown. */
export type CelResult = { readonly value: unknown } | { readonly fault: string };

/** The names that an expression may begin with, each read when it is needed. */
export type Variables = Readonly<Record<string, unknown>>;

export interface Expression {
  readonly text: string;
  /** What it reads of the member's progress. */
  readonly facts: readonly Fact[];
  /** It may come to something else though nothing of `facts` has changed. */
  readonly volatile: boolean;
  /** @param stepsMax with a purse of its own instead of what is left of the input's */
  evaluate(variables: Variables, stepsMax?: number): CelResult;
}

/** Without the place: the reader has the expression beside it. */
const summaryOf = (error: unknown): string =>
  error instanceof EvaluationError ? error.summary : error instanceof Error ? error.message : String(error);

const OF_THE_PROGRAM = { roots: PROGRAM_ROOTS, size: "small" } as const;

/**
 * Makes an expression ready to run. It was checked when it was saved; should it not be usable all the same (a stricter
 * release reads an older program), it comes to a fault each time instead of stopping everything.
 */
export function compileExpression(
  text: string,
  { roots: allowed, size }: { readonly roots: ReadonlySet<string>; readonly size: Size } = OF_THE_PROGRAM,
): Expression {
  try {
    const parsed = evaluatingEnvironment(allowed, size).parse(text);
    const { facts, roots } = inspect(parsed.ast, allowed);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error;
    meter(parsed.ast);
    return {
      text,
      facts,
      volatile: roots.has("member") || roots.has("now") || roots.has("event") || roots.has("effect"),
      evaluate(variables, stepsMax) {
        try {
          return { value: metered(() => parsed(variables), stepsMax) };
        } catch (error) {
          return { fault: summaryOf(error) };
        }
      },
    };
  } catch (error) {
    const fault = describe(error);
    return { text, facts: [], volatile: false, evaluate: () => ({ fault }) };
  }
}
