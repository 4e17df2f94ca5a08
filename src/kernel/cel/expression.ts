import { EvaluationError } from "@marcbachmann/cel-js";
import { describe } from "./check.ts";
import { evaluatingEnvironment, ROOTS } from "./environment.ts";
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
  evaluate(variables: Variables): CelResult;
}

/** Without the place: the reader has the expression beside it. */
const summaryOf = (error: unknown): string =>
  error instanceof EvaluationError ? error.summary : error instanceof Error ? error.message : String(error);

const ALL_ROOTS: ReadonlySet<string> = new Set(ROOTS);

/**
 * Makes an expression ready to run. It was checked when it was saved; should it not be usable all the same (a stricter
 * release reads an older program), it comes to a fault each time instead of stopping everything.
 */
export function compileExpression(text: string): Expression {
  try {
    const parsed = evaluatingEnvironment().parse(text);
    const { facts, roots } = inspect(parsed.ast, ALL_ROOTS);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error;
    meter(parsed.ast);
    return {
      text,
      facts,
      volatile: roots.has("member") || roots.has("now") || roots.has("event") || roots.has("effect"),
      evaluate(variables) {
        try {
          return { value: metered(() => parsed(variables)) };
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
