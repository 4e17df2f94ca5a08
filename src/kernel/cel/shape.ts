import type { ASTNode } from "@marcbachmann/cel-js";
import { EXPRESSION_DEPTH_MAX, MACRO_NESTING_MAX } from "./bounds.ts";
import { RENAMED } from "./environment.ts";
import { patternProblem } from "./pattern.ts";

/** `progress.balances.coins`: one thing that an expression reads of what the member has. */
export interface Fact {
  readonly family: string;
  readonly name: string;
}

/** What an expression is made of, so far as deciding and checking need to know. */
export interface Shape {
  readonly facts: readonly Fact[];
  /** The names that it begins with: `event`, `member` … */
  readonly roots: ReadonlySet<string>;
  /** Every name after a point or in brackets: properties that it may read. */
  readonly fields: ReadonlySet<string>;
}

/** An expression that is refused; `position` counts characters from 1. */
export class ShapeProblem extends Error {
  override readonly name = "ShapeProblem";
  readonly position: number;

  constructor(message: string, node: ASTNode) {
    super(message);
    this.position = node.start + 1;
  }
}

const FUNCTIONS = new Set(["size", "int", "double", "string", "bool", "dyn", "has", "timestamp", "duration"]);
const TIME_PARTS = [
  "getFullYear",
  "getMonth",
  "getDate",
  "getDayOfMonth",
  "getDayOfWeek",
  "getHours",
  "getMinutes",
  "getSeconds",
  "getMilliseconds",
];
const METHODS = new Set([
  "size",
  "contains",
  "startsWith",
  "endsWith",
  "matches",
  "lowerAscii",
  "upperAscii",
  "trim",
  "indexOf",
  "lastIndexOf",
  "substring",
  "split",
  "join",
  ...TIME_PARTS,
]);
const MACROS = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** The library leaves these out of a map without a word. */
const NEVER_NAMES: ReadonlySet<unknown> = new Set(["__proto__", "constructor", "prototype"]);

const PROGRESS_WORDS = "progress is read by name, such as progress.counts['lesson_completed']";

/** The name that an access asks for, where it is written out. */
function fieldOf(node: ASTNode): string | undefined {
  if (node.op === ".") return node.args[1];
  if (node.op !== "[]") return undefined;
  const index = node.args[1];
  return index.op === "value" && typeof index.args === "string" ? index.args : undefined;
}

function checkPattern(node: ASTNode, pattern: ASTNode | undefined): void {
  if (pattern?.op !== "value" || typeof pattern.args !== "string") {
    throw new ShapeProblem("the pattern of matches() must be written out as text", node);
  }
  const problem = patternProblem(pattern.args);
  if (problem !== undefined) throw new ShapeProblem(`the pattern of matches() can't be used: ${problem}`, pattern);
}

/** The library resolves a call by the name in its node when it is checked, which comes after this. */
function rename(node: ASTNode, name: string): void {
  const other = RENAMED.get(name);
  if (other !== undefined) (node.args as unknown[])[0] = other;
}

/** Walks what was parsed; refuses what must not run and renames what runs under another name. @throws ShapeProblem */
export function inspect(ast: ASTNode, roots: ReadonlySet<string>): Shape {
  const inspector = new Inspector(roots);
  inspector.visit(ast);
  return inspector;
}

class Inspector implements Shape {
  readonly facts: Fact[] = [];
  readonly roots = new Set<string>();
  readonly fields = new Set<string>();
  readonly #allowed: ReadonlySet<string>;
  /** Names that stand for the items of a list here. */
  #items: ReadonlySet<string> = new Set();
  #depth = 0;
  #macros = 0;

  constructor(allowed: ReadonlySet<string>) {
    this.#allowed = allowed;
  }

