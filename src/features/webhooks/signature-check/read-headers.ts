import type { SigningPlan } from "../format/signature.ts";
import { type FamilyRules, type KnownFamily, RULES } from "./families.ts";
import { mistakeOf, type SignatureMistake } from "./mistakes.ts";
import type { Presented } from "./presented.ts";
import { type GivenMac, readMac } from "./read-mac.ts";
import { readTemplate } from "./read-template.ts";

interface Field {
  /** As it was given. */
  readonly name: string;
  readonly values: readonly string[];
}
type Fields = ReadonlyMap<string, Field>;

/** `HTTP_X_HATCH_SIGNATURE` is how PHP, Ruby and CGI speak of `X-Hatch-Signature`. */
const plainName = (name: string): string =>
  name
    .trim()
    .replace(/:$/, "")
    .toLowerCase()
    .replaceAll("_", "-")
    .replace(/^http-/, "");

function fieldsOf(headers: readonly (readonly [string, string])[]): Fields {
  const fields = new Map<string, Field>();
  for (const [name, value] of headers) {
    const key = plainName(name);
    fields.set(key, { name, values: [...(fields.get(key)?.values ?? []), value] });
  }
  return fields;
}

interface Names {
  readonly signature: readonly string[];
  readonly time?: string;
  readonly id?: string;
}

const NAMES: Readonly<Record<KnownFamily, Names>> = {
  hatch: { signature: ["x-hatch-signature", "x-hatch-signature-next"], time: "x-hatch-timestamp" },
  standard: { signature: ["webhook-signature"], time: "webhook-timestamp", id: "webhook-id" },
  github: { signature: ["x-hub-signature-256"] },
  stripe: { signature: ["stripe-signature"] },
};

/** As they are written where people read of them. */
const TITLES: Readonly<Record<string, string>> = {
  "x-hatch-signature": "X-Hatch-Signature",
  "x-hatch-signature-next": "X-Hatch-Signature-Next",
  "x-hatch-timestamp": "X-Hatch-Timestamp",
  "x-hub-signature-256": "X-Hub-Signature-256",
  "stripe-signature": "Stripe-Signature",
};
const titleOf = (name: string): string => TITLES[name] ?? name;

const KNOWN: ReadonlySet<string> = new Set([
  ...Object.values(NAMES).flatMap(({ signature, time, id }) => [...signature, time ?? "", id ?? ""]),
  ...["x-hatch-event", "x-hatch-delivery", "x-hatch-attempt"],
]);

/** One value, or the first of several, which is a fault. */
function take(fields: Fields, name: string, faults: SignatureMistake[]): string | undefined {
  const field = fields.get(name);
  const [first] = field?.values ?? [];
  if (first === undefined) return undefined;
  if ((field?.values.length ?? 0) > 1) {
    faults.push(mistakeOf("header_duplicated", `${titleOf(name)} is there ${field?.values.length} times.`));
  }
  const parts = first.split(/\s*,\s*/);
  if (parts.length > 1 && (name.endsWith("-id") || name.endsWith("timestamp"))) {
    faults.push(mistakeOf("header_joined", `${titleOf(name)} holds several values, joined by commas.`));
    return parts[0];
  }
  return first;
}

/** A comma behind a digest: the one in `v1,…` stands before it. */
const COMMAS = /(?<=[^\s,]{20})\s*,\s*/;
const LIST = /(?<=[^\s,]{20})\s*,\s*|\s+(?=v\d|sha)/;

/** Every signature in a value, however it was joined. */
function signaturesIn(name: string, value: string, rules: FamilyRules, faults: SignatureMistake[]): string[] {
  if (rules.family === "stripe") {
    return value.split(",").flatMap((part) => /^\s*v1=(.*)$/.exec(part)?.[1] ?? []);
  }
  const parts = value.split(rules.family === "standard" ? LIST : COMMAS);
  if (value.split(COMMAS).length > 1) {
    faults.push(mistakeOf("header_joined", `${titleOf(name)} holds several signatures, joined by commas.`));
  }
  return parts.filter((part) => part !== "");
}

/** A header of another name whose value has the form of a signature. */
function findRenamed(fields: Fields, rules: FamilyRules): Field | undefined {
  const form = rules.family === "hatch" ? /^\s*(?:sha256=)?[0-9a-f]{64}\s*$/i : /^\s*v1,\S{40,}/;
  for (const [name, field] of fields) if (!KNOWN.has(name) && form.test(field.values[0] ?? "")) return field;
  return undefined;
}

