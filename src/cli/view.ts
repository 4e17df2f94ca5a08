import type { Effect } from "../client/index.ts";

/** How the terminal looks: pure functions from facts to lines of at most 80 columns. */

export const COLUMNS = 80;

export interface Palette {
  readonly strong: (text: string) => string;
  readonly quiet: (text: string) => string;
  /** What one can do: addresses and commands. */
  readonly accent: (text: string) => string;
  /** Only where something hatches. */
  readonly yolk: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

const sgr =
  (on: string) =>
  (text: string): string =>
    `\u001b[${on}m${text}\u001b[0m`;
const same = (text: string): string => text;

/** The terminal's own colours, so that they fit its background. */
const COLOURED: Palette = {
  strong: sgr("1"),
  quiet: sgr("2"),
  accent: sgr("36"),
  yolk: sgr("1;33"),
  good: sgr("32"),
  bad: sgr("1;31"),
};
const PLAIN: Palette = { strong: same, quiet: same, accent: same, yolk: same, good: same, bad: same };

/** https://no-color.org: any value but the empty one. */
export const paletteFor = (interactive: boolean, noColor: string | undefined): Palette =>
  interactive && !noColor ? COLOURED : PLAIN;

/** What others wrote may hold what moves the cursor or paints: nothing of that reaches the terminal. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\u00b7");

/** `12 ms`, `4.2 s`, `3 min` */
export function timeText(ms: number): string {
  if (ms < 1_000) return `${Math.max(1, Math.round(ms))} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, width - 1)}…`;
export const cell = (text: string, width: number): string => cut(text, width).padEnd(width);

/** `dlv_01kav…8f3q`: the beginning tells the kind and the time, the end tells them apart. */
export const shortId = (id: string): string => (id.length <= 16 ? id : `${id.slice(0, 9)}…${id.slice(-4)}`);

/** `12,345` */
export const figure = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${figure(count)} ${count === 1 ? one : many}`;

/** A label and its value, as the head and the end have them. */
export const fact = (palette: Palette, label: string, value: string): string =>
  `  ${palette.quiet(label.padEnd(11))} ${value}`;

/** As a POSIX shell takes it for one word. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** At spaces; what is longer than a line stays whole in one of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width || line === "") {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  return [...lines, line];
}

const INDENT = "     ";

export interface Gain {
  readonly text: string;
  readonly hatched: boolean;
}

/** What an effect gives, in three words; whether something hatched. */
export function gainOf(effect: Effect): Gain {
  switch (effect.type) {
    case "points.earned": {
      const clipped = effect.clipped === undefined ? "" : ` (${effect.clipped} over limit)`;
      return { text: `+${figure(effect.amount ?? 0)} ${effect.currency}${clipped}`, hatched: false };
    }
    case "points.spent":
      return { text: `−${figure(effect.amount ?? 0)} ${effect.currency}`, hatched: false };
    case "level.changed":
      return { text: `${effect.track} ${effect.to}`, hatched: true };
    case "badge.awarded":
      return { text: `badge ${effect.badge}`, hatched: true };
    default:
      return { text: effect.type, hatched: false };
  }
}

const GIVES = 23;
const BY = 13;
const REASON = COLUMNS - INDENT.length - GIVES - 1 - BY - 1;

function ruleLines(palette: Palette, gives: string, rule: string, reason: string): string[] {
  // Two lines at most: what a rule may have written there is of any length.
  const [first = "", ...more] = wrap(reason, REASON);
  const second = more.length === 0 ? [] : [cut(more.join(" "), REASON)];
  return [
    `${INDENT}${gives} ${cell(rule, BY)} ${palette.quiet(cut(first, REASON))}`,
    ...second.map((line) => `${INDENT}${" ".repeat(GIVES + 1 + BY + 1)}${palette.quiet(line)}`),
  ];
}

/** A badge comes from itself, a level from its track: what stands there already is not said again. */
const comesFromItself = (gives: string, rule: string): boolean => gives.split(" ").includes(rule);

/** `+10 coins   lesson_coins   event.properties.score >= 60` */
export function effectLines(palette: Palette, effect: Effect, show: { readonly balance?: true } = {}): string[] {
  const { text, hatched } = gainOf(effect);
  const balance = show.balance && effect.balance !== undefined ? ` → ${figure(effect.balance)}` : "";
  const gives = cell(`${text}${balance}`, GIVES);
  const shown = hatched ? palette.yolk(gives) : palette.strong(gives);
  if (!comesFromItself(text, effect.rule)) return ruleLines(palette, shown, effect.rule, effect.reason);
  return [`${INDENT}${shown} ${palette.quiet(cut(effect.reason, BY + 1 + REASON))}`];
}

/** A rule that looked and did not fire. */
export const unfiredLines = (palette: Palette, rule: string, reason: string): string[] =>
  ruleLines(palette, palette.quiet(cell("nothing", GIVES)), rule, reason);

/** A command that works when pasted, with what it does above it. */
export function commandLines(palette: Palette, title: string, lines: readonly string[]): string[] {
  return [
    `  ${title}`,
    ...lines.map(
      (line, index) =>
        `  ${index === 0 ? "" : "  "}${palette.accent(`${line}${index < lines.length - 1 ? " \\" : ""}`)}`,
    ),
    "",
  ];
}
