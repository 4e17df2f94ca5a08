import { type ASTNode, EvaluationError } from "@marcbachmann/cel-js";
import {
  MACRO_ITEMS_MAX,
  MADE_LIST_ITEMS_MAX,
  MADE_TEXT_CHARS_MAX,
  STEPS_PER_EXPRESSION_MAX,
  STEPS_PER_INPUT_MAX,
} from "./bounds.ts";
import { patternSteps } from "./pattern.ts";

/*
 * The library evaluates without a bound: two nested macros over an event's lists, or text that grows in a macro, could
 * hold the write lane for minutes. So once an expression is checked, the nodes that can cost more than a moment are made
 * to pay for it. A node's work hangs on two fields of the library's own (`handle`, and `evaluate` of its meta data): the
 * version is pinned, and a test fails if expressions are no longer stopped.
 */

/** A step is about 100 ns. Evaluation is synchronous, so one purse at a time is enough. */
let purse = 0;
let inputPurse = STEPS_PER_INPUT_MAX;

/** Made once: it can be thrown very often before an expression ends, and a stack costs more than a step. */
export const TOO_MANY_STEPS = "it takes too many steps";
const OUT_OF_STEPS = new EvaluationError(TOO_MANY_STEPS);

function pay(steps: number): void {
  purse -= steps;
  if (purse < 0) throw OUT_OF_STEPS;
}

/** Begins a new input, with a full purse for all its expressions together. */
export function fillPurse(): void {
  inputPurse = STEPS_PER_INPUT_MAX;
}

/** Runs one expression on what is left, or on a purse of its own. */
export function metered<T>(run: () => T, stepsMax?: number): T {
  if (stepsMax !== undefined) {
    purse = stepsMax;
    return run();
  }
  const allowed = Math.min(STEPS_PER_EXPRESSION_MAX, inputPurse);
  purse = allowed;
  try {
    return run();
  } finally {
    inputPurse -= allowed - Math.max(0, purse);
  }
}

/** What the last expression with a purse of its own has left of it. */
export const purseLeft = (): number => Math.max(0, purse);

type Handle = (...parameters: unknown[]) => unknown;

/** What the library's type declarations leave out of a node. */
interface Inner {
  readonly op: string;
  readonly args: unknown;
  handle?: Handle;
  readonly meta: { readonly alternate?: Inner; evaluate: Handle };
}

/** Puts the meter into an expression that was checked and not yet run. */
export function meter(ast: ASTNode): void {
  visit(ast as unknown as Inner);
}

/** @returns how many nodes there are below and with this one */
function visit(node: Inner): number {
  const alternate = node.meta.alternate;
  if (alternate) return visit(alternate);
  switch (node.op) {
    case "comprehension":
      return visitLoop(node);
    case "call":
    case "rcall":
      payFor(node, callSteps);
      break;
    case "+":
      payFor(node, ([left, right]) => sizeSteps(left) + sizeSteps(right), checkMade);
      break;
    case "==":
    case "!=":
    case "in":
      payFor(node, ([left, right]) => deepSteps(left) + deepSteps(right));
      break;
    case "<":
    case "<=":
    case ">":
    case ">=":
      payFor(node, ([left, right]) => sizeSteps(left) + sizeSteps(right));
      break;
  }
  return 1 + childrenOf(node.args).reduce((sum, child) => sum + visit(child), 0);
}

const isNode = (value: unknown): value is Inner =>
  typeof value === "object" && value !== null && "meta" in value && "op" in value;

const childrenOf = (value: unknown): Inner[] => {
  if (isNode(value)) return [value];
  return Array.isArray(value) ? value.flatMap(childrenOf) : [];
};

function visitLoop(node: Inner): number {
  const { iterable, step } = node.args as { readonly iterable: Inner; readonly step: Inner };
  const handle = node.handle;
  if (handle) {
    node.handle = (items, ...rest) => {
      const count = countOf(items);
      if (count > MACRO_ITEMS_MAX) throw new EvaluationError(`it walks a list of more than ${MACRO_ITEMS_MAX} items`);
      pay(1);
      return handle(items, ...rest);
    };
  }
  const body = visit(step);
  const evaluate = step.meta.evaluate;
  step.meta.evaluate = (...parameters) => {
    pay(body);
    return evaluate(...parameters);
  };
  return 1 + visit(iterable) + body;
}

/** Makes a node pay by its operands before it works, and looks at what it made. */
function payFor(
  node: Inner,
  steps: (operands: readonly unknown[], node: Inner) => number,
  check?: (made: unknown) => void,
): void {
  const handle = node.handle;
  if (!handle) return;
  const isCall = node.op === "call" || node.op === "rcall";
  node.handle = (...parameters) => {
    // A call gets its operands as one list, an operator as two parameters.
    pay(steps(isCall ? (parameters[0] as unknown[]) : parameters, node));
    const made = handle(...parameters);
    check?.(made);
    return made;
  };
}

function callSteps(operands: readonly unknown[], node: Inner): number {
  const [name] = node.args as [string];
  if (name === "matchesLinear" && typeof operands[0] === "string" && typeof operands[1] === "string") {
    return patternSteps(operands[0], operands[1]);
  }
  let steps = 1;
  for (const operand of operands) steps += sizeSteps(operand);
  if (name === "join") checkJoin(operands);
  return steps;
}

/** What is joined is charged in full, and refused before it is made. */
function checkJoin([list, separator]: readonly unknown[]): void {
  let chars = 0;
  for (const item of Array.isArray(list) ? list : []) {
    chars += (typeof item === "string" ? item.length : 0) + (typeof separator === "string" ? separator.length : 0);
  }
  if (chars > MADE_TEXT_CHARS_MAX) throw new EvaluationError("it makes a text that is too long");
  pay(1 + (chars >> 4));
}

function checkMade(made: unknown): void {
  if (typeof made === "string" && made.length > MADE_TEXT_CHARS_MAX) {
    throw new EvaluationError("it makes a text that is too long");
  }
  if (Array.isArray(made) && made.length > MADE_LIST_ITEMS_MAX)
    throw new EvaluationError("it makes a list that is too long");
}

const countOf = (value: unknown): number => {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map || value instanceof Set) return value.size;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
};

/** For work that looks at each character or item once. */
function sizeSteps(value: unknown): number {
  if (typeof value === "string") return 1 + (value.length >> 4);
  return typeof value === "object" && value !== null ? 1 + (countOf(value) >> 2) : 1;
}

/** For comparisons, which go down into lists and maps; stops counting where it is more than could be paid. */
function deepSteps(value: unknown): number {
  let steps = 0;
  const count = (inner: unknown): void => {
    steps += sizeSteps(inner);
    if (steps > STEPS_PER_EXPRESSION_MAX) return;
    if (Array.isArray(inner)) inner.forEach(count);
    else if (inner instanceof Map) for (const entry of inner.values()) count(entry);
  };
  count(value);
  return steps;
}
