import type { Effect } from "../client/index.ts";
import type { Arrival } from "./demo-receiver.ts";
import { COLUMNS, cell, gainOf, type Palette, shortId, wrap } from "./view.ts";

/** How the demonstration looks: pure functions from facts to lines of at most 80 columns. */

const INDENT = "     ";

/** A sentence of the story. */
export const sentences = (text: string): string[] =>
  wrap(text, COLUMNS - INDENT.length).map((line) => `${INDENT}${line}`);

/** Everything that an event gave, behind its head and below it where there is no room; what hatched stands out. */
export function withGains(palette: Palette, head: string, effects: readonly Effect[]): string {
  if (effects.length === 0) return `${head}  ${palette.quiet("nothing")}`;
  const indent = "".padEnd(widthOf(head));
  const lines = [head];
  for (const { text, hatched } of effects.map(gainOf)) {
    const line = lines.at(-1) ?? "";
    const fits = line === head || widthOf(line) + 2 + text.length <= COLUMNS;
    const shown = hatched ? palette.yolk(text) : text;
    if (fits) lines[lines.length - 1] = `${line}  ${shown}`;
    else lines.push(`${indent}  ${shown}`);
  }
  return lines.join("\n");
}

const SGR = new RegExp(`${"\u001b"}\\[[\\d;]*m`, "g");
/** What of it takes up room. */
export const widthOf = (text: string): number => text.replace(SGR, "").length;

/** A note at the end of a line, or where there is no room in a line of its own below. */
export function withNote(palette: Palette, line: string, note: string): string {
  if (note === "") return line;
  const last = line.slice(line.lastIndexOf("\n") + 1);
  const fits = widthOf(last) + 2 + note.length <= COLUMNS;
  return `${line}${fits ? "  " : `\n${note.length < COLUMNS ? "".padEnd(COLUMNS - note.length) : ""}`}${palette.quiet(note)}`;
}

/** `points.earned       dlv_01kav…8f3q     12 ms   sha256 ok  v1 ok` */
export function arrivalLine(palette: Palette, arrival: Arrival, afterMs: number | undefined): string {
  const verdict = (name: string, ok: boolean): string =>
    ok ? palette.good(`${name} ok`) : palette.bad(`${name} WRONG`);
  return [
    `${INDENT}${palette.quiet("←")} ${cell(arrival.event, 18)} `,
    palette.quiet(cell(shortId(arrival.delivery), 14)),
    palette.quiet((afterMs === undefined ? "" : `${afterMs} ms`).padStart(8)),
    "  ",
    verdict("sha256", arrival.hatchSignature),
    "",
    verdict("v1", arrival.standardWebhook),
  ].join(" ");
}
