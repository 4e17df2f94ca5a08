import { ASSETS } from "./site-assets.ts";
import { type Html, html, type Piece } from "./site-html.ts";

export interface PageParts {
  readonly title: string;
  readonly description: string;
  /** The surface's own style sheet, after the tokens and parts. */
  readonly style: { readonly path: string };
  readonly hasCopyButtons?: boolean;
  readonly body: Piece;
}

export const renderPage = ({ title, description, style, hasCopyButtons, body }: PageParts): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${ASSETS.icon.path}" type="image/svg+xml">
<link rel="stylesheet" href="${ASSETS.base.path}">
<link rel="stylesheet" href="${style.path}">
${hasCopyButtons && html`<script type="module" src="${ASSETS.copy.path}"></script>`}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${body}
</body>
</html>
`.text;

/** The egg with its crack. Decoration beside the name, so it is not read out. */
export const mark = (size: number): Html =>
  html`<svg class="mark" width="${size}" height="${size}" viewBox="0 0 32 32" aria-hidden="true" focusable="false"><path class="mark-shell" d="M16 2.75c6.1 0 10.75 8.4 10.75 15.55C26.75 25 22 29.25 16 29.25S5.25 25 5.25 18.3C5.25 11.15 9.9 2.75 16 2.75Z" stroke-width="2.5"/><path class="mark-crack" d="m5.6 17.6 4.3 3.5 4-5.6 4.2 5.6 4-5.6 4.3 3.4" stroke-width="2.5" stroke-linejoin="round" stroke-linecap="round"/></svg>`;

/** The egg, hatched: shown once in the life of an installation. */
export const hatchedMark = (size: number): Html =>
  html`<svg class="mark" width="${size}" height="${size}" viewBox="1 -9 40 40" aria-hidden="true" focusable="false"><circle class="mark-yolk" cx="16" cy="15.5" r="6.5"/><path class="mark-shell" d="m5.6 17.6 4.3 3.5 4-5.6 4.2 5.6 4-5.6 4.3 3.4C26.2 25 22 29.25 16 29.25S5.25 25 5.6 17.6Z" stroke-width="2.5" stroke-linejoin="round"/><path class="mark-shell" d="M5.6 17.6C5.6 10.9 10.2 2.75 16 2.75s10.1 7.9 10.4 16.15l-4.3-3.4-4 5.6-4.2-5.6-4 5.6Z" transform="translate(4.5 -8) rotate(16 16 12)" stroke-width="2.5" stroke-linejoin="round"/></svg>`;

export interface CodeParts {
  /** Says what is in the block. */
  readonly caption: Piece;
  readonly code: Piece;
  /** Gives the block a copy button; unique on the page. */
  readonly id?: string;
  /** Long lines break instead of scrolling. */
  readonly wraps?: boolean;
  /** What the block is, for those who tab to it. */
  readonly label: string;
}

/** A block of code. It can be tabbed to, because it may have to be scrolled. */
export const codeBlock = ({ caption, code, id, wraps, label }: CodeParts): Html =>
  html`<figure class="code${wraps && " code-wrap"}"><figcaption><span>${caption}</span>${
    id !== undefined &&
    html`<button class="copy" type="button" data-copy="${id}" aria-label="Copy: ${label}" hidden>Copy</button>`
  }</figcaption><pre tabindex="0" role="group" aria-label="${label}"><code${id !== undefined && html` id="${id}"`}>${code}</code></pre></figure>`;