const OTHER_PLACES = {
  time: /^\s*(?:\d{10}|\d{13})\s*$/,
  id: /^\s*(?:dlv|evt|msg)_\w+\s*$/,
} as const;

function findOther(fields: Fields, part: keyof typeof OTHER_PLACES): Field | undefined {
  const named = part === "time" ? /time/ : /id|delivery/;
  for (const [name, field] of fields) {
    if (!KNOWN.has(name) && named.test(name) && OTHER_PLACES[part].test(field.values[0] ?? "")) return field;
  }
  return undefined;
}

const renamed = (instead: Field, name: string): SignatureMistake =>
  mistakeOf("header_renamed", `What belongs into ${titleOf(name)} stands in ${instead.name.slice(0, 100)}.`);

function readFamily(fields: Fields, family: KnownFamily, mayBeRenamed: boolean): Presented | undefined {
  const rules = RULES[family];
  const names = NAMES[family];
  const faults: SignatureMistake[] = [];
  const macs: GivenMac[] = [];
  const add = (name: string, value: string): void => {
    for (const text of signaturesIn(name, value, rules, faults)) {
      const mac = readMac(text, titleOf(name), rules);
      if (mac) macs.push(mac);
    }
  };
  let hasSignature = false;
  for (const name of names.signature) {
    const value = take(fields, name, faults);
    if (value === undefined) continue;
    hasSignature = true;
    add(name, value);
    for (const more of fields.get(name)?.values.slice(1) ?? []) if (more !== value) add(name, more);
  }
  const [main = ""] = names.signature;
  if (!fields.has(main)) {
    const instead = mayBeRenamed ? findRenamed(fields, rules) : undefined;
    if (instead) {
      faults.push(renamed(instead, main));
      add(main, instead.values[0] ?? "");
    } else if (hasSignature || partsPresent(fields, names)) {
      faults.push(mistakeOf("header_missing", `${titleOf(main)} is missing.`));
    } else return undefined;
  }
  return { rules, macs, ...readParts(fields, family, faults), faults };
}

const partsPresent = (fields: Fields, { time, id }: Names): boolean =>
  (time !== undefined && fields.has(time)) || (id !== undefined && fields.has(id));

/** Timestamp and id; where one is missing, what stands in the other family's headers is the same. */
function readParts(fields: Fields, family: KnownFamily, faults: SignatureMistake[]): Pick<Presented, "time" | "id"> {
  if (family === "stripe") {
    return { time: /(?:^|,)\s*t=([^,]*)/.exec(fields.get("stripe-signature")?.values[0] ?? "")?.[1], id: undefined };
  }
  const part = (name: string | undefined, kind: keyof typeof OTHER_PLACES, twin: string): string | undefined => {
    if (name === undefined) return undefined;
    const own = take(fields, name, faults);
    if (own !== undefined) return own.trim();
    const other = findOther(fields, kind);
    faults.push(other ? renamed(other, name) : mistakeOf("header_missing", `${titleOf(name)} is missing.`));
    return (other?.values[0] ?? fields.get(twin)?.values[0])?.trim();
  };
  const { time, id } = NAMES[family];
  const twin = family === "hatch" ? "webhook-timestamp" : "x-hatch-timestamp";
  return { time: part(time, "time", twin), id: part(id, "id", "x-hatch-delivery") };
}

/** What each family's headers say; a family of which nothing is there is left out. */
export function readHeaders(
  headers: readonly (readonly [string, string])[],
  template?: SigningPlan,
): {
  readonly presented: readonly Presented[];
  readonly deliveryId: string | undefined;
} {
  const fields = fieldsOf(headers);
  const families = Object.keys(RULES) as KnownFamily[];
  const read = (mayBeRenamed: boolean): Presented[] =>
    families.flatMap(
      (family) => readFamily(fields, family, mayBeRenamed && (family === "hatch" || family === "standard")) ?? [],
    );
  const isOther = fields.has("x-hub-signature-256") || fields.has("stripe-signature");
  const templated = template && readTemplate(template, (name) => fields.get(name.toLowerCase())?.values[0]);
  const presented = templated ? [templated] : read(!isOther);
  const delivery = fields.get("x-hatch-delivery") ?? fields.get("webhook-id");
  return { presented, deliveryId: delivery?.values[0]?.trim() };
}
