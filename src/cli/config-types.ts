import { BUILD } from "../config/build.ts";
import { SETTING_LIST, type SettingEntry } from "../config/settings.ts";
import { PROGRESSION_REFERENCE } from "../features/progression/index.ts";
import { annotate } from "../http/openapi-annotate.ts";
import { createSchemaWriter } from "../http/openapi-schemas.ts";
import { assert } from "../kernel/assert.ts";
import type { JsonObject } from "../kernel/json.ts";
import { TypeText } from "./type-text.ts";

/** Beside a configuration file, so that an editor completes and checks it with nothing installed. */
export const TYPES_FILE = "hatch-config.d.ts";

/** How the file begins, whatever release wrote it: by this it is known as written, not as somebody's own. */
export const TYPES_MARK = "// The types of a configuration file of Hatch";

/** What is spoken of often enough to have a name. */
const NAMES: Readonly<Record<string, string>> = {
  program: "Program",
  "program.eventTypes.*": "EventType",
  "program.currencies.*": "Currency",
  "program.rules.*": "Rule",
  "program.rules.*.then.*": "Action",
  "program.rules.*.limits.*": "Limit",
  "program.tracks.*": "Track",
  "program.tracks.*.rungs.*": "Rung",
  "program.streaks.*": "Streak",
  "program.badges.*": "Badge",
  "program.leaderboards.*": "Leaderboard",
  "program.rewards.*": "Reward",
};

function settingSchema({ kind, description, variable, default: fallback }: SettingEntry): JsonObject {
  const shown = fallback === undefined ? undefined : kind.show(fallback);
  // What is a choice of few is said by the type itself.
  const isChoice = kind.schema.enum !== undefined || kind.schema.type === "boolean";
  const expected = isChoice ? [] : [`Expected: ${kind.expected}.`];
  const sentences = [description, ...expected, `\`${variable}\` in the environment.`];
  return { ...kind.schema, description: sentences.join(" "), ...(shown === undefined ? {} : { default: shown }) };
}

function sectionSchema(section: string): JsonObject {
  const settings = SETTING_LIST.filter((setting) => setting.section === section);
  return {
    type: "object",
    properties: Object.fromEntries(settings.map((setting) => [setting.name, settingSchema(setting)])),
    additionalProperties: false,
  };
}

/** The document that describes a program for callers of the API, notes and all. */
function programSchema(): JsonObject {
  const { schemas = {}, notes = {} } = PROGRESSION_REFERENCE;
  const written = createSchemaWriter(schemas).components.Program;
  assert(written !== undefined, "the room describes its program");
  const noted = Object.entries(notes.Program ?? {}).reduce((at, [path, note]) => annotate(at, path, note), written);
  return { ...noted, description: "The rules of the game, published by `hatch apply`." };
}

/** What `hatch-config.d.ts` holds: written from the table of settings and the schema of programs that check the file. */
export function configTypes(): string {
  const sections = [...new Set(SETTING_LIST.map(({ section }) => section))];
  const types = new TypeText(NAMES);
  types.declare("HatchConfig", {
    type: "object",
    description:
      "What a configuration file exports: `export default { … } satisfies HatchConfig`. Every part is optional; what is not set has its default.",
    properties: {
      ...Object.fromEntries(sections.map((section) => [section, sectionSchema(section)])),
      program: programSchema(),
    },
    additionalProperties: false,
  });
  return [
    `${TYPES_MARK} ${BUILD.version}, written by \`hatch init\` from what checks it.`,
    "// Not for editing: `hatch init --types` writes it again, after an upgrade for instance.",
    "",
    types.text,
  ].join("\n");
}
