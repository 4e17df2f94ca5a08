import type { PresetSetting } from "./presets/preset.ts";
import type { SignatureSetting } from "./signature.ts";

/** How what is sent to a subscription differs from what Hatch sends by itself. */
export interface Format {
  readonly signature: SignatureSetting | undefined;
  /** A condition over `event`. */
  readonly filter: string | undefined;
  /** An expression over `event` that makes the body, or with a preset its text. */
  readonly payload: string | undefined;
  readonly contentType: string | undefined;
  readonly preset: PresetSetting | undefined;
}

/** Of nearly all subscriptions: compared by identity. */
export const NO_FORMAT: Format = {
  signature: undefined,
  filter: undefined,
  payload: undefined,
  contentType: undefined,
  preset: undefined,
};

/** Whether the bytes that are kept of the event are not what is sent. */
export const makesBody = ({ payload, preset }: Format): boolean => payload !== undefined || preset !== undefined;
