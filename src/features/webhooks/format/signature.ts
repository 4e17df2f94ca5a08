import * as v from "valibot";
import type { SigningAlgorithm } from "../../../kernel/crypto.ts";
import type { ErrorDetail } from "../../../kernel/errors.ts";
import { HEADER_NAME, HEADER_VALUE, isTransportHeader } from "./header-rules.ts";
import { countOf, parseTemplate, type Template } from "./template.ts";

/*
 * How a delivery says what it is and proves where it comes from, where a receiver expects it otherwise than Hatch does
 * it by itself: which headers there are, what is signed, with what, and how it is written.
 */

const HEADERS_MAX = 10;
const TEMPLATE_CHARACTERS_MAX = 512;

/** What every header and the signed content may name. */
const FACTS = ["id", "eventId", "event", "timestamp", "timestampMs", "time", "attempt"] as const;
const CONTENT_NAMES = [...FACTS, "body"] as const;
const VALUE_NAMES = [...FACTS, "signature", "signatures"] as const;
const EACH_NAMES = ["signature"] as const;

export type Fact = (typeof FACTS)[number];

const template = v.pipe(v.string(), v.maxLength(TEMPLATE_CHARACTERS_MAX));
const CustomSignature = v.strictObject({
  algorithm: v.optional(v.picklist(["sha256", "sha384", "sha512", "sha1"])),
  encoding: v.optional(v.picklist(["hex", "base64"])),
  key: v.optional(v.picklist(["text", "standard"])),
  content: template,
  each: v.optional(template),
  join: v.optional(v.pipe(v.string(), v.maxLength(8))),
  headers: v.record(v.string(), template),
});
export type CustomSignature = v.InferOutput<typeof CustomSignature>;

const SIGNATURE_NAMES = ["default", "standard", "github", "stripe"] as const;

export const Signature = v.union(
  [v.picklist(SIGNATURE_NAMES), CustomSignature],
  'Must be "default", "standard", "github", "stripe", or an object with `content` and `headers` (and `algorithm`, `encoding`, `key`, `each`, `join`).',
);
export type SignatureSetting = v.InferOutput<typeof Signature>;

const NAMED: Readonly<Record<Exclude<(typeof SIGNATURE_NAMES)[number], "default">, CustomSignature>> = {
  standard: {
    encoding: "base64",
    key: "standard",
    content: "{id}.{timestamp}.{body}",
    each: "v1,{signature}",
    join: " ",
    headers: { "webhook-id": "{id}", "webhook-timestamp": "{timestamp}", "webhook-signature": "{signatures}" },
  },
  github: {
    content: "{body}",
    headers: {
      "X-GitHub-Event": "{event}",
      "X-GitHub-Delivery": "{id}",
      "X-Hub-Signature-256": "sha256={signature}",
    },
  },
  stripe: {
    content: "{timestamp}.{body}",
    each: "v1={signature}",
    headers: { "Stripe-Signature": "t={timestamp},{signatures}" },
  },
};

/** A way to sign, ready to use. */
export interface SigningPlan {
  readonly algorithm: SigningAlgorithm;
  readonly encoding: "hex" | "base64";
  /** The secret's own characters, or the key that Standard Webhooks makes of them. */
  readonly key: "text" | "standard";
  readonly content: Template<(typeof CONTENT_NAMES)[number]>;
  readonly each: Template<"signature">;
  readonly join: string;
  readonly headers: readonly {
    readonly name: string;
    readonly value: Template<(typeof VALUE_NAMES)[number]>;
  }[];
}

/** The template behind a setting; undefined where Hatch's own headers are sent. */
const customOf = (setting: SignatureSetting): CustomSignature | undefined =>
  typeof setting === "object" ? setting : setting === "default" ? undefined : NAMED[setting];

/** @throws where the setting was not checked before */
export function planOf(setting: SignatureSetting | undefined): SigningPlan | undefined {
  const custom = setting && customOf(setting);
  if (!custom) return undefined;
  const { algorithm = "sha256", encoding = "hex", key = "text", each = "{signature}", join = "," } = custom;
  return {
    algorithm,
    encoding,
    key,
    content: sound(parseTemplate(custom.content, CONTENT_NAMES)),
    each: sound(parseTemplate(each, EACH_NAMES)),
    join,
    headers: Object.entries(custom.headers).map(([name, value]) => ({
      name,
      value: sound(parseTemplate(value, VALUE_NAMES)),
    })),
  };
}

