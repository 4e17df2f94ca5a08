import type { ProgramChange } from "../client/index.ts";
import { countOf, cut, type Palette, printable } from "./view.ts";

const VALUE_CHARS_MAX = 160;
const NAMED_MAX = 5;

/** What a member has to do with an entry of a section. */
const CONCERNS: Readonly<Record<string, readonly [none: string, one: string, many: string]>> = {
  currencies: ["nobody holds it", "1 member holds it", "members hold it"],
  badges: ["nobody has it", "1 member has it", "members have it"],
  tracks: ["nobody stands on it", "1 member stands on it", "members stand on it"],
  eventTypes: ["nobody has sent it", "1 member has sent it", "members have sent it"],
  rules: ["nobody has sent its event", "1 member has sent its event", "members have sent its event"],
};

const valueText = (value: unknown): string =>
  value === undefined ? "(none)" : cut(printable(JSON.stringify(value)), VALUE_CHARS_MAX);

const sectionOf = ({ section }: ProgramChange): string => (section === "" ? "program" : section);
const nameOf = ({ section, key }: ProgramChange): string => (section === "" ? key : `${section}.${key}`);

function concernText(palette: Palette, { section, members }: ProgramChange): string {
  const words = Object.hasOwn(CONCERNS, section) ? CONCERNS[section] : undefined;
  if (members === undefined || !words) return "";
  return palette.quiet(members < 2 ? (words[members] ?? "") : `${members.toLocaleString("en")} ${words[2]}`);
}

function changeLines(palette: Palette, told: ProgramChange, width: number): string[] {
  const { section, key, change, fields } = told;
  const colour = { added: palette.good, removed: palette.bad, changed: palette.accent, reordered: palette.accent }[
    change
  ];
  const [first] = fields;
  // What stands at the top has no name for its one field but its own.
  const arrow = (field: ProgramChange["fields"][number]): string =>
    `${valueText(field.before)} → ${valueText(field.after)}`;
  const beside = section === "" && first ? arrow(first) : concernText(palette, told);
  const head =
    `  ${colour(change.padEnd(9))}  ${(change === "reordered" ? "their order" : printable(key)).padEnd(width)}  ${beside}`.trimEnd();
  if (section === "") return [head];
  return [
    head,
    ...fields.map(
      (field) => `             ${field.path === "" ? "" : `${palette.quiet(printable(field.path))}  `}${arrow(field)}`,
    ),
  ];
}

/** Section by section, each entry with the fields that changed. */
export function differenceLines(palette: Palette, changes: readonly ProgramChange[]): string[] {
  const width = Math.min(32, Math.max(0, ...changes.map(({ key }) => key.length)));
  return [...Map.groupBy(changes, sectionOf)].flatMap(([section, entries]) => [
    palette.strong(section),
    ...entries.flatMap((entry) => changeLines(palette, entry, width)),
  ]);
}

/** `1 added, 2 changed, 1 removed`. */
export function countText(changes: readonly ProgramChange[]): string {
  if (changes.length === 0) return "written differently, decides the same";
  const counts = Map.groupBy(changes, ({ change }) => change);
  return (["added", "changed", "removed", "reordered"] as const)
    .flatMap((change) => (counts.has(change) ? `${counts.get(change)?.length} ${change}` : []))
    .join(", ");
}

/** In one line: how much, and the names of the first. */
export function summaryText(changes: readonly ProgramChange[]): string {
  if (changes.length === 0) return countText(changes);
  const names = changes
    .slice(0, NAMED_MAX)
    .map((told) => (told.change === "reordered" ? `the order of ${told.section}` : nameOf(told)));
  const more = changes.length > NAMED_MAX ? `, and ${countOf(changes.length - NAMED_MAX, "more", "more")}` : "";
  return `${countText(changes)}: ${names.join(", ")}${more}`;
}
