import type { JsonObject } from "../../../kernel/json.ts";
import type { Catalogue } from "../catalogue.ts";
import { compileOutbound, variablesOf } from "./expressions.ts";
import { type Format, makesBody } from "./format.ts";
import { PRESETS } from "./presets/presets.ts";
import { sentenceOf } from "./presets/words.ts";
import { boundedText, UnwritableError, writeJson } from "./write-json.ts";

export const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain; charset=utf-8";

/** What one body may cost, some two milliseconds: others share the processor with it, attempt by attempt. */
const PAYLOAD_STEPS_MAX = 20_000;

/** What is sent, or why nothing can be. */
export type MadeBody = { readonly body: string; readonly contentType: string } | { readonly fault: string };

export interface BodyInput {
  readonly format: Format;
  /** Where it goes: some bodies say it too. */
  readonly endpoint: string | undefined;
  /** The bytes that are kept of the event. */
  readonly body: string;
}

/** The body for a receiver, from the event's kept bytes alone: the same ones as long as the subscription stays as it is. */
export function makeBody(catalogue: Pick<Catalogue, "find">, input: BodyInput): MadeBody {
  const { format, body } = input;
  if (!makesBody(format)) return { body, contentType: format.contentType ?? JSON_TYPE };
  try {
    const value = format.payload === undefined ? undefined : evaluated(catalogue, format.payload, body);
    return format.preset === undefined ? shaped(value, format) : known(value, input);
  } catch (error) {
    if (error instanceof UnwritableError) return { fault: error.message };
    throw error;
  }
}

function evaluated(catalogue: Pick<Catalogue, "find">, payload: string, body: string): unknown {
  const result = compileOutbound("payload", payload).evaluate(variablesOf(catalogue, body), PAYLOAD_STEPS_MAX);
  if ("fault" in result) throw new UnwritableError(result.fault);
  return result.value;
}

function shaped(value: unknown, { contentType }: Format): MadeBody {
  if (typeof value === "string") {
    return { body: boundedText(value.toWellFormed()), contentType: contentType ?? TEXT_TYPE };
  }
  if (typeof value !== "object" || value === null || value instanceof Date) {
    throw new UnwritableError("it is neither a map, a list nor text");
  }
  return { body: boundedText(writeJson(value)), contentType: contentType ?? JSON_TYPE };
}

/** With a preset, text is the message; a map is the whole body, completed by what the receiver can't do without. */
function known(value: unknown, { format: { preset }, endpoint, body }: BodyInput): MadeBody {
  if (!preset || endpoint === undefined) throw new UnwritableError("a preset needs an endpoint");
  const { event, data } = JSON.parse(body) as { event: string; data: JsonObject };
  const kind = PRESETS[preset.name];
  const url = new URL(endpoint);
  if (value === undefined || typeof value === "string") {
    const message = kind.message(value ?? sentenceOf(event, data), { event, setting: preset, url });
    return { body: writeJson(message), contentType: JSON_TYPE };
  }
  const fields = value instanceof Map ? [...value] : isPlain(value) ? Object.entries(value) : undefined;
  if (!fields) throw new UnwritableError("with a preset it must be text or a map");
  const whole = new Map<unknown, unknown>([...Object.entries(kind.defaults(preset, url)), ...fields]);
  return { body: boundedText(writeJson(whole)), contentType: JSON_TYPE };
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
