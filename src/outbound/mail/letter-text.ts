import type { LetterParts } from "./letter-parts.ts";

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

export const renderText = ({ title, paragraphs, action, facts, remarks, footer }: LetterParts): string =>
  `${[
    wrap(title),
    ...paragraphs.map((paragraph) => wrap(paragraph)),
    ...(action ? [`${wrap(`${action.label}:`)}\n${action.url}`] : []),
    ...(facts.length > 0 ? [factLines(facts)] : []),
    ...remarks.map((remark) => wrap(remark)),
    `-- \n${wrap(footer)}`,
  ].join("\n\n")}\n`;
