import type { ErrorDetail } from "../../../kernel/errors.ts";
import { parseEndpoint } from "../../../outbound/endpoint-url.ts";
import type { Catalogue } from "../catalogue.ts";
import type { SubscriptionMode } from "../types.ts";
import { outboundProblem, tryOnExamples } from "./check-expression.ts";
import { shapeOf } from "./event-shape.ts";
import type { Format } from "./format.ts";
import type { PresetSetting } from "./presets/preset.ts";
import { PRESETS } from "./presets/presets.ts";
import { isMasked } from "./secret-endpoint.ts";
import { headersOfSignature, signatureFaults, signatureWarnings } from "./signature.ts";

/** A subscription as it is to be, so far as its parts have to fit each other. */
export interface Fitting {
  readonly mode: SubscriptionMode;
  readonly endpoint: string | undefined;
  readonly events: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly format: Format;
}

/** What can't be kept so, in words. Whether the events exist has been asked before. */
export function formatFaults(catalogue: Catalogue, fitting: Fitting): ErrorDetail[] {
  const { mode, format } = fitting;
  const { signature, payload, contentType, preset } = format;
  const faults: ErrorDetail[] = [];
  const add = (path: string, message: string | undefined): void => {
    if (message !== undefined) faults.push({ path, message });
  };
  if (signature !== undefined) faults.push(...signatureFaults(signature));
  add("headers", doubleHeader(fitting));
  if (mode === "pull") {
    const message = "A pull subscription gets the event as it is.";
    if (payload !== undefined) add("payload", message);
    if (preset !== undefined) add("preset", message);
  }
  if (contentType !== undefined && payload === undefined) {
    add("contentType", "Goes with a payload: the event itself is application/json.");
  }
  if (contentType !== undefined && preset !== undefined) add("contentType", "The preset says what is sent.");
  const unreadable = endpointFault(fitting.endpoint);
  add("endpoint", unreadable);
  if (unreadable === undefined && preset) faults.push(...presetFaults(preset, fitting.endpoint));
  return [...faults, ...expressionFaults(catalogue, fitting)];
}

/** As it is written; where it leads is asked when it is saved. */
function endpointFault(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  if (isMasked(endpoint)) return "Is masked: send the whole address, or leave it out to keep the one there is.";
  const parsed = parseEndpoint(endpoint);
  return "refused" in parsed ? parsed.refused.message : undefined;
}

function expressionFaults(catalogue: Catalogue, { events, format }: Fitting): ErrorDetail[] {
  const shape = shapeOf(catalogue, events);
  return (["filter", "payload"] as const).flatMap((path) => {
    const text = format[path];
    const message = text === undefined ? undefined : outboundProblem(path, text, shape);
    return message === undefined ? [] : [{ path, message }];
  });
}

function doubleHeader({ headers, format }: Fitting): string | undefined {
  const own = new Set(headersOfSignature(format.signature).map((name) => name.toLowerCase()));
  const double = Object.keys(headers).find((name) => own.has(name.toLowerCase()));
  return double === undefined ? undefined : `${double} is set by the signature.`;
}

function presetFaults(preset: PresetSetting, endpoint: string | undefined): ErrorDetail[] {
  const { fields, required, endpointFault } = PRESETS[preset.name];
  const faults: ErrorDetail[] = [];
  const { name: _, ...given } = preset;
  for (const [field, value] of Object.entries(given)) {
    if (value === undefined || (fields as readonly string[]).includes(field)) continue;
    faults.push({ path: `preset.${field}`, message: `Is nothing that ${preset.name} has.` });
  }
  for (const field of fields.slice(0, required)) {
    if (preset[field] === undefined) faults.push({ path: `preset.${field}`, message: "Is required." });
  }
  const message = endpoint === undefined ? undefined : endpointFault(new URL(endpoint));
  return message === undefined ? faults : [...faults, { path: "endpoint", message }];
}

/** What is kept and may yet not do what somebody wanted. */
export async function formatWarnings(catalogue: Catalogue, { events, endpoint, format }: Fitting): Promise<string[]> {
  const warnings = format.signature === undefined ? [] : signatureWarnings(format.signature);
  if (format.filter === undefined && format.payload === undefined) return warnings;
  const failed = await tryOnExamples(catalogue, shapeOf(catalogue, events), format, endpoint);
  return [...warnings, ...failed.map(sentence)];
}

const sentence = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
