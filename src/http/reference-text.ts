import { type Html, html, type Piece } from "./site-html.ts";

/** A title as part of an address. */
export const slug = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((#[A-Za-z0-9._-]+|\/[A-Za-z0-9._/#-]*)\)/g;

/** `code`, **strong** and links that stay on this server. */
export function showInline(text: string): Html {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    pieces.push(text.slice(from, match.index));
    const [whole, code, strong, label, target] = match;
    if (code !== undefined) pieces.push(html`<code>${code}</code>`);
    else if (strong !== undefined) pieces.push(html`<strong>${strong}</strong>`);
    else pieces.push(html`<a href="${target}">${label}</a>`);
    from = match.index + whole.length;
  }
  pieces.push(text.slice(from));
  return html`${pieces}`;
}

function showBlock(block: string): Html {
  if (block.startsWith("```")) {
    const code = block.replace(/^```[^\n]*\n/, "").replace(/\n```$/, "");
    return html`<figure class="code"><pre tabindex="0" role="group" aria-label="Code"><code>${code}</code></pre></figure>`;
  }
  const lines = block.split("\n");
  if (lines.every((line) => line.startsWith("- "))) {
    return html`<ul>${lines.map((line) => html`<li>${showInline(line.slice(2))}</li>`)}</ul>`;
  }
  if (lines.length > 2 && lines.every((line) => line.startsWith("|"))) return showTable(lines);
  return html`<p>${showInline(lines.join(" "))}</p>`;
}

function showTable([head = "", , ...rows]: readonly string[]): Html {
  const cells = (line: string): Html[] =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => showInline(cell.trim()));
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Table"><table><thead><tr>${cells(head).map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${cells(row).map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** Paragraphs are parted by empty lines; a fence may hold some. */
function blocksOf(text: string): readonly string[] {
  const blocks: string[][] = [[]];
  let isFenced = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) isFenced = !isFenced;
    if (line === "" && !isFenced) blocks.push([]);
    else blocks.at(-1)?.push(line);
  }
  return blocks.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
}

/** The part of CommonMark that our own texts use: paragraphs, lists, tables, fenced code, and {@link showInline}. */
export const showText = (text: string): Html => html`${blocksOf(text).map(showBlock)}`;