  visit(node: ASTNode): void {
    if (this.#depth >= EXPRESSION_DEPTH_MAX) throw new ShapeProblem("the expression is nested too deep", node);
    this.#depth += 1;
    this.#visitKind(node);
    this.#depth -= 1;
  }

  #visitKind(node: ASTNode): void {
    switch (node.op) {
      case "value":
        if (typeof node.args !== "object" || node.args === null) break;
        throw new ShapeProblem("bytes and unsigned numbers are not available", node);
      case "id":
        this.#visitName(node, node.args);
        break;
      case ".":
      case "[]":
        this.#visitAccess(node);
        break;
      case "call":
        this.#visitCall(node, ...node.args);
        break;
      case "rcall":
        this.#visitMethod(node, ...node.args);
        break;
      case "map":
        this.#visitMap(node.args);
        break;
      case "!_":
      case "-_":
        this.visit(node.args);
        break;
      case ".?":
      case "[?]":
        throw new ShapeProblem("optional access is not available", node);
      default:
        this.#visitAll(node.args);
    }
  }

  #visitMap(entries: readonly (readonly [ASTNode, ASTNode])[]): void {
    for (const [name] of entries) {
      if (name.op === "value" && NEVER_NAMES.has(name.args)) {
        throw new ShapeProblem(`a map can't have the name ${name.args}`, name);
      }
    }
    this.#visitAll(entries.flat());
  }

  #visitAll(nodes: readonly ASTNode[]): void {
    for (const node of nodes) this.visit(node);
  }

  #visitName(node: ASTNode, name: string): void {
    if (this.#items.has(name)) return;
    if (!this.#allowed.has(name)) throw new ShapeProblem(`unknown name: ${name}`, node);
    if (name === "progress") throw new ShapeProblem(PROGRESS_WORDS, node);
    this.roots.add(name);
  }

  #visitAccess(node: ASTNode & { readonly op: "." | "[]" }): void {
    const [left, right] = node.args;
    const field = fieldOf(node);
    if (field !== undefined) this.fields.add(field);
    if (this.#isProgress(left)) throw new ShapeProblem(PROGRESS_WORDS, node);
    if ((left.op === "." || left.op === "[]") && this.#isProgress(left.args[0])) {
      const family = fieldOf(left);
      if (family === undefined || field === undefined) {
        throw new ShapeProblem("what is read of progress must be written out by name", node);
      }
      this.roots.add("progress");
      this.facts.push({ family, name: field });
      return;
    }
    this.visit(left);
    if (typeof right !== "string") this.visit(right);
  }

  #isProgress(node: ASTNode): boolean {
    return node.op === "id" && node.args === "progress" && this.#allowed.has("progress");
  }

  #visitCall(node: ASTNode, name: string, parameters: readonly ASTNode[]): void {
    if (!FUNCTIONS.has(name)) throw new ShapeProblem(`unknown function: ${name}()`, node);
    const before = this.facts.length;
    this.#visitAll(parameters);
    if (name === "has" && this.facts.length > before) {
      throw new ShapeProblem("has() says nothing of progress: what was not seen yet is 0, false or empty", node);
    }
    rename(node, name);
  }

  #visitMethod(node: ASTNode, name: string, receiver: ASTNode, parameters: readonly ASTNode[]): void {
    if (MACROS.has(name)) {
      this.#visitMacro(node, name, receiver, parameters);
      return;
    }
    if (!METHODS.has(name)) throw new ShapeProblem(`unknown function: ${name}()`, node);
    if (TIME_PARTS.includes(name) && parameters.length > 0) {
      throw new ShapeProblem(`${name}() takes no time zone: use event.localDate and event.localHour`, node);
    }
    this.visit(receiver);
    this.#visitAll(parameters);
    if (name === "matches") checkPattern(node, parameters[0]);
    rename(node, name);
  }

  #visitMacro(node: ASTNode, name: string, receiver: ASTNode, parameters: readonly ASTNode[]): void {
    if (this.#macros >= MACRO_NESTING_MAX) throw new ShapeProblem(`${name}() is nested too deep`, node);
    const [item, ...bodies] = parameters;
    if (item?.op !== "id" || bodies.length === 0) {
      throw new ShapeProblem(`${name}() wants a name and an expression`, node);
    }
    if (this.#allowed.has(item.args)) throw new ShapeProblem(`${item.args} can't name the items of a list`, item);
    this.visit(receiver);
    const outer = this.#items;
    this.#items = new Set([...outer, item.args]);
    this.#macros += 1;
    this.#visitAll(bodies);
    this.#macros -= 1;
    this.#items = outer;
  }
}
