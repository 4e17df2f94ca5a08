import type { LetterEntry, LetterFigure, LetterSection, LetterTone } from "./letter-parts.ts";
import { escapeHtml, LETTER_COLOURS, LIST_COLOURS, text } from "./letter-style.ts";

const { light } = LETTER_COLOURS;
const soft = LIST_COLOURS.light;
const dark = LIST_COLOURS.dark;
const MONO = "ui-monospace,'SF Mono','Cascadia Code',Menlo,Consolas,monospace";

/** For the dark scheme, and for a narrow screen: there figures stand two by two. */
export const LISTS_STYLE = `@media (prefers-color-scheme:dark){
.raised{background-color:${dark.raised}!important;border-color:${LETTER_COLOURS.dark.line}!important}
.of-ok{background-color:${dark["ok-soft"]}!important;color:${dark.ok}!important}
.of-warn{background-color:${dark["warn-soft"]}!important;color:${dark.warn}!important}
.of-bad{background-color:${dark["bad-soft"]}!important;color:${dark.bad}!important}
.of-plain{background-color:${dark.raised}!important;color:${LETTER_COLOURS.dark.muted}!important}
}
@media (max-width:480px){
.figure{display:block!important;float:left!important;width:50%!important;box-sizing:border-box!important}
}`;

const TONES: Readonly<Record<LetterTone, readonly [paper: string, ink: string]>> = {
  plain: [soft.raised, light.muted],
  ok: [soft["ok-soft"], soft.ok],
  warn: [soft["warn-soft"], soft.warn],
  bad: [soft["bad-soft"], soft.bad],
};

const figure = ({ label, value, note }: LetterFigure): string =>
  `<td class="figure" valign="top" style="padding:0 12px 12px 0;text-align:left"><div class="muted" style="${text(13, 18, light.muted)}">${escapeHtml(label)}</div><div class="ink" style="font-weight:600;${text(24, 30, light.ink)};white-space:nowrap">${escapeHtml(value)}</div>${note === undefined ? "" : `<div class="muted" style="${text(13, 18, light.muted)}">${escapeHtml(note)}</div>`}</td>`;

export const figureTable = (figures: readonly LetterFigure[]): string =>
  `<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" style="margin:4px 0 8px;width:100%"><tr>${figures.map(figure).join("")}</tr></table>`;

const chip = ({ text: word, tone }: NonNullable<LetterEntry["state"]>): string => {
  const [paper, ink] = TONES[tone];
  return `<span class="of-${tone}" style="display:inline-block;padding:1px 8px;border-radius:10px;background-color:${paper};font-weight:600;white-space:nowrap;${text(12, 18, ink)}">${escapeHtml(word)}</span>`;
};

const line = (content: string): string =>
  `<p class="muted" style="margin:4px 0 0;${text(14, 21, light.muted)}">${escapeHtml(content)}</p>`;

const commandLines = (commands: readonly string[]): string =>
  `<p class="raised muted" style="margin:8px 0 0;padding:6px 10px;border:1px solid ${light.line};border-radius:7px;background-color:${soft.raised};overflow-wrap:anywhere;word-break:break-word;font-family:${MONO};font-size:12px;line-height:18px;color:${light.muted}">${commands.map(escapeHtml).join("<br>")}</p>`;

const entry = ({ name, note, state, lines, commands = [] }: LetterEntry): string =>
  `<tr><td class="rule" style="padding:12px 0;border-top:1px solid ${light.line}"><p class="ink" dir="auto" style="margin:0;font-weight:600;word-break:break-word;${text(15, 22, light.ink)}">${escapeHtml(name)}${state === undefined ? "" : ` &#160;${chip(state)}`}</p>${note === undefined ? "" : `<p class="muted" style="margin:0;word-break:break-word;${text(12, 18, light.muted)}">${escapeHtml(note)}</p>`}${lines.map(line).join("")}${commands.length === 0 ? "" : commandLines(commands)}</td></tr>`;

export const sectionTable = ({ heading, lines, entries, rest }: LetterSection): string =>
  `<h2 class="ink" style="margin:20px 0 4px;font-weight:600;${text(16, 24, light.ink)}">${escapeHtml(heading)}</h2>${lines.map(line).join("")}
${entries.length === 0 ? "" : `<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" style="margin:8px 0 4px;width:100%">${entries.map(entry).join("")}</table>`}${rest === undefined ? "" : line(rest)}`;
