import { Environment, EvaluationError } from "@marcbachmann/cel-js";
import { Duration } from "@marcbachmann/cel-js/evaluator";
import { dateOf, parseIsoTime } from "../clock.ts";
import { unixMs } from "../units.ts";
import { EXPRESSION_DEPTH_MAX, SIZES, type Size } from "./bounds.ts";
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
function createBase(size: Size): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: SIZES[size].nodes,
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

/** The names that an expression of the program can begin with. */
export const PROGRAM_ROOTS: ReadonlySet<string> = new Set(["event", "effect", "member", "progress", "now"]);

/** Made when the first expression is met: an installation without a program starts without paying for it. */
const bases = new Map<Size, Environment>();
const evaluating = new Map<Size, WeakMap<ReadonlySet<string>, Environment>>();

function baseOf(size: Size): Environment {
  const known = bases.get(size);
  if (known) return known;
  const base = createBase(size);
  bases.set(size, base);
  return base;
}

/** For evaluating: what a name holds is seen when it is read. One for each set of roots, told apart by identity. */
export function evaluatingEnvironment(roots: ReadonlySet<string>, size: Size): Environment {
  const ofSize = evaluating.get(size) ?? new WeakMap<ReadonlySet<string>, Environment>();
  evaluating.set(size, ofSize);
  const known = ofSize.get(roots);
  if (known) return known;
  const made = [...roots].reduce(
    (environment, root) => environment.registerVariable(root, "dyn"),
    baseOf(size).clone(),
  );
  ofSize.set(roots, made);
  return made;
}

/** For checking: the caller declares the types that are known. */
export const createChecking = (size: Size): Environment => baseOf(size).clone();
