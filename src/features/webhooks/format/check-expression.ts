import { problemOf } from "../../../kernel/cel/check.ts";
import { declareJsonType } from "../../../kernel/cel/json-types.ts";
import { TOO_MANY_STEPS } from "../../../kernel/cel/meter.ts";
import { letOthersRun } from "../../../kernel/clock.ts";
import { Desk } from "../../../kernel/desk.ts";
import type { Catalogue } from "../catalogue.ts";
import { nearest } from "../nearest.ts";
import { type BodyInput, makeBody } from "./body.ts";
import type { EventShape } from "./event-shape.ts";
import { OUTBOUND_ROOTS } from "./expressions.ts";
import type { Format } from "./format.ts";
import { Sieve } from "./sieve.ts";

const EVENT_FIELDS = ["id", "name", "timestamp", "data"] as const;
/** What people write who know the body, or the events that come in. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  event: "event.name",
  type: "event.name",
  time: "event.timestamp",
};

/** @returns what is wrong with a filter or a payload, in words; undefined where it can be used */
export function outboundProblem(kind: "filter" | "payload", text: string, shape: EventShape): string | undefined {
  const problem = problemOf(text, {
    wants: kind === "filter" ? "condition" : "body",
    size: kind === "filter" ? "small" : "large",
    roots: OUTBOUND_ROOTS,
    declare(environment, { fields }) {
      const data = declareJsonType(environment, shape.data, fields);
      environment.registerType("OutboundEvent", {
        fields: { id: "string", name: "string", timestamp: "string", data },
      });
      environment.registerVariable("event", "OutboundEvent");
    },
  });
  return problem === undefined ? undefined : withHint(problem, shape);
}

function withHint(problem: string, { fields }: EventShape): string {
  const root = /^unknown name: (\w+)/.exec(problem)?.[1];
  const field = /^No such key: (\w+)/.exec(problem)?.[1];
  const hint =
    root !== undefined ? hintForRoot(root, fields) : field !== undefined ? hintForField(field, fields) : undefined;
  return hint === undefined ? problem : `${problem}. ${hint}`;
}

function hintForRoot(name: string, fields: readonly string[]): string {
  if (name === "data") return "Did you mean event.data?";
  if (fields.includes(name)) return `Did you mean event.data.${name}?`;
  return "It sees event only, with its id, name, timestamp and data.";
}

function hintForField(name: string, fields: readonly string[]): string | undefined {
  if (fields.includes(name)) return `Did you mean event.data.${name}?`;
  if (Object.hasOwn(OTHER_NAMES, name)) return `Did you mean ${OTHER_NAMES[name]}?`;
  const near = nearest(name, fields) ?? nearest(name, EVENT_FIELDS);
  if (near !== undefined) return `Did you mean ${near}?`;
  return "None of the events that are wanted has it.";
}

const TRIED_MAX = 100;
const NAMED_MAX = 3;
const EXAMPLE = { id: "evt_01kag6w8zq4d6c2x9mhs7ykt3e", timestamp: "2026-11-20T18:04:01Z" };

/** Each takes the processor for itself while it runs, some tenths of a second at the worst. */
const desk = new Desk({ waitingMax: 50, refusal: "Too many expressions are being tried at once." });

/** Tries both on the example of each event that is wanted. @returns what fails, in words */
export function tryOnExamples(
  catalogue: Catalogue,
  shape: EventShape,
  format: Format,
  endpoint: string | undefined,
): Promise<string[]> {
  return desk.ask(() => tryEach(catalogue, shape, format, endpoint));
}

async function tryEach(
  catalogue: Catalogue,
  { types }: EventShape,
  format: Format,
  endpoint: string | undefined,
): Promise<string[]> {
  const faults = new Map<string, string[]>();
  for (const { name, example } of types.slice(0, TRIED_MAX)) {
    await letOthersRun();
    const body = JSON.stringify({ ...EXAMPLE, event: name, data: example });
    const fault = faultOf(catalogue, { format, endpoint, body });
    if (fault === undefined) continue;
    faults.set(fault, [...(faults.get(fault) ?? []), name]);
    // It would be no other with the next one, and costs as much as anything may.
    if (fault.endsWith(TOO_MANY_STEPS)) break;
  }
  return [...faults].map(([fault, names]) => `${fault} (on an example of ${listed(names)})`);
}

function faultOf(catalogue: Catalogue, input: BodyInput): string | undefined {
  const { filter } = input.format;
  const sifted = filter === undefined ? "wanted" : new Sieve(catalogue, input.body, { inLane: false }).ask(filter);
  if (typeof sifted === "object") return sifted.fault;
  if (sifted === "unwanted") return undefined;
  const made = makeBody(catalogue, input);
  return "fault" in made ? `the payload failed: ${made.fault}` : undefined;
}

function listed(names: readonly string[]): string {
  const [first = "", ...others] = names.slice(0, NAMED_MAX);
  const more = names.length - NAMED_MAX;
  return [first, ...others].join(", ") + (more > 0 ? ` and ${more} more` : "");
}
