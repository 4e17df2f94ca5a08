import type { LetterEntry, LetterFigure, LetterParts, LetterSection } from "./letter-parts.ts";

const COLUMNS = 72;
const NAME_COLUMNS_MAX = 24;

/** Breaks at spaces; a word that is longer than a line stays whole, so that an address can be clicked. */
function wrap(text: string, columns = COLUMNS): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

function factLines(facts: LetterParts["facts"]): string {
  const width = Math.min(NAME_COLUMNS_MAX, Math.max(0, ...facts.map(({ name }) => name.length + 1)));
  return facts.map(({ name, value }) => `${`${name}:`.padEnd(width)}  ${value}`).join("\n");
}

const figureLines = (figures: readonly LetterFigure[]): string =>
  factLines(
    figures.map(({ label, value, note }) => ({
      name: label,
      value: note === undefined ? value : `${value} (${note})`,
    })),
  );

const indented = (text: string): string => text.replace(/^/gm, "  ");

const entryLines = ({ name, note, state, lines, commands = [] }: LetterEntry): string =>
  [
    wrap(`* ${name}${state === undefined ? "" : ` [${state.text}]`}`),
    ...(note === undefined ? [] : [indented(wrap(note, COLUMNS - 2))]),
    ...lines.map((line) => indented(wrap(line, COLUMNS - 2))),
    ...commands.map(indented),
  ].join("\n");

const sectionLines = ({ heading, lines, entries, rest }: LetterSection): string =>
  [
    `${heading}\n${"-".repeat(Math.min(heading.length, COLUMNS))}`,
    ...lines.map((line) => wrap(line)),
    ...entries.map(entryLines),
    ...(rest === undefined ? [] : [wrap(rest)]),
  ].join("\n\n");

export const renderText = ({
  title,
  paragraphs,
  action,
  figures,
  sections,
  facts,
  remarks,
  footer,
}: LetterParts): string =>
  `${[
    wrap(title),
    ...paragraphs.map((paragraph) => wrap(paragraph)),
    ...(action ? [`${wrap(`${action.label}:`)}\n${action.url}`] : []),
    ...(figures.length > 0 ? [figureLines(figures)] : []),
    ...sections.map(sectionLines),
    ...(facts.length > 0 ? [factLines(facts)] : []),
    ...remarks.map((remark) => wrap(remark)),
    `-- \n${wrap(footer)}`,
  ].join("\n\n")}\n`;
