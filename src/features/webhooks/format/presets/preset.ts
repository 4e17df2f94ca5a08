import type { JsonObject } from "../../../../kernel/json.ts";
import type { UnixMs } from "../../../../kernel/units.ts";
import type { OutboundResult } from "../../../../outbound/outbound.ts";
import type { Verdict } from "../../verdict.ts";

export const PRESET_NAMES = ["slack", "discord", "telegram", "ntfy"] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** What a subscription says of its preset, as it is kept. */
export interface PresetSetting {
  readonly name: PresetName;
  /** Telegram: whom it goes to, and the topic of a group. */
  readonly chatId?: string | undefined;
  readonly threadId?: number | undefined;
  /** ntfy: from 1 to 5, and words or emoji beside the title. */
  readonly priority?: number | undefined;
  readonly tags?: readonly string[] | undefined;
}

export type Answered = Extract<OutboundResult, { readonly kind: "answered" }>;

/** One kind of receiver that everybody knows: what it wants to get and what it answers. */
export interface Preset {
  /** Settings that belong to it, of which the first `required` must be there. */
  readonly fields: readonly (keyof Omit<PresetSetting, "name">)[];
  readonly required: number;
  /** What is wrong with an endpoint for it, in words. */
  endpointFault(url: URL): string | undefined;
  /** Where requests go, where that is another place than people know it by. */
  address?(endpoint: string): string;
  /** The message with a text, as the receiver wants it, within its limits. */
  message(
    text: string,
    input: { readonly event: string; readonly setting: PresetSetting; readonly url: URL },
  ): JsonObject;
  /** What a body that somebody shaped themselves has to hold besides. */
  defaults(setting: PresetSetting, url: URL): JsonObject;
  /** A body as people may see it, where the secret of the endpoint stands in it. */
  hidden?(body: string, url: URL): string;
  /** What its own answers mean, where they say more than their status; undefined leaves it to that. */
  judge?(answer: Answered, now: UnixMs): Verdict | undefined;
}

/** As text, of which answers have some 16 KiB at most. */
export const textOf = ({ body }: Answered): string => new TextDecoder().decode(body);

/** The answer's body, where it is an object of JSON. */
export function jsonOf(answer: Answered): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(textOf(answer));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const WAIT_SECONDS_MAX = 86_400;

/** A time to wait that a receiver names in seconds, also with a point; undefined for anything else. */
export function waitUntil(seconds: unknown, now: UnixMs): UnixMs | undefined {
  const text = typeof seconds === "string" && /^\d{1,9}(?:\.\d{1,9})?$/.test(seconds) ? Number(seconds) : seconds;
  if (typeof text !== "number" || !(text >= 0)) return undefined;
  return Math.ceil(now + Math.min(text, WAIT_SECONDS_MAX) * 1_000) as UnixMs;
}