function sound<Name extends string>(template: Template<Name> | string): Template<Name> {
  if (typeof template === "string") throw new Error("a signature was kept unchecked");
  return template;
}

/** The names of the headers that a setting brings; none for Hatch's own, which nobody else may set anyway. */
export const headersOfSignature = (setting: SignatureSetting | undefined): readonly string[] =>
  Object.keys((setting && customOf(setting))?.headers ?? {});

/** What is wrong with a template; those that are known by a name are right. */
export function signatureFaults(setting: SignatureSetting): ErrorDetail[] {
  if (typeof setting === "string") return [];
  return [...contentFaults(setting), ...headerFaults(setting), ...proofFaults(setting)];
}

const at = (path: string, message: string): ErrorDetail => ({ path: `signature${path}`, message });

function contentFaults({ content, each, join }: CustomSignature): ErrorDetail[] {
  const faults: ErrorDetail[] = [];
  const signed = parseTemplate(content, CONTENT_NAMES);
  if (typeof signed === "string") faults.push(at(".content", signed));
  else if (countOf(signed, "body") !== 1) {
    faults.push(at(".content", "Must hold {body} once: a signature that leaves the body out proves nothing about it."));
  }
  if (!/^[\x20-\x7e\t\r\n]*$/.test(content))
    faults.push(at(".content", "Must be visible ASCII, blanks or line breaks."));
  const one = each === undefined ? undefined : parseTemplate(each, EACH_NAMES);
  if (typeof one === "string") faults.push(at(".each", one));
  else if (one && countOf(one, "signature") !== 1) faults.push(at(".each", "Must hold {signature} once."));
  for (const [path, text] of [
    [".each", each],
    [".join", join],
  ] as const) {
    if (text !== undefined && !/^[\x20-\x7e]*$/.test(text)) faults.push(at(path, "Must be visible ASCII or blanks."));
  }
  return faults;
}

function headerFaults({ headers }: CustomSignature): ErrorDetail[] {
  const names = Object.keys(headers);
  const faults: ErrorDetail[] = [];
  if (names.length > HEADERS_MAX) faults.push(at(".headers", `Must have at most ${HEADERS_MAX} headers.`));
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    faults.push(at(".headers", "Names the same header twice."));
  }
  for (const [name, value] of Object.entries(headers)) {
    const path = `.headers.${name.slice(0, 64)}`;
    if (!HEADER_NAME.test(name)) faults.push(at(path, "Is no header name."));
    else if (isTransportHeader(name)) faults.push(at(path, "Is set by Hatch and can't be chosen."));
    const parsed = parseTemplate(value, VALUE_NAMES);
    if (typeof parsed === "string") faults.push(at(path, parsed));
    if (!HEADER_VALUE.test(value)) faults.push(at(path, "Must be visible ASCII characters, without line breaks."));
  }
  return faults;
}

/** Somewhere the signature has to stand. */
function proofFaults({ headers }: CustomSignature): ErrorDetail[] {
  const written = Object.values(headers).some((value) => /\{signatures?\}/.test(value));
  return written ? [] : [at(".headers", "No header holds {signature} or {signatures}: nothing would be proved.")];
}

/** What works and may yet not be what somebody wanted. */
export function signatureWarnings(setting: SignatureSetting): string[] {
  if (typeof setting === "string") return [];
  const { algorithm, content, headers } = setting;
  const warnings: string[] = [];
  if (!/\{(?:timestamp|timestampMs|time)\}/.test(content)) {
    warnings.push("signature: no time is signed, so a request that was overheard can be sent again by anyone.");
  }
  if (algorithm === "sha1") warnings.push("signature: SHA-1 is for receivers that know nothing else.");
  if (!Object.values(headers).some((value) => value.includes("{id}"))) {
    warnings.push("signature: no header holds {id}, so the receiver can drop repeats by the body's id only.");
  }
  return warnings;
}
