import type { ProgramDifference } from "../client/index.ts";
import { AppError } from "../kernel/errors.ts";
import type { Command, Invocation } from "./command.ts";
import { CONNECTION_OPTIONS } from "./connection.ts";
import { countText, differenceLines } from "./difference-text.ts";
import { EXIT, type ExitCode, UsageError } from "./exit.ts";
import { isFromFile, noteFromFile } from "./program-note.ts";
import { findProgramPlace, type ProgramPlace, programOfFile } from "./program-place.ts";
import { paletteFor, printable } from "./view.ts";

const NOTE_CHARS_MAX = 400;

/** `2026-11-20 18:04 UTC` */
const timeText = (iso: string): string => `${iso.slice(0, 16).replace("T", " ")} UTC`;

/** What is published now, and by whom where it was not this file: of the two, one is the owner at a time. */
function headLines({ published, replacedDraft }: ProgramDifference): string[] {
  if (!published) return ["Nothing was ever published there."];
  const { version, note, publishedBy, publishedAt } = published;
  const said = note === null ? "" : `: ${printable(note)}`;
  const lines = [`There is version ${version}, published ${timeText(publishedAt)} by ${publishedBy}${said}`];
  if (!isFromFile(note)) lines.push("It does not come from a configuration file: this file takes its place.");
  if (replacedDraft) {
    const { updatedBy, updatedAt } = replacedDraft;
    lines.push(`A draft that ${updatedBy} saved ${timeText(updatedAt)} and nobody published is written over.`);
  }
  return lines;
}

/** An entry, a rung that members may stand on, or somebody's draft. */
const loses = ({ changes, replacedDraft }: ProgramDifference): boolean =>
  replacedDraft !== null ||
  changes.some(
    ({ section, change, fields }) =>
      change === "removed" || (section === "tracks" && fields.some(({ after }) => after === undefined)),
  );

const EARNED: ReadonlySet<string> = new Set(["currencies", "badges", "tracks"]);

function tell({ terminal, environment }: Invocation, file: string, { title, difference }: ProgramPlace): void {
  const { changes } = difference;
  const palette = paletteFor(terminal.interactive, environment.NO_COLOR);
  const lines = [`${file} → ${title}`, ...headLines(difference), ""];
  lines.push(...differenceLines(palette, changes));
  if (changes.length > 0) lines.push("");
  lines.push(`${countText(changes)}.`);
  if (changes.some(({ section, change }) => change === "removed" && EARNED.has(section))) {
    lines.push("What members have earned of what is removed stays theirs.");
  }
  terminal.out(lines.join("\n"));
}

/** Where something is lost a person has to want it: by an answer at the terminal, or by --yes where nobody sits there. */
async function confirm(invocation: Invocation, { kind, difference }: ProgramPlace): Promise<void> {
  if (invocation.yes("yes") || !loses(difference)) return;
  const { askPerson } = invocation.terminal;
  if (!askPerson || invocation.json) {
    throw new AppError("conflict", "Something would be removed, and nobody is there to be asked.", {
      hint: "--yes publishes it all the same.",
    });
  }
  const answer = await askPerson(`Publish it in ${kind}? [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new AppError("conflict", "Nothing was published.");
}

function noteOf(invocation: Invocation): string {
  const note = invocation.text("note");
  if (note !== undefined && note.length > NOTE_CHARS_MAX) {
    throw new UsageError(`--note: expected at most ${NOTE_CHARS_MAX} characters.`);
  }
  return noteFromFile(note);
}

async function apply(invocation: Invocation): Promise<ExitCode> {
  const { terminal, json } = invocation;
  const note = noteOf(invocation);
  const program = await programOfFile(invocation);
  const place = await findProgramPlace(invocation, program);
  try {
    const { title, kind, difference } = place;
    const told = { file: program.file, environment: kind, ...difference };
    if (difference.unchanged) {
      const version = difference.published?.version;
      terminal.out(
        json
          ? JSON.stringify({ ...told, applied: null })
          : `Nothing to do: version ${version} in ${title} is the program of ${program.file}.`,
      );
      return EXIT.done;
    }
    if (!json) tell(invocation, program.file, place);
    if (invocation.yes("dry-run")) {
      terminal.out(json ? JSON.stringify({ ...told, applied: null }) : "Nothing was published (--dry-run).");
      return EXIT.done;
    }
    await confirm(invocation, place);
    const { version, checksum, note: kept } = await place.publish(note);
    terminal.out(
      json
        ? JSON.stringify({ ...told, applied: { version, checksum, note: kept } })
        : `\nPublished in ${title} as version ${version}, checksum ${checksum}.`,
    );
    return EXIT.done;
  } finally {
    await place.close();
  }
}

export const command: Command = {
  name: "apply",
  summary: "Shows what the program of the configuration file would change, and publishes it.",
  options: {
    "dry-run": { description: "Shows the difference and publishes nothing." },
    note: { value: "TEXT", description: "A sentence for whoever reads the list of versions." },
    yes: { description: "Does not ask where something is removed." },
    ...CONNECTION_OPTIONS,
  },
  example: 'hatch apply --config ./hatch.config.ts --environment live --note "Adept begins at 250"',
  run: apply,
};
