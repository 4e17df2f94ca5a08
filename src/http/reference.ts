import type { DocumentOperation, OpenApiDocument, ReferenceSection } from "./openapi-types.ts";
import { methodChip, operationAnchor, showErrors, showOperation } from "./reference-operation.ts";
import { showText, slug } from "./reference-text.ts";
import { showWebhooks, webhookAnchor } from "./reference-webhooks.ts";
import { ASSETS } from "./site-assets.ts";
import { showJson } from "./site-code.ts";
import { type Html, html, type Piece } from "./site-html.ts";
import { codeBlock, mark, renderPage } from "./site-layout.ts";

export interface ReferenceParts {
  readonly document: OpenApiDocument;
  readonly sections: readonly ReferenceSection[];
  /** Where this installation is reached; commands are built from it. */
  readonly url: string;
  /** Awaited between two entries, so that the requests of others are answered meanwhile. */
  readonly breathe: () => Promise<void>;
}

interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentOperation;
}

interface Chapter {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly operations: readonly Placed[];
}

/** The operations by their first tag, in the order of the document. */
function chaptersOf({ tags, paths }: OpenApiDocument): readonly Chapter[] {
  const placed = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Placed => ({ path, method, operation })),
  );
  return tags.map(({ name, description }) => ({
    id: slug(name),
    name,
    description,
    operations: placed.filter(({ operation }) => operation.tags[0] === name),
  }));
}

/** The whole reference as one page without a script: the browser's own search finds everything in it. */
export async function renderReference({ document, sections, url, breathe }: ReferenceParts): Promise<string> {
  const chapters = chaptersOf(document);
  const written: Piece[] = [];
  for (const chapter of chapters) {
    const entries: Html[] = [];
    for (const placed of chapter.operations) {
      entries.push(showOperation({ ...placed, url, components: document.components }));
      await breathe();
    }
    written.push(showChapter(chapter, entries));
  }
  written.push(await showWebhooks(document, breathe));
  const version = String(document.info.version);
  return renderPage({
    title: "Hatch API reference",
    description: "Every operation of this installation, with its fields, answers and refusals.",
    style: ASSETS.reference,
    body: html`<div class="frame">
<header class="rail"><a class="brand" href="/">${mark(24)}Hatch</a>
<nav aria-label="Contents">${contents(sections, chapters, Object.keys(document.webhooks))}</nav></header>
<main id="main" tabindex="-1">
<div class="intro"><h1>API reference</h1>
<p>What this installation, version ${version}, answers at <code>${url}</code>. The same for programs: <a href="/openapi.json">openapi.json</a>.</p></div>
<div class="prose">${sections.map(
      ({ id, title, text }) =>
        html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${showText(text)}</section>`,
    )}
<section id="errors" aria-labelledby="errors-title"><h2 id="errors-title">Refusals</h2><p>Every refusal has one shape, on every route. Programs decide by <code>code</code>, which is stable; <code>message</code> is for people and may change.</p>${errorShape()}${showErrors(document.components.responses)}</section></div>
${written}
</main></div>`,
  });
}

function contents(
  sections: readonly ReferenceSection[],
  chapters: readonly Chapter[],
  webhooks: readonly string[],
): Html {
  return html`<ul><li><a class="nav-chapter" href="#main">Basics</a><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}<li><a href="#errors">Refusals</a></li></ul></li>
${chapters.map(
  ({ id, name, operations }) =>
    html`<li><a class="nav-chapter" href="#${id}">${name}</a><ul>${operations.map(({ method, operation }) => html`<li><a href="#${operationAnchor(operation)}">${methodChip(method)}<span>${operation.summary}</span></a></li>`)}</ul></li>`,
)}
${webhooks.length > 0 && html`<li><a class="nav-chapter" href="#outbound-events">Outbound events</a><ul>${webhooks.map((name) => html`<li><a href="#${webhookAnchor(name)}"><code>${name}</code></a></li>`)}</ul></li>`}</ul>`;
}

const errorShape = (): Html =>
  codeBlock({
    caption: html`Answer <code>422</code>`,
    code: showJson({
      error: {
        code: "validation_failed",
        message: "The request is not valid.",
        requestId: "req_01kag6w8yhf2ss0m8g3cnv5d7a",
        details: [{ path: "userId", message: "Is required." }],
      },
    }),
    label: "A refusal",
  });

const showChapter = ({ id, name, description, operations }: Chapter, entries: readonly Html[]): Html =>
  html`<section class="chapter" id="${id}" aria-labelledby="${id}-title">
<div class="chapter-head"><h2 id="${id}-title">${name}</h2>${showText(description)}
<ul class="index">${operations.map(({ method, path, operation }) => html`<li><a href="#${operationAnchor(operation)}">${methodChip(method)}<code>${path}</code></a></li>`)}</ul></div>
${entries}
</section>`;
