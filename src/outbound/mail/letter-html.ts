import { figureTable, LISTS_STYLE, sectionTable } from "./letter-lists-html.ts";
import type { LetterParts } from "./letter-parts.ts";
import { escapeHtml, FONT, LETTER_COLOURS, text } from "./letter-style.ts";

const { light, dark } = LETTER_COLOURS;

/** Only what can't stand in an element: the dark scheme, and a narrow screen. */
const STYLE = `:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.bg{background-color:${dark.bg}!important}
.sheet{background-color:${dark.surface}!important;border-color:${dark.line}!important}
.ink{color:${dark.ink}!important}
.muted{color:${dark.muted}!important}
.link{color:${dark.accent}!important}
.rule{border-color:${dark.line}!important}
.act{background-color:${dark.accent}!important}
.act a{color:${dark["on-accent"]}!important}
.yolk{background-color:${dark.yolk}!important}
}
@media (max-width:480px){
.around{padding:12px 8px!important}
.inside{padding:24px 20px 8px!important}
.fact th,.fact td{display:block!important;width:auto!important}
.fact th{padding-bottom:0!important;border-bottom:0!important}
.fact td{padding-top:2px!important}
}`;

const paragraph = (content: string): string =>
  `<p class="ink" style="margin:0 0 16px;${text(16, 26, light.ink)}">${escapeHtml(content)}</p>`;
const remark = (content: string): string =>
  `<p class="muted" style="margin:0 0 12px;${text(14, 21, light.muted)}">${escapeHtml(content)}</p>`;

/** The cell has the colour, so that a program that knows no padding on links still shows a button. */
const button = ({ label, url }: NonNullable<LetterParts["action"]>): string =>
  `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 16px;border-collapse:separate"><tr><td class="act" bgcolor="${light.accent}" style="border-radius:7px;background-color:${light.accent};mso-padding-alt:12px 20px"><a href="${escapeHtml(url)}" style="display:inline-block;padding:12px 20px;font-family:${FONT};font-size:16px;line-height:20px;font-weight:600;color:${light["on-accent"]};text-decoration:none;border-radius:7px">${escapeHtml(label)}</a></td></tr></table>
<p class="muted" style="margin:0 0 16px;${text(14, 21, light.muted)}">If the button does nothing, open this address:<br><a class="link" href="${escapeHtml(url)}" style="color:${light.accent};word-break:break-all">${escapeHtml(url)}</a></p>`;

const cell = `padding:8px 0;border-bottom:1px solid ${light.line};text-align:left;vertical-align:top`;
const factTable = (facts: LetterParts["facts"]): string =>
  `<table class="fact" cellpadding="0" cellspacing="0" border="0" width="100%" style="margin:0 0 20px;border-collapse:collapse;width:100%">${facts
    .map(
      ({ name, value }) =>
        `<tr><th scope="row" class="muted rule" width="35%" style="${cell};padding-right:16px;font-weight:400;${text(14, 21, light.muted)}">${escapeHtml(name)}</th><td class="ink rule" dir="auto" style="${cell};word-break:break-word;${text(14, 21, light.ink)}">${escapeHtml(value)}</td></tr>`,
    )
    .join("")}</table>`;

/** One table in another, styles in the elements, no picture, no script, nothing fetched. */
export const renderHtml = ({
  title,
  paragraphs,
  action,
  figures,
  sections,
  facts,
  remarks,
  footer,
}: LetterParts): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(title)}</title>
<style>
${figures.length + sections.length > 0 ? `${STYLE}\n${LISTS_STYLE}` : STYLE}
</style>
</head>
<body class="bg" style="margin:0;padding:0;background-color:${light.bg}">
<table class="bg" role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" bgcolor="${light.bg}" style="width:100%;background-color:${light.bg}"><tr><td class="around" align="center" style="padding:32px 16px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="560" style="width:100%;max-width:560px">
<tr><td class="ink" style="padding:0 4px 12px;font-weight:600;${text(14, 20, light.ink)}"><span class="yolk" style="display:inline-block;width:12px;height:15px;margin-right:8px;vertical-align:-2px;border-radius:50% 50% 50% 50%/60% 60% 40% 40%;background-color:${light.yolk}"></span>Hatch</td></tr>
<tr><td class="sheet inside" bgcolor="${light.surface}" style="padding:32px 32px 16px;background-color:${light.surface};border:1px solid ${light.line};border-radius:8px">
<h1 class="ink" style="margin:0 0 16px;font-weight:600;${text(20, 28, light.ink)}">${escapeHtml(title)}</h1>
${[...paragraphs.map(paragraph), action ? button(action) : "", figures.length > 0 ? figureTable(figures) : "", ...sections.map(sectionTable), facts.length > 0 ? factTable(facts) : "", ...remarks.map(remark)].filter((part) => part !== "").join("\n")}
</td></tr>
<tr><td class="muted" style="padding:16px 4px 0;${text(13, 20, light.muted)}">${escapeHtml(footer)}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`;
