/** @jsxImportSource preact */
import { renderToString } from "preact-render-to-string";
import { Code } from "../../static/ui/code.tsx";
import { languageOf } from "../../static/ui/code-tokens.ts";
import { Icon } from "../../static/ui/icons.tsx";
import { DocsFrame } from "./site-layout.tsx";
import { renderPage } from "./site-page.tsx";
import { Written } from "./site-written.tsx";

interface Heading {
  readonly id: string;
  readonly text: string;
  readonly level: number;
}

export interface Guide {
  readonly slug: string;
  readonly title: string;
  readonly summary: string;
  /** Markup without the title, escaped by whoever rendered it. */
  readonly html: string;
  readonly headings: readonly Heading[];
}

type Guides = readonly Guide[];

const addressOf = ({ slug }: Pick<Guide, "slug">): string => `/docs/guides/${slug}`;

const GuideList = ({ guides, here }: { readonly guides: Guides; readonly here?: string }) => (
  <nav aria-label="All guides">
    <ul>
      {guides.map((guide) => (
        <li key={guide.slug}>
          <a href={addressOf(guide)} aria-current={guide.slug === here ? "page" : undefined}>
            {guide.title}
          </a>
        </li>
      ))}
    </ul>
  </nav>
);

export const renderGuides = (guides: Guides): Promise<string> =>
  renderPage({
    title: "Hatch guides",
    description: "From the first event to a service that runs itself.",
    styles: ["docs.css", "guides.css"],
    body: (
      <DocsFrame place="guides" contents={<GuideList guides={guides} />}>
        <div class="intro">
          <h1>Guides</h1>
          <p>
            From the first event to a service that runs itself. They are part of this server, so they are true of its
            version, and read without a network.
          </p>
        </div>
        <ol class="guides">
          {guides.map((guide) => (
            <li key={guide.slug}>
              <a href={addressOf(guide)}>
                <h2>{guide.title}</h2>
                <p>{guide.summary}</p>
              </a>
            </li>
          ))}
        </ol>
      </DocsFrame>
    ),
  });

/** @param index which of them; there is one */
export function renderGuide(guides: Guides, index: number): Promise<string> {
  const guide = guides[index] as Guide;
  const { slug, title, summary, html, headings } = guide;
  const parts = headings.filter(({ level }) => level <= 3);
  return renderPage({
    title: `${title}, a guide to Hatch`,
    description: summary,
    styles: ["docs.css", "guides.css"],
    body: (
      <DocsFrame place="guides" contents={<GuideList guides={guides} here={slug} />}>
        <div class="article-frame">
          <article class="article" aria-labelledby="title">
            <h1 id="title">{title}</h1>
            {parts.length > 1 && (
              <details class="article-contents">
                <summary>On this page</summary>
                <Parts parts={parts} label="On this page, folded" />
              </details>
            )}
            <Written class="article-text" markup={coloured(html)} />
            <Neighbours before={guides[index - 1]} after={guides[index + 1]} />
          </article>
          {parts.length > 1 && (
            <aside class="article-aside">
              <p>On this page</p>
              <Parts parts={parts} label="On this page" isFollowed />
            </aside>
          )}
        </div>
      </DocsFrame>
    ),
  });
}

interface PartsProps {
  readonly parts: readonly Heading[];
  readonly label: string;
  readonly isFollowed?: boolean;
}

const Parts = ({ parts, label, isFollowed = false }: PartsProps) => (
  <nav aria-label={label} data-spy={isFollowed ? "" : undefined}>
    <ul>
      {parts.map(({ id, text, level }) => (
        <li key={id} class={level > 2 ? "deeper" : undefined}>
          <a href={`#${id}`}>{text}</a>
        </li>
      ))}
    </ul>
  </nav>
);

const Neighbours = ({ before, after }: { readonly before: Guide | undefined; readonly after: Guide | undefined }) => (
  <nav class="neighbours" aria-label="Other guides">
    {before && (
      <a href={addressOf(before)} rel="prev">
        <Icon name="left" />
        <span>
          <small>Before this</small>
          {before.title}
        </span>
      </a>
    )}
    {after && (
      <a class="after" href={addressOf(after)} rel="next">
        <span>
          <small>Next</small>
          {after.title}
        </span>
        <Icon name="right" />
      </a>
    )}
  </nav>
);

const ENTITIES: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
};

const readable = (text: string): string =>
  text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? "");

/** Code of a known language gets its colours, every copy button its script, and headings a link to themselves. */
const coloured = (html: string): string =>
  html
    .replaceAll(/(<code[^>]* class="language-([\w-]+)">)([^<]*)(<\/code>)/g, (whole, open, language, text, close) =>
      languageOf(language) === undefined
        ? whole
        : `${open}${renderToString(<Code text={readable(text)} language={language} />)}${close}`,
    )
    .replaceAll(/<button class="copy"([^>]*?) hidden>/g, '<button class="copy needs-script"$1>')
    .replaceAll(/<(h[23]) id="([^"]+)">(.*?)<\/\1>/gs, (whole, tag, id, text) =>
      text.includes("<a ") ? whole : `<${tag} id="${id}"><a class="anchor" href="#${id}">${text}</a></${tag}>`,
    );
