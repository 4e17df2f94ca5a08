/** @jsxImportSource preact */
import { renderToString } from "preact-render-to-string";
import type { OpenApiDocument, ReferenceSection } from "./openapi-types.ts";
import { type Chapter, Contents, Index, type Placed } from "./reference-contents.tsx";
import { Operation } from "./reference-operation.tsx";
import { RefusalsSection } from "./reference-refusals.tsx";
import { slug, Text } from "./reference-text.tsx";
import { Webhook } from "./reference-webhooks.tsx";
import { DocsFrame } from "./site-layout.tsx";
import { renderPage } from "./site-page.tsx";
import { Written } from "./site-written.tsx";

export interface ReferenceParts {
  readonly document: OpenApiDocument;
  readonly sections: readonly ReferenceSection[];
  /** Where this installation is reached; commands are built from it. */
  readonly url: string;
  /** Awaited between two entries, so that the requests of others are answered meanwhile. */
  readonly breathe: () => Promise<void>;
}

/** The operations by their first tag, in the order of the document. A basic section may have the name of a chapter. */
function chaptersOf({ tags, paths }: OpenApiDocument, sections: readonly ReferenceSection[]): readonly Chapter[] {
  const taken = new Set(sections.map(({ id }) => id));
  const placed = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): Placed => ({ path, method, operation })),
  );
  return tags.map(({ name, description }) => ({
    id: taken.has(slug(name)) ? `${slug(name)}-operations` : slug(name),
    name,
    description,
    operations: placed.filter(({ operation }) => operation.tags[0] === name),
  }));
}

interface WrittenChapter extends Chapter {
  /** Its entries, as markup. */
  readonly entries: string;
}

const LAST_CHAPTER = {
  id: "outbound-events",
  name: "Outbound events",
  description:
    'What your endpoint receives. Each comes as `{"id", "event", "timestamp", "data"}`; below is what `data` holds.',
  operations: [],
};

/** One entry after the other: written in one go, a page of this size would hold up everybody else's requests. */
async function writeChapters({ document, sections, url, breathe }: ReferenceParts): Promise<readonly WrittenChapter[]> {
  const { components, webhooks } = document;
  const written: WrittenChapter[] = [];
  for (const chapter of chaptersOf(document, sections)) {
    let entries = "";
    for (const placed of chapter.operations) {
      entries += renderToString(<Operation {...placed} url={url} components={components} />);
      await breathe();
    }
    written.push({ ...chapter, entries });
  }
  let entries = "";
  for (const [name, webhook] of Object.entries(webhooks)) {
    entries += renderToString(<Webhook name={name} webhook={webhook} components={components.schemas} />);
    await breathe();
  }
  return entries === "" ? written : [...written, { ...LAST_CHAPTER, entries }];
}

const ChapterSection = ({ id, name, description, operations, entries }: WrittenChapter) => (
  <section class="chapter" id={id} aria-labelledby={`${id}-title`}>
    <div class="chapter-head">
      <h2 id={`${id}-title`}>{name}</h2>
      <Text text={description} />
      <Index operations={operations} />
    </div>
    <Written markup={entries} />
  </section>
);

/** The whole reference as one page: the browser's own search finds everything in it, with or without a script. */
export async function renderReference(parts: ReferenceParts): Promise<string> {
  const { document, sections, url } = parts;
  const chapters = await writeChapters(parts);
  return renderPage({
    title: "Hatch API reference",
    description: "Every operation of this installation, with its fields, answers and refusals.",
    styles: ["docs.css", "reference.css"],
    body: (
      <DocsFrame
        place="reference"
        contents={<Contents sections={sections} chapters={chapters} webhooks={Object.keys(document.webhooks)} />}
      >
        <div class="intro">
          <h1>API reference</h1>
          <p>
            What this installation, version {String(document.info.version)}, answers at <code>{url}</code>. The same for
            programs: <a href="/openapi.json">openapi.json</a>. New here?{" "}
            <a href="/docs/guides/quickstart">The quickstart</a> takes a few minutes.
          </p>
        </div>
        <div class="prose">
          {sections.map(({ id, title, text }) => (
            <section key={id} id={id} aria-labelledby={`${id}-title`}>
              <h2 id={`${id}-title`}>{title}</h2>
              <Text text={text} />
            </section>
          ))}
          <RefusalsSection refusals={document.components.responses} />
        </div>
        {chapters.map((chapter) => (
          <ChapterSection key={chapter.id} {...chapter} />
        ))}
      </DocsFrame>
    ),
  });
}
