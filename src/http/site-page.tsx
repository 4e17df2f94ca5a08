/** @jsxImportSource preact */
import type { ComponentChildren } from "preact";
import { renderToString } from "preact-render-to-string";
import type { PageScript } from "../../static/bundle.ts";
import { BANNERS_ID } from "./site-answer.ts";
import { type Assets, loadAssets, type StyleName } from "./site-assets.ts";

export interface PageParts {
  readonly title: string;
  readonly description: string;
  /** What the page needs after the tokens and parts, in this order. */
  readonly styles: readonly StyleName[];
  /** Takes over the islands that the page holds; a page without islands has none. */
  readonly script?: PageScript;
  readonly body: ComponentChildren;
}

/** The theme is set before the first paint; all other scripts wait until the page stands, which it does without them. */
const Document = ({ title, description, styles, script, body, assets }: PageParts & { readonly assets: Assets }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{title}</title>
      <meta name="description" content={description} />
      <meta name="color-scheme" content="light dark" />
      <link rel="icon" href={assets.pathOf("egg.svg")} type="image/svg+xml" />
      <script src={assets.pathOf("theme.js")} />
      {(["hatch.css", ...styles] as const).map((name) => (
        <link key={name} rel="stylesheet" href={assets.pathOf(name)} />
      ))}
      <script defer src={assets.pathOf("page.js")} />
      {script !== undefined && <script defer src={assets.pathOf(script)} />}
    </head>
    <body>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <div id={BANNERS_ID} />
      {body}
    </body>
  </html>
);

/** A whole page. Its body holds one element with the id `main`. */
export async function renderPage(parts: PageParts): Promise<string> {
  return `<!doctype html>\n${renderToString(<Document {...parts} assets={await loadAssets()} />)}\n`;
}
