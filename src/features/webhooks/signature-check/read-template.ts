import { isoSeconds, parseIsoTime } from "../../../kernel/clock.ts";
import { unixMs } from "../../../kernel/units.ts";
import type { SigningPlan } from "../format/signature.ts";
import { fill } from "../format/template.ts";
import { standardKeyOf } from "../signing.ts";
import type { FamilyRules, Parts } from "./families.ts";
import { mistakeOf, type SignatureMistake } from "./mistakes.ts";
import type { Presented } from "./presented.ts";
import { type GivenMac, readMac } from "./read-mac.ts";

type Values = Map<string, string>;

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

/** A header's template as an expression that takes its value apart; each name once. */
function patternOf(template: readonly (string | { readonly name: string })[]): RegExp {
  const seen = new Set<string>();
  const parts = template.map((part) => {
    if (typeof part === "string") return literal(part);
    if (seen.has(part.name)) return ".*?";
    seen.add(part.name);
    return `(?<${part.name}>.*?)`;
  });
  return new RegExp(`^\\s*${parts.join("")}\\s*$`);
}

/** What the headers say of the facts that are signed, each from the first header that has it. */
function readFacts(
  plan: SigningPlan,
  headerOf: (name: string) => string | undefined,
  faults: SignatureMistake[],
): Values {
  const facts: Values = new Map();
  for (const { name, value } of plan.headers) {
    const given = headerOf(name);
    if (given === undefined) {
      faults.push(mistakeOf("header_missing", `${name} is missing.`));
      continue;
    }
    for (const [fact, text] of Object.entries(patternOf(value).exec(given)?.groups ?? {})) {
      if (!facts.has(fact)) facts.set(fact, text);
    }
  }
  return facts;
}

/** Every form of the time, from the one that is there. */
function addTimes(facts: Values): void {
  const seconds = Number(facts.get("timestamp") ?? Number(facts.get("timestampMs") ?? Number.NaN) / 1000);
  const parsed = Number.isFinite(seconds) ? seconds : (parseIsoTime(facts.get("time") ?? "") ?? Number.NaN) / 1000;
  if (!Number.isFinite(parsed) || Math.abs(parsed) > 1e11) return;
  const at = Math.floor(parsed);
  if (!facts.has("timestamp")) facts.set("timestamp", String(at));
  if (!facts.has("timestampMs")) facts.set("timestampMs", String(at * 1000));
  if (!facts.has("time")) facts.set("time", isoSeconds(unixMs(at * 1000)));
}

const SIGNED_FACTS = ["id", "eventId", "event", "timestamp", "timestampMs", "time", "attempt"] as const;

/** The headers of a subscription that signs by a template of its own; undefined where none of them is there. */
export function readTemplate(plan: SigningPlan, headerOf: (name: string) => string | undefined): Presented | undefined {
  if (plan.headers.every(({ name }) => headerOf(name) === undefined)) return undefined;
  const faults: SignatureMistake[] = [];
  const facts = readFacts(plan, headerOf, faults);
  addTimes(facts);
  const isSigned = (name: string): boolean =>
    plan.content.some((part) => typeof part === "object" && part.name === name);
  const rules: FamilyRules = {
    family: "custom",
    title:
      plan.headers.find(({ value }) =>
        value.some((part) => typeof part === "object" && part.name.startsWith("signature")),
      )?.name ?? "",
    ...{ scheme: "", encoding: plan.encoding, algorithm: plan.algorithm },
    keyOf: plan.key === "text" ? (secret) => secret : standardKeyOf,
    signsTime: isSigned("timestamp") || isSigned("timestampMs") || isSigned("time"),
    signsId: isSigned("id"),
    join: ({ id, time, body }: Parts) => fill(plan.content, contentOf(facts, { id, time, body })),
  };
  return { rules, macs: macsOf(plan, facts, rules), time: facts.get("timestamp"), id: facts.get("id"), faults };
}

function contentOf(facts: Values, { id, time, body }: Parts): Record<(typeof SIGNED_FACTS)[number] | "body", string> {
  const all = new Map(facts);
  if (time !== facts.get("timestamp")) {
    all.set("timestamp", time);
    for (const derived of ["timestampMs", "time"]) all.delete(derived);
    addTimes(all);
  }
  if (id !== "") all.set("id", id);
  if (!all.has("eventId")) all.set("eventId", /"id"\s*:\s*"(\w{1,64})"/.exec(body.slice(0, 500))?.[1] ?? "");
  const named = SIGNED_FACTS.map((name) => [name, all.get(name) ?? ""]);
  return { ...Object.fromEntries(named), body } as Record<(typeof SIGNED_FACTS)[number] | "body", string>;
}

function macsOf(plan: SigningPlan, facts: Values, rules: FamilyRules): readonly GivenMac[] {
  const each = patternOf(plan.each);
  const list = facts.get("signatures");
  const texts = [
    facts.get("signature"),
    ...(list === undefined ? [] : plan.join === "" ? [list] : list.split(plan.join)),
  ];
  return texts.flatMap((text) => {
    const bare = text === undefined ? undefined : (each.exec(text)?.groups?.signature ?? text);
    return (bare !== undefined && readMac(bare, rules.title, rules)) || [];
  });
}
