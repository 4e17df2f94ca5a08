import { TypeError as CelTypeError, EvaluationError, ParseError } from "@marcbachmann/cel-js";
import type { JsonObject } from "../json.ts";
import { SIZES, type Size } from "./bounds.ts";
import { createChecking, TYPE_OF_TIME } from "./environment.ts";
import { declareJsonType } from "./json-types.ts";
import { type Fact, inspect, type Shape, ShapeProblem } from "./shape.ts";

/** The program's names, by family: what `progress` may be asked for. */
export type KnownFacts = Readonly<Record<string, { readonly has: (name: string) => boolean; readonly what: string }>>;

/** What an expression has to come to. */
type Wanted = "condition" | "amount" | "body";

/** Where an expression of the program stands. */
export interface Place {
  readonly wants: "condition" | "amount";
  /** Absent where no event is at hand, as in the condition of a badge. */
  readonly event?: { readonly schema: JsonObject | undefined };
  /** Fields of the effect that a derived rule follows, with their types. */
  readonly effect?: Readonly<Record<string, string>>;
  readonly known: KnownFacts;
}

const FACT_TYPES: Readonly<Record<string, string | Readonly<Record<string, string>>>> = {
  balances: "int",
  counts: "int",
  levels: "string",
  badges: "bool",
  streaks: { count: "int", best: "int", freezes: "int", lastDate: "string" },
  quests: "dyn",
  metrics: "double",
};

/** What one kind of expression may begin with, must come to, and is told of types. */
export interface Rules {
  readonly wants: Wanted;
  readonly roots: ReadonlySet<string>;
  readonly size?: Size;
  /** Refuses in words what was parsed and may not be. */
  readonly refuse?: (shape: Shape) => string | undefined;
  /** Declares the roots with their types, so far as the expression reads them. */
  readonly declare: (environment: ReturnType<typeof createChecking>, shape: Shape) => void;
}

/** @returns what is wrong with an expression, in words; undefined where it can be used */
export function problemOf(text: string, { wants, roots, size = "small", refuse, declare }: Rules): string | undefined {
  const { characters } = SIZES[size];
  if (text.length > characters) return `must not exceed ${characters} characters`;
  const environment = createChecking(size);
  try {
    const parsed = environment.parse(text);
    const shape = inspect(parsed.ast, roots);
    const refused = refuse?.(shape);
    if (refused !== undefined) return refused;
    declare(environment, shape);
    const checked = parsed.check();
    if (!checked.valid) return describe(checked.error);
    return resultProblem(checked.type ?? "dyn", wants);
  } catch (error) {
    return describe(error);
  }
}

/** Of an expression of the program. @returns what is wrong with it, in words */
export function expressionProblem(text: string, place: Place): string | undefined {
  const roots = new Set(["member", "progress", "now"]);
  if (place.event) roots.add("event");
  if (place.effect) roots.add("effect");
  return problemOf(text, {
    wants: place.wants,
    roots,
    refuse: ({ facts }) => unknownFact(facts, place.known),
    declare: (environment, { facts, fields }) => declareNames(environment, place, facts, fields),
  });
}

/** What an outbound body can't be made of by itself. */
const SCALARS: ReadonlySet<string> = new Set(["bool", "int", "uint", "double", "null", "google.protobuf.Duration"]);

function resultProblem(type: string, wants: Wanted): string | undefined {
  if (type === "dyn") return undefined;
  if (wants === "body") {
    return SCALARS.has(type) || type === TYPE_OF_TIME
      ? `must be a map, a list or text, but comes to ${type}`
      : undefined;
  }
  if (wants === "condition") return type === "bool" ? undefined : `must be true or false, but comes to ${type}`;
  if (type === "int") return undefined;
  return type === "double"
    ? "must be a whole number, but comes to a double: round it with int(…)"
    : `must be a whole number, but comes to ${type}`;
}

function unknownFact(facts: readonly Fact[], known: KnownFacts): string | undefined {
  for (const { family, name } of facts) {
    const names = Object.hasOwn(known, family) ? known[family] : undefined;
    if (!names) return `progress has no ${family}`;
    if (!names.has(name)) return `progress.${family}: ${name} is not ${names.what} of this program`;
  }
  return undefined;
}

function declareNames(
  environment: ReturnType<typeof createChecking>,
  place: Place,
  facts: readonly Fact[],
  fields: ReadonlySet<string>,
): void {
  const families = new Map<string, Map<string, string | Readonly<Record<string, string>>>>();
  for (const { family, name } of facts) {
    const names = families.get(family) ?? new Map();
    families.set(family, names.set(name, FACT_TYPES[family] ?? "dyn"));
  }
  const progress = Object.fromEntries([...families].map(([family, names]) => [family, Object.fromEntries(names)]));
  environment.registerVariable({ name: "progress", schema: progress });
  environment.registerVariable("now", TYPE_OF_TIME);
  environment.registerType("Member", {
    fields: {
      userId: "string",
      attributes: "map<string, dyn>",
      timezone: "string",
      createdAt: TYPE_OF_TIME,
      segments: "list<string>",
    },
  });
  environment.registerVariable("member", "Member");
  if (place.event) {
    environment.registerType("Event", {
      fields: {
        id: "string",
        type: "string",
        userId: "string",
        occurredAt: TYPE_OF_TIME,
        receivedAt: TYPE_OF_TIME,
        localDate: "string",
        localHour: "int",
        properties: declareJsonType(environment, place.event.schema, fields),
      },
    });
    environment.registerVariable("event", "Event");
  }
  if (place.effect) {
    environment.registerType("Effect", {
      fields: { type: "string", userId: "string", rule: "string", ...place.effect },
    });
    environment.registerVariable("effect", "Effect");
  }
}

/** The first line of an error, with the place where it stands; never the excerpt that the library adds. */
export function describe(error: unknown): string {
  if (error instanceof ShapeProblem) return `${error.message} (at character ${error.position})`;
  if (error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError) {
    return error.range ? `${error.summary} (at character ${error.range.start + 1})` : error.summary;
  }
  return error instanceof Error ? error.message : String(error);
}
