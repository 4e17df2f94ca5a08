import * as v from "valibot";
import { findMisread } from "../../../http/misread.ts";
import type { ErrorDetail } from "../../../kernel/errors.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import { type CompiledProgram, compileProgram } from "./compile.ts";
import { findBrokenExpressions } from "./expressions.ts";
import { findUnfit } from "./plain.ts";
import { findBrokenReferences, type Surroundings } from "./references.ts";
import { Program } from "./schema.ts";

/** What a program is checked against besides itself; each is handed in by the room that knows. */
export interface Checks extends Surroundings {
  /** What is wrong with a JSON Schema of an event type, in words. */
  readonly schemaProblem: (schema: JsonObject) => string | undefined;
  /** Whether a name is one of the outbound events of the product. */
  readonly isReserved: (name: string) => boolean;
}

export const NO_CHECKS: Checks = { eventTypes: new Set(), schemaProblem: () => undefined, isReserved: () => false };

export type Verdict = { readonly ok: CompiledProgram } | { readonly problems: readonly ErrorDetail[] };

/** So many are told at once; a person mends a few and asks again. */
const PROBLEMS_MAX = 50;

/**
 * Checks a program in three steps, each of which stands on the one before: plain data of a fit size, the shape, and what
 * the names and expressions refer to.
 */
export function validateProgram(content: unknown, checks: Checks = NO_CHECKS): Verdict {
  const unfit = findUnfit(content);
  if (unfit) return { problems: [unfit] };
  const plain = content as JsonObject;
  const misread = findMisread(Program, plain);
  if (misread.length > 0) return { problems: misread.slice(0, PROBLEMS_MAX) };
  const parsed = v.safeParse(Program, plain);
  if (!parsed.success) return { problems: parsed.issues.slice(0, PROBLEMS_MAX).map(detailOf) };
  const program = parsed.output;
  const problems = [
    ...findBrokenEventTypes(program, checks),
    ...findBrokenReferences(program, checks),
    ...findBrokenExpressions(program, checks),
  ];
  if (problems.length > 0) return { problems: problems.slice(0, PROBLEMS_MAX) };
  return { ok: compileProgram(program, plain, { version: 0, id: undefined }) };
}

function detailOf(issue: v.BaseIssue<unknown>): ErrorDetail {
  const path = v.getDotPath(issue) ?? "";
  if (issue.type === "strict_object" && issue.expected === "never") return { path, message: "is not a known setting" };
  if (issue.type === "strict_object" && issue.received === "undefined") return { path, message: "is required" };
  return { path, message: issue.message };
}

function findBrokenEventTypes(program: Program, checks: Checks): ErrorDetail[] {
  const problems: ErrorDetail[] = [];
  for (const [name, { schema, forward }] of Object.entries(program.eventTypes)) {
    const problem = schema === undefined ? undefined : checks.schemaProblem(schema);
    if (problem !== undefined) problems.push({ path: `eventTypes.${name}.schema`, message: problem });
    if (forward === true && checks.isReserved(name)) {
      problems.push({
        path: `eventTypes.${name}.forward`,
        message: `${name} is a name of Hatch's own events and can't be forwarded`,
      });
    }
  }
  return problems;
}
