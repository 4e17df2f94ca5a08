import { Environment, EvaluationError } from "@marcbachmann/cel-js";
import { Duration } from "@marcbachmann/cel-js/evaluator";
import { dateOf, parseIsoTime } from "../clock.ts";
import { unixMs } from "../units.ts";
import { EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX } from "./bounds.ts";
import { matchesPattern } from "./pattern.ts";

/**
 * Library functions that are called by another name than they are written: `matches` runs a regular expression that can
 * be made to take for ever, `timestamp` reads a time without an offset in the zone of this machine, `duration` is cubic
 * in the length of its text. A function of the library can't be replaced, so the call is renamed once it is parsed.
 */
export const RENAMED: ReadonlyMap<string, string> = new Map([
  ["matches", "matchesLinear"],
  ["timestamp", "timestampOf"],
  ["duration", "durationOf"],
]);

const TIMESTAMP = "google.protobuf.Timestamp";
const DURATION = "google.protobuf.Duration";
const SYNCHRONOUS = { async: false };
const SECONDS_MAX = 253_402_300_799;

function timeOf(text: string): Date {
  const at = text.length <= 40 ? parseIsoTime(text) : undefined;
  if (at === undefined) throw new EvaluationError("timestamp() wants an ISO 8601 time with its offset");
  return dateOf(at);
}

function timeOfSeconds(seconds: bigint): Date {
  if (seconds < 0n || seconds > SECONDS_MAX) throw new EvaluationError("timestamp() is out of range");
  return dateOf(unixMs(Number(seconds) * 1_000));
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function durationOf(text: string): Duration {
  const part = /(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)/y;
  const negative = text.startsWith("-");
  part.lastIndex = negative ? 1 : 0;
  let total = 0;
  let end = part.lastIndex;
  for (let match = part.exec(text); match && text.length <= 40; match = part.exec(text)) {
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0);
    end = part.lastIndex;
  }
  if (end !== text.length || end <= (negative ? 1 : 0))
    throw new EvaluationError('duration() wants a text such as "24h" or "1h30m"');
  return Duration.fromMilliseconds(negative ? -total : total);
}

/**
 * JSON knows one kind of number, which arrives as a double, while a number without a point in an expression is an int.
 * CEL has no arithmetic between the two; people expect `event.properties.score * 2` to work.
 */
function addMixedNumbers(environment: Environment): void {
  for (const [left, right] of [
    ["int", "double"],
    ["double", "int"],
  ] as const) {
    environment
      .registerOperator(`${left} + ${right}: double`, (a: number, b: number) => Number(a) + Number(b))
      .registerOperator(`${left} - ${right}: double`, (a: number, b: number) => Number(a) - Number(b))
      .registerOperator(`${left} * ${right}: double`, (a: number, b: number) => Number(a) * Number(b))
      .registerOperator(`${left} / ${right}: double`, (a: number, b: number) => Number(a) / Number(b));
  }
  // Compared as mathematical values, as CEL does where a type is not known before.
  environment.registerOperator("int == double: bool", (a: bigint, b: number) => Number.isInteger(b) && a === BigInt(b));
}

/** What every expression may call, without any name of ours. */
function createBase(): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: EXPRESSION_NODES_MAX,
      maxDepth: EXPRESSION_DEPTH_MAX,
      maxListElements: 200,
      maxMapEntries: 50,
      maxCallArguments: 8,
    },
  });
  addMixedNumbers(environment);
  return environment
    .registerFunction("string.matchesLinear(string): bool", matchesPattern, SYNCHRONOUS)
    .registerFunction(`timestampOf(string): ${TIMESTAMP}`, timeOf, SYNCHRONOUS)
    .registerFunction(`timestampOf(int): ${TIMESTAMP}`, timeOfSeconds, SYNCHRONOUS)
    .registerFunction(`durationOf(string): ${DURATION}`, durationOf, SYNCHRONOUS);
}

export const TYPE_OF_TIME = TIMESTAMP;

/** The names that an expression can begin with. */
export const ROOTS = ["event", "effect", "member", "progress", "now"] as const;

/** Made when the first expression is met: an installation without a program starts without paying for it. */
let base: Environment | undefined;
let evaluating: Environment | undefined;

const baseOf = (): Environment => {
  base ??= createBase();
  return base;
};

/** For evaluating: what a name holds is seen when it is read. */
export function evaluatingEnvironment(): Environment {
  evaluating ??= ROOTS.reduce((environment, root) => environment.registerVariable(root, "dyn"), baseOf().clone());
  return evaluating;
}

/** For checking: the caller declares the types that are known. */
export const createChecking = (): Environment => baseOf().clone();
