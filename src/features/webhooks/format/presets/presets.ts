import { DISCORD } from "./discord.ts";
import { NTFY } from "./ntfy.ts";
import type { Preset, PresetName } from "./preset.ts";
import { SLACK } from "./slack.ts";
import { TELEGRAM } from "./telegram.ts";

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  slack: SLACK,
  discord: DISCORD,
  telegram: TELEGRAM,
  ntfy: NTFY,
};
