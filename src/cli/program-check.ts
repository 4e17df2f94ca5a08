import { createEventCatalogue } from "../app.ts";
import { ConfigError, type ConfigProblem } from "../config/errors.ts";
import { eventTypeChecks } from "../features/events/index.ts";
import { validateProgram } from "../features/progression/index.ts";
import { AppError, type ErrorDetail } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";

const problemOf = ({ path, message }: ErrorDetail, file: string | undefined): ConfigProblem => ({
  where: `program${path === "" ? "" : `.${path}`}${file === undefined ? "" : ` (${file})`}`,
  message,
});

/** What is wrong in a program, told as a fault of the configuration: a start with half of what was written is none. */
export function asConfigError(error: unknown, file?: string): unknown {
  if (!(error instanceof AppError) || error.code !== "validation_failed") return error;
  return new ConfigError(error.details.map((detail) => problemOf(detail, file)));
}

/**
 * Checks a program with no installation at hand.
 * @returns what only an installation can say: event types that the program names without defining them
 * @throws ConfigError with everything that is wrong wherever it is published
 */
export function checkProgram(content: JsonObject, file: string): readonly ConfigProblem[] {
  const { schemaProblem } = eventTypeChecks;
  const { isReserved } = createEventCatalogue();
  const problemsWith = (eventTypes: { readonly has: (name: string) => boolean }): readonly ErrorDetail[] => {
    const verdict = validateProgram(content, { schemaProblem, isReserved, eventTypes });
    return "problems" in verdict ? verdict.problems : [];
  };
  const wrong = problemsWith({ has: () => true });
  if (wrong.length > 0) throw new ConfigError(wrong.map((problem) => problemOf(problem, file)));
  return problemsWith({ has: () => false }).map((problem) => problemOf(problem, file));
}
