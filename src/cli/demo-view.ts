import type { JsonObject } from "../kernel/json.ts";

/** How the demonstration looks: pure functions from facts to lines of at most 80 columns. */

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

const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);
const cell = (text: string, width: number): string => cut(text, width).padEnd(width);

/** `dlv_01kav…8f3q`: the beginning tells the kind and the time, the end tells them apart. */
export const shortId = (id: string): string => (id.length <= 16 ? id : `${id.slice(0, 9)}…${id.slice(-4)}`);

/** A label and its value, as the head has them. */
export const fact = (palette: Palette, label: string, value: string): string =>
  `  ${palette.quiet(label.padEnd(11))} ${value}`;

export const headline = (palette: Palette, version: string): string =>
  [
    "",
    `  ${palette.strong(`Hatch ${version}`)}  demonstration`,
    "",
    "  Events come in, a program of rules decides, what follows goes out signed.",
    "  All of it is real: HTTP on both sides, a database on the disk, every signature",
    "  checked by a receiver that knows nothing but its secret.",
    "",
  ].join("\n");

export const countOf = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** As a POSIX shell takes it for one word. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

export interface EffectView extends JsonObject {
  readonly type: string;
  readonly rule: string;
  readonly reason: string;
}

/** What it gives, in three words; whether something hatched. */
function consequence(effect: EffectView): { readonly text: string; readonly hatched: boolean } {
  switch (effect.type) {
    case "points.earned": {
      const clipped = effect.clipped === undefined ? "" : ` (${effect.clipped} over limit)`;
      return { text: `+${effect.amount} ${effect.currency}${clipped}`, hatched: false };
    }
    case "level.changed":
      return { text: `${effect.track} ${effect.to}`, hatched: true };
    case "badge.awarded":
      return { text: `badge ${effect.badge}`, hatched: true };
    default:
      return { text: effect.type, hatched: false };
  }
}

const INDENT = "     ";
const GIVES = 23;
const BY = 13;
const REASON = COLUMNS - INDENT.length - GIVES - 1 - BY - 1;

/** At spaces, into two lines at most. */
function wrapReason(reason: string): readonly string[] {
  if (reason.length <= REASON) return [reason];
  const space = reason.lastIndexOf(" ", REASON);
  return space <= 0 ? [cut(reason, REASON)] : [reason.slice(0, space), cut(reason.slice(space + 1), REASON)];
}

function ruleLines(palette: Palette, gives: string, rule: string, reason: string): string[] {
  const [first = "", ...more] = wrapReason(reason);
  return [
    `${INDENT}${gives} ${cell(rule, BY)} ${palette.quiet(first)}`,
    ...more.map((line) => `${INDENT}${" ".repeat(GIVES + 1 + BY + 1)}${palette.quiet(line)}`),
  ];
}

/** `+10 coins   lesson_coins   event.properties.score >= 60` */
export function effectLines(palette: Palette, effect: EffectView): string[] {
  const { text, hatched } = consequence(effect);
  const gives = cell(text, GIVES);
  return ruleLines(palette, hatched ? palette.yolk(gives) : palette.strong(gives), effect.rule, effect.reason);
}

/** A rule that looked and did not fire. */
export const unfiredLines = (palette: Palette, rule: string, reason: string): string[] =>
  ruleLines(palette, palette.quiet(cell("nothing", GIVES)), rule, reason);

export interface ArrivalView {
  readonly event: string;
  readonly delivery: string;
  /** Since its event was sent; undefined where that is not known. */
  readonly afterMs: number | undefined;
  /** Each family of signature headers, checked against the body as it came. */
  readonly hatchSignature: boolean;
  readonly standardWebhook: boolean;
}

export const isVerified = ({ hatchSignature, standardWebhook }: ArrivalView): boolean =>
  hatchSignature && standardWebhook;

/** `points.earned       dlv_01kav…8f3q     12 ms   sha256 ok  v1 ok` */
export function arrivalLine(palette: Palette, arrival: ArrivalView): string {
  const verdict = (name: string, ok: boolean): string =>
    ok ? palette.good(`${name} ok`) : palette.bad(`${name} WRONG`);
  const after = arrival.afterMs === undefined ? "" : `${arrival.afterMs} ms`;
  return [
    `     ${palette.quiet("←")} ${cell(arrival.event, 18)} `,
    palette.quiet(cell(shortId(arrival.delivery), 14)),
    palette.quiet(after.padStart(8)),
    "  ",
    verdict("sha256", arrival.hatchSignature),
    "",
    verdict("v1", arrival.standardWebhook),
  ].join(" ");
}

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
